//! `POST /v1/notifications/verify-webhook-signature`: PayPal's own opinion about a delivery.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::certificates::certificate_url;
use super::error::ApiError;
use super::webhook::{ALGORITHM, signed_text};
use super::world::World;

/// A delivery as its receiver quotes it. The event is kept in the bytes of the request: whoever writes it anew changes
/// its checksum, and shall see that.
#[derive(Deserialize)]
struct Quotation<'a> {
    auth_algo: String,
    cert_url: String,
    transmission_id: String,
    transmission_sig: String,
    transmission_time: String,
    webhook_id: String,
    #[serde(borrow)]
    webhook_event: &'a RawValue,
}

/// Answers `SUCCESS` or `FAILURE`, both with 200.
pub(super) fn verify(world: &World, client_id: &str, base_url: &str, body: &[u8]) -> Result<Value, ApiError> {
    let quoted: Quotation<'_> =
        serde_json::from_slice(body).map_err(|_| ApiError::named(400, "VALIDATION_ERROR"))?;
    let status = if is_genuine(world, client_id, base_url, &quoted) { "SUCCESS" } else { "FAILURE" };
    Ok(json!({"verification_status": status}))
}

fn is_genuine(world: &World, client_id: &str, base_url: &str, quoted: &Quotation<'_>) -> bool {
    let name = quoted.cert_url.strip_prefix(&certificate_url(base_url, ""));
    let key = name.and_then(|name| world.certificates.genuine_key(name));
    let own = world.merchants.get(client_id).is_some_and(|own| own.webhook_id == quoted.webhook_id);
    let text = signed_text(
        &quoted.transmission_id,
        &quoted.transmission_time,
        &quoted.webhook_id,
        quoted.webhook_event.get().as_bytes(),
    );
    let signed = |key: &crate::rsa::RsaKey| {
        key.verifying_key().verify(text.as_bytes(), &quoted.transmission_sig).is_ok()
    };
    own && quoted.auth_algo == ALGORITHM && key.is_some_and(signed)
}
