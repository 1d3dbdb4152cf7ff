//! A refund: its record, its states, and the decisions about it.

pub mod apply;
mod record;
pub mod reserve;
pub mod state;

pub use record::{
    LONGEST_REFUND_NO, Refund, RefundOrigin, RefundPart, RefundReason, RefundTimes, is_reserved_no,
};
