//! Runs the three listeners, tells their addresses, and ends without breaking off what was begun.

mod grpc;
mod http1;
mod tls;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use payment_core::ports::Clock;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub use self::tls::{TlsFiles, TlsProblem};
use self::{http1::Http1Limits, tls::Tls};
use crate::{
    admin::{self, Exposition, Readiness},
    callback::{self, NotificationHandler},
    config::Config,
    lifecycle::Lifecycle,
    metrics::Metrics,
};

/// Probes are few and small: what a stranger on the admin port may take.
const ADMIN_LIMITS: Http1Limits =
    Http1Limits { header_limit: 8192, header_timeout: Duration::from_secs(5), max_connections: 64 };

/// What the listeners lead to.
pub struct Components {
    /// The gRPC services.
    pub grpc: Routes,
    /// Where notifications go.
    pub notifications: Arc<dyn NotificationHandler>,
    /// Whether requests can be served.
    pub readiness: Arc<dyn Readiness>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tells it, and what waits.
    pub exposition: Arc<dyn Exposition>,
    /// Tells whether certificates hold.
    pub clock: Arc<dyn Clock>,
    /// Shared with everything that works for these listeners.
    pub lifecycle: Lifecycle,
}

/// The real addresses, where the configuration left the port to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Addresses {
    /// For callers.
    pub grpc: SocketAddr,
    /// For channels.
    pub callbacks: SocketAddr,
    /// For operators.
    pub admin: SocketAddr,
}

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its address cannot be listened on.
    #[error("{key} = \"{address}\": {source}. Choose a free address of this machine")]
    Address {
        /// The key that names the address.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Its certificate is not in order any more.
    #[error("{section}.{}: {problem}", problem.key)]
    Tls {
        /// The section that names the files.
        section: &'static str,
        /// What is wrong.
        problem: TlsProblem,
    },
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    addresses: Addresses,
    lifecycle: Lifecycle,
    grace: Duration,
    /// Stops the probes, which answer until the end.
    stop_admin: CancellationToken,
    serving: JoinHandle<()>,
    admin: JoinHandle<()>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was begun was finished.
    Complete,
    /// The grace was over before; the rest is found again from the database.
    GraceExpired {
        /// Tasks that had not finished.
        unfinished: usize,
    },
}

/// Opens all listeners, then serves. No request is taken before all are open.
///
/// # Errors
/// [`StartError`] naming the key whose address cannot be listened on.
pub async fn start(config: &Config, components: Components) -> Result<Running, StartError> {
    let grpc = bind("grpc.listen", config.grpc.listen).await?;
    let callbacks = bind("callbacks.listen", config.callbacks.listen).await?;
    let admin = bind("admin.listen", config.admin.listen).await?;
    let addresses = Addresses { grpc: grpc.1, callbacks: callbacks.1, admin: admin.1 };
    let Components { grpc: routes, notifications, readiness, metrics, exposition, clock, lifecycle } =
        components;
    let follow = |section, files: &Option<TlsFiles>, protocol: &'static [u8]| {
        let files = files.clone();
        let follow = |files| Tls::follow(files, protocol, Arc::clone(&clock), lifecycle.draining.clone());
        files.map(follow).transpose().map_err(|problem| StartError::Tls { section, problem })
    };
    let grpc_tls = follow("grpc.tls", &config.grpc.tls, b"h2")?;
    let callbacks_tls = follow("callbacks.tls", &config.callbacks.tls, b"http/1.1")?;
    let stop_admin = CancellationToken::new();
    let probes = admin::router(readiness, exposition, lifecycle.clone());
    let admin = tokio::spawn(http1::serve(admin.0, None, probes, ADMIN_LIMITS, stop_admin.clone()));
    let endpoint = callback::router(notifications, &config.callbacks, lifecycle.clone(), metrics);
    let callback_limits = Http1Limits {
        header_limit: config.callbacks.header_limit,
        header_timeout: config.callbacks.deadline,
        max_connections: config.callbacks.max_connections,
    };
    let serving = serve_both(
        grpc::serve(grpc.0, routes, config.grpc.clone(), grpc_tls, lifecycle.draining.clone()),
        http1::serve(callbacks.0, callbacks_tls, endpoint, callback_limits, lifecycle.draining.clone()),
        lifecycle.draining.clone(),
    );
    let serving = tokio::spawn(serving);
    Ok(Running { addresses, lifecycle, grace: config.shutdown.grace, stop_admin, serving, admin })
}

/// Ends when both have ended. Should gRPC break down, the whole server ends: half a server looks healthy and is not.
async fn serve_both(
    grpc: impl Future<Output = Result<(), tonic::transport::Error>>,
    callbacks: impl Future<Output = ()>,
    draining: CancellationToken,
) {
    let grpc = async {
        if let Err(error) = grpc.await {
            tracing::error!(%error, "the gRPC listener broke down");
        }
        draining.cancel();
    };
    futures::join!(grpc, callbacks);
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|source| StartError::Address { key, address, source })
}

impl Running {
    /// Where the listeners are.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Waits until something ends the server: [`Lifecycle::draining`], or a listener that broke down.
    pub async fn draining(&self) {
        self.lifecycle.draining.cancelled().await;
    }

    /// Takes no more requests, finishes what was begun, within the configured grace. Probes say "draining" meanwhile.
    pub async fn shutdown(self) -> Ended {
        let Self { lifecycle, serving, admin, stop_admin, grace, .. } = self;
        lifecycle.draining.cancel();
        lifecycle.tasks.close();
        let tasks = lifecycle.tasks.clone();
        let drained = timeout(grace, async {
            drop(serving.await);
            tasks.wait().await;
        });
        let ended = match drained.await {
            Ok(()) => Ended::Complete,
            Err(_) => Ended::GraceExpired { unfinished: lifecycle.tasks.len() },
        };
        stop_admin.cancel();
        drop(timeout(ADMIN_LIMITS.header_timeout, admin).await);
        ended
    }
}

/// Writes the addresses as a JSON object to `path`, whole or not at all: who waits for the file may read it at once.
///
/// # Errors
/// What the system says about the file.
pub fn write_ready_file(path: &Path, addresses: &Addresses) -> io::Result<()> {
    let mut unfinished = PathBuf::from(path).into_os_string();
    unfinished.push(".unfinished");
    fs::write(&unfinished, serde_json::to_vec(addresses)?)?;
    fs::rename(&unfinished, path)
}
