//! Why a use case did not do what was asked. `grpc/status.rs` is the one place that gives these their gRPC words.

use payment_core::{
    gateway::Reason,
    identifiers::{
        ApiKeyId, ChannelAccountId, ChannelName, MerchantId, OperatorName, OrderNo, PaymentNo, RefundNo,
        WebhookName,
    },
    money::Money,
    violation::Violation,
};
use payment_store::StoreError;
use uuid::Uuid;

/// A use case's refusal.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Fields are wrong; all of them are named.
    #[error("{} field(s) are wrong", .0.len())]
    InvalidFields(Vec<Violation>),
    /// The merchant has no such account at the channel.
    #[error("channel account {0} is not enabled for this merchant")]
    ChannelNotEnabled(String),
    /// No such merchant, or one that the operator does not see.
    #[error("there is no merchant {0}")]
    MerchantNotFound(MerchantId),
    /// The merchant has no such API key.
    #[error("there is no API key {0}")]
    ApiKeyNotFound(ApiKeyId),
    /// The merchant has, or had, an API key of this name.
    #[error("there is an API key {0} already")]
    ApiKeyIdTaken(ApiKeyId),
    /// No such operator, or one whose keys are not the caller's business.
    #[error("there is no operator {0}")]
    OperatorNotFound(OperatorName),
    /// No such payment, or another merchant's.
    #[error("there is no payment {0}")]
    PaymentNotFound(PaymentNo),
    /// No payment ever covered this order, or another merchant's.
    #[error("there is no payment for order {0}")]
    OrderNotFound(OrderNo),
    /// No such webhook endpoint, or another merchant's.
    #[error("there is no webhook endpoint {0}")]
    WebhookEndpointNotFound(WebhookName),
    /// The request id was used before with another content (R14).
    #[error("the request id was used before with another {differing_field}")]
    RequestIdReused {
        /// The first field that differs.
        differing_field: &'static str,
        /// The payment of the first request.
        payment_no: PaymentNo,
    },
    /// No such refund, or another merchant's.
    #[error("there is no refund {0}")]
    RefundNotFound(RefundNo),
    /// The refund number was used before with another content (R16).
    #[error("refund number {refund_no} was used before with another {differing_field}")]
    RefundNoReused {
        /// The first field that differs.
        differing_field: &'static str,
        /// The number.
        refund_no: RefundNo,
    },
    /// More is wanted back than is left (R15).
    #[error("payment {payment_no} has not that much left to refund")]
    RefundExceedsPaid {
        /// The payment.
        payment_no: PaymentNo,
        /// The order that has less left, if one was meant.
        order_no: Option<OrderNo>,
        /// What is left for it.
        left: Option<Money>,
    },
    /// An order is paid (R10).
    #[error("order {order_no} is paid by payment {payment_no}")]
    OrderAlreadyPaid {
        /// The order.
        order_no: OrderNo,
        /// The payment that paid it.
        payment_no: PaymentNo,
    },
    /// An earlier attempt may still be paid, and the channel gave no proof that it cannot (R11).
    #[error("payment {payment_no} may still be paid and its channel gave no proof")]
    EarlierAttemptUnresolved {
        /// The attempt.
        payment_no: PaymentNo,
    },
    /// The payment's state forbids it.
    #[error("payment {payment_no} is {state}")]
    PaymentStateConflict {
        /// The payment.
        payment_no: PaymentNo,
        /// Its state's word.
        state: &'static str,
    },
    /// The channel refused.
    #[error("the channel refused: {reason:?} ({channel_code})")]
    ChannelRefused {
        /// The payment, which is recorded as failed.
        payment_no: PaymentNo,
        /// What the refusal means.
        reason: Reason,
        /// The channel's own code.
        channel_code: String,
    },
    /// The channel cannot do this at all.
    #[error("{channel} cannot {capability}")]
    CapabilityUnsupported {
        /// The channel.
        channel: ChannelName,
        /// What it cannot, such as `pay by product jsapi`.
        capability: String,
    },
    /// Events after the cursor were deleted: it is older than is kept.
    #[error("events after the cursor were deleted")]
    CursorExpired,
    /// The feed never reached the cursor.
    #[error("the feed does not reach the cursor")]
    CursorAhead,
    /// What concerns every merchant is for operators who see them all.
    #[error("the operator does not see every merchant")]
    AllMerchantsRequired,
    /// No such delivery, or another merchant's.
    #[error("there is no notification {0}")]
    NotificationNotFound(Uuid),
    /// No such case, or another merchant's.
    #[error("there is no case {0}")]
    CaseNotFound(Uuid),
    /// The case's state forbids it.
    #[error("case {case_id} is {state}")]
    CaseStateConflict {
        /// The case.
        case_id: Uuid,
        /// Its state's word.
        state: &'static str,
    },
    /// A case of this kind is not resolved so.
    #[error("case {case_id} is not resolved so: {remedy}")]
    CaseResolutionUnfit {
        /// The case.
        case_id: Uuid,
        /// What can be done instead.
        remedy: &'static str,
    },
    /// The channel did not prove what the resolution takes; the case is open again.
    #[error("case {case_id}: {problem}")]
    CaseNotProven {
        /// The case.
        case_id: Uuid,
        /// What is missing, as a sentence.
        problem: String,
    },
    /// Nobody approves what they proposed themselves.
    #[error("the resolution of case {0} takes another person's approval")]
    SecondPersonRequired(Uuid),
    /// The refund has arrived, so nothing of it can be put off or retried.
    #[error("refund {0} has arrived")]
    RefundArrived(RefundNo),
    /// Others kept changing the same orders; trying again will do.
    #[error("lost a race for the same orders")]
    LostRace,
    /// The channel certainly did nothing; trying again will do.
    #[error("channel account {account} cannot be reached")]
    ChannelUnavailable {
        /// The account.
        account: ChannelAccountId,
        /// The payment, recorded as initiating: repeating the request goes on with it.
        payment_no: PaymentNo,
    },
    /// The database certainly kept nothing; trying again will do.
    #[error("the database is not available")]
    StoreUnavailable(#[source] StoreError),
    /// A defect of ours or of the data. The caller learns no details.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::StoreUnavailable(error),
            StoreError::Contention => Self::LostRace,
            StoreError::Corrupt(_) | StoreError::Statement(_) => Self::Internal(error.to_string()),
        }
    }
}
