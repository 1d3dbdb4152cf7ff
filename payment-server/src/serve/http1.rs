//! An HTTP/1.1 listener with limits on what comes before a handler sees it: connections, heads and the time for them.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tokio_util::{either::Either, sync::CancellationToken};

use super::tls::Tls;

/// How long to wait after the system refused a connection (no file descriptors left) before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a stranger may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Http1Limits {
    /// The longest head, in bytes; at least 8192.
    pub(super) header_limit: usize,
    /// How long a head may take to arrive, and how long a connection may lie idle.
    pub(super) header_timeout: Duration,
    /// The most connections at a time; more wait in the system's queue.
    pub(super) max_connections: usize,
}

/// Serves until `stop`, then finishes the requests that have begun. Idle connections are closed.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    limits: Http1Limits,
    stop: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    while let Some((stream, permit)) = stop.run_until_cancelled(accept(&listener, &connections)).await {
        let service = TowerToHyperService::new(router.clone());
        let (watcher, tls) = (graceful.watcher(), tls.clone());
        tokio::spawn(async move {
            // Its failures are the peer's: a broken or slow head, a hang-up. There is nobody to tell.
            if let Ok(Ok(stream)) = timeout(limits.header_timeout, encrypted(tls, stream)).await {
                let connection = builder(limits).serve_connection(TokioIo::new(stream), service);
                drop(watcher.watch(connection).await);
            }
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The connection as its listener wants it: behind a handshake, or as it is.
pub(super) async fn encrypted(
    tls: Option<Arc<Tls>>,
    stream: TcpStream,
) -> io::Result<Either<TcpStream, Box<TlsStream<TcpStream>>>> {
    match tls {
        None => Ok(Either::Left(stream)),
        Some(tls) => Ok(Either::Right(Box::new(tls.accept(stream).await?))),
    }
}

fn builder(limits: Http1Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_limit);
    builder
}

/// The next connection, once there is room for it.
pub(super) async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    let permit = Arc::clone(connections).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                drop(timeout(ACCEPT_PAUSE, std::future::pending::<()>()).await);
            }
        }
    }
}
