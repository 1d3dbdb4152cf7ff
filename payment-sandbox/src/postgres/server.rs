//! Starts the server on its cluster and knows when it is ready.

use std::{
    fmt, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use super::{
    DatabaseServer, Durability, Endpoint, PostgresError, PostgresOptions, Storage, Version,
    binaries::Binaries,
    folder::{KeptFolder, RunFolder},
    initdb::{self, Cluster, SUPERUSER},
    sweep::sweep,
    user::ServerUser,
    watchdog::{Watchdog, wait_until},
};

/// Long enough for crash recovery of kept data on a slow disk.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long kept data of a parent that was just killed may take to come free.
const HANDOVER_DEADLINE: Duration = Duration::from_secs(10);

/// How many free ports are tried before giving up.
const PORT_ATTEMPTS: usize = 5;

/// Settings for data that nobody misses. Shared memory lies in files of the data folder, because what killed servers
/// leave in /dev/shm nobody removes.
const FAST: [(&str, &str); 6] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("dynamic_shared_memory_type", "mmap"),
];

/// A running server. Dropping it stops the server and removes what is temporary; so does the end of this process.
pub struct PrivatePostgres {
    watchdog: Watchdog,
    run: RunFolder,
    address: Address,
    version: Version,
    /// Held for its lock.
    _kept: Option<KeptFolder>,
}

/// Where clients connect to.
enum Address {
    Socket(PathBuf),
    Loopback { port: u16, password: String },
}

impl PrivatePostgres {
    /// Finds or fetches the binaries, creates the cluster when there is none, starts the server and waits until it
    /// takes connections. Blocks for about half a second.
    ///
    /// # Errors
    /// Every variant of [`PostgresError`] but `Killed`.
    pub fn start(options: PostgresOptions) -> Result<Self, PostgresError> {
        let user = ServerUser::choose()?;
        sweep(&options.environment.temporary, &user);
        let kept = match &options.storage {
            Storage::Temporary => None,
            Storage::Kept(path) => Some(KeptFolder::take(path, &user)?),
        };
        let binaries = find_binaries(&options, kept.as_ref(), &user)?;
        let run = RunFolder::create(&options.environment.temporary, &user)?;
        let started = Self::create_and_serve(&options, &binaries, &user, &run, kept.as_ref());
        let (watchdog, address) = started.inspect_err(|_| {
            // After a failed start there may be no supervisor that would remove the folder.
            let _left_for_the_next_sweep = fs::remove_dir_all(&run.path);
        })?;
        Ok(Self { watchdog, run, address, version: binaries.version, _kept: kept })
    }

    fn create_and_serve(
        options: &PostgresOptions,
        binaries: &Binaries,
        user: &ServerUser,
        run: &RunFolder,
        kept: Option<&KeptFolder>,
    ) -> Result<(Watchdog, Address), PostgresError> {
        let parent = kept.map_or(run.path.as_path(), |kept| kept.path.as_path());
        let synced = kept.is_some() && options.durability == Durability::Durable;
        let cluster = initdb::open_or_create(binaries, user, run, parent, synced)?;
        wait_for_former_server(&cluster.data);
        serve(options, binaries, user, run, &cluster)
    }

    /// URL of a database on this server, for `tokio-postgres`, Diesel and libpq alike. With [`Endpoint::Loopback`] it
    /// holds the password.
    pub fn url(&self, database: &str) -> String {
        match &self.address {
            Address::Socket(folder) => {
                let folder: String =
                    url::form_urlencoded::byte_serialize(folder.as_os_str().as_bytes()).collect();
                // Forms write a space as "+", which database drivers do not read back.
                format!("postgres://{SUPERUSER}@{}/{database}", folder.replace('+', "%20"))
            }
            Address::Loopback { port, password } => {
                format!("postgres://{SUPERUSER}:{password}@{}:{port}/{database}", Ipv4Addr::LOCALHOST)
            }
        }
    }

    /// The server seen as a place to create databases in.
    pub fn databases(&self) -> DatabaseServer {
        DatabaseServer::new(self.url(SUPERUSER))
    }

    /// Version of the server that was found.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Folder of socket and log; gone after the stop.
    pub fn run_folder(&self) -> &Path {
        &self.run.path
    }

    /// Process id of the supervisor, from which the server and all its sessions descend, and which leads the process group of the
    /// server: its sessions are in groups of their own.
    pub fn process_group(&self) -> u32 {
        self.watchdog.process_id()
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self) -> String {
        self.run.log_tail()
    }

    /// Stops the server as dropping does, and tells whether it went well.
    ///
    /// # Errors
    /// [`PostgresError::Killed`] when the server did not stop in time.
    pub fn stop(mut self) -> Result<(), PostgresError> {
        self.watchdog.stop()
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let _reported_by_stop_only = self.watchdog.stop();
        // Usually gone already; after a kill, or below a directory that only root may write, it is removed here.
        let _left_for_the_next_sweep = fs::remove_dir_all(&self.run.path);
    }
}

impl fmt::Debug for PrivatePostgres {
    /// Without the address, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = formatter.debug_struct("PrivatePostgres");
        text.field("version", &self.version).field("run_folder", &self.run.path).finish_non_exhaustive()
    }
}

fn find_binaries(
    options: &PostgresOptions,
    kept: Option<&KeptFolder>,
    user: &ServerUser,
) -> Result<Binaries, PostgresError> {
    let data = match kept {
        Some(kept) => kept.data_major()?.map(|major| (kept.path.as_path(), major)),
        None => None,
    };
    let binaries = Binaries::find(&options.environment, data)?;
    user.must_reach(&binaries.folder.join("postgres"))?;
    Ok(binaries)
}

/// The server of a parent that was killed a moment ago may still be writing its last checkpoint.
fn wait_for_former_server(data: &Path) {
    let running = || {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let process_id: i32 = text.lines().next()?.trim().parse().ok()?;
        Some(kill(Pid::from_raw(process_id), None) != Err(Errno::ESRCH))
    };
    // When time is up the server itself decides, and says what it found.
    wait_until(HANDOVER_DEADLINE, || running() != Some(true));
}

fn serve(
    options: &PostgresOptions,
    binaries: &Binaries,
    user: &ServerUser,
    run: &RunFolder,
    cluster: &Cluster,
) -> Result<(Watchdog, Address), PostgresError> {
    let mut attempts_left = PORT_ATTEMPTS;
    loop {
        let address = address(options.endpoint, run, cluster)?;
        let command = server_command(options, binaries, run, cluster, &address);
        let mut watchdog = Watchdog::start(user, &run.path, &run.log, &command)?;
        attempts_left -= 1;
        match wait_until_ready(&watchdog, run, cluster) {
            Ok(()) => return Ok((watchdog, address)),
            // Between choosing a free port and binding it another process took it.
            Err(PostgresError::EndedEarly { log, .. })
                if attempts_left > 0 && log.contains("could not bind") =>
            {
                watchdog.release()?;
            }
            Err(error) => {
                let _the_first_error_matters = watchdog.stop();
                return Err(error);
            }
        }
    }
}

fn address(endpoint: Endpoint, run: &RunFolder, cluster: &Cluster) -> Result<Address, PostgresError> {
    match endpoint {
        Endpoint::Socket => Ok(Address::Socket(run.path.clone())),
        Endpoint::Loopback => {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
            let port = free.map_err(PostgresError::io("find a free port on", "127.0.0.1"))?.port();
            Ok(Address::Loopback { port, password: cluster.password.clone() })
        }
    }
}

fn server_command(
    options: &PostgresOptions,
    binaries: &Binaries,
    run: &RunFolder,
    cluster: &Cluster,
    address: &Address,
) -> Command {
    let mut command = Command::new(binaries.folder.join("postgres"));
    command.arg("-D").arg(&cluster.data);
    let mut set = |name: &str, value: &str| {
        command.arg("-c").arg(format!("{name}={value}"));
    };
    match address {
        Address::Socket(_) => set("listen_addresses", ""),
        Address::Loopback { port, .. } => {
            set("listen_addresses", "127.0.0.1");
            set("port", &port.to_string());
        }
    }
    let settings = [
        ("logging_collector", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("max_connections", "300"),
    ];
    settings.iter().for_each(|(name, value)| set(name, value));
    if options.durability == Durability::Fast {
        FAST.iter().for_each(|(name, value)| set(name, value));
    }
    options.settings.iter().for_each(|(name, value)| set(name, value));
    // The socket is made in both cases, so that whoever may enter the folder can look at the data with psql.
    command.arg("-k").arg(&run.path);
    command
}

/// The server itself writes into its lock file when it is ready (line 8, since PostgreSQL 10).
fn wait_until_ready(watchdog: &Watchdog, run: &RunFolder, cluster: &Cluster) -> Result<(), PostgresError> {
    let lock_file = cluster.data.join("postmaster.pid");
    let ready = || {
        let text = fs::read_to_string(&lock_file).unwrap_or_default();
        text.lines().nth(7).is_some_and(|status| status.trim() == "ready")
    };
    let decided = wait_until(START_DEADLINE, || ready() || watchdog.ended().is_some());
    match watchdog.ended() {
        Some(status) => Err(PostgresError::EndedEarly { status, log: run.log_tail() }),
        None if decided => Ok(()),
        None => Err(PostgresError::NotReady { seconds: START_DEADLINE.as_secs(), log: run.log_tail() }),
    }
}
