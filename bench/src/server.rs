//! The measured server: this executable again, as a process of its own that ends with its parent.

use std::{
    ffi::OsString,
    fs,
    io::Read as _,
    net::SocketAddr,
    path::Path,
    process::{ExitCode, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use payment_proto::v1::GetPaymentRequest;
use payment_server::{channels::ChannelRegistry, command_line};
use tokio::process::{Child, Command};

use crate::{caller::Caller, failure::Failure, instant::InstantFactory, load};

/// How long a server may take until it answers.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// What it took from the start of the process to its first answer.
    pub(crate) start_time: Duration,
    pub(crate) addresses: Addresses,
}

/// Where it listens.
#[derive(serde::Deserialize)]
pub(crate) struct Addresses {
    pub(crate) grpc: SocketAddr,
    pub(crate) callbacks: SocketAddr,
}

impl Server {
    /// Starts a server and waits until it serves.
    pub(crate) async fn start(config: &Path, folder: &Path) -> Result<Self, Failure> {
        let ready_file = folder.join("ready.json");
        // Missing at the first start.
        let _ = fs::remove_file(&ready_file);
        let log = fs::File::create(folder.join("server.log")).map_err(Failure::at("server.log"))?;
        let program = std::env::current_exe().map_err(Failure::new)?;
        let begin = load::now();
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(config)
            .arg("--ready-file")
            .arg(&ready_file)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::at("the server"))?;
        let addresses = wait_for(&ready_file, folder).await?;
        first_answer(addresses.grpc).await?;
        Ok(Self { child, start_time: begin.elapsed(), addresses })
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

/// Whoever has no key is refused: an answer all the same, by which the whole server is up.
async fn first_answer(address: SocketAddr) -> Result<(), Failure> {
    let caller = Caller::connect(&address.to_string(), "nobody").await?;
    match caller.payments(0).get_payment(GetPaymentRequest::default()).await {
        Err(refused) if refused.code() == tonic::Code::Unauthenticated => Ok(()),
        other => Err(Failure::new(format!("a call without a key was answered with {other:?}"))),
    }
}

async fn wait_for(ready_file: &Path, folder: &Path) -> Result<Addresses, Failure> {
    let begin = load::now();
    let mut looks = tokio::time::interval(Duration::from_millis(1));
    while begin.elapsed() < READY_DEADLINE {
        looks.tick().await;
        if let Ok(text) = fs::read_to_string(ready_file) {
            return serde_json::from_str(&text).map_err(Failure::at("ready.json"));
        }
    }
    let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    Err(Failure::new(format!("the server was not ready in time; its log:\n{log}")))
}

/// The channels that come with the server, and one that answers at once.
fn registry() -> Result<ChannelRegistry, Failure> {
    let mut registry = ChannelRegistry::with_builtin().map_err(Failure::new)?;
    let instant = InstantFactory::new().map_err(Failure::new)?;
    registry.register(Arc::new(instant)).map_err(Failure::new)?;
    Ok(registry)
}

/// What the child does: serves until its parent ends or it is told to.
pub(crate) fn serve(config: &Path, ready_file: &Path) -> ExitCode {
    let Ok(registry) = registry() else { return ExitCode::FAILURE };
    thread::spawn(|| {
        let mut ignored = [0_u8; 64];
        while matches!(std::io::stdin().read(&mut ignored), Ok(1..)) {}
        // Cannot fail: the process is this one.
        let _ = kill(Pid::this(), Signal::SIGTERM);
    });
    let words: [OsString; 6] = [
        "payment-server".into(),
        "--config".into(),
        config.into(),
        "serve".into(),
        "--ready-file".into(),
        ready_file.into(),
    ];
    command_line::run(words, &registry)
}
