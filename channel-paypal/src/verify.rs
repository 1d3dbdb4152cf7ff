//! The proof that PayPal signed a webhook. It covers a CRC-32 of the body only, so whoever has seen one delivery can make
//! another body that verifies: it proves that PayPal sent *something*, never what (R7).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::gateway::{CallbackRejected, CallbackRejection, RawCallback};
use time::{Duration, OffsetDateTime};

use crate::{authority::WebhookKey, response::parse_time};

/// The only algorithm taken. Old SDKs also map SHA-1 and MD5.
const ALGORITHM: &str = "SHA256withRSA";

/// The longest body that is looked at.
const BODY_LIMIT: usize = 1_048_576;

/// PayPal sends for 3 days; an hour more for clocks. Whether a repeat keeps its first time is not documented.
const OLDEST: Duration = Duration::hours(73);
const NEWEST: Duration = Duration::minutes(5);

/// The headers of a delivery, in the form that PayPal documents. Nothing is proven by them yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Transmission<'a> {
    pub(crate) id: &'a str,
    pub(crate) time: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) certificate_url: &'a str,
    pub(crate) algorithm: &'a str,
}

fn malformed(description: impl Into<String>) -> CallbackRejected {
    CallbackRejected::new(CallbackRejection::Malformed, description)
}

impl<'a> Transmission<'a> {
    /// The headers of a delivery at about `now`. The cheap checks stand first, so that nothing is fetched for what
    /// cannot be PayPal's.
    pub(crate) fn read(callback: &'a RawCallback, now: OffsetDateTime) -> Result<Self, CallbackRejected> {
        if callback.body.len() > BODY_LIMIT {
            return Err(malformed("the body is longer than 1048576 bytes"));
        }
        let transmission = Self {
            id: header(callback, "paypal-transmission-id", 50)?,
            time: header(callback, "paypal-transmission-time", 100)?,
            signature: header(callback, "paypal-transmission-sig", 500)?,
            certificate_url: header(callback, "paypal-cert-url", 500)?,
            algorithm: header(callback, "paypal-auth-algo", 100)?,
        };
        if transmission.algorithm != ALGORITHM {
            return Err(malformed("header paypal-auth-algo is not SHA256withRSA"));
        }
        let sent = parse_time(transmission.time)
            .ok_or_else(|| malformed("header paypal-transmission-time is no RFC 3339 time"))?;
        if (now - OLDEST..=now + NEWEST).contains(&sent) {
            Ok(transmission)
        } else {
            let description = "header paypal-transmission-time is more than 73 hours old or 5 minutes ahead of this machine's clock";
            Err(CallbackRejected::new(CallbackRejection::Stale, description))
        }
    }

    /// Proves that the key's holder signed this delivery for one of the webhooks.
    pub(crate) fn prove(
        &self,
        body: &[u8],
        webhook_ids: &[String],
        key: &WebhookKey,
    ) -> Result<(), CallbackRejected> {
        let wrong =
            || CallbackRejected::new(CallbackRejection::SignatureInvalid, "the signature does not verify");
        let signature = STANDARD.decode(self.signature).map_err(|_| wrong())?;
        let checksum = crc32fast::hash(body);
        let signed = |webhook_id: &String| {
            key.verify(self.message(webhook_id, checksum).as_bytes(), &signature).is_ok()
        };
        if webhook_ids.iter().any(signed) { Ok(()) } else { Err(wrong()) }
    }

    /// What is signed. The checksum is that of the raw bytes (F44), as an unsigned decimal.
    fn message(&self, webhook_id: &str, checksum: u32) -> String {
        format!("{}|{}|{webhook_id}|{checksum}", self.id, self.time)
    }
}

/// A bar would let one header claim the start of the next as its own.
fn header<'a>(
    callback: &'a RawCallback,
    name: &'static str,
    limit: usize,
) -> Result<&'a str, CallbackRejected> {
    let value = callback.single_header(name)?;
    let graphic = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|');
    if (1..=limit).contains(&value.len()) && graphic {
        Ok(value)
    } else {
        Err(malformed(format!("header {name} must be 1 to {limit} visible characters without a bar")))
    }
}
