//! The endpoint for operators' probes: `/healthz` says that the process lives, `/readyz` whether it can serve.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::time::timeout;

use crate::lifecycle::Lifecycle;

/// How long the probe waits for the database; a slower one is of no use to callers either.
const DEADLINE: Duration = Duration::from_secs(1);

/// Says whether requests can be served now.
#[async_trait::async_trait]
pub trait Readiness: Send + Sync {
    /// Asks what the service depends on: the database.
    ///
    /// # Errors
    /// [`NotReady`] with the reason for the operator, without secrets.
    async fn ready(&self) -> Result<(), NotReady>;
}

/// Why requests cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

struct Probes {
    readiness: Arc<dyn Readiness>,
    lifecycle: Lifecycle,
}

/// The endpoint as a router.
pub fn router(readiness: Arc<dyn Readiness>, lifecycle: Lifecycle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(Arc::new(Probes { readiness, lifecycle }))
}

async fn ready(State(probes): State<Arc<Probes>>) -> (StatusCode, String) {
    if probes.lifecycle.draining.is_cancelled() {
        return not_ready("draining");
    }
    match timeout(DEADLINE, probes.readiness.ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Err(NotReady(reason))) => not_ready(&reason),
        Err(_) => not_ready("the database does not answer in time"),
    }
}

fn not_ready(reason: &str) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}
