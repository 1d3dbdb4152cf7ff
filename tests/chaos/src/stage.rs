//! Everything that runs: the database, the channels, the wires between, the post office, and three replicas.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use payment_sandbox::clock::SimulatorClock;
use payment_server::{config::GeneratedApiKey, ports::SystemRandomness};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::{
    arguments::RunArguments,
    channels::{self, MERCHANT, Reached},
    database::Database,
    database_wire::DatabaseWire,
    faults::Weather,
    post_office::PostOffice,
    replica::Replica,
};

/// How many replicas there are.
pub(crate) const REPLICAS: usize = 3;

/// How often each job looks for due rows, by the machine's clock.
pub(crate) const JOB_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// The most calls that the jobs of a replica make to one account at a time: four times as many as where nothing is said, for
/// ten seconds pass for everybody in one of the machine's, and a clock that is moved by minutes makes minutes of work due at once.
const CALLS_IN_FLIGHT: u16 = 32;

/// All of it.
pub(crate) struct Stage {
    pub(crate) clock: SimulatorClock,
    pub(crate) speed: u32,
    pub(crate) weather: Arc<Weather>,
    pub(crate) database: Arc<Database>,
    pub(crate) channels: Arc<Vec<Reached>>,
    pub(crate) office: Arc<PostOffice>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) api_key: String,
    _wire: DatabaseWire,
    /// Removed last, unless the run is to be kept.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Starts everything, in calm weather.
    pub(crate) async fn set(arguments: &RunArguments, seed: u64) -> Self {
        let (folder, temporary) = folder(arguments.keep.as_deref());
        let weather = Arc::new(Weather::new(seed, arguments.least));
        let since = machine_time();
        let clock = SimulatorClock::hastened(since, arguments.speed);
        let (database, channels) =
            tokio::join!(Database::start(&folder), channels::open_all(&clock, &weather));
        let database = Arc::new(database);
        let wire = DatabaseWire::to(Arc::clone(&database), Arc::clone(&weather)).await;
        let office = PostOffice::open(Arc::clone(&weather)).await;
        let api_key = GeneratedApiKey::new(&SystemRandomness);
        let text = configuration(&wire.url(), &office.url(), &api_key, &channels);
        fs::write(folder.join("payment.toml"), text).unwrap();
        let replica = |index| Replica::new(index, &folder, since, arguments.speed);
        let replicas: Vec<_> = (0..REPLICAS).map(replica).collect();
        office.deliver_to(replicas.iter().map(|replica| replica.callbacks).collect());
        for reached in &channels {
            reached.channel.notified_at(&office.url());
        }
        // The first one makes the tables.
        for replica in &replicas {
            replica.start(0).await;
        }
        Self {
            clock,
            speed: arguments.speed,
            weather,
            database,
            channels: Arc::new(channels),
            office,
            replicas,
            api_key: api_key.key.expose_secret().to_owned(),
            _wire: wire,
            _temporary: temporary,
        }
    }
}

fn folder(keep: Option<&Path>) -> (PathBuf, Option<TempDir>) {
    match keep {
        Some(folder) => {
            fs::create_dir_all(folder).unwrap();
            (fs::canonicalize(folder).unwrap(), None)
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("payment-chaos-").tempdir().unwrap();
            (temporary.path().to_owned(), Some(temporary))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "everybody's clock begins with the machine's")]
fn machine_time() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap()
}

fn configuration(
    database_url: &str,
    office: &str,
    api_key: &GeneratedApiKey,
    channels: &[Reached],
) -> String {
    let accounts = channels.iter().map(|reached| reached.channel.sections(&reached.wire.base_url()));
    format!(
        "[database]\nurl = \"{database_url}\"\ntls = \"disabled\"\nmigrate_at_start = true\nmax_connections = 16\n\
         [grpc]\n[callbacks]\npublic_url = \"{office}\"\nallow_insecure = true\n[admin]\n\
         [log]\nformat = \"json\"\nfilter = \"warn\"\n\
         [jobs]\ninterval_milliseconds = {}\nlease_seconds = 300\ncalls_in_flight = {CALLS_IN_FLIGHT}\n\
         [merchants.{MERCHANT}]\napi_keys = [{{ id = \"shop\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n{}",
        JOB_INTERVAL.as_millis(),
        api_key.hash,
        accounts.collect::<String>(),
    )
}
