//! Payment channels as faithful local servers, a private PostgreSQL, and the demo.

pub mod alipay;
pub mod clock;
pub mod paypal;
pub mod postgres;
mod rsa;
mod simulator;
pub mod wechat;
