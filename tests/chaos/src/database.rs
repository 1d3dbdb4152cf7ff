//! PostgreSQL with durable settings, which is stopped in immediate mode and started again on the same data.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use nix::{sys::signal::Signal, unistd::Pid};
use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage,
};
use tokio_postgres::{Client, NoTls};

use crate::pause::{instant, pause};

const NAME: &str = "payment";

/// The server and its data.
pub(crate) struct Database {
    data: PathBuf,
    running: Mutex<Option<PrivatePostgres>>,
    /// Since when it takes connections; none while it does not.
    there_since: Mutex<Option<Instant>>,
}

impl Database {
    /// Makes a cluster below `folder` and an empty database in it.
    pub(crate) async fn start(folder: &Path) -> Self {
        let database =
            Self { data: folder.join("postgres"), running: Mutex::default(), there_since: Mutex::default() };
        database.run().await;
        let databases = database.running.lock().unwrap().as_ref().unwrap().databases();
        databases.create_database(NAME).await.unwrap();
        database
    }

    /// Starts the server on the data that there is.
    pub(crate) async fn run(&self) {
        let options = PostgresOptions {
            storage: Storage::Kept(self.data.clone()),
            durability: Durability::Durable,
            endpoint: Endpoint::Socket,
            settings: Vec::new(),
            environment: Environment::read(),
        };
        let started = tokio::task::spawn_blocking(|| PrivatePostgres::start(options)).await.unwrap();
        *self.running.lock().unwrap() = Some(started.unwrap_or_else(|error| panic!("{error}")));
        *self.there_since.lock().unwrap() = Some(instant());
    }

    /// Stops it in immediate mode: nothing is written down, and the next start recovers from the log.
    pub(crate) async fn stop_immediately(&self) {
        *self.there_since.lock().unwrap() = None;
        let Some(server) = self.running.lock().unwrap().take() else { return };
        let file = walk(&self.data).expect("a running server has a lock file");
        let first = fs::read_to_string(&file).unwrap();
        let number = first.lines().next().unwrap().trim().parse().unwrap();
        nix::sys::signal::kill(Pid::from_raw(number), Signal::SIGQUIT).unwrap();
        while file.exists() && nix::sys::signal::kill(Pid::from_raw(number), None).is_ok() {
            pause(Duration::from_millis(2)).await;
        }
        // The supervisor sees that its server has ended, and tidies up behind it.
        tokio::task::spawn_blocking(move || server.stop()).await.unwrap().unwrap();
    }

    /// Since when it takes connections; none while it does not.
    pub(crate) fn there_since(&self) -> Option<Instant> {
        *self.there_since.lock().unwrap()
    }

    /// Where it is now; the socket is another after each start.
    pub(crate) fn url(&self) -> Option<String> {
        self.running.lock().unwrap().as_ref().map(|server| server.url(NAME))
    }

    /// A look at the data beside the servers, while the database is there.
    pub(crate) async fn observer(&self) -> Option<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url()?, NoTls).await.ok()?;
        tokio::spawn(connection);
        Some(client)
    }
}

/// The lock file of the server that runs somewhere below.
fn walk(folder: &Path) -> Option<PathBuf> {
    let file = folder.join("postmaster.pid");
    if file.exists() {
        return Some(file);
    }
    let below = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    below
        .into_iter()
        .find_map(|path| path.join("postmaster.pid").exists().then(|| path.join("postmaster.pid")))
}
