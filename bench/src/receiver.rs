//! The merchant's end of its webhooks: takes each at once and notes when it first came.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::any};
use tokio::net::TcpListener;

use crate::{failure::Failure, load};

/// Listens for webhooks.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    first: Attempts,
}

#[derive(Clone, Default)]
struct Attempts(Arc<Mutex<HashMap<String, Instant>>>);

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiver {
    /// Begins to listen on a free port.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Failure::new)?;
        let address = listener.local_addr().map_err(Failure::new)?;
        let first = Attempts::default();
        let router = Router::new().fallback(any(take)).with_state(first.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, first })
    }

    /// Whether something came of each of these payments.
    pub(crate) fn has_all<'a>(&self, mut payment_nos: impl Iterator<Item = &'a String>) -> bool {
        let first = self.first.lock();
        payment_nos.all(|payment_no| first.contains_key(payment_no))
    }

    /// When something first came of each payment.
    pub(crate) fn attempts(&self) -> HashMap<String, Instant> {
        self.first.lock().clone()
    }
}

/// Every event names its payment in the same place.
async fn take(State(first): State<Attempts>, body: Bytes) -> StatusCode {
    let now = load::now();
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    match event.pointer("/data/paymentNo").and_then(serde_json::Value::as_str) {
        Some(payment_no) => {
            first.lock().entry(payment_no.to_owned()).or_insert(now);
            StatusCode::OK
        }
        None => StatusCode::BAD_REQUEST,
    }
}
