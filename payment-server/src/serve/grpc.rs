//! The gRPC listener: limits on connections, streams, heads and time, and an end that waits for calls in flight.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::Stream;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Timeout, timeout},
};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{
    either::Either,
    sync::{CancellationToken, WaitForCancellationFutureOwned},
};
use tonic::{
    service::Routes,
    transport::{Error, Server, server::Connected},
};

use super::{
    http1::{accept, encrypted},
    tls::Tls,
};
use crate::{config::Grpc, grpc::Introduction};

/// The longest head of a call, in bytes.
const HEADER_LIMIT: u32 = 16 * 1024;

/// How often a silent connection is asked whether it lives, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// How many calls that were reset before anybody looked at them one connection may leave behind.
const MAX_PENDING_RESETS: usize = 64;

/// What every HTTP/2 client says first.
const PREFACE: [u8; 24] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves until `stop`, then finishes the calls that have begun.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    config: Grpc,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let door = Door { tls, patience: config.header_timeout, first_call: config.first_call_timeout };
    let connections = Arc::new(Semaphore::new(config.max_connections));
    Server::builder()
        .max_concurrent_streams(config.max_concurrent_streams)
        .http2_max_header_list_size(HEADER_LIMIT)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming(listener, connections, Arc::new(door)), stop.cancelled_owned())
        .await
}

/// The connections that have shown what they are, each in its own time: one that is slow keeps no other waiting.
fn incoming(
    listener: TcpListener,
    connections: Arc<Semaphore>,
    door: Arc<Door>,
) -> impl Stream<Item = io::Result<CountedStream>> {
    let (opened, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                () = opened.closed() => return,
                next = accept(&listener, &connections) => next,
            };
            let (opened, door) = (opened.clone(), Arc::clone(&door));
            tokio::spawn(async move {
                // What fails here is the client's: there is nobody to tell.
                if let Some(stream) = door.open(next).await {
                    drop(opened.send(Ok(stream)).await);
                }
            });
        }
    });
    ReceiverStream::new(receiver)
}

/// What a connection has to go through before anything is kept for it.
struct Door {
    tls: Option<Arc<Tls>>,
    /// How long a client may take for handshake and preface together.
    patience: Duration,
    /// How long it may then take until a call shows a key.
    first_call: Duration,
}

impl Door {
    /// Shakes hands and awaits the client's first words; none for a client that is too slow or speaks something else.
    async fn open(
        &self,
        (stream, permit): (TcpStream, Option<OwnedSemaphorePermit>),
    ) -> Option<CountedStream> {
        // Small answers must not wait for the next ones.
        stream.set_nodelay(true).ok()?;
        let opening = async {
            let mut stream = encrypted(self.tls.clone(), stream).await.ok()?;
            let mut first = [0; PREFACE.len()];
            stream.read_exact(&mut first).await.ok()?;
            (first == PREFACE).then_some(stream)
        };
        let stream = timeout(self.patience, opening).await.ok()??;
        let introduction = Introduction::default();
        let stranger = Some(Box::pin(timeout(self.first_call, introduction.made())));
        Some(CountedStream { stream, unread: &PREFACE, introduction, stranger, _permit: permit })
    }
}

/// A connection that counts towards the limit while it lives.
struct CountedStream {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    /// What was read of the client's first words and is still to be given to whoever reads.
    unread: &'static [u8],
    /// What its calls say about who is at its other end.
    introduction: Introduction,
    /// Until when that must be known; none once it is.
    stranger: Option<Pin<Box<Timeout<WaitForCancellationFutureOwned>>>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl CountedStream {
    /// Ends a connection that holds a place among the counted ones and whose other end nobody knows.
    fn poll_stranger(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.stranger.as_mut().map(|stranger| stranger.as_mut().poll(context)) {
            Some(Poll::Ready(Err(_))) => return Err(io::ErrorKind::TimedOut.into()),
            Some(Poll::Ready(Ok(()))) => self.stranger = None,
            Some(Poll::Pending) | None => {}
        }
        Ok(())
    }
}

impl Connected for CountedStream {
    type ConnectInfo = Introduction;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.introduction.clone()
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_stranger(context)?;
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let (now, later) = self.unread.split_at(self.unread.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.unread = later;
        Poll::Ready(Ok(()))
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
