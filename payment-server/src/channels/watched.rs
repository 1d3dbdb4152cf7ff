//! A channel account under watch: every call to it is counted, traced and judged, whoever makes it and whichever keys it
//! goes by.

use std::{future::Future, sync::Arc};

use payment_core::{
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest, ClientResultHint,
        CloseRequest, Closed, CreateRequest, Created, EventContent, Gateway, GatewayError, HoldRequest,
        PaymentAnswer, PaymentData, QueryRequest, RawCallback, RefundAnswer, RefundQueryRequest,
        RefundRequest, ReleaseRequest, TransactionReference, VerifiedEvent,
    },
    identifiers::{ChannelAccountId, ChannelName, Payee, Product},
    payment::ChannelHandle,
    ports::Clock,
    violation::Violation,
};
use time::OffsetDateTime;
use tracing::{Instrument as _, field::Empty};

use super::observed::{Observation, Observed};
use crate::{
    metrics::{AccountLabels, CallOutcome, Metrics, account_labels},
    telemetry::Stopwatch,
};

/// The watch over one account. It outlives the gateways that the account goes by.
#[derive(Clone)]
pub struct Watch {
    labels: AccountLabels,
    metrics: Arc<Metrics>,
    observed: Arc<Observed>,
    clock: Arc<dyn Clock>,
}

impl Watch {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(
        channel: &ChannelName,
        account: &ChannelAccountId,
        metrics: Arc<Metrics>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let observed = Arc::new(Observed::since(clock.now()));
        let labels = account_labels(channel, account);
        metrics.expect_account(&labels);
        Self { labels, metrics, observed, clock }
    }

    /// What was seen until now.
    #[must_use]
    pub fn observation(&self) -> Observation {
        self.observed.observation()
    }

    /// Puts a gateway under this watch.
    pub(super) fn over(&self, gateway: Arc<dyn Gateway>) -> Arc<dyn Gateway> {
        Arc::new(Watched { gateway, watch: self.clone() })
    }

    /// One call: a span, a count in the metrics, a count for operators.
    async fn call<T>(
        &self,
        verb: &'static str,
        call: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let AccountLabels { channel, account } = &self.labels;
        let span = tracing::info_span!(
            "channel call",
            otel.kind = "client",
            verb,
            channel.name = channel,
            channel.account = account,
            outcome = Empty
        );
        let stopwatch = Stopwatch::start();
        let answer = call.instrument(span.clone()).await;
        let outcome = CallOutcome::of(&answer);
        span.record("outcome", outcome.as_str());
        self.metrics.channel_call(&self.labels, verb, outcome, stopwatch.elapsed());
        self.observed.count(&answer, self.clock.now());
        answer
    }
}

/// A gateway under watch.
struct Watched {
    gateway: Arc<dyn Gateway>,
    watch: Watch,
}

#[async_trait::async_trait]
impl Gateway for Watched {
    fn capabilities(&self) -> &Capabilities {
        self.gateway.capabilities()
    }

    fn payee(&self, product: &Product) -> Payee {
        self.gateway.payee(product)
    }

    fn check_create(&self, request: &CreateRequest) -> Vec<Violation> {
        self.gateway.check_create(request)
    }

    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError> {
        self.watch.call("create", self.gateway.create(request)).await
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        self.gateway.payment_data(product, handle)
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        // Judged by when it was asked: what is paid while the answer is on its way is no lie.
        let asked = self.watch.clock.now();
        let answer = self.watch.call("query", self.gateway.query(request)).await;
        if let (Ok(answer), TransactionReference::PaymentNo(payment_no)) = (&answer, &request.reference) {
            self.watch.observed.heard(payment_no.as_str(), &answer.finding, asked);
        }
        answer
    }

    async fn hold(&self, request: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        self.watch.call("hold", self.gateway.hold(request)).await
    }

    async fn capture(&self, request: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        self.watch.call("capture", self.gateway.capture(request)).await
    }

    async fn release(&self, request: &ReleaseRequest) -> Result<Closed, GatewayError> {
        self.watch.call("release", self.gateway.release(request)).await
    }

    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError> {
        self.watch.call("close", self.gateway.close(request)).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        self.watch.call("refund", self.gateway.refund(request)).await
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        self.watch.call("query_refund", self.gateway.query_refund(request)).await
    }

    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        self.gateway.read_client_result(report)
    }

    async fn verify_callback(
        &self,
        callback: &RawCallback,
        received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        let verified = self.gateway.verify_callback(callback, received).await?;
        if let EventContent::Payment { payment_no, finding } = verified.content() {
            self.watch.observed.heard(payment_no, finding, received);
        }
        Ok(verified)
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        self.gateway.callback_reply(outcome)
    }
}
