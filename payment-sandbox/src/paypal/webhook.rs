//! Webhooks: what is told, its envelope, its signature over the body's checksum.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::certificates::{CertificateStore, Signing, certificate_url};
use super::crc32::{collide, crc32};
use super::delivery::{Delivery, RETRY_INTERVALS};
use super::fault::{NotificationFault, remove_field, replace_field};
use super::identifiers::{self, api_time};
use super::world::World;
use crate::rsa::KeyError;
use crate::simulator::announced;
use crate::simulator::fault::delayed;

/// The only algorithm that PayPal uses.
pub(super) const ALGORITHM: &str = "SHA256withRSA";

/// What a webhook tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    OrderApproved,
    OrderCompleted,
    CaptureCompleted,
    CapturePending,
    CaptureDeclined,
    CaptureDenied,
    CaptureRefunded,
    CaptureReversed,
    RefundPending,
    RefundFailed,
    AuthorizationCreated,
    AuthorizationVoided,
    DisputeCreated,
    DisputeResolved,
}

impl EventType {
    /// Every one that this simulator tells.
    pub(super) const ALL: [Self; 14] = [
        Self::OrderApproved,
        Self::OrderCompleted,
        Self::CaptureCompleted,
        Self::CapturePending,
        Self::CaptureDeclined,
        Self::CaptureDenied,
        Self::CaptureRefunded,
        Self::CaptureReversed,
        Self::RefundPending,
        Self::RefundFailed,
        Self::AuthorizationCreated,
        Self::AuthorizationVoided,
        Self::DisputeCreated,
        Self::DisputeResolved,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OrderApproved => "CHECKOUT.ORDER.APPROVED",
            Self::OrderCompleted => "CHECKOUT.ORDER.COMPLETED",
            Self::CaptureCompleted => "PAYMENT.CAPTURE.COMPLETED",
            Self::CapturePending => "PAYMENT.CAPTURE.PENDING",
            Self::CaptureDeclined => "PAYMENT.CAPTURE.DECLINED",
            Self::CaptureDenied => "PAYMENT.CAPTURE.DENIED",
            Self::CaptureRefunded => "PAYMENT.CAPTURE.REFUNDED",
            Self::CaptureReversed => "PAYMENT.CAPTURE.REVERSED",
            Self::RefundPending => "PAYMENT.REFUND.PENDING",
            Self::RefundFailed => "PAYMENT.REFUND.FAILED",
            Self::AuthorizationCreated => "PAYMENT.AUTHORIZATION.CREATED",
            Self::AuthorizationVoided => "PAYMENT.AUTHORIZATION.VOIDED",
            Self::DisputeCreated => "CUSTOMER.DISPUTE.CREATED",
            Self::DisputeResolved => "CUSTOMER.DISPUTE.RESOLVED",
        }
    }

    /// The kind of `resource`; a refunded or reversed capture shows the refund.
    const fn resource_type(self) -> &'static str {
        match self {
            Self::OrderApproved | Self::OrderCompleted => "checkout-order",
            Self::CaptureCompleted | Self::CapturePending | Self::CaptureDeclined | Self::CaptureDenied => {
                "capture"
            }
            Self::CaptureRefunded | Self::CaptureReversed | Self::RefundPending | Self::RefundFailed => {
                "refund"
            }
            Self::AuthorizationCreated | Self::AuthorizationVoided => "authorization",
            Self::DisputeCreated | Self::DisputeResolved => "dispute",
        }
    }
}

/// One event.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) event_type: EventType,
    pub(super) created_at: OffsetDateTime,
    pub(super) resource: Value,
}

impl Event {
    pub(super) fn new(event_type: EventType, resource: Value, now: OffsetDateTime) -> Self {
        Self { id: identifiers::event_id(), event_type, created_at: now, resource }
    }

    /// The id of the thing that it is about.
    pub(super) fn resource_id(&self) -> String {
        let id = self.resource.get("id").or_else(|| self.resource.get("dispute_id"));
        id.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn envelope(&self, base_url: &str) -> Value {
        let own = format!("{base_url}/v1/notifications/webhooks-events/{}", self.id);
        json!({
            "id": self.id, "event_version": "1.0", "resource_version": "2.0",
            "create_time": api_time(self.created_at),
            "resource_type": self.event_type.resource_type(), "event_type": self.event_type.name(),
            "summary": format!("{} of {}", self.event_type.name(), self.resource_id()),
            "resource": self.resource,
            "links": [
                {"href": own, "rel": "self", "method": "GET"},
                {"href": format!("{own}/resend"), "rel": "resend", "method": "POST"},
            ],
        })
    }
}

/// Queues an event for the merchant's webhook.
pub(super) fn announce(
    world: &mut World,
    client_id: &str,
    event_type: EventType,
    resource: Value,
    references: Vec<String>,
    now: OffsetDateTime,
) {
    let index = world.deliveries.len();
    let is_wanted = world.merchants.get(client_id).is_some_and(|merchant| merchant.subscribes(event_type));
    let fault = world.faults.take_for_notification(event_type.name(), &references);
    let begins = match fault {
        Some(NotificationFault::Suppressed) => None,
        _ if !is_wanted => None,
        Some(NotificationFault::Delayed { seconds }) => delayed(now, seconds),
        // The other faults concern attempts and are drawn for each of them.
        Some(_) | None => Some(now),
    };
    let progress = announced(world, index, begins, RETRY_INTERVALS);
    let event = Event::new(event_type, resource, now);
    world.deliveries.push(Delivery::new(client_id, references, event, progress));
}

/// What identifies one sending.
#[derive(Clone)]
pub(super) struct Transmission {
    pub(super) id: String,
    pub(super) at: OffsetDateTime,
}

impl Transmission {
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self { id: identifiers::transmission_id(), at: now }
    }
}

/// A request that is ready to be sent.
#[derive(Clone)]
pub(crate) struct SignedMessage {
    pub(super) transmission_id: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// The text that the signature covers.
pub(super) fn signed_text(transmission_id: &str, time: &str, webhook_id: &str, body: &[u8]) -> String {
    format!("{transmission_id}|{time}|{webhook_id}|{}", crc32(body))
}

/// Signs an envelope for a webhook, with the flaw that a fault wants.
pub(super) fn message(
    certificates: &CertificateStore,
    base_url: &str,
    webhook_id: &str,
    mut envelope: Value,
    transmission: &Transmission,
    fault: Option<&NotificationFault>,
) -> Result<SignedMessage, KeyError> {
    match fault {
        Some(NotificationFault::ReplacedField { pointer, value }) => {
            replace_field(&mut envelope, pointer, value);
        }
        Some(NotificationFault::RemovedField { pointer }) => remove_field(&mut envelope, pointer),
        Some(_) | None => {}
    }
    let body = if fault == Some(&NotificationFault::OddNotation) {
        odd_notation(envelope.clone())
    } else {
        envelope.to_string().into_bytes()
    };
    let signing = signing(certificates, fault);
    let time = api_time(sent_at(transmission, fault));
    let signed_id = signed_webhook_id(webhook_id, fault);
    let text = signed_text(&transmission.id, &time, &signed_id, &body);
    let url = match fault {
        Some(NotificationFault::CertificateUrl { url }) => url.clone(),
        Some(NotificationFault::WrongKey) => certificate_url(base_url, &certificates.current.name),
        Some(_) | None => certificate_url(base_url, &signing.name),
    };
    let signature = signing.key.sign(text.as_bytes())?;
    let headers = match fault {
        Some(NotificationFault::MissingSignatureHeaders) => Vec::new(),
        Some(_) | None => headers(&transmission.id, time, signature, url),
    };
    let body = altered(body, &envelope, fault);
    Ok(SignedMessage { transmission_id: transmission.id.clone(), headers, body })
}

fn headers(id: &str, time: String, signature: String, url: String) -> Vec<(&'static str, String)> {
    vec![
        ("paypal-transmission-id", id.to_owned()),
        ("paypal-transmission-time", time),
        ("paypal-transmission-sig", signature),
        ("paypal-cert-url", url),
        ("paypal-auth-algo", ALGORITHM.to_owned()),
        ("paypal-auth-version", "v2".to_owned()),
    ]
}

fn signing<'a>(store: &'a CertificateStore, fault: Option<&NotificationFault>) -> &'a Signing {
    match fault {
        Some(
            NotificationFault::WrongKey
            | NotificationFault::ForeignCertificate
            | NotificationFault::CertificateUrl { .. },
        ) => &store.foreign,
        Some(NotificationFault::ExpiredCertificate) => &store.expired,
        Some(NotificationFault::WrongCertificateName) => &store.misnamed,
        Some(_) | None => &store.current,
    }
}

fn sent_at(transmission: &Transmission, fault: Option<&NotificationFault>) -> OffsetDateTime {
    match fault {
        Some(NotificationFault::StaleTransmission { seconds }) => {
            let age = Duration::seconds(i64::try_from(*seconds).unwrap_or(i64::MAX));
            transmission.at.checked_sub(age).unwrap_or(OffsetDateTime::UNIX_EPOCH)
        }
        Some(_) | None => transmission.at,
    }
}

fn signed_webhook_id(own: &str, fault: Option<&NotificationFault>) -> String {
    match fault {
        Some(NotificationFault::WrongWebhookId) => identifiers::resource_id(),
        Some(NotificationFault::DashboardWebhookId) => "WEBHOOK_ID".to_owned(),
        Some(_) | None => own.to_owned(),
    }
}

/// The body after what a fault does to it behind the signature's back.
fn altered(body: Vec<u8>, envelope: &Value, fault: Option<&NotificationFault>) -> Vec<u8> {
    match fault {
        Some(NotificationFault::AlteredBody) => {
            let text = String::from_utf8_lossy(&body);
            text.replacen("\"2.0\"", "\"2.1\"", 1).into_bytes()
        }
        Some(NotificationFault::CrcCollision { pointer, value }) => {
            let mut forged = envelope.clone();
            replace_field(&mut forged, pointer, value);
            // An object always ends with a brace.
            collide(forged.to_string().as_bytes(), crc32(&body)).unwrap_or(body)
        }
        Some(_) | None => body,
    }
}

/// The same content as other writers of JSON put it.
fn odd_notation(mut envelope: Value) -> Vec<u8> {
    if envelope.pointer("/resource/purchase_units/0/amount/breakdown").is_none() {
        replace_field(&mut envelope, "/resource/purchase_units/0/amount/breakdown", &json!({}));
    }
    let mut text = String::new();
    for letter in format!("{envelope:#}").chars() {
        match letter {
            '/' => text.push_str("\\/"),
            letter if letter.is_ascii() => text.push(letter),
            letter => {
                let mut units = [0; 2];
                letter
                    .encode_utf16(&mut units)
                    .iter()
                    .for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    text.into_bytes()
}
