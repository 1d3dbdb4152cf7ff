//! Payment channels as faithful local servers, a private PostgreSQL, and the demo.

pub mod alipay;
pub mod clock;
pub mod paypal;
pub mod postgres;
mod rsa;
mod simulator;
pub mod wechat;

/// What no log of a merchant may hold, whatever its simulators make up: how every payer's number or address and every access
/// token begins. Nothing else of theirs begins so.
pub const CONFIDENTIAL: [&str; 5] =
    [alipay::BUYER, paypal::ACCESS_TOKEN, paypal::PAYER, paypal::PAYER_ADDRESS, wechat::PAYER];
