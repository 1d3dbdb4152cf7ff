//! Alipay and PayPal through the whole service: what differs from WeChat Pay is in the channel, what is promised is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and what a crowd did is told"
)]

mod channels {
    //! One file for each channel, one for orders that are paid through two of them, one for refunds, one for races, and a crowd.
    mod alipay;
    mod alipay_pitfalls;
    mod holds;
    mod lock_order;
    mod paypal;
    mod paypal_console;
    mod paypal_pitfalls;
    mod races;
    mod refunds;
    mod scene;
    mod twice;
}
