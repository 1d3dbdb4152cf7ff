//! Alipay and PayPal through the whole service: what differs from WeChat Pay is in the channel, what is promised is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod channels {
    //! One file for each channel, one for orders that are paid through two of them, one for races.
    mod alipay;
    mod paypal;
    mod races;
    mod scene;
    mod twice;
}
