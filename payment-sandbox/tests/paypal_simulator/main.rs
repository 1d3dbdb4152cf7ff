//! The PayPal simulator held against the protocol, over real sockets, by a client written from the reference alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod authorizations;
mod client;
mod control;
mod faults;
mod idempotency;
mod office;
mod orders;
mod payments;
mod receiver;
mod refunds;
mod stage;
mod webhooks;
