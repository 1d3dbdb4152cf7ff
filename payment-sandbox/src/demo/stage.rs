//! Everything that the demo plays on: a database and the server, each a process of its own, and the simulated channels,
//! which listen in this one.

use std::{
    fs::{self, DirBuilder},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use payment_core::ports::Randomness as _;
use payment_sandbox::postgres::{DatabaseError, Environment, PrivatePostgres};
use payment_server::{config::GeneratedApiKey, ports::SystemRandomness, telemetry::Stopwatch};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio_postgres::error::SqlState;

use super::{
    channels::{Channel, Channels},
    processes::Supervised,
    report::Part,
};
use crate::commands::{Failure, ServerArguments, database_options, server_files};

/// The database of the server.
const DATABASE: &str = "payment";

/// How often other ports are tried when somebody else was faster.
const PORT_ATTEMPTS: usize = 5;

/// Where the server's ports are drawn from.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// What is up. Whatever is missing was not started, or is stopped again.
pub(super) struct Stage {
    folder: PathBuf,
    server: Option<Supervised>,
    /// With which the server was started.
    configuration: Option<ServerConfiguration>,
    /// The most memory that servers before the present one had in use, in KiB.
    earlier_peak: Option<u64>,
    /// Kept until the server has ended.
    channels: Vec<Arc<dyn Channel>>,
    database: Option<PrivatePostgres>,
}

/// Where everything is, once it is up.
pub(super) struct Addresses {
    /// The channels.
    pub(super) channels: Channels,
    /// Of the server.
    pub(super) server: ServerAddresses,
    /// Of the server's database.
    pub(super) database_url: SecretString,
    /// With which the shop calls the server.
    pub(super) api_key: SecretString,
    /// How long the server took to start, migrations included.
    pub(super) server_start: Duration,
    /// What is up, in the order in which it came.
    pub(super) parts: Vec<Part>,
}

/// The addresses that the server listens on.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct ServerAddresses {
    pub(super) grpc: SocketAddr,
    pub(super) callbacks: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Stage {
    /// An empty stage with a folder for keys, configuration and logs that only this user may enter.
    pub(super) fn new() -> Result<Self, Failure> {
        let mut tag = [0; 4];
        SystemRandomness.fill(&mut tag);
        let name = format!("payment-demo-{}-{}", std::process::id(), hex::encode(tag));
        let folder = Environment::read().temporary.join(name);
        DirBuilder::new().mode(0o700).create(&folder).map_err(Failure::at(folder.display()))?;
        Ok(Self {
            folder,
            server: None,
            configuration: None,
            earlier_peak: None,
            channels: Vec::new(),
            database: None,
        })
    }

    /// Where keys, configuration and logs are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts everything. After an error, whatever was started waits for [`Stage::stop`].
    pub(super) async fn start(&mut self, data: Option<PathBuf>) -> Result<Addresses, Failure> {
        let (channels, database) = tokio::join!(Channels::start(), start_database(data));
        let (database, database_took) = database?;
        let database = self.database.insert(database);
        let mut channels = channels?;
        self.channels.clone_from(&channels.all);
        let what = format!("PostgreSQL {}", database.version());
        let mut parts = vec![Part { name: "database", what, took: database_took }];
        parts.append(&mut channels.parts);
        create_database(database).await?;
        let database_url = SecretString::from(database.url(DATABASE));
        let api_key = GeneratedApiKey::new(&SystemRandomness);
        let (server, server_start) = self.start_server(&database_url, &api_key).await?;
        let what = format!("gRPC at {}, callbacks at {}", server.grpc, server.callbacks);
        parts.push(Part { name: "server", what, took: server_start });
        Ok(Addresses { channels, server, database_url, api_key: api_key.key, server_start, parts })
    }

    async fn start_server(
        &mut self,
        database_url: &SecretString,
        api_key: &GeneratedApiKey,
    ) -> Result<(ServerAddresses, Duration), Failure> {
        fs::write(self.folder.join("database_url"), database_url.expose_secret()).map_err(Failure::new)?;
        let mut attempts_left = PORT_ATTEMPTS;
        loop {
            attempts_left -= 1;
            // The channels must know the port for callbacks before the server has it, and all stay when it is killed.
            let port = || free_port().map_err(Failure::at("a free port"));
            let addresses = ServerAddresses { grpc: port()?, callbacks: port()?, admin: port()? };
            let accounts = accounts(&self.channels, addresses.callbacks)?;
            let configuration =
                ServerConfiguration { addresses, api_key: api_key.hash.to_string(), accounts };
            let ready = self.serve(&configuration).await;
            let log = self.server_log_tail();
            if !(ready.is_err() && log.contains("Choose a free address") && attempts_left > 0) {
                self.configuration = Some(configuration);
                return ready;
            }
        }
    }

    async fn serve(
        &mut self,
        configuration: &ServerConfiguration,
    ) -> Result<(ServerAddresses, Duration), Failure> {
        let (config, ready_file) = server_files(&self.folder);
        fs::write(&config, configuration.text()).map_err(Failure::at(config.display()))?;
        let arguments = ServerArguments::of_demo(&self.folder);
        let started = Supervised::start("the server", arguments, self.log("server"))?;
        self.server.insert(started).ready(&ready_file).await
    }

    /// Kills the server, as `kill -9` does.
    pub(super) async fn kill_server(&mut self) -> Result<(), Failure> {
        let peak = self.server_peak_memory();
        if let Some(server) = &mut self.server {
            server.kill().await;
        }
        self.server = None;
        self.earlier_peak = peak;
        let (_, ready_file) = server_files(&self.folder);
        fs::remove_file(&ready_file).map_err(Failure::at(ready_file.display()))
    }

    /// Starts the server again where it was, and tells how long that took.
    pub(super) async fn restart_server(&mut self) -> Result<Duration, Failure> {
        let Some(configuration) = self.configuration.clone() else {
            return Err(Failure::new("the server was never started"));
        };
        self.serve(&configuration).await.map(|(_, took)| took)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The most memory that the server ever had in use, in KiB.
    pub(super) fn server_peak_memory(&self) -> Option<u64> {
        self.server.as_ref().and_then(Supervised::peak_memory).max(self.earlier_peak)
    }

    /// The last lines of the server's log.
    pub(super) fn server_log_tail(&self) -> String {
        self.server.as_ref().map(Supervised::log_tail).unwrap_or_default()
    }

    /// Ends everything in order: the server finishes what it began while channels and database are still there.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let mut ends = Vec::new();
        if let Some(server) = self.server.take() {
            ends.push(server.stop().await);
        }
        self.channels.clear();
        if let Some(database) = self.database.take() {
            let stopped = tokio::task::spawn_blocking(|| database.stop()).await.map_err(Failure::new);
            ends.push(stopped.and_then(|stopped| stopped.map_err(Failure::new)));
        }
        match fs::remove_dir_all(&self.folder) {
            // The server, which removes it also when the demo was killed, was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => ends.push(removed.map_err(Failure::at(self.folder.display()))),
        }
        ends.into_iter().collect()
    }
}

async fn start_database(data: Option<PathBuf>) -> Result<(PrivatePostgres, Duration), Failure> {
    let started = Stopwatch::start();
    let starting = tokio::task::spawn_blocking(|| PrivatePostgres::start(database_options(data)));
    let database = starting.await.map_err(Failure::new)?.map_err(Failure::new)?;
    Ok((database, started.elapsed()))
}

/// Kept data has the database already.
async fn create_database(database: &PrivatePostgres) -> Result<(), Failure> {
    match database.databases().create_database(DATABASE).await {
        Err(DatabaseError::Server { source, .. }) if source.code() == Some(&SqlState::DUPLICATE_DATABASE) => {
            Ok(())
        }
        created => created.map_err(Failure::new),
    }
}

/// The sections of the channels' accounts, whose channels learn where the service takes their notifications.
fn accounts(channels: &[Arc<dyn Channel>], callbacks: SocketAddr) -> Result<String, Failure> {
    let mut sections = String::new();
    for channel in channels {
        let (account, settings) = (channel.account(), channel.settings());
        let name = settings.get("channel").and_then(toml::Value::as_str).unwrap_or_default();
        let url = format!("http://{callbacks}/v1/callbacks/{name}/{account}");
        channel.call_back_to(&url).map_err(Failure::new)?;
        sections.push_str(&format!("[merchants.shop.accounts.{account}]\n{settings}\n"));
    }
    Ok(sections)
}

/// A port that nothing listens on, below those that systems give to connections: while a server is away, no connection
/// of somebody else can be given its port.
fn free_port() -> io::Result<SocketAddr> {
    loop {
        let mut random = [0; 2];
        SystemRandomness.fill(&mut random);
        let port = FIRST_PORT + u16::from_le_bytes(random) % PORTS;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound?.local_addr(),
        }
    }
}

/// What differs between one demo's server and another's.
#[derive(Clone, Debug)]
struct ServerConfiguration {
    addresses: ServerAddresses,
    /// The hash of the shop's key.
    api_key: String,
    /// The sections of the channels' accounts.
    accounts: String,
}

impl ServerConfiguration {
    /// As an operator would write it.
    fn text(&self) -> String {
        let Self { addresses: ServerAddresses { grpc, callbacks, admin }, api_key, accounts } = self;
        format!(
            r#"# Written by `payment-sandbox demo`. default-config.toml documents every key.
[database]
url_file = "database_url"
tls = "disabled"
migrate_at_start = true
# Every story is told at once, on whatever machine this is.
acquire_timeout_seconds = 30

[grpc]
listen = "{grpc}"

[callbacks]
listen = "{callbacks}"
public_url = "http://{callbacks}"
allow_insecure = true
deadline_seconds = 20

[admin]
listen = "{admin}"

[jobs]
interval_milliseconds = 250

[log]
format = "text"

[shutdown]
grace_seconds = 10

[merchants.shop]
api_keys = [{{ id = "demo", sha256 = "{api_key}", scopes = ["pay", "refund", "read"] }}]

{accounts}"#
        )
    }
}
