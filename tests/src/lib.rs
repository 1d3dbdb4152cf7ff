//! Tests over the whole system: end to end, crash, conformance, tidy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "helpers of tests fail as tests do"
)]

pub mod accounts;
pub mod app;
pub mod books;
pub mod channel_hand;
pub mod conformance;
pub mod database;
pub mod honest;
pub mod kept_log;
pub mod log_watch;
pub mod operators;
pub mod refusal;
pub mod replay;
pub mod requests;
pub mod steps;
pub mod webhook_receiver;
