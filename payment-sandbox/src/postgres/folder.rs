//! The folders of a server: a temporary one for every run, and one for data that is kept.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    process,
};

use super::{PostgresError, user::ServerUser};

/// Begins the name of every run folder; the process id of the parent and a random tag follow.
pub(super) const RUN_PREFIX: &str = "payment-pg-";

/// Name of the log in a run folder, which is also the lock that shows that the run is alive.
pub(super) const LOG: &str = "postgres.log";

/// The shortest limit of the systems we know: 104 bytes with the final zero on macOS, 108 on Linux.
const LONGEST_SOCKET_PATH: usize = 103;

/// Socket file inside the run folder; the number is part of its name only.
const SOCKET: &str = ".s.PGSQL.5432";

/// How much of the log goes into an error.
const TAIL_BYTES: u64 = 4000;
const TAIL_LINES: usize = 15;

/// The folder of one run: socket, log, exit status, and the data when it is temporary.
#[derive(Debug)]
pub(super) struct RunFolder {
    pub(super) path: PathBuf,
    pub(super) log: File,
}

impl RunFolder {
    /// Makes the folder, open to the server's user only, with a locked log in it.
    pub(super) fn create(temporary: &Path, user: &ServerUser) -> Result<Self, PostgresError> {
        let path = run_parent(temporary).join(format!("{RUN_PREFIX}{}-{}", process::id(), random_hex::<6>()));
        make(&path, user)?;
        let log = fill(&path, user).inspect_err(|_| {
            let _nothing_else_to_do = fs::remove_dir_all(&path);
        })?;
        Ok(Self { path, log })
    }

    /// The last lines of the log, for error texts.
    pub(super) fn log_tail(&self) -> String {
        tail(&self.path.join(LOG)).unwrap_or_else(|error| format!("(the log cannot be read: {error})"))
    }
}

fn fill(path: &Path, user: &ServerUser) -> Result<File, PostgresError> {
    user.must_reach(path)?;
    let file = path.join(LOG);
    // Appending: several processes write to it, and an attempt must not overwrite the lines of the one before.
    let log = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&file);
    let log = log.map_err(PostgresError::io("create", &file))?;
    log.lock().map_err(PostgresError::io("lock", &file))?;
    Ok(log)
}

/// Where run folders go: a temporary directory whose path is too long for a socket is passed over for /tmp.
pub(super) fn run_parent(temporary: &Path) -> &Path {
    let run_name = RUN_PREFIX.len() + "4194304-0123456789ab".len();
    let longest = temporary.as_os_str().as_bytes().len() + run_name + SOCKET.len() + 2;
    if longest <= LONGEST_SOCKET_PATH { temporary } else { Path::new("/tmp") }
}

fn make(path: &Path, user: &ServerUser) -> Result<(), PostgresError> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(PostgresError::io("create", path))?;
    user.own(path)
}

fn tail(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(TAIL_LINES);
    Ok(lines.iter().skip(skipped).map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))
}

/// Marks a folder as ours and, locked, as in use.
const MARKER: &str = "payment-sandbox.txt";
const MARKER_TEXT: &str = "This folder holds a private PostgreSQL of payment-sandbox. Delete it as a whole when it is not in use.\n";

/// A folder whose data outlives the run.
#[derive(Debug)]
pub(super) struct KeptFolder {
    pub(super) path: PathBuf,
    /// Held, never read: its lock keeps a second process out.
    _marker: File,
}

impl KeptFolder {
    /// Makes the folder, or takes it again when it carries our marker.
    pub(super) fn take(path: &Path, user: &ServerUser) -> Result<Self, PostgresError> {
        fs::create_dir_all(path).map_err(PostgresError::io("create", path))?;
        let path = path.canonicalize().map_err(PostgresError::io("resolve", path))?;
        let marker_path = path.join(MARKER);
        if !marker_path.is_file() {
            claim(&path, &marker_path, user)?;
        }
        user.must_reach(&path)?;
        let marker = File::open(&marker_path).map_err(PostgresError::io("open", &marker_path))?;
        match marker.try_lock() {
            Ok(()) => Ok(Self { path, _marker: marker }),
            Err(TryLockError::WouldBlock) => Err(PostgresError::FolderInUse { folder: path }),
            Err(TryLockError::Error(source)) => Err(PostgresError::io("lock", marker_path)(source)),
        }
    }

    /// Major version of the data, or `None` before the first start.
    pub(super) fn data_major(&self) -> Result<Option<u32>, PostgresError> {
        let file = self.path.join("data/PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| PostgresError::NotOurFolder {
                folder: self.path.clone(),
                detail: format!("{} says {text:?}", file.display()),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PostgresError::io("read", file)(error)),
        }
    }
}

fn claim(path: &Path, marker: &Path, user: &ServerUser) -> Result<(), PostgresError> {
    let mut entries = path.read_dir().map_err(PostgresError::io("read", path))?;
    if let Some(entry) = entries.next() {
        let entry = entry.map_err(PostgresError::io("read", path))?;
        return Err(PostgresError::NotOurFolder {
            folder: path.to_owned(),
            detail: format!("it holds {:?}", entry.file_name()),
        });
    }
    fs::write(marker, MARKER_TEXT).map_err(PostgresError::io("create", marker))?;
    user.own(marker)?;
    user.own(path)
}

/// `N` random bytes in hexadecimal, for names and passwords that no other process may guess.
#[expect(
    clippy::disallowed_methods,
    reason = "a name or password of a private server is no part of any decision"
)]
pub(super) fn random_hex<const N: usize>() -> String {
    let bytes: [u8; N] = rand::Rng::random(&mut rand::rng());
    hex::encode(bytes)
}
