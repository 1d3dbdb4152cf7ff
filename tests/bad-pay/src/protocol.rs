//! What both sides of Bad Pay's wire agree on: header names, the signature of an answer, the words of a refusal.
//!
//! A request names its shop and a nonce and carries the shop's key. Each answer is signed with that key over the nonce
//! and its own bytes, so that nobody else can make one and an old one fits no new question.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

/// Who asks.
pub(crate) const SHOP: &str = "bad-pay-shop";

/// The shop's key: Bad Pay takes it as it is.
pub(crate) const KEY: &str = "bad-pay-key";

/// What the answer's signature must cover.
pub(crate) const NONCE: &str = "bad-pay-nonce";

/// The answer's signature, in hexadecimal.
pub(crate) const SIGNATURE: &str = "bad-pay-signature";

/// The authentication code of an answer to the request with this nonce.
pub(crate) fn signature(key: &str, nonce: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, &[nonce.as_bytes(), b"\n", body].concat());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why Bad Pay did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Excuse {
    /// 401: the key is not the shop's.
    WrongKey,
    /// 429: it has too much to do.
    Busy,
    /// 404: no such payment or refund.
    NeverHeardOfIt,
    /// 409: the number is in use for something else.
    OtherContent,
    /// 409: the payment is paid.
    Paid,
    /// 409: the payment is closed.
    Closed,
    /// 409: a refund of a payment that nobody paid.
    Unpaid,
    /// 409: more is asked back than is left.
    TooMuch,
    /// 409: the shop's till is too empty to give that back, for now.
    TillEmpty,
    /// 400: it does not understand.
    Nonsense,
}

impl Excuse {
    /// The status of the answer.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::WrongKey => 401,
            Self::Busy => 429,
            Self::NeverHeardOfIt => 404,
            Self::OtherContent
            | Self::Paid
            | Self::Closed
            | Self::Unpaid
            | Self::TooMuch
            | Self::TillEmpty => 409,
            Self::Nonsense => 400,
        }
    }
}

/// `POST /payments`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewPayment {
    pub(crate) number: String,
    pub(crate) way: String,
    pub(crate) minor_units: i64,
    pub(crate) currency: String,
    pub(crate) text: String,
    pub(crate) greeting: Option<String>,
    /// Seconds since 1970 in UTC.
    pub(crate) until: i64,
}

/// The answer to `POST /payments`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) number: String,
    /// Whoever holds it can pay.
    pub(crate) ticket: String,
}

/// The answer to `GET /payments/{number}` and to a close.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentWords {
    pub(crate) number: String,
    /// `unpaid`, `paid`, `closed`, and whatever Bad Pay may think of next.
    pub(crate) state: String,
    pub(crate) shop: String,
    pub(crate) minor_units: i64,
    pub(crate) currency: String,
    /// Once paid.
    pub(crate) transaction: Option<String>,
    /// Once paid: seconds since 1970 in UTC.
    pub(crate) paid_at: Option<i64>,
}

/// `POST /refunds`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewRefund {
    pub(crate) refund: String,
    pub(crate) number: String,
    pub(crate) minor_units: i64,
}

/// The answer to `POST /refunds` and `GET /refunds/{refund}`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefundWords {
    pub(crate) refund: String,
    pub(crate) number: String,
    pub(crate) minor_units: i64,
    pub(crate) currency: String,
    /// `on the way`, `done`, `dead`.
    pub(crate) state: String,
    /// Bad Pay's own number of it.
    pub(crate) receipt: String,
    /// Once done: seconds since 1970 in UTC.
    pub(crate) done_at: Option<i64>,
}

/// Any refusal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) excuse: Excuse,
}
