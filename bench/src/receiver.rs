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

    /// Forgets what came until now.
    pub(crate) fn forget(&self) {
        self.first.lock().clear();
    }

    /// Of how many payments something came.
    pub(crate) fn count(&self) -> usize {
        self.first.lock().len()
    }

    /// When something first came of each payment.
    pub(crate) fn attempts(&self) -> HashMap<String, Instant> {
        self.first.lock().clone()
    }
}

async fn take(State(first): State<Attempts>, body: Bytes) -> StatusCode {
    let now = load::now();
    match serde_json::from_slice(&body).ok().as_ref().and_then(payment_no) {
        Some(payment_no) => {
            first.lock().entry(payment_no).or_insert(now);
            StatusCode::OK
        }
        None => StatusCode::BAD_REQUEST,
    }
}

/// Wherever it stands in the event.
fn payment_no(event: &serde_json::Value) -> Option<String> {
    match event {
        serde_json::Value::Object(fields) => fields.iter().find_map(|(name, value)| match value.as_str() {
            Some(text) if name == "paymentNo" || name == "payment_no" => Some(text.to_owned()),
            Some(_) | None => payment_no(value),
        }),
        serde_json::Value::Array(values) => values.iter().find_map(payment_no),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => None,
    }
}
