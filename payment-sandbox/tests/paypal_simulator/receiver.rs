//! A merchant's webhook endpoint that records what arrives and answers by script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One webhook as it came over the wire.
#[derive(Clone)]
pub(crate) struct Arrived {
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its raw body.
    pub(crate) body: Vec<u8>,
}

/// What the endpoint does with a webhook.
#[derive(Clone, Copy)]
pub(crate) enum Reply {
    /// Answers this status.
    Status(u16),
    /// Never answers.
    Silence,
}

#[derive(Default)]
struct Book {
    arrived: Vec<Arrived>,
    script: VecDeque<Reply>,
    arrival: Arc<Notify>,
}

/// The endpoint; it answers 200 when its script is used up.
pub(crate) struct Receiver {
    /// The address to give as the webhook's.
    pub(crate) url: String,
    book: Arc<Mutex<Book>>,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book::default()));
        let routes = Router::new().route("/notify", post(receive)).with_state(Arc::clone(&book));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, book, server }
    }

    /// Sets the next answers.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.book.lock().unwrap().script.extend(replies);
    }

    /// Waits for the next webhook that nobody has waited for yet.
    pub(crate) async fn arrival(&self) {
        let arrival = Arc::clone(&self.book.lock().unwrap().arrival);
        arrival.notified().await;
    }

    /// Everything so far, oldest first.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.book.lock().unwrap().arrived.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let reply = {
        let mut book = book.lock().unwrap();
        book.arrived.push(Arrived { headers, body: body.to_vec() });
        book.arrival.notify_one();
        book.script.pop_front()
    };
    match reply {
        None => StatusCode::OK,
        Some(Reply::Status(status)) => StatusCode::from_u16(status).unwrap(),
        Some(Reply::Silence) => std::future::pending().await,
    }
}
