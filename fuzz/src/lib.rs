//! Everything here that reads from outside, as functions of hostile bytes: one module for each target, each with the seeds
//! from which a fuzzer begins. `fuzz/run` gives them to libFuzzer, the tests to everybody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a finding is told by failing, as in a test"
)]

pub mod alipay;
pub mod contract;
mod input;
pub mod money;
pub mod mutation;
pub mod paypal;
mod question;
mod signing;
pub mod targets;
pub mod wechat;
mod world;

pub use world::{NOW, verdict};
