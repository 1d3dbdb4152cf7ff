//! The configuration: one TOML file, environment variables over it, every mistake reported at once.
//!
//! `default-config.toml` documents each key. What concerns security (keys, addresses that the world reaches, encryption)
//! has no default: leaving it out never switches anything on.

mod api_key;
mod cases;
mod database;
mod error;
mod key_list;
mod layers;
mod merchant;
mod nats;
mod operator;
mod origin;
mod report;
mod secret_file;
mod section;
mod sections;
mod webhooks;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use payment_core::identifiers::{MerchantId, OperatorName};
use toml::Table;
use zeroize::Zeroizing;

pub use api_key::{ApiKeyHash, ApiKeys, GeneratedApiKey, MalformedHash};
pub use cases::Cases;
pub use database::{Database, DatabaseEncryption};
pub use error::{ConfigError, ConfigSource, ConfigViolation};
pub use key_list::ApiKeyConfig;
pub use merchant::{AccountConfig, Merchant, SettingFile};
pub use nats::{Nats, NatsCredentials, NatsEncryption};
pub use operator::OperatorConfig;
pub use origin::Origin;
pub use report::Sources;
pub use sections::{
    Admin, Callbacks, ChannelHttp, Events, Grpc, Jobs, Log, LogFormat, Payments, Rate, Retention, Shutdown,
    Traces,
};
pub use webhooks::{WebhookEndpoint, Webhooks};

use self::{report::Report, section::Section};

/// Everything that is configured. Made by [`Config::load`] only, so whatever it holds was checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the records are.
    pub database: Database,
    /// The service for callers.
    pub grpc: Grpc,
    /// The endpoint for channels.
    pub callbacks: Callbacks,
    /// The endpoint for operators.
    pub admin: Admin,
    /// What is logged, and how.
    pub log: Log,
    /// Where spans go.
    pub traces: Traces,
    /// How payments are treated.
    pub payments: Payments,
    /// How due work is looked for.
    pub jobs: Jobs,
    /// How callers are told what became true.
    pub events: Events,
    /// Where events are published, if anywhere.
    pub nats: Option<Nats>,
    /// How cases are dealt with.
    pub cases: Cases,
    /// How channels are called.
    pub channel_http: ChannelHttp,
    /// How merchants' events are delivered.
    pub webhooks: Webhooks,
    /// How long raw words are kept.
    pub retention: Retention,
    /// How the server ends.
    pub shutdown: Shutdown,
    /// Who may call, and through which channel accounts they take money.
    pub merchants: BTreeMap<MerchantId, Merchant>,
    /// Who operates the service.
    pub operators: BTreeMap<OperatorName, OperatorConfig>,
    /// Where each value came from.
    pub sources: Sources,
    /// Where all of them are read again.
    pub origin: Origin,
}

impl Config {
    /// Reads the file at `path` and the variables of `environment` that begin with `PAYMENT__`.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place, key and remedy. Channel settings are checked by
    /// [`crate::channels::ChannelRegistry::check`].
    pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut report = Report::new(absolute(path));
        let mut table = match parse(path) {
            Ok(table) => table,
            Err((problem, remedy)) => {
                report.violation("", problem, remedy);
                return report.finish(None);
            }
        };
        layers::overlay(&mut table, environment, &mut report);
        let origin = Origin::new(absolute(path), environment);
        let config = read(Section::new(String::new(), table, &report), origin);
        report.finish(config)
    }
}

/// The path by which messages name the file wherever the reader stands.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn parse(path: &Path) -> Result<Table, (String, &'static str)> {
    // Secrets may stand in it.
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        (format!("cannot be read: {error}"), "Name an existing file with --config or PAYMENT_CONFIG")
    })?;
    text.parse::<Table>().map_err(|error| (syntax_problem(&text, &error), "Mend the TOML syntax there"))
}

/// The line and what is wrong in it, without its text: it may hold a secret.
fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

fn read(mut root: Section<'_>, origin: Origin) -> Option<Config> {
    let report = root.report;
    let sources = report.sources();
    let database = Database::read(root.subsection("database"));
    let grpc = Grpc::read(root.subsection("grpc"));
    let callbacks = Callbacks::read(root.subsection("callbacks"));
    let admin = Admin::read(root.subsection("admin"));
    let log = Log::read(root.subsection("log"));
    let traces = Traces::read(root.subsection("traces"));
    let payments = Payments::read(root.subsection("payments"));
    let jobs = Jobs::read(root.subsection("jobs"));
    let events = Events::read(root.subsection("events"));
    let nats = Nats::read(root.subsection("nats"));
    let cases = Cases::read(root.subsection("cases"));
    let channel_http = ChannelHttp::read(root.subsection("channel_http"));
    let webhooks = Webhooks::read(root.subsection("webhooks"));
    let retention = Retention::read(root.subsection("retention"));
    let shutdown = Shutdown::read(root.subsection("shutdown"));
    let mut keys = BTreeMap::new();
    let usual_rate = grpc.as_ref().map(|grpc| grpc.rate);
    let merchants = merchant::read_all(root.subsection("merchants"), usual_rate, &mut keys);
    let operators = operator::read_all(root.subsection("operators"), merchants.as_ref(), &mut keys);
    root.finish();
    Some(Config {
        database: database?,
        grpc: grpc?,
        callbacks: callbacks?,
        admin: admin?,
        log: log?,
        traces: traces?,
        payments: payments?,
        jobs: jobs?,
        events: events?,
        nats: nats?,
        cases: cases?,
        channel_http: channel_http?,
        webhooks: webhooks?,
        retention: retention?,
        shutdown: shutdown?,
        merchants: merchants?,
        operators: operators?,
        sources,
        origin: origin.with_files(report.files_read()),
    })
}
