//! Finds `postgres` and `initdb`: an explicit setting, `pg_config`, `PATH`, then the folders of known packages.

use std::{
    cmp::Reverse,
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::Uid;

use super::{Environment, InstallRoot, PostgresError, WhenMissing, download, hint};

/// Oldest major version that the PostgreSQL project still looked after when this was written.
const MINIMUM_MAJOR: u32 = 14;

/// A server that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Folder that holds `postgres` and `initdb`.
    pub(super) folder: PathBuf,
    /// What `postgres --version` says.
    pub(super) version: Version,
}

/// A server's version, such as 15.14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Decides whether a server can read existing data.
    pub major: u32,
    /// Corrections within the major version; 0 for a beta.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Binaries {
    /// The newest server of this machine; where data exists already, the newest that can read it.
    ///
    /// # Errors
    /// [`PostgresError::NoBinaries`] with an install line, [`PostgresError::UnusableBinaries`] for a wrong explicit
    /// setting, [`PostgresError::OtherVersion`] when no server fits the data.
    pub(super) fn find(environment: &Environment, data: Option<(&Path, u32)>) -> Result<Self, PostgresError> {
        let found = match &environment.explicit_bin {
            Some(folder) => vec![explicit(folder)?],
            None => installed(environment),
        };
        let found = match found.is_empty() {
            true => vec![fetched(environment)?],
            false => found,
        };
        choose(found, data)
    }
}

fn choose(found: Vec<Binaries>, data: Option<(&Path, u32)>) -> Result<Binaries, PostgresError> {
    let newest = found.first().map_or(Version { major: 0, minor: 0 }, |binaries| binaries.version);
    let fits = |binaries: &Binaries| data.is_none_or(|(_, major)| binaries.version.major == major);
    let (folder, data_major) = data.unwrap_or((Path::new(""), 0));
    found.into_iter().find(fits).ok_or_else(|| PostgresError::OtherVersion {
        folder: folder.to_owned(),
        data_major,
        found: newest,
    })
}

fn explicit(folder: &Path) -> Result<Binaries, PostgresError> {
    inspect(folder).map_err(|problem| PostgresError::UnusableBinaries { folder: folder.to_owned(), problem })
}

/// All servers of this machine, newest first, each once.
fn installed(environment: &Environment) -> Vec<Binaries> {
    let folders = pg_config(environment)
        .into_iter()
        .chain(environment.path.iter().cloned())
        .chain(environment.install_roots.iter().flat_map(entries));
    let mut found: Vec<Binaries> = Vec::new();
    for binaries in folders.filter_map(|folder| inspect(&folder).ok()) {
        if !found.contains(&binaries) {
            found.push(binaries);
        }
    }
    // The sort is stable: of two servers of one version, the one found first stays first.
    found.sort_by_key(|binaries| Reverse(binaries.version));
    found
}

fn pg_config(environment: &Environment) -> Option<PathBuf> {
    let output = Command::new(environment.program("pg_config")?).arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

fn entries(root: &InstallRoot) -> Vec<PathBuf> {
    let Ok(entries) = root.parent.read_dir() else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(root.prefix))
        .map(|entry| entry.path().join(root.inside))
        .collect()
}

/// A folder is usable when both programs are there and the server is new enough; otherwise says what is wrong.
pub(super) fn inspect(folder: &Path) -> Result<Binaries, String> {
    let postgres = folder.join("postgres");
    for program in [&postgres, &folder.join("initdb")] {
        if !program.is_file() {
            return Err(format!("{} is missing", program.display()));
        }
    }
    // The server finds its other files from where it really lies, not from a link in a common bin folder.
    let folder = postgres.canonicalize().ok().and_then(|real| real.parent().map(Path::to_owned));
    let folder = folder.ok_or_else(|| format!("{} cannot be resolved", postgres.display()))?;
    let output = Command::new(&postgres).arg("--version").env("LC_ALL", "C").output();
    let output = output.map_err(|error| format!("{} cannot be run: {error}", postgres.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = parse_version(&text).ok_or_else(|| format!("its version {text:?} cannot be read"))?;
    if version.major < MINIMUM_MAJOR {
        return Err(format!("it is PostgreSQL {version} and at least {MINIMUM_MAJOR} is needed"));
    }
    Ok(Binaries { folder, version })
}

/// Reads "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" and "postgres (PostgreSQL) 18beta2".
fn parse_version(text: &str) -> Option<Version> {
    let number = text.split(") ").nth(1)?.split_whitespace().next()?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let major = digits(number).parse().ok()?;
    let minor = number.split_once('.').and_then(|(_, minor)| digits(minor).parse().ok()).unwrap_or(0);
    Some(Version { major, minor })
}

fn fetched(environment: &Environment) -> Result<Binaries, PostgresError> {
    let refused = |why_not_fetched: String| PostgresError::NoBinaries {
        minimum: MINIMUM_MAJOR,
        why_not_fetched,
        install: hint::install_line(environment, Uid::effective().is_root()),
    };
    let WhenMissing::Fetch { cache } = &environment.when_missing else {
        return Err(refused(String::new()));
    };
    let folder = download::fetch(environment, cache)
        .map_err(|why| refused(format!(", and fetching it failed: {why}")))?;
    inspect(&folder).map_err(|why| refused(format!(", and what was fetched cannot be used: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_packages_print() {
        let version = |major, minor| Some(Version { major, minor });
        assert_eq!(parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), version(15, 14));
        assert_eq!(parse_version("postgres (PostgreSQL) 18.0\n"), version(18, 0));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta2\n"), version(18, 0));
        assert_eq!(parse_version("something else"), None);
    }

    fn server(major: u32) -> Binaries {
        Binaries { folder: format!("/pg/{major}").into(), version: Version { major, minor: 1 } }
    }

    #[test]
    fn new_data_gets_the_newest_server_and_old_data_the_one_that_wrote_it() {
        let found = vec![server(18), server(15)];
        assert_eq!(choose(found.clone(), None).unwrap(), server(18));
        assert_eq!(choose(found, Some((Path::new("/kept"), 15))).unwrap(), server(15));
    }

    #[test]
    fn data_of_an_absent_version_is_refused_with_both_versions_named() {
        let error = choose(vec![server(18)], Some((Path::new("/kept"), 16))).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("data of PostgreSQL 16") && text.contains("18.1"), "{text}");
    }
}
