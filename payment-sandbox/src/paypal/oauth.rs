//! OAuth 2.0 client credentials: one token per app, handed out again until it ends.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::error::ApiError;
use super::identifiers;
use super::merchant::{Merchant, Token};
use super::world::World;

/// How long a token lives.
pub const TOKEN_LIFETIME: Duration = Duration::hours(9);

const SCOPE: &str = "https://uri.paypal.com/services/payments/payment \
    https://uri.paypal.com/services/payments/payment/authcapture \
    https://uri.paypal.com/services/payments/refund https://uri.paypal.com/services/applications/webhooks";

/// `POST /v1/oauth2/token`
pub(super) fn issue(
    world: &mut World,
    headers: &HeaderMap,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<Value, ApiError> {
    let wrong_client = || ApiError::oauth(401, "invalid_client", "Client Authentication failed");
    let (client_id, secret) = basic_credentials(headers).ok_or_else(wrong_client)?;
    let merchant = world.merchants.get_mut(&client_id).ok_or_else(wrong_client)?;
    if !merchant.knows_secret(&secret) {
        return Err(wrong_client());
    }
    let grant = url::form_urlencoded::parse(body).find(|(name, _)| name == "grant_type");
    if grant.as_ref().map(|(_, value)| value.as_ref()) != Some("client_credentials") {
        return Err(ApiError::oauth(400, "unsupported_grant_type", "Grant Type is not supported"));
    }
    let token = living_token(merchant, now);
    merchant.tokens_requested += 1;
    let answer = json!({
        "scope": SCOPE,
        "access_token": token.value,
        "token_type": "Bearer",
        "app_id": merchant.app_id,
        "expires_in": (token.expires_at - now).whole_seconds(),
        "nonce": format!("{}{}", identifiers::api_time(now), identifiers::debug_id()),
    });
    world.tokens.insert(token.value, client_id);
    Ok(answer)
}

fn living_token(merchant: &mut Merchant, now: OffsetDateTime) -> Token {
    let fresh = || Token { value: identifiers::access_token(), expires_at: now + TOKEN_LIFETIME };
    let living = merchant.token.take().filter(|token| token.expires_at > now).unwrap_or_else(fresh);
    merchant.token.insert(living).clone()
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (client_id.to_owned(), secret.to_owned()))
}

/// The app whose living token a request carries.
pub(super) fn caller(world: &World, headers: &HeaderMap, now: OffsetDateTime) -> Result<String, ApiError> {
    let missing = || ApiError::named(401, "AUTHENTICATION_FAILURE");
    let text =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let (_, token) = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or_else(missing)?;
    let client_id = world.tokens.get(token).ok_or_else(ApiError::invalid_token)?;
    let living = world.merchants.get(client_id).and_then(|merchant| merchant.token.as_ref());
    match living {
        Some(living) if living.value == token && living.expires_at > now => Ok(client_id.clone()),
        Some(_) | None => Err(ApiError::invalid_token()),
    }
}
