//! A channel that answers at once, inside the server's own process: what is left of a scheduler's time is ours.

use std::sync::Arc;

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{
        AccountSettings, CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, Capabilities,
        CaptureRequest, ClientResultHint, CloseCapability, CloseRequest, Closed, CompletionCapability,
        CreateCapability, CreateRequest, Created, Finding, Gateway, GatewayError, GatewayFactory,
        HoldCapability, HoldRequest, PaymentAnswer, PaymentData, ProductCapability, QueryRequest,
        RawCallback, RefundAnswer, RefundCapability, RefundQueryRequest, RefundRequest, ReleaseRequest,
        RepeatedCreate, VerifiedEvent,
    },
    identifiers::{ChannelName, IdentifierError, KeySerial, Payee, Product},
    money::Currency,
    payment::ChannelHandle,
    ports::Ports,
    schedule::Schedules,
    violation::Violation,
};
use time::{Duration, OffsetDateTime};

/// The channel's name in the configuration.
pub(crate) const CHANNEL: &str = "instant";

/// Opens accounts at it.
pub(crate) struct InstantFactory(ChannelName);

impl InstantFactory {
    /// The factory.
    pub(crate) fn new() -> Result<Self, IdentifierError> {
        ChannelName::parse(CHANNEL).map(Self)
    }
}

#[async_trait::async_trait]
impl GatewayFactory for InstantFactory {
    fn channel(&self) -> ChannelName {
        self.0.clone()
    }

    fn check(&self, _: &AccountSettings) -> Vec<Violation> {
        Vec::new()
    }

    async fn open(&self, _: &AccountSettings, _: &Ports) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        let opened = Instant::open(self.0.clone());
        opened.map(|gateway| Arc::new(gateway) as Arc<dyn Gateway>).map_err(|_| Vec::new())
    }
}

struct Instant {
    capabilities: Capabilities,
    payee: Payee,
    key: KeySerial,
}

impl Instant {
    fn open(channel: ChannelName) -> Result<Self, IdentifierError> {
        let product =
            ProductCapability { product: Product::parse("app")?, create: CreateCapability::SignsLocally };
        let capabilities = Capabilities {
            channel,
            products: vec![product],
            currencies: vec![Currency::CNY],
            time_to_pay: Duration::minutes(1)..=Duration::days(7),
            repeated_create: RepeatedCreate::Safe,
            completion: CompletionCapability::ByPayer,
            hold: HoldCapability::Never,
            close: CloseCapability::AtChannel,
            refund: RefundCapability { parts: 10, window: Duration::days(90), apart: None },
            schedules: Schedules::USUAL,
        };
        Ok(Self { capabilities, payee: Payee::parse("instant")?, key: KeySerial::parse("instant")? })
    }

    fn words(&self) -> ChannelEvidence {
        ChannelEvidence { bytes: b"instant".to_vec(), verified_by: Some(self.key.clone()) }
    }
}

fn never<T>() -> Result<T, GatewayError> {
    Err(GatewayError::NotSent("the bench asks it about payments only".to_owned()))
}

#[async_trait::async_trait]
impl Gateway for Instant {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn payee(&self, _: &Product) -> Payee {
        self.payee.clone()
    }

    fn check_create(&self, _: &CreateRequest) -> Vec<Violation> {
        Vec::new()
    }

    async fn create(&self, _: &CreateRequest) -> Result<Created, GatewayError> {
        never()
    }

    fn payment_data(&self, _: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        Ok(PaymentData::SdkText(handle.value.clone()))
    }

    async fn query(&self, _: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        Ok(PaymentAnswer { finding: Finding::AwaitingPayer, evidence: self.words() })
    }

    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        never()
    }

    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        never()
    }

    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        never()
    }

    async fn close(&self, _: &CloseRequest) -> Result<Closed, GatewayError> {
        Ok(Closed { evidence: self.words() })
    }

    async fn refund(&self, _: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        never()
    }

    async fn query_refund(&self, _: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        never()
    }

    fn read_client_result(&self, _: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        Ok(ClientResultHint::Unclear)
    }

    async fn verify_callback(
        &self,
        _: &RawCallback,
        _: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        Err(CallbackRejected::new(CallbackRejection::SignatureInvalid, "it sends no notifications"))
    }

    fn callback_reply(&self, _: &CallbackOutcome) -> CallbackReply {
        CallbackReply { status: 404, content_type: None, body: Vec::new() }
    }
}
