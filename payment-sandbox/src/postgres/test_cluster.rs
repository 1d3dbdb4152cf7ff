//! Databases for tests: one server for each test process, one migrated template, one copy for each test.

use std::{
    collections::HashMap,
    error::Error,
    future::Future,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use tokio::{runtime, sync::OnceCell};
use url::Url;

use super::{
    DatabaseError, DatabaseServer, Durability, Endpoint, Environment, PostgresError, PostgresOptions,
    PrivatePostgres, Storage, environment::variable, folder::random_hex,
};

/// Begins the name of every database made here; the tag of the process and a number follow.
const DATABASE_PREFIX: &str = "payment_test_";

/// First key of the advisory locks that show which process tags are alive ("payt" in ASCII).
const LOCK_CLASS: i32 = 0x7061_7974;

/// Why a test has no database.
#[derive(Debug, thiserror::Error)]
pub enum TestClusterError {
    /// No private server.
    #[error(transparent)]
    Start(#[from] PostgresError),
    /// `DATABASE_URL` is set and useless.
    #[error("DATABASE_URL cannot be used: {0}; unset it to let the tests start a private server")]
    GivenServer(String),
    /// Creating or copying failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The caller's migrations failed.
    #[error("the template's migrations failed: {0}")]
    Migrate(Box<dyn Error + Send + Sync>),
}

/// The server of a test process: the one in `DATABASE_URL`, else a private one that ends with the process.
///
/// Several processes may run at once, also against one `DATABASE_URL`: every database carries the tag of its process,
/// and only databases of processes that ended are swept.
pub struct TestCluster {
    server: Server,
    tag: String,
    number: AtomicU64,
    templates: Mutex<HashMap<String, Arc<OnceCell<String>>>>,
}

enum Server {
    Private(Box<PrivatePostgres>),
    Given(Url),
}

impl TestCluster {
    /// The process's one cluster; the first caller waits for its start.
    ///
    /// A static is never dropped in Rust, so it is the launcher's watchdog that ends the private server.
    ///
    /// # Errors
    /// What [`PrivatePostgres::start`] says, or why `DATABASE_URL` cannot be used; the same for every caller.
    pub fn shared() -> Result<&'static Self, &'static TestClusterError> {
        static SHARED: OnceLock<Result<TestCluster, TestClusterError>> = OnceLock::new();
        let given = || variable("DATABASE_URL").map(|url| url.to_string_lossy().into_owned());
        SHARED.get_or_init(|| Self::open(given())).as_ref()
    }

    /// A cluster of its own: on the server of that URL, or on a private one.
    ///
    /// # Errors
    /// As [`TestCluster::shared`].
    pub fn open(given_url: Option<String>) -> Result<Self, TestClusterError> {
        let tag = random_hex::<6>();
        let server = match given_url {
            Some(url) => Server::Given(claim(url, &tag)?),
            None => Server::Private(Box::new(PrivatePostgres::start(PostgresOptions {
                storage: Storage::Temporary,
                durability: Durability::Fast,
                endpoint: Endpoint::Socket,
                settings: Vec::new(),
                environment: Environment::read(),
            })?)),
        };
        Ok(Self { server, tag, number: AtomicU64::new(0), templates: Mutex::default() })
    }

    /// A fresh copy of a template that `migrate` has filled.
    ///
    /// `migrate` gets the URL of an empty database and runs once for each `template` name in this process; tests that
    /// come meanwhile wait for it. Its connections are ended when it returns.
    ///
    /// # Errors
    /// [`TestClusterError`].
    pub async fn database<Migrate, Migrated, Failure>(
        &self,
        template: &str,
        migrate: Migrate,
    ) -> Result<TestDatabase, TestClusterError>
    where
        Migrate: FnOnce(String) -> Migrated,
        Migrated: Future<Output = Result<(), Failure>>,
        Failure: Into<Box<dyn Error + Send + Sync>>,
    {
        let cell = {
            let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(templates.entry(template.to_owned()).or_default())
        };
        let template = cell.get_or_try_init(|| self.fill_template(migrate)).await?;
        let name = self.next_name();
        self.server.databases().create_database_from_template(&name, template).await?;
        Ok(self.guard(name))
    }

    /// An empty database, for tests of the migrations themselves.
    ///
    /// # Errors
    /// [`TestClusterError::Database`].
    pub async fn empty_database(&self) -> Result<TestDatabase, TestClusterError> {
        let name = self.next_name();
        self.server.databases().create_database(&name).await?;
        Ok(self.guard(name))
    }

    async fn fill_template<Migrate, Migrated, Failure>(
        &self,
        migrate: Migrate,
    ) -> Result<String, TestClusterError>
    where
        Migrate: FnOnce(String) -> Migrated,
        Migrated: Future<Output = Result<(), Failure>>,
        Failure: Into<Box<dyn Error + Send + Sync>>,
    {
        let name = self.next_name();
        self.server.databases().create_database(&name).await?;
        migrate(self.server.url(&name)).await.map_err(|failure| TestClusterError::Migrate(failure.into()))?;
        self.server.databases().seal_template(&name).await?;
        Ok(name)
    }

    fn next_name(&self) -> String {
        format!("{DATABASE_PREFIX}{}_{}", self.tag, self.number.fetch_add(1, Ordering::Relaxed))
    }

    fn guard(&self, name: String) -> TestDatabase {
        TestDatabase { url: self.server.url(&name), name, server: self.server.databases() }
    }
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Private(postgres) => postgres.url(database),
            Self::Given(url) => {
                let mut url = url.clone();
                url.set_path(database);
                url.into()
            }
        }
    }

    fn databases(&self) -> DatabaseServer {
        match self {
            Self::Private(postgres) => postgres.databases(),
            Self::Given(url) => DatabaseServer::new(url.to_string()),
        }
    }
}

/// A database of one test, dropped with this value.
pub struct TestDatabase {
    url: String,
    name: String,
    server: DatabaseServer,
}

impl TestDatabase {
    /// URL to connect to it. It may hold a password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    /// Waits until it is dropped: a thousand tests would otherwise fill the disk. On its own thread, because a test's
    /// runtime may be the one that is just ending.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = thread::spawn(move || on_own_runtime(server.drop_database(&name))).join();
        if let Ok(Err(error)) = dropped {
            report(&self.name, &error);
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test guard has no other way to speak, and must not panic while unwinding"
)]
fn report(name: &str, error: &DatabaseError) {
    eprintln!("the test database {name} was not dropped: {error}");
}

fn on_own_runtime(work: impl Future<Output = Result<(), DatabaseError>>) -> Result<(), DatabaseError> {
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        // Without file descriptors for a runtime the process is ending anyway; the next run sweeps.
        Err(_) => Ok(()),
    }
}

/// Checks the given server, shows there that `tag` is alive, and drops what ended processes left.
///
/// The tag's advisory lock belongs to a connection that a thread holds until the process ends.
fn claim(url: String, tag: &str) -> Result<Url, TestClusterError> {
    let parsed = Url::parse(&url).map_err(|error| TestClusterError::GivenServer(error.to_string()))?;
    let (sender, receiver) = mpsc::channel();
    let (server, tag) = (DatabaseServer::new(url), tag.to_owned());
    thread::spawn(move || {
        let work = async {
            let claimed = claim_and_sweep(&server, &tag).await;
            let (client, outcome) = match claimed {
                Ok(client) => (Some(client), Ok(())),
                Err(error) => (None, Err(error.to_string())),
            };
            let _the_receiver_waits = sender.send(outcome);
            if client.is_some() {
                std::future::pending::<()>().await;
            }
            Ok(())
        };
        on_own_runtime(work)
    });
    let outcome = receiver.recv().unwrap_or_else(|error| Err(error.to_string()));
    outcome.map(|()| parsed).map_err(TestClusterError::GivenServer)
}

async fn claim_and_sweep(
    server: &DatabaseServer,
    tag: &str,
) -> Result<tokio_postgres::Client, Box<dyn Error + Send + Sync>> {
    let client = server.connect().await?;
    client.execute("SELECT pg_advisory_lock($1, hashtext($2))", &[&LOCK_CLASS, &tag]).await?;
    let names = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)";
    for row in client.query(names, &[&DATABASE_PREFIX]).await? {
        let name: String = row.try_get(0)?;
        let Some(owner) = name.strip_prefix(DATABASE_PREFIX).and_then(|rest| rest.split('_').next()) else {
            continue;
        };
        let free = "SELECT pg_try_advisory_lock($1, hashtext($2))";
        if owner != tag && client.query_one(free, &[&LOCK_CLASS, &owner]).await?.try_get(0)? {
            server.drop_database(&name).await?;
            client.execute("SELECT pg_advisory_unlock($1, hashtext($2))", &[&LOCK_CLASS, &owner]).await?;
        }
    }
    Ok(client)
}
