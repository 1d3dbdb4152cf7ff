//! Webhooks: merchants' events delivered to their endpoints as Standard Webhooks 1.0.0 describes it.
//!
//! What is due is decided by rows (`payment-store/src/webhook`), what an answer means by `payment_core::webhook`. Here are
//! the body, the signature, the guard over addresses, and HTTP.

mod address;
mod body;
mod courier;
mod http;
mod signature;

use std::time::Duration;

pub use address::{ForbiddenAddress, Reach};
pub use courier::{Courier, Delivered, HttpCourier};
pub(crate) use http::check_literal;
pub use http::{Answer, Attempt, HttpSettings, Names, SystemNames, WebhookHttp, WebhookHttpError};
pub use signature::{MalformedSecret, SigningSecret, SigningSecrets};

/// How events are delivered.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often each process looks for due deliveries if nothing wakes it.
    pub interval: Duration,
    /// How long a taken delivery is left to its process: longer than an attempt can take.
    pub lease: Duration,
    /// How long an endpoint may take nothing before it is paused.
    pub pause_after: time::Duration,
    /// How long delivered events and the log of attempts are kept.
    pub retention: time::Duration,
}
