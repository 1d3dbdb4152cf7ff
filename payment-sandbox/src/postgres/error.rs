//! What can go wrong between "start a database" and a connection URL, each with what to do about it.

use std::{io, path::PathBuf};

use super::Version;

/// Why there is no private PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable server binaries on this machine, and none could be fetched.
    #[error(
        "no PostgreSQL {minimum} or newer was found{why_not_fetched}; install it with:\n  {install}\nor set PAYMENT_PG_BIN to the folder that holds `postgres` and `initdb`"
    )]
    NoBinaries {
        /// Oldest major version that is accepted.
        minimum: u32,
        /// Empty, or why the binary package could not be fetched, beginning with a comma.
        why_not_fetched: String,
        /// One line for a shell of this system.
        install: String,
    },
    /// The folder that was set explicitly holds no usable server.
    #[error(
        "PAYMENT_PG_BIN is {}, but {problem}; it must be the folder that holds `postgres` and `initdb`", folder.display()
    )]
    UnusableBinaries {
        /// The folder that was set.
        folder: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Kept data was written by another major version.
    #[error(
        "{} holds data of PostgreSQL {data_major}, but the server found is {found}; set PAYMENT_PG_BIN to a PostgreSQL {data_major}, or name another folder", folder.display()
    )]
    OtherVersion {
        /// The kept folder.
        folder: PathBuf,
        /// Major version in its `PG_VERSION`.
        data_major: u32,
        /// The newest server on this machine.
        found: Version,
    },
    /// The folder named for kept data holds something else.
    #[error(
        "{} is not empty and was not made by payment-sandbox ({detail}); name an empty or a new folder", folder.display()
    )]
    NotOurFolder {
        /// The folder that was named.
        folder: PathBuf,
        /// What was found there.
        detail: String,
    },
    /// Another process runs a server on the same kept folder.
    #[error("{} is in use by another payment-sandbox; stop that one, or name another folder", folder.display())]
    FolderInUse {
        /// The folder that was named.
        folder: PathBuf,
    },
    /// The user that runs the server may not enter a folder it needs.
    #[error(
        "user {user} may not enter {}; as root the server runs as that user, so choose a path open to it (not below /root)", path.display()
    )]
    NotReachable {
        /// Name of the server's user.
        user: String,
        /// Folder or program that it cannot reach.
        path: PathBuf,
    },
    /// The current uid has no line in the password file, without which `initdb` refuses to run.
    #[error(
        "uid {uid} has no line in /etc/passwd and PostgreSQL refuses to run as a nameless user; add one, or run as another user"
    )]
    NamelessUser {
        /// The effective uid.
        uid: u32,
    },
    /// Running as root, and there is nobody to drop to.
    #[error(
        "PostgreSQL refuses to run as root and there is neither a user `postgres` nor `nobody`; create one of them"
    )]
    NobodyToDropTo,
    /// `initdb` ended with an error.
    #[error("initdb failed ({status}); the end of its output:\n{log}")]
    Initdb {
        /// Exit status.
        status: String,
        /// Last lines of its output.
        log: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL ended before it was ready (status {status}); the end of its log:\n{log}")]
    EndedEarly {
        /// Exit status as the shell saw it.
        status: String,
        /// Last lines of the log.
        log: String,
    },
    /// The server was neither ready nor ended in time.
    #[error("PostgreSQL was not ready after {seconds} s; the end of its log:\n{log}")]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// Last lines of the log.
        log: String,
    },
    /// The server did not stop in time and was killed.
    #[error("PostgreSQL did not stop within {seconds} s and was killed")]
    Killed {
        /// How long was waited.
        seconds: u64,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file, folder or program.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl PostgresError {
    /// For `map_err`: keeps what was tried and on what, which `io::Error` does not know.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
