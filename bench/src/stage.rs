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
    cost,
    failure::Failure,
    floor::{self, Pgbench},
    instant,
    receiver::Receiver,
    server::Server,
};

/// The merchant that calls.
pub(crate) const MERCHANT: &str = "bench";

/// A merchant whose events are followed and which does nothing else.
pub(crate) const LISTENER: &str = "listener";

/// No jobs: they are on where nothing is said.
const JOBS_OFF: &str = "[jobs]\nenabled = false\n";

/// The stage.
pub(crate) struct Stage {
    pub(crate) postgres: PrivatePostgres,
    pub(crate) observer: Client,
    pub(crate) pgbench: Pgbench,
    pub(crate) channels: Channels,
    pub(crate) catcher: Catcher,
    pub(crate) server: Server,
    pub(crate) caller: Caller,
    pub(crate) listener: Caller,
    pub(crate) operator: Caller,
    pub(crate) receiver: Receiver,
    /// What PostgreSQL says of its durability.
    pub(crate) durability: String,
    /// The statement that tells how often PostgreSQL forced its write-ahead log to the disk.
    pub(crate) forced_writes: &'static str,
    /// Whether PostgreSQL counts statements.
    pub(crate) counts_statements: bool,
    configuration: String,
    keys: Keys,
    folder: TempDir,
}

/// Who may call.
struct Keys {
    merchant: GeneratedApiKey,
    listener: GeneratedApiKey,
    operator: GeneratedApiKey,
}

impl Keys {
    fn new() -> Self {
        let key = || GeneratedApiKey::new(&SystemRandomness);
        Self { merchant: key(), listener: key(), operator: key() }
    }

    /// Callers with each of them.
    async fn connect(&self, server: &Server) -> Result<[Caller; 3], Failure> {
        let address = server.addresses.grpc.to_string();
        let connect = async |key: &GeneratedApiKey| Caller::connect(&address, key.key.expose_secret()).await;
        Ok([connect(&self.merchant).await?, connect(&self.listener).await?, connect(&self.operator).await?])
    }
}

impl Stage {
    /// Puts everything up.
    pub(crate) async fn set() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::new)?;
        let (postgres, counts_statements) =
            tokio::task::spawn_blocking(start_postgres).await.map_err(Failure::new)??;
        // Floor and service share one database, and so its settings and its caches.
        let observer = connect(&postgres.url("postgres")).await?;
        observer.batch_execute(floor::SCHEMA).await.map_err(Failure::at("the floor's schema"))?;
        if counts_statements {
            let counting = observer.batch_execute("CREATE EXTENSION pg_stat_statements").await;
            counting.map_err(Failure::at("pg_stat_statements"))?;
        }
        let pgbench = Pgbench::find(&postgres.url("postgres"), folder.path())?;
        let channels = Channels::start().await?;
        let catcher = Catcher::start().await?;
        let public_url = format!("http://{}", catcher.address);
        channels.notify_paypal_at(&public_url)?;
        let keys = Keys::new();
        let configuration = configuration(&postgres.url("postgres"), &public_url, &keys, &channels);
        // The first start migrates; the one that is measured finds nothing to do.
        drop(start(&folder, &configuration).await?);
        let server = start(&folder, &(configuration.clone() + JOBS_OFF)).await?;
        let [caller, listener, operator] = keys.connect(&server).await?;
        let receiver = Receiver::start().await?;
        let durability = durability(&observer).await?;
        let forced_writes = cost::forced_writes(&observer).await?;
        Ok(Self {
            postgres,
            observer,
            pgbench,
            channels,
            catcher,
            server,
            caller,
            listener,
            operator,
            receiver,
            durability,
            forced_writes,
            counts_statements,
            configuration,
            keys,
            folder,
        })
    }

    /// Starts the server anew, with jobs and webhooks: they are off while operations are measured, for each would bring looks at
    /// its payment and deliveries with it, which the floor has not and which are measured on their own.
    pub(crate) async fn with_background(self) -> Result<Self, Failure> {
        let webhooks = format!(
            "[merchants.{MERCHANT}.webhooks.shop]\nurl = \"http://{}/\"\nsecret = \"whsec_{}\"\nallow_insecure = true\n\
             allow_private = true\nconcurrency = 64\n",
            self.receiver.address,
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]),
        );
        drop(self.server);
        let server = start(&self.folder, &(self.configuration.clone() + &webhooks)).await?;
        let [caller, listener, operator] = self.keys.connect(&server).await?;
        Ok(Self { server, caller, listener, operator, ..self })
    }
}

async fn start(folder: &TempDir, configuration: &str) -> Result<Server, Failure> {
    let file = folder.path().join("config.toml");
    fs::write(&file, configuration).map_err(Failure::at(file.display()))?;
    Server::start(&file, folder.path()).await
}

/// Tries to have statements counted first: the extension comes with PostgreSQL mostly, in a package of its own sometimes.
fn start_postgres() -> Result<(PrivatePostgres, bool), Failure> {
    let start = |settings: &[(&str, &str)]| {
        PrivatePostgres::start(PostgresOptions {
            storage: Storage::Temporary,
            durability: Durability::Durable,
            endpoint: Endpoint::Loopback,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            environment: Environment::read(),
        })
    };
    match start(&[("shared_preload_libraries", "pg_stat_statements")]) {
        Ok(postgres) => Ok((postgres, true)),
        Err(_) => start(&[]).map(|postgres| (postgres, false)).map_err(Failure::at("PostgreSQL")),
    }
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

fn configuration(database: &str, public_url: &str, keys: &Keys, channels: &Channels) -> String {
    let instant = instant::CHANNEL;
    format!(
        "[database]\nurl = \"{database}\"\ntls = \"disabled\"\nmigrate_at_start = true\n\
         [grpc]\nlisten = \"127.0.0.1:0\"\ncalls_per_second = 1000000\ncalls_burst = 1000000\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{public_url}\"\nallow_insecure = true\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\
         [operators.bench-operator]\napi_keys = [{{ id = \"bench\", sha256 = \"{}\" }}]\nmerchants = \"all\"\n\
         [merchants.{LISTENER}]\napi_keys = [{{ id = \"bench\", sha256 = \"{}\", scopes = [\"read\"] }}]\n\
         [merchants.{LISTENER}.accounts.{LISTENER}]\nchannel = \"{instant}\"\n\
         [merchants.{MERCHANT}]\napi_keys = [{{ id = \"bench\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n\
         [merchants.{MERCHANT}.accounts.{instant}]\nchannel = \"{instant}\"\n{}",
        keys.operator.hash,
        keys.listener.hash,
        keys.merchant.hash,
        channels.sections(MERCHANT),
    )
}
