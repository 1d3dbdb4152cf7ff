//! `POST /v1/callbacks/{channel}/{account}`: collects the raw request, has it handled, writes the answer and one log line.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{Response, request::Parts},
    routing::post,
};
use payment_core::{
    gateway::RawCallback,
    identifiers::{ChannelAccountId, ChannelName},
};
use tokio::time::{Instant, timeout_at};

use super::{
    NotificationHandler, NotificationReply,
    body::{BodyLimits, BoundedBody},
    outcome::Outcome,
    turns::Turns,
};
use crate::{config::Callbacks, lifecycle::Lifecycle, metrics::Metrics, telemetry::Stopwatch};

struct Endpoint {
    handler: Arc<dyn NotificationHandler>,
    lifecycle: Lifecycle,
    bodies: BodyLimits,
    deadline: std::time::Duration,
    /// Who may be handled now; the others wait, until their deadline.
    turns: Turns,
    metrics: Arc<Metrics>,
}

/// The endpoint as a router; the listener adds the limits on heads and connections.
pub fn router(
    handler: Arc<dyn NotificationHandler>,
    config: &Callbacks,
    lifecycle: Lifecycle,
    metrics: Arc<Metrics>,
) -> Router {
    let endpoint = Endpoint {
        handler,
        lifecycle,
        bodies: BodyLimits::new(config.body_limit),
        deadline: config.deadline,
        turns: Turns::new(config.max_concurrent),
        metrics,
    };
    Router::new().route("/v1/callbacks/{channel}/{account}", post(receive)).with_state(Arc::new(endpoint))
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    Path((channel, account)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    let mut line = LogLine::begin(&channel, &account, Arc::clone(&endpoint.metrics));
    let outcome = match &line.account {
        Some((channel, account)) if endpoint.handler.expects(channel, account) => {
            endpoint.receive(channel, account, request).await
        }
        Some(_) | None => Outcome::UnknownAccount,
    };
    line.finish(&outcome);
    outcome.into_response()
}

impl Endpoint {
    async fn receive(&self, channel: &ChannelName, account: &ChannelAccountId, request: Request) -> Outcome {
        let deadline = Instant::now() + self.deadline;
        let (head, body) = request.into_parts();
        match timeout_at(deadline, self.bodies.read(body)).await {
            Err(_) => Outcome::BodyTooSlow,
            Ok(Err(refused)) => Outcome::Body(refused),
            Ok(Ok(body)) => {
                let handled = self.handle(channel, account, head, body);
                timeout_at(deadline, handled).await.unwrap_or(Outcome::HandlingTooSlow)
            }
        }
    }

    /// Waits for its turn, then hands over to a task that ends by itself whatever becomes of this request.
    async fn handle(
        &self,
        channel: &ChannelName,
        account: &ChannelAccountId,
        head: Parts,
        body: BoundedBody,
    ) -> Outcome {
        let Some(turn) = self.turns.of(channel).await else { return Outcome::HandlingFailed };
        let (channel, account) = (channel.to_string(), account.to_string());
        let handler = Arc::clone(&self.handler);
        let BoundedBody { bytes, share } = body;
        let callback = raw(&head, bytes);
        let handled = self.lifecycle.run_to_end(async move {
            let reply = handler.handle(&channel, &account, callback).await;
            drop((turn, share));
            reply
        });
        match handled.await {
            Ok(NotificationReply::Handled(reply)) => Outcome::Replied(reply),
            Ok(NotificationReply::UnknownAccount) => Outcome::UnknownAccount,
            Err(_) => Outcome::HandlingFailed,
        }
    }
}

/// The request as it came. The HTTP layer has lower-cased the header names; values of one name keep their order.
fn raw(head: &Parts, body: Vec<u8>) -> RawCallback {
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    RawCallback {
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        body,
    }
}

/// The one log line of a request, written even if the sender goes away. Shows nothing of the request but an account's name,
/// and that only if it can be one.
struct LogLine {
    account: Option<(ChannelName, ChannelAccountId)>,
    status: Option<u16>,
    outcome: &'static str,
    stopwatch: Stopwatch,
    metrics: Arc<Metrics>,
}

impl LogLine {
    fn begin(channel: &str, account: &str, metrics: Arc<Metrics>) -> Self {
        let account = ChannelName::parse(channel).ok().zip(ChannelAccountId::parse(account).ok());
        Self { account, status: None, outcome: "ABANDONED", stopwatch: Stopwatch::start(), metrics }
    }

    fn finish(&mut self, outcome: &Outcome) {
        self.outcome = outcome.as_str();
        self.status = Some(outcome.status().as_u16());
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        self.metrics.callback(self.outcome, self.stopwatch.elapsed());
        let (channel, account) = self.account.as_ref().map(|(channel, account)| (channel, account)).unzip();
        tracing::info!(
            channel.name = channel.map(ChannelName::as_str),
            channel.account = account.map(ChannelAccountId::as_str),
            http.status = self.status,
            duration_ms = self.stopwatch.milliseconds(),
            outcome = self.outcome,
            "callback"
        );
    }
}
