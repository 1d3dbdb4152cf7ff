//! Every channel against the one suite (`payment_tests::conformance`), each over its simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod conformance {
    //! What each channel brings.
    pub(crate) mod alipay;
    pub(crate) mod bad_pay;
    pub(crate) mod paypal;
    pub(crate) mod wechat;
}

payment_tests::gateway_conformance!(wechat, crate::conformance::wechat::Wechat);
payment_tests::gateway_conformance!(alipay, crate::conformance::alipay::Alipay);
payment_tests::gateway_conformance!(paypal, crate::conformance::paypal::Paypal);
payment_tests::gateway_conformance!(bad_pay, crate::conformance::bad_pay::BadPay);
