//! The gateway trait: what every channel is to the service. Few verbs, no default bodies, capabilities as data, and
//! three certainties about every failure.
//!
//! A gateway is one channel account. It holds no money rule: it says what the channel said, with the evidence, and
//! `payment::apply` decides.

mod answer;
mod callback;
mod capability;
mod error;
mod factory;
mod request;

pub use answer::{
    Approval, ClientResultHint, Closed, Contest, ContestFinding, Created, Finding, HeldFinding, PaidFinding,
    PaymentAnswer, PaymentData, RefundAnswer, RefundFinding, RefundStatus,
};
pub use callback::{
    CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, EventContent, RawCallback,
    VerifiedEvent,
};
pub use capability::{
    Capabilities, CloseCapability, CompletionCapability, CreateCapability, HoldCapability, ProductCapability,
    RefundCapability, RepeatedCreate,
};
pub use error::{GatewayError, Reason};
pub use factory::{AccountSettings, GatewayFactory};
pub use request::{
    CaptureRequest, CloseRequest, CreateRequest, HoldRequest, QueryRequest, RefundQueryRequest,
    RefundRequest, ReleaseRequest, TransactionReference,
};

use time::OffsetDateTime;

use crate::{identifiers::Payee, identifiers::Product, payment::ChannelHandle, violation::Violation};

/// One account at one channel.
///
/// Every verb may be called again with the same request after any outcome: numbers make them idempotent, and the
/// service does call them again after a crash.
#[async_trait::async_trait]
pub trait Gateway: Send + Sync {
    /// What the channel can do. The service refuses what it cannot before it is asked.
    fn capabilities(&self) -> &Capabilities;

    /// Who receives the money of this account's payments by `product`, as the channel will name them in its facts.
    fn payee(&self, product: &Product) -> Payee;

    /// Everything that the channel would refuse about a create, by the contract's field names, without asking it.
    fn check_create(&self, request: &CreateRequest) -> Vec<Violation>;

    /// Announces a payment to the channel, or signs it locally; gives the handle that payment data is made from.
    /// Repeating it with the same request is safe where [`RepeatedCreate::Safe`] is declared.
    async fn create(&self, request: &CreateRequest) -> Result<Created, GatewayError>;

    /// Makes the payment data for the payer from a handle, signed anew each time it is handed out.
    fn payment_data(&self, product: &Product, handle: &ChannelHandle) -> Result<PaymentData, GatewayError>;

    /// Asks where a payment is.
    async fn query(&self, request: &QueryRequest) -> Result<PaymentAnswer, GatewayError>;

    /// Has the money of an approved payment held ([`Approval::Hold`]) and takes nothing, once: repeating it with the same
    /// request holds nothing more. Called only where [`HoldCapability::Whole`] is declared, and only after the intent to
    /// hold is recorded.
    async fn hold(&self, request: &HoldRequest) -> Result<PaymentAnswer, GatewayError>;

    /// Takes the money of a payment that its payer approved to be taken ([`Approval::Capture`]) or that is held
    /// ([`Finding::Held`]), whole and once: repeating it with the same request takes nothing more. Called only where
    /// [`CompletionCapability::ByCapture`] is declared, and only after the intent to capture is recorded.
    ///
    /// An answer of [`Finding::AwaitingPayer`] or [`Finding::Approved`] says that nothing was taken.
    async fn capture(&self, request: &CaptureRequest) -> Result<PaymentAnswer, GatewayError>;

    /// Lets held money go. `Ok` is the channel's proof that none of it can be taken any more.
    async fn release(&self, request: &ReleaseRequest) -> Result<Closed, GatewayError>;

    /// Asks the channel to refuse this payment from now on. `Ok` is the channel's proof that it is closed.
    async fn close(&self, request: &CloseRequest) -> Result<Closed, GatewayError>;

    /// Asks for a refund. `Ok` is acceptance or more; its status says what was proven.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError>;

    /// Asks where a refund is.
    async fn query_refund(&self, request: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError>;

    /// Reads what the payer's app got from the channel's SDK. A hint, whatever it says (R1).
    ///
    /// # Errors
    /// What is wrong with the report, field by field; a signed report whose signature is wrong is refused here too.
    fn read_client_result(&self, report: &[u8]) -> Result<ClientResultHint, Vec<Violation>>;

    /// Proves and reads a notification that came at `received`: whether it is fresh is judged as of then,
    /// so that what was kept can be handled again. The only maker of [`VerifiedEvent`]s.
    async fn verify_callback(
        &self,
        callback: &RawCallback,
        received: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected>;

    /// The channel's exact words for an outcome.
    fn callback_reply(&self, outcome: &CallbackOutcome) -> CallbackReply;
}
