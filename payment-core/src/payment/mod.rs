//! A payment: its record, its states, and the decisions about it.

pub mod allocation;
pub mod apply;
pub mod create;
mod record;
pub mod state;

pub use record::{Allocation, ChannelHandle, Failure, Hold, Payment, PaymentTimes};
