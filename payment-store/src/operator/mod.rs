//! What operators see and do: cases and their resolution, deliveries, due work, all that is known about a payment. Every act
//! is a row of its own in the transaction of what it does (R26).

mod act;
mod case_row;
mod cases;
mod dossier;
mod health;
mod jobs;
mod notifications;
mod recover;
mod refunds;
mod settle;

pub use act::{ActRecord, OperatorAct};
pub use cases::{CaseActOutcome, CaseActRequest, CaseFilter, CaseVerdict, WaitingCases};
pub use dossier::{
    CaseFile, Dossier, EventRecord, EvidenceRecord, RefundFile, RefundTransitionRecord, TransitionRecord,
    WebhookRecord,
};
pub use health::{AccountHealth, HealthWindow};
pub use jobs::{DueWork, WorkDue};
pub use notifications::{NotificationFilter, StoredNotification, VerdictWord};
pub use recover::RecoverOutcome;
pub use refunds::{RefundReschedule, RescheduledRefund};
pub(crate) use settle::refund_cases_settled_in_txn;
