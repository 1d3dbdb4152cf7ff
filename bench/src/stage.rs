//! Everything that is measured, on one machine: a durable private PostgreSQL, the simulators, the server.

use std::fs;

use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage,
};
use payment_server::{config::GeneratedApiKey, ports::SystemRandomness};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::{
    caller::Caller,
    captured::Catcher,
    channels::Channels,
    failure::Failure,
    floor::{self, Pgbench},
    server::Server,
};

/// The merchant that calls.
const MERCHANT: &str = "bench";

/// The stage.
pub(crate) struct Stage {
    pub(crate) postgres: PrivatePostgres,
    pub(crate) observer: Client,
    pub(crate) pgbench: Pgbench,
    pub(crate) channels: Channels,
    pub(crate) catcher: Catcher,
    pub(crate) server: Server,
    pub(crate) caller: Caller,
    /// What PostgreSQL says of its durability.
    pub(crate) durability: String,
    _folder: TempDir,
}

impl Stage {
    /// Puts everything up.
    pub(crate) async fn set() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::new)?;
        let postgres = tokio::task::spawn_blocking(start_postgres).await.map_err(Failure::new)??;
        // Floor and service share one database, and so its settings and its caches.
        let observer = connect(&postgres.url("postgres")).await?;
        observer.batch_execute(floor::SCHEMA).await.map_err(Failure::at("the floor's schema"))?;
        let pgbench = Pgbench::find(&postgres.url("postgres"), folder.path())?;
        let channels = Channels::start().await?;
        let catcher = Catcher::start().await?;
        let public_url = format!("http://{}", catcher.address);
        channels.notify_paypal_at(&public_url)?;
        let key = GeneratedApiKey::new(&SystemRandomness);
        let config = configuration(&postgres.url("postgres"), &public_url, &key, &channels);
        let file = folder.path().join("config.toml");
        fs::write(&file, config).map_err(Failure::at(file.display()))?;
        // The first start migrates; the one that is measured finds nothing to do.
        drop(Server::start(&file, folder.path()).await?);
        let server = Server::start(&file, folder.path()).await?;
        let caller = Caller::connect(&server.addresses.grpc.to_string(), key.key.expose_secret()).await?;
        let durability = durability(&observer).await?;
        Ok(Self {
            postgres,
            observer,
            pgbench,
            channels,
            catcher,
            server,
            caller,
            durability,
            _folder: folder,
        })
    }
}

fn start_postgres() -> Result<PrivatePostgres, Failure> {
    let options = PostgresOptions {
        storage: Storage::Temporary,
        durability: Durability::Durable,
        endpoint: Endpoint::Loopback,
        settings: Vec::new(),
        environment: Environment::read(),
    };
    PrivatePostgres::start(options).map_err(Failure::at("PostgreSQL"))
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(Failure::at("PostgreSQL"))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Told with every result: a run that was killed may leave it off.
async fn durability(observer: &Client) -> Result<String, Failure> {
    let setting = async |name: &str| {
        let row = observer.query_one("SELECT current_setting($1)", &[&name]).await;
        row.map(|row| row.get::<_, String>(0)).map_err(Failure::new)
    };
    Ok(format!(
        "fsync {}, synchronous_commit {}",
        setting("fsync").await?,
        setting("synchronous_commit").await?
    ))
}

fn configuration(database: &str, public_url: &str, key: &GeneratedApiKey, channels: &Channels) -> String {
    format!(
        "[database]\nurl = \"{database}\"\ntls = \"disabled\"\nmigrate_at_start = true\n\
         [grpc]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{public_url}\"\nallow_insecure = true\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\
         [merchants.{MERCHANT}]\napi_keys = [{{ id = \"bench\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n{}",
        key.hash,
        channels.sections(MERCHANT),
    )
}
