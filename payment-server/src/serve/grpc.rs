//! The gRPC listener: limits on connections, streams, heads and time, and an end that waits for calls in flight.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{
        Error, Server,
        server::{Connected, TcpConnectInfo},
    },
};

use super::http1::accept;
use crate::config::Grpc;

/// The longest head of a call, in bytes.
const HEADER_LIMIT: u32 = 16 * 1024;

/// How often a silent connection is asked whether it lives, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Serves until `stop`, then finishes the calls that have begun.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    config: Grpc,
    stop: CancellationToken,
) -> Result<(), Error> {
    Server::builder()
        .max_concurrent_streams(config.max_concurrent_streams)
        .http2_max_header_list_size(HEADER_LIMIT)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming(listener, config.max_connections), stop.cancelled_owned())
        .await
}

fn incoming(listener: TcpListener, most: usize) -> impl Stream<Item = io::Result<CountedStream>> {
    let connections = Arc::new(Semaphore::new(most));
    stream::unfold((listener, connections), async |(listener, connections)| {
        let (stream, permit) = accept(&listener, &connections).await;
        // Small answers must not wait for the next ones.
        let ready = stream.set_nodelay(true).map(|()| CountedStream { stream, _permit: permit });
        Some((ready, (listener, connections)))
    })
}

/// A connection that counts towards the limit while it lives.
struct CountedStream {
    stream: TcpStream,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connected for CountedStream {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
