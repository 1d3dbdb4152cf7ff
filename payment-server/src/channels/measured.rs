//! A gateway whose calls are counted and traced: each verb that speaks to the channel is one span and one count.

use std::{future::Future, sync::Arc};

use payment_core::{
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest, ClientResultHint,
        CloseRequest, Closed, CreateRequest, Created, Gateway, GatewayError, HoldRequest, PaymentAnswer,
        PaymentData, QueryRequest, RawCallback, RefundAnswer, RefundQueryRequest, RefundRequest,
        ReleaseRequest, VerifiedEvent,
    },
    identifiers::{ChannelAccountId, ChannelName, Payee, Product},
    payment::ChannelHandle,
    violation::Violation,
};
use time::OffsetDateTime;
use tracing::Instrument as _;

use crate::{
    metrics::{AccountLabels, CallOutcome, Metrics, account_labels},
    telemetry::Stopwatch,
};

/// A gateway between the use cases and the real one.
pub(super) struct Measured {
    gateway: Arc<dyn Gateway>,
    labels: AccountLabels,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// Counts what goes through `gateway`.
    pub(super) fn around(
        gateway: Arc<dyn Gateway>,
        channel: &ChannelName,
        account: &ChannelAccountId,
        metrics: Arc<Metrics>,
    ) -> Arc<dyn Gateway> {
        Arc::new(Self { gateway, labels: account_labels(channel, account), metrics })
    }

    async fn call<T>(
        &self,
        verb: &'static str,
        call: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let AccountLabels { channel, account } = &self.labels;
        let span =
            tracing::info_span!("channel call", verb, channel.name = channel, channel.account = account);
        let stopwatch = Stopwatch::start();
        let answer = call.instrument(span).await;
        self.metrics.channel_call(&self.labels, verb, CallOutcome::of(&answer), stopwatch.elapsed());
        answer
    }
}

#[async_trait::async_trait]
impl Gateway for Measured {
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
        self.call("create", self.gateway.create(request)).await
    }

    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        self.gateway.payment_data(product, handle)
    }

    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        self.call("query", self.gateway.query(request)).await
    }

    async fn hold(&self, request: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        self.call("hold", self.gateway.hold(request)).await
    }

    async fn capture(&self, request: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        self.call("capture", self.gateway.capture(request)).await
    }

    async fn release(&self, request: &ReleaseRequest) -> Result<Closed, GatewayError> {
        self.call("release", self.gateway.release(request)).await
    }

    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError> {
        self.call("close", self.gateway.close(request)).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        self.call("refund", self.gateway.refund(request)).await
    }

    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        self.call("query_refund", self.gateway.query_refund(request)).await
    }

    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        self.gateway.read_client_result(report)
    }

    async fn verify_callback(
        &self,
        callback: &RawCallback,
        received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        self.gateway.verify_callback(callback, received).await
    }

    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply {
        self.gateway.callback_reply(outcome)
    }
}
