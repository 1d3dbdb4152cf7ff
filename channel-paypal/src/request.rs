//! Builders of the requests that PayPal takes. Pure: the same values give the same bytes and the same request id, so
//! that what was sent once can be sent again after an unknown outcome (F25).

use aws_lc_rs::digest::{SHA256, digest};
use payment_core::{
    gateway::{CaptureRequest, CreateRequest, GatewayError, RefundRequest},
    identifiers::{PaymentNo, RefundNo},
    ports::HttpMethod,
};
use serde::Serialize;

use crate::{
    codes::Operation,
    currency::{Unsendable, WireMoney},
    handle::{Intent, ResourceId},
    options::Options,
};

/// One request, before it is authorized and addressed to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// What it is for.
    pub(crate) operation: Operation,
    /// The method.
    pub(crate) method: HttpMethod,
    /// The absolute path.
    pub(crate) path: String,
    /// `PayPal-Request-Id`: PayPal does what carries the same one once, as long as it remembers it.
    pub(crate) request_id: Option<String>,
    /// The exact body, empty for reads.
    pub(crate) body: Vec<u8>,
}

impl Call {
    fn read(path: String) -> Self {
        Self { operation: Operation::Read, method: HttpMethod::Get, path, request_id: None, body: Vec::new() }
    }

    fn write(
        operation: Operation,
        path: String,
        request_id: String,
        body: &impl Serialize,
    ) -> Result<Self, GatewayError> {
        let body = serde_json::to_vec(body).map_err(|error| GatewayError::NotSent(error.to_string()))?;
        Ok(Self { operation, method: HttpMethod::Post, path, request_id: Some(request_id), body })
    }
}

#[derive(Serialize)]
struct CreateBody<'a> {
    intent: Intent,
    purchase_units: [UnitBody<'a>; 1],
    payment_source: SourceBody<'a>,
}

#[derive(Serialize)]
struct UnitBody<'a> {
    reference_id: &'static str,
    description: &'a str,
    custom_id: &'a str,
    invoice_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft_descriptor: Option<&'a str>,
    amount: WireMoney,
}

#[derive(Serialize)]
struct SourceBody<'a> {
    paypal: WalletBody<'a>,
}

#[derive(Serialize)]
struct WalletBody<'a> {
    experience_context: ExperienceBody<'a>,
}

#[derive(Serialize)]
struct ExperienceBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    landing_page: Option<&'a str>,
    shipping_preference: &'a str,
    user_action: &'a str,
    payment_method_preference: &'a str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct CaptureAuthorizationBody<'a> {
    amount: WireMoney,
    invoice_id: &'a str,
    final_capture: bool,
}

#[derive(Serialize)]
struct RefundBody<'a> {
    amount: WireMoney,
    invoice_id: String,
    custom_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_to_payer: Option<String>,
}

/// Announces an order of one purchase unit.
pub(crate) fn create(options: &Options, request: &CreateRequest) -> Result<Call, GatewayError> {
    let number = request.payment_no.as_str();
    let experience_context = ExperienceBody {
        return_url: options.return_url.as_deref(),
        cancel_url: options.cancel_url.as_deref(),
        brand_name: options.brand_name.as_deref(),
        locale: options.locale.as_deref(),
        landing_page: options.landing_page.as_deref(),
        shipping_preference: &options.shipping_preference,
        user_action: &options.user_action,
        payment_method_preference: &options.payment_method_preference,
    };
    let unit = UnitBody {
        reference_id: "default",
        description: &request.description,
        custom_id: number,
        invoice_id: number,
        soft_descriptor: options.soft_descriptor.as_deref(),
        amount: WireMoney::write(request.amount).map_err(unsendable)?,
    };
    let payment_source = SourceBody { paypal: WalletBody { experience_context } };
    let body = CreateBody { intent: options.intent, purchase_units: [unit], payment_source };
    Call::write(Operation::Create, "/v2/checkout/orders".to_owned(), format!("o-{number}"), &body)
}

/// Reads an order.
pub(crate) fn order(id: &ResourceId) -> Call {
    Call::read(format!("/v2/checkout/orders/{}", id.as_str()))
}

/// Reads a capture.
pub(crate) fn read_capture(id: &ResourceId) -> Call {
    Call::read(format!("/v2/payments/captures/{}", id.as_str()))
}

/// Reads an authorization.
pub(crate) fn read_authorization(id: &ResourceId) -> Call {
    Call::read(format!("/v2/payments/authorizations/{}", id.as_str()))
}

/// Reads a refund.
pub(crate) fn read_refund(id: &ResourceId) -> Call {
    Call::read(format!("/v2/payments/refunds/{}", id.as_str()))
}

/// Which of a payment's captures this is. PayPal may answer a repeated request id with the old decline, so a capture
/// after a decline has another one; they are counted, so that all of them together stay few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt(u8);

impl Attempt {
    /// Every attempt that a payment has.
    pub(crate) const ALL: [Self; 3] = [Self(1), Self(2), Self(3)];

    fn request_id(self, kind: char, payment_no: &PaymentNo) -> String {
        match self.0 {
            1 => format!("{kind}-{payment_no}"),
            further => format!("{kind}-{payment_no}-{further}"),
        }
    }
}

/// Captures an approved order, whole.
pub(crate) fn capture(
    order_id: &ResourceId,
    payment_no: &PaymentNo,
    attempt: Attempt,
) -> Result<Call, GatewayError> {
    let path = format!("/v2/checkout/orders/{}/capture", order_id.as_str());
    Call::write(Operation::Capture, path, attempt.request_id('c', payment_no), &Empty {})
}

/// Holds the money of an approved order.
pub(crate) fn authorize(
    order_id: &ResourceId,
    payment_no: &PaymentNo,
    attempt: Attempt,
) -> Result<Call, GatewayError> {
    let path = format!("/v2/checkout/orders/{}/authorize", order_id.as_str());
    Call::write(Operation::Authorize, path, attempt.request_id('a', payment_no), &Empty {})
}

/// Captures held money, whole and for the last time.
pub(crate) fn capture_authorization(id: &ResourceId, request: &CaptureRequest) -> Result<Call, GatewayError> {
    let amount = WireMoney::write(request.amount).map_err(unsendable)?;
    let body =
        CaptureAuthorizationBody { amount, invoice_id: request.payment_no.as_str(), final_capture: true };
    let path = format!("/v2/payments/authorizations/{}/capture", id.as_str());
    Call::write(Operation::CaptureAuthorization, path, held_request_id(request), &body)
}

/// The same for each repeat of one decision to take held money, and another one for a new decision after a refusal, which
/// PayPal may answer the old id with. The authorization is the guard against taking it twice: its capture is final.
fn held_request_id(request: &CaptureRequest) -> String {
    let seconds = request.intend_time.unix_timestamp().rem_euclid(0x1_0000);
    format!("k-{}-{seconds:04x}", request.payment_no)
}

/// Lets held money go.
pub(crate) fn void(id: &ResourceId, payment_no: &PaymentNo) -> Result<Call, GatewayError> {
    let path = format!("/v2/payments/authorizations/{}/void", id.as_str());
    Call::write(Operation::Void, path, format!("v-{payment_no}"), &Empty {})
}

/// Gives money back. The amount always stands in it: without one, PayPal gives back everything that is left.
pub(crate) fn refund(capture_id: &ResourceId, request: &RefundRequest) -> Result<Call, GatewayError> {
    let (refund_no, payment_no) = (&request.refund_no, &request.payment_no);
    let body = RefundBody {
        amount: WireMoney::write(request.amount).map_err(unsendable)?,
        invoice_id: format!("{payment_no}-{refund_no}"),
        custom_id: refund_no.as_str(),
        note_to_payer: request.reason.as_deref().and_then(note),
    };
    let path = format!("/v2/payments/captures/{}/refund", capture_id.as_str());
    Call::write(Operation::Refund, path, refund_request_id(payment_no, refund_no), &body)
}

/// Derived from the refund number, within the 38 characters that all of PayPal's APIs take. The payment's number is
/// part of it: two merchants that share a PayPal account may use the same refund number.
fn refund_request_id(payment_no: &PaymentNo, refund_no: &RefundNo) -> String {
    let hash = digest(&SHA256, format!("{payment_no} {refund_no}").as_bytes());
    let half: String = hex::encode(hash.as_ref()).chars().take(32).collect();
    format!("r-{half}")
}

/// The postback of a webhook: the very bytes that came, put between ours. They must be checked to be JSON before, or
/// they could bring fields of their own.
pub(crate) fn verify_webhook(fields: &PostbackFields<'_>, event: &[u8]) -> Result<Call, GatewayError> {
    let mut body = serde_json::to_vec(fields).map_err(|error| GatewayError::NotSent(error.to_string()))?;
    body.pop();
    body.extend_from_slice(b",\"webhook_event\":");
    body.extend_from_slice(event);
    body.push(b'}');
    Ok(Call {
        operation: Operation::VerifyWebhook,
        method: HttpMethod::Post,
        path: "/v1/notifications/verify-webhook-signature".to_owned(),
        request_id: None,
        body,
    })
}

/// What PayPal needs beside the event.
#[derive(Debug, Serialize)]
pub(crate) struct PostbackFields<'a> {
    pub(crate) auth_algo: &'a str,
    pub(crate) cert_url: &'a str,
    pub(crate) transmission_id: &'a str,
    pub(crate) transmission_sig: &'a str,
    pub(crate) transmission_time: &'a str,
    pub(crate) webhook_id: &'a str,
}

fn unsendable(error: Unsendable) -> GatewayError {
    GatewayError::NotSent(format!("the amount {error}"))
}

/// A refund must not wait for a comma: a reason that PayPal would refuse is shortened to its 255 characters, and left
/// out when nothing remains.
fn note(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|letter| !letter.is_control()).take(255).collect();
    (!kept.trim().is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
