//! Connections to PostgreSQL: made, kept, bounded in number and in time.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use deadpool::Runtime;
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolableConnection as _, RecyclingMethod,
        deadpool::Object, deadpool::Pool,
    },
};
use futures::FutureExt as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::{NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    appended::Appended,
    error::StoreError,
    lane::{Background, Place},
};

/// How to reach the database and within which bounds.
#[derive(Clone)]
pub struct StoreOptions {
    /// `postgres://user:password@host/database`.
    pub url: SecretString,
    /// Whether the connection is encrypted.
    pub tls: DatabaseTls,
    /// At most this many connections; 8 is where throughput peaks on two cores.
    pub max_connections: usize,
    /// How long to wait for a connection, new or returned.
    pub acquire_timeout: Duration,
    /// How long a statement may run, and how long a transaction may sit idle before PostgreSQL ends it: a caller that
    /// vanishes must not keep locks (R24).
    pub statement_timeout: Duration,
}

/// Encryption of the connection to the database.
#[derive(Clone)]
pub enum DatabaseTls {
    /// None: for a socket or the loopback interface.
    Disabled,
    /// Required, with the server's name and certificate verified against these PEM certificates, or against the
    /// system's where there are none.
    Verified {
        /// The certificates to trust.
        certificate_authorities: Option<Vec<u8>>,
    },
}

/// How the connections are used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that nobody uses.
    pub idle: usize,
    /// Connections in use.
    pub in_use: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// Those among them that wait for the share of [`Lane::Background`](crate::Lane::Background), whatever is idle.
    pub waiting_in_background: usize,
}

/// A connection in use. It is given back before its place in the lane is.
pub(crate) struct Connection {
    pooled: Object<AsyncPgConnection>,
    _place: Place,
}

impl Deref for Connection {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &Self::Target {
        &self.pooled
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.pooled
    }
}

/// A bounded set of connections.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool<AsyncPgConnection>,
    background: Background,
    connector: Arc<Connector>,
    acquire_timeout: Duration,
    statement_timeout: Duration,
    appended: Appended,
}

impl Connections {
    /// Prepares the pool; connects on first use.
    pub(crate) fn new(options: &StoreOptions) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(options)?);
        let for_setup = Arc::clone(&connector);
        let mut manager = ManagerConfig::default();
        manager.recycling_method =
            RecyclingMethod::CustomFunction(Box::new(|connection| alive(connection).boxed()));
        manager.custom_setup = Box::new(move |_| {
            let connector = Arc::clone(&for_setup);
            async move { connector.connect().await }.boxed()
        });
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
            .max_size(options.max_connections)
            .wait_timeout(Some(options.acquire_timeout))
            .create_timeout(Some(options.acquire_timeout))
            .recycle_timeout(Some(options.acquire_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(StoreError::unavailable)?;
        let (acquire_timeout, statement_timeout) = (options.acquire_timeout, options.statement_timeout);
        let (appended, background) = (Appended::default(), Background::of(options.max_connections));
        Ok(Self { pool, background, connector, acquire_timeout, statement_timeout, appended })
    }

    /// How long to wait for a connection.
    pub(crate) const fn acquire_timeout(&self) -> Duration {
        self.acquire_timeout
    }

    /// How long PostgreSQL lets a statement run.
    pub(crate) const fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// Gives up every connection that is in no use, so that the next one is new: one turned out to be dead, and its
    /// neighbours are as old.
    pub(crate) fn forget_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// A connection from the pool, for work of the present lane. Who holds one takes no second: the share may be one.
    pub(crate) async fn acquire(&self) -> Result<Connection, StoreError> {
        let acquiring = async {
            let place = self.background.place().await?;
            let pooled = self.pool.get().await.map_err(StoreError::unavailable)?;
            Ok(Connection { pooled, _place: place })
        };
        tokio::time::timeout(self.acquire_timeout, acquiring).await.map_err(StoreError::unavailable)?
    }

    /// How many connections nobody uses, are in use, and how many requests wait for one.
    pub(crate) fn in_use(&self) -> PoolUse {
        let status = self.pool.status();
        let waiting_in_background = self.background.waiting();
        PoolUse {
            idle: status.available,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting.saturating_add(waiting_in_background),
            waiting_in_background,
        }
    }

    /// Whose events were committed through these connections.
    pub(crate) const fn appended(&self) -> &Appended {
        &self.appended
    }

    /// A connection of its own, outside the pool.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, StoreError> {
        let connecting = tokio::time::timeout(self.acquire_timeout, self.connector.connect());
        connecting.await.map_err(StoreError::unavailable)?.map_err(StoreError::unavailable)
    }
}

/// How often the runtime turns before a connection is taken for alive.
const TURNS: usize = 2;

/// Notices that PostgreSQL ended a connection, without the round trip that asking would cost at each checkout: the end has
/// arrived with the operating system already, and a turn of the runtime lets the connection's own task read it. Who gets
/// a connection that dies later learns it from its first statement; see `transaction::run`.
async fn alive(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    if connection.is_broken() { Err(diesel::result::Error::BrokenTransactionManager) } else { Ok(()) }
}

/// How PostgreSQL plans for us. Statements are prepared once and their plans kept, so one that was made while a table was small
/// would read the whole of it when it has grown, until PostgreSQL next analyzes it: every statement that callers wait for
/// has an index, and takes it from the beginning. What has none still runs, at a price that must not have it compiled first.
const PLANNING: &str = "-c enable_seqscan=off -c jit=off";

/// Makes connections with our session settings and TLS.
struct Connector {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    fn new(options: &StoreOptions) -> Result<Self, StoreError> {
        let mut config: tokio_postgres::Config = options
            .url
            .expose_secret()
            .parse()
            .map_err(|_| StoreError::unavailable("the URL is not a PostgreSQL URL"))?;
        let timeout = options.statement_timeout.as_millis();
        let settings = format!(
            "-c statement_timeout={timeout} -c idle_in_transaction_session_timeout={timeout} -c timezone=UTC {PLANNING}"
        );
        let settings = match config.get_options() {
            Some(given) => format!("{settings} {given}"),
            None => settings,
        };
        config.options(settings).application_name("payment-server").connect_timeout(options.acquire_timeout);
        let tls = match &options.tls {
            DatabaseTls::Disabled => {
                config.ssl_mode(SslMode::Disable);
                None
            }
            DatabaseTls::Verified { certificate_authorities } => {
                config.ssl_mode(SslMode::Require);
                Some(MakeRustlsConnect::new(client_tls(certificate_authorities.as_deref())?))
            }
        };
        Ok(Self { config, tls })
    }

    async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let refused = |error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            ConnectionError::BadConnection(format!("{error}: {cause}"))
        };
        match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        }
    }
}

fn client_tls(certificate_authorities: Option<&[u8]>) -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    match certificate_authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(StoreError::unavailable)?;
                roots.add(certificate).map_err(StoreError::unavailable)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(StoreError::unavailable)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
