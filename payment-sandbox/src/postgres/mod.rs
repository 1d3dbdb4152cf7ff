//! A private PostgreSQL: found or fetched, started in about half a second, ended with its parent.
//!
//! The server runs under a small shell supervisor (`watchdog.sh`) that holds the reading end of a pipe. The parent
//! holds the writing end and does nothing with it: when the parent ends, killed or not, the pipe closes and the
//! server is stopped. That needs no signal handler, no `unsafe`, and works on every Unix.
//!
//! Starting and stopping block the calling thread; asynchronous callers use `tokio::task::spawn_blocking`.

mod binaries;
mod database;
mod download;
mod environment;
mod error;
mod folder;
mod hint;
mod initdb;
mod server;
mod sweep;
mod test_cluster;
mod user;
mod watchdog;

use std::path::PathBuf;

pub use binaries::Version;
pub use database::{DatabaseError, DatabaseServer};
pub use environment::{Environment, InstallRoot, WhenMissing};
pub use error::PostgresError;
pub use server::PrivatePostgres;
pub use test_cluster::{TestCluster, TestClusterError, TestDatabase};

/// What kind of server is wanted. There is no default on purpose: each caller says how safe its data must be.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Where the data lives and for how long.
    pub storage: Storage,
    /// Whether a commit survives a power cut.
    pub durability: Durability,
    /// How clients reach the server.
    pub endpoint: Endpoint,
    /// Further server settings (`max_connections`, `shared_buffers`, ...); they win over the launcher's own.
    pub settings: Vec<(String, String)>,
    /// What the launcher may know of the machine: usually [`Environment::read`].
    pub environment: Environment,
}

/// Where the data lives and for how long.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In a folder of the system's temporary directory that goes away with the server.
    Temporary,
    /// In this folder, which is made when missing, reused when it is one of ours, and refused otherwise.
    Kept(PathBuf),
}

/// Whether a commit survives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// PostgreSQL as shipped: `fsync` and `synchronous_commit` on. For the demo and for measurements.
    Durable,
    /// Nothing is forced to disk. For tests, whose data nobody misses.
    Fast,
}

/// How clients reach the server. Neither way is open to other machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket in a folder that only the server's user (and root) may enter; no password, no port.
    Socket,
    /// A free port of 127.0.0.1 with a random password (SCRAM), for clients that know no Unix sockets.
    Loopback,
}
