//! The command line: the only place where the real clock, randomness, network, environment and signals are let in.
//!
//! In the library, so that the sandbox can run a server as a process of its own executable.

mod arguments;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use crate::{
    assemble,
    channels::ChannelRegistry,
    config::{Config, GeneratedApiKey},
    jobs::{Job, Report},
    lifecycle::Lifecycle,
    ports::{ReqwestHttp, SystemClock, SystemRandomness},
    serve::{Ended, Running, write_ready_file},
    telemetry,
    webhooks::SigningSecret,
};
use clap::Parser;
use payment_core::{
    identifiers::ApiKeyId,
    invariant,
    ports::{Clock, Ports},
};
use secrecy::ExposeSecret;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use self::arguments::{Cli, Command};

/// Why a command ends without success: a text for the person at the terminal, and the exit code.
enum Failure {
    /// The command line or the configuration is wrong.
    Mistake(String),
    /// Something failed.
    Failed(String),
}

impl Failure {
    fn mistake(error: impl Display) -> Self {
        Self::Mistake(error.to_string())
    }

    fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    #[expect(clippy::print_stderr, reason = "the person at the terminal reads it there")]
    fn tell(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Mistake(text) => (text, 2),
            Self::Failed(text) => (text, 1),
        };
        eprintln!("payment-server: {text}");
        ExitCode::from(code)
    }
}

/// Runs the command that `arguments` ask for, the first of them being the program's name, with these channels.
///
/// Ends with 0 if all went well, 1 if something failed, 2 if the command line or the configuration is wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>, registry: &ChannelRegistry) -> ExitCode {
    run_by(Arc::new(SystemClock), arguments, registry)
}

/// As [`run`], by another clock than the machine's: for tests that let the clocks of replicas differ.
pub fn run_by(
    clock: Arc<dyn Clock>,
    arguments: impl IntoIterator<Item = OsString>,
    registry: &ChannelRegistry,
) -> ExitCode {
    let outcome = match Cli::try_parse_from(arguments) {
        Ok(cli) => execute(cli, registry, clock),
        // Help and version come this way too; clap knows their exit codes.
        Err(error) => error.exit(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

/// Whether [`run`] would understand these arguments: what documents tell people to type is held to it.
///
/// # Errors
/// What a person would be told instead.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    Cli::try_parse_from(arguments).map(drop).map_err(|told| told.render().to_string())
}

fn execute(cli: Cli, registry: &ChannelRegistry, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    if let Command::GenerateApiKey { id } = &cli.command {
        return generate_api_key(id);
    }
    if let Command::GenerateWebhookSecret = &cli.command {
        return generate_webhook_secret();
    }
    let config = load(cli.config.as_deref(), registry)?;
    let ports = || ports(&config, clock);
    match cli.command {
        Command::GenerateApiKey { id } => generate_api_key(&id),
        Command::GenerateWebhookSecret => generate_webhook_secret(),
        Command::CheckConfig => say("The configuration is valid."),
        Command::Migrate => runtime()?.block_on(migrate(&config, &ports()?)),
        Command::Verify => runtime()?.block_on(verify(&config, &ports()?)),
        Command::RunJob { job } => told(&config, run_job(&config, registry, &ports()?, job)),
        Command::Serve { ready_file } => {
            told(&config, serve(&config, registry, &ports()?, ready_file.as_deref()))
        }
    }
}

fn load(file: Option<&Path>, registry: &ChannelRegistry) -> Result<Config, Failure> {
    let missing = || Failure::mistake("name the configuration with --config FILE or PAYMENT_CONFIG");
    // A variable that is not UTF-8 cannot be one of ours.
    let environment: BTreeMap<_, _> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let config = Config::load(file.ok_or_else(missing)?, &environment).map_err(Failure::mistake)?;
    registry.check(&config).map_err(Failure::mistake)?;
    Ok(config)
}

/// What a thread's stack may grow to, in bytes: a debug build's futures are large. Memory is taken as it is used.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn runtime() -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_stack_size(STACK_BYTES).build().map_err(Failure::failed)
}

fn ports(config: &Config, clock: Arc<dyn Clock>) -> Result<Ports, Failure> {
    let http = ReqwestHttp::new(&config.channel_http).map_err(Failure::failed)?;
    Ok(Ports { clock, randomness: Arc::new(SystemRandomness), http: Arc::new(http) })
}

/// Runs `work` with log and spans sent where the configuration says.
fn told(config: &Config, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime()?;
    let exporting = {
        let _inside = runtime.enter();
        telemetry::init(&config.log, &config.traces).map_err(Failure::failed)?
    };
    let done = runtime.block_on(work);
    exporting.end();
    done
}

/// Writes to standard output. A reader that went away is no failure of ours.
fn say(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn generate_api_key(id: &str) -> Result<(), Failure> {
    let id = ApiKeyId::parse(id).map_err(|error| Failure::mistake(format!("--id {error}")))?;
    let generated = GeneratedApiKey::new(&SystemRandomness);
    say(&format!(
        "Give this key to the caller; it is not kept anywhere:\n\n  {}\n\n\
         Add this line to api_keys of its merchant:\n\n  {{ id = \"{id}\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }},",
        generated.key.expose_secret(),
        generated.hash
    ))
}

/// The only line, so that it can be written to a file as it is.
fn generate_webhook_secret() -> Result<(), Failure> {
    say(SigningSecret::generate(&SystemRandomness).expose_secret())
}

async fn migrate(config: &Config, ports: &Ports) -> Result<(), Failure> {
    let store = assemble::store(config, ports).map_err(Failure::failed)?;
    let applied = store.migrate().await.map_err(Failure::failed)?;
    applied.iter().try_for_each(|migration| say(&format!("applied {migration}")))?;
    say("The database has this binary's schema.")
}

async fn verify(config: &Config, ports: &Ports) -> Result<(), Failure> {
    let store = assemble::store(config, ports).map_err(Failure::failed)?;
    let ledger = store.ledger().await.map_err(Failure::failed)?;
    let breaches = invariant::check(&ledger);
    if breaches.is_empty() {
        let (payments, invariants) = (ledger.payments.len(), invariant::ALL.len());
        return say(&format!("{payments} payments, {invariants} invariants hold."));
    }
    let lines = breaches.iter().map(|breach| format!("\n  {}: {}", breach.invariant, breach.description));
    Err(Failure::failed(format!("{} breaches:{}", breaches.len(), lines.collect::<String>())))
}

async fn run_job(
    config: &Config,
    registry: &ChannelRegistry,
    ports: &Ports,
    job: Job,
) -> Result<(), Failure> {
    let app = assemble::app(config, registry, ports, Lifecycle::default()).await;
    let report = app.map_err(Failure::failed)?.run_job(job, config.jobs.settings).await;
    let Report { claimed, answered, unanswered, failed } = report.map_err(Failure::failed)?;
    let job = job.as_str();
    say(&format!("{job}: {claimed} due, {answered} answered, {unanswered} unanswered, {failed} failed"))?;
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{failed} rows could not be handled; the log says why, and they are due again"
    )))
}

async fn serve(
    config: &Config,
    registry: &ChannelRegistry,
    ports: &Ports,
    ready_file: Option<&Path>,
) -> Result<(), Failure> {
    let mut signals = Signals::new().map_err(Failure::failed)?;
    if config.merchants.is_empty() {
        tracing::warn!(
            "no merchant is configured, so nobody can call; see [merchants] in default-config.toml"
        );
    }
    let starting = assemble::start(config, registry, ports, Lifecycle::default());
    let running = tokio::select! {
        running = starting => running.map_err(Failure::failed)?,
        () = signals.next() => return Ok(()),
    };
    let addresses = running.addresses();
    tracing::info!(grpc = %addresses.grpc, callbacks = %addresses.callbacks, admin = %addresses.admin, "serving");
    if let Some(path) = ready_file {
        write_ready_file(path, &addresses)
            .map_err(|error| Failure::failed(format!("--ready-file {}: {error}", path.display())))?;
    }
    let asked = tokio::select! {
        () = signals.next() => true,
        () = running.draining() => false,
    };
    end(running, &mut signals).await?;
    if asked { Ok(()) } else { Err(Failure::failed("a listener broke down; the log says why")) }
}

/// Finishes what was begun, unless a second signal says that it must not wait.
async fn end(running: Running, signals: &mut Signals) -> Result<(), Failure> {
    tracing::info!("ending: finishing what was begun");
    let ended = tokio::select! {
        ended = running.shutdown() => ended,
        () = signals.next() => return Err(Failure::failed("ended at the second signal")),
    };
    match ended {
        Ended::Complete => {
            tracing::info!("ended");
            Ok(())
        }
        Ended::GraceExpired { unfinished } => Err(Failure::failed(format!(
            "shutdown.grace_seconds were over with {unfinished} tasks unfinished; what they left is found again"
        ))),
    }
}

/// The signals to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
