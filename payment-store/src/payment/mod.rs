//! Payments in the database: how they are read, locked, created and changed.

mod apply;
pub(crate) mod create;
pub(crate) mod lock;
mod read;
pub(crate) mod row;
mod trace;

pub use apply::{Applied, ApplyRequest, Effect};
pub use create::{CreateOutcome, EarlierVerdict, NewPayment};
pub use lock::Locked;
pub use read::PaymentFilter;
pub(crate) use read::{payments_in_txn, with_allocations};
