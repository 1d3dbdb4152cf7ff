//! Refunds in the database: reserved under the payment's locks, changed under their own.

mod apply;
mod create;
mod read;
pub(crate) mod row;
mod send;
mod turn;

pub(crate) use apply::refund_lock_in_txn;
pub use apply::{ForeignRefund, ForeignRefundOutcome, RefundApplied, RefundApplyRequest};
pub(crate) use create::duplicates_refund_in_txn;
pub use create::{NewRefund, RefundOutcome};
pub use read::RefundFilter;
pub(crate) use read::refunds_in_txn;
pub use turn::{TakenTurn, Turn};
