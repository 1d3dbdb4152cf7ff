//! A merchant's endpoint: keeps what it is sent, and answers as the test says.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::Value;
use tokio::sync::Notify;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// What it was answered.
    pub status: u16,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The event's place in the feed.
    pub fn sequence(&self) -> i64 {
        // proto3 JSON writes 64-bit numbers as texts.
        self.json()["data"]["sequence"].as_str().unwrap().parse().unwrap()
    }

    /// The payment that it is about.
    pub fn payment_no(&self) -> String {
        self.json()["data"]["paymentNo"].as_str().unwrap().to_owned()
    }

    /// Whether it was answered with 2xx.
    pub fn was_taken(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// How a request is answered, decided by the request and by how many came before.
type Answering = Box<dyn FnMut(&Received, usize) -> (u16, Option<&'static str>) + Send>;

struct Inner {
    received: Mutex<Vec<Received>>,
    answering: Mutex<Answering>,
    came: Notify,
}

/// The endpoint. Ends with the test.
#[derive(Clone)]
pub struct Receiver {
    inner: Arc<Inner>,
    address: SocketAddr,
}

impl Receiver {
    /// An endpoint that takes everything.
    pub async fn start() -> Self {
        let inner = Arc::new(Inner {
            received: Mutex::default(),
            answering: Mutex::new(Box::new(|_, _| (204, None))),
            came: Notify::new(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/hook", post(receive)).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, address }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers from now on with what `answering` decides: a status, and a `Retry-After`.
    pub fn answer_by(
        &self,
        answering: impl FnMut(&Received, usize) -> (u16, Option<&'static str>) + Send + 'static,
    ) {
        *self.inner.answering.lock().unwrap() = Box::new(answering);
    }

    /// Answers from now on with this status.
    pub fn answer(&self, status: u16) {
        self.answer_by(move |_, _| (status, None));
    }

    /// Everything that came, in order.
    pub fn received(&self) -> Vec<Received> {
        self.inner.received.lock().unwrap().clone()
    }

    /// Everything that came and was answered with 2xx, in order.
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::was_taken).collect()
    }

    /// The places of the events that were taken, in order.
    pub fn taken_sequences(&self) -> Vec<i64> {
        self.taken().iter().map(Received::sequence).collect()
    }

    /// The places of the events that came, sorted: different payments' come side by side.
    pub fn sequences(&self) -> Vec<i64> {
        let mut sequences: Vec<i64> = self.received().iter().map(Received::sequence).collect();
        sequences.sort_unstable();
        sequences
    }

    /// Forgets what came.
    pub fn forget(&self) {
        self.inner.received.lock().unwrap().clear();
    }

    /// Waits until this many came.
    pub async fn until(&self, count: usize) {
        let waiting = async {
            loop {
                let came = self.inner.came.notified();
                if self.received().len() >= count {
                    return;
                }
                came.await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(120), waiting).await;
        assert!(waited.is_ok(), "only {} came", self.received().len());
    }

    /// Holds each payment's events to their order: an event comes only after every earlier one was taken, and once taken it
    /// does not come again.
    pub fn assert_in_order(&self, events: &BTreeMap<String, Vec<i64>>) {
        let mut left = events.clone();
        for received in self.received() {
            let (payment_no, sequence) = (received.payment_no(), received.sequence());
            let waiting = left.get_mut(&payment_no).unwrap();
            assert_eq!(
                waiting.first(),
                Some(&sequence),
                "{payment_no}: {sequence} came, {waiting:?} are left"
            );
            if received.was_taken() {
                waiting.remove(0);
            }
        }
        left.retain(|_, waiting| !waiting.is_empty());
        assert!(left.is_empty(), "never taken: {left:?}");
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut received = Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signature: header("webhook-signature"),
        body: body.to_vec(),
        status: 0,
    };
    let (status, retry_after) = {
        let mut all = inner.received.lock().unwrap();
        let (status, retry_after) = (inner.answering.lock().unwrap())(&received, all.len());
        received.status = status;
        all.push(received);
        (status, retry_after)
    };
    inner.came.notify_waiters();
    let status = StatusCode::from_u16(status).unwrap();
    match retry_after {
        Some(seconds) => (status, [("retry-after", seconds)]).into_response(),
        None => (status, "words of the receiver").into_response(),
    }
}
