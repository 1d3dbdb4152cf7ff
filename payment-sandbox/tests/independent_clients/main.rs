//! The simulators held against clients that others wrote, the channels' own among them, so that both sides of a wire do not share
//! a mistake.
//!
//! Needs `python3` with pip and `node` with npm, and the network once: the pinned packages go into cargo's folder for test
//! files and stay there. Without a network set `PAYMENT_OFFLINE=1`, which leaves these tests out and says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do"
)]

mod alipay;
mod client;
mod paypal;
mod wechat;
