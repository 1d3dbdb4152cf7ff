//! What both sides of Bad Pay's wire agree on: header names, the signature of an answer, the words of a refusal.
//!
//! A request names its shop and a nonce and carries the shop's key. Each answer is signed with that key over the nonce
//! and its own bytes, so that nobody else can make one and an old one fits no new question.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

/// Who asks.
pub(super) const SHOP: &str = "bad-pay-shop";

/// The shop's key: Bad Pay takes it as it is.
pub(super) const KEY: &str = "bad-pay-key";

/// What the answer's signature must cover.
pub(super) const NONCE: &str = "bad-pay-nonce";

/// The answer's signature, in hexadecimal.
pub(super) const SIGNATURE: &str = "bad-pay-signature";

/// The authentication code of an answer to the request with this nonce.
pub(super) fn signature(key: &str, nonce: &str, body: &[u8]) -> String {
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
    /// 400: it does not understand.
    Nonsense,
}

impl Excuse {
    /// The status of the answer.
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::WrongKey => 401,
            Self::Busy => 429,
            Self::NeverHeardOfIt => 404,
            Self::OtherContent | Self::Paid | Self::Closed | Self::Unpaid | Self::TooMuch => 409,
            Self::Nonsense => 400,
        }
    }
}

/// `POST /payments`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NewPayment {
    pub(super) number: String,
    pub(super) way: String,
    pub(super) minor_units: i64,
    pub(super) currency: String,
    pub(super) text: String,
    pub(super) greeting: Option<String>,
    /// Seconds since 1970 in UTC.
    pub(super) until: i64,
}

/// The answer to `POST /payments`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) number: String,
    /// Whoever holds it can pay.
    pub(super) ticket: String,
}

/// The answer to `GET /payments/{number}` and to a close.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PaymentWords {
    pub(super) number: String,
    /// `unpaid`, `paid`, `closed`, and whatever Bad Pay may think of next.
    pub(super) state: String,
    pub(super) shop: String,
    pub(super) minor_units: i64,
    pub(super) currency: String,
    /// Once paid.
    pub(super) transaction: Option<String>,
    /// Once paid: seconds since 1970 in UTC.
    pub(super) paid_at: Option<i64>,
}

/// `POST /refunds`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NewRefund {
    pub(super) refund: String,
    pub(super) number: String,
    pub(super) minor_units: i64,
}

/// The answer to `POST /refunds` and `GET /refunds/{refund}`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RefundWords {
    pub(super) refund: String,
    pub(super) number: String,
    pub(super) minor_units: i64,
    pub(super) currency: String,
    /// `on the way`, `done`, `dead`.
    pub(super) state: String,
    /// Bad Pay's own number of it.
    pub(super) receipt: String,
    /// Once done: seconds since 1970 in UTC.
    pub(super) done_at: Option<i64>,
}

/// Any refusal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) excuse: Excuse,
}
