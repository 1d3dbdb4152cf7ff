//! The Alipay simulator held against the protocol, over real sockets, by a client written from the reference alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod apps;
mod barcodes;
mod certificates;
mod client;
mod closings;
mod control;
mod deliveries;
mod environments;
mod faults;
mod pages;
mod payments;
mod receiver;
mod refunds;
mod requests;
mod stage;
mod v3;
