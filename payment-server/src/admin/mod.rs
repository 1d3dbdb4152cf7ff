//! The endpoint for operators' probes: `/healthz` says that the process lives, `/readyz` whether it can serve, `/metrics`
//! what Prometheus reads.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::get,
};
use tokio::time::timeout;

use crate::lifecycle::Lifecycle;

/// The format that Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

/// Tells what is counted and what waits.
#[async_trait::async_trait]
pub trait Exposition: Send + Sync {
    /// Everything as Prometheus reads it, gathered within the deadline.
    ///
    /// # Errors
    /// [`std::fmt::Error`] if the text cannot be written.
    async fn text(&self, deadline: Duration) -> Result<String, std::fmt::Error>;
}

/// Why requests cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub String);

struct Probes {
    readiness: Arc<dyn Readiness>,
    exposition: Arc<dyn Exposition>,
    lifecycle: Lifecycle,
}

/// The endpoint as a router.
pub fn router(
    readiness: Arc<dyn Readiness>,
    exposition: Arc<dyn Exposition>,
    lifecycle: Lifecycle,
) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(Probes { readiness, exposition, lifecycle }))
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

async fn metrics(State(probes): State<Arc<Probes>>) -> Response {
    match probes.exposition.text(DEADLINE).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn not_ready(reason: &str) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}
