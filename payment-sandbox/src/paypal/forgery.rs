//! Webhooks that PayPal would never send.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::capture::Capture;
use super::crc32::{collide, crc32};
use super::fault::{NotificationFault, replace_field};
use super::identifiers;
use super::order::Order;
use super::webhook::{self, Event, EventType, SignedMessage, Transmission};
use super::world::World;
use crate::rsa::KeyError;

/// A webhook that says that an order is paid, and is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Forgery {
    /// Signed by the forger's key, under the channel's certificate.
    WrongKey,
    /// Signed by the forger, whose self-signed certificate has the right name and lies on the right host.
    ForeignCertificate,
    /// Signed by the forger, who says that the certificate is elsewhere. A client that fetches it has lost.
    CertificateUrl {
        /// The address in `PAYPAL-CERT-URL`.
        url: String,
    },
    /// Signed over the literal `WEBHOOK_ID`, as the simulator in PayPal's dashboard does.
    DashboardWebhookId,
    /// The headers of the newest genuine delivery about the order, over a body with the same checksum. The signature
    /// verifies.
    CrcCollision,
    /// Rightly signed, over another amount.
    WrongAmount {
        /// The decimal text that it claims.
        value: String,
    },
    /// Rightly signed, over another currency.
    WrongCurrency {
        /// The code that it claims.
        currency_code: String,
    },
    /// Rightly signed, but the money went to another merchant.
    ForeignMerchant,
    /// Rightly signed, about an order that nobody made.
    UnknownOrder,
    /// In every way right, but no money moved.
    UnpaidOrder,
}

impl Forgery {
    fn fault(&self) -> Option<NotificationFault> {
        match self {
            Self::WrongKey => Some(NotificationFault::WrongKey),
            Self::ForeignCertificate => Some(NotificationFault::ForeignCertificate),
            Self::CertificateUrl { url } => Some(NotificationFault::CertificateUrl { url: url.clone() }),
            Self::DashboardWebhookId => Some(NotificationFault::DashboardWebhookId),
            Self::CrcCollision
            | Self::WrongAmount { .. }
            | Self::WrongCurrency { .. }
            | Self::ForeignMerchant
            | Self::UnknownOrder
            | Self::UnpaidOrder => None,
        }
    }

    /// Changes a true claim into what this forgery claims.
    fn bend(&self, resource: &mut Value) {
        let mut set = |pointer: &str, value: &str| replace_field(resource, pointer, &json!(value));
        match self {
            Self::WrongAmount { value } => set("/amount/value", value),
            Self::WrongCurrency { currency_code } => set("/amount/currency_code", currency_code),
            Self::ForeignMerchant => {
                set("/payee/merchant_id", &identifiers::account_id());
                set("/payee/email_address", "thief@example.com");
            }
            Self::UnknownOrder => {
                set("/supplementary_data/related_ids/order_id", &identifiers::resource_id());
                set("/custom_id", "unknown");
                set("/invoice_id", "unknown");
            }
            Self::WrongKey
            | Self::ForeignCertificate
            | Self::CertificateUrl { .. }
            | Self::DashboardWebhookId
            | Self::CrcCollision
            | Self::UnpaidOrder => {}
        }
    }
}

/// Why nothing was forged.
pub(super) enum NotForged {
    UnknownOrder,
    /// A collision needs a delivery that was seen.
    NothingDelivered,
    Key(KeyError),
}

/// The message of a forgery and where it goes.
pub(super) fn forge(
    world: &World,
    order_id: &str,
    forgery: &Forgery,
    base_url: &str,
    now: OffsetDateTime,
) -> Result<(String, SignedMessage), NotForged> {
    let order = world.orders.get(order_id).ok_or(NotForged::UnknownOrder)?;
    let merchant = world.merchants.get(&order.client_id).ok_or(NotForged::UnknownOrder)?;
    let url = merchant.webhook_url.clone().unwrap_or_default();
    let mut resource = claim(world, order, base_url, now);
    forgery.bend(&mut resource);
    let envelope = Event::new(EventType::CaptureCompleted, resource, now).envelope(base_url);
    if *forgery == Forgery::CrcCollision {
        let seen = world.deliveries.iter().rev().filter(|delivery| delivery.is_about(order_id));
        let genuine = seen.filter_map(|delivery| delivery.last_sent.clone()).next();
        let genuine = genuine.ok_or(NotForged::NothingDelivered)?;
        let body = collide(envelope.to_string().as_bytes(), crc32(&genuine.body));
        return Ok((url, SignedMessage { body: body.ok_or(NotForged::NothingDelivered)?, ..genuine }));
    }
    let fault = forgery.fault();
    let transmission = Transmission::new(now);
    let webhook_id = &merchant.webhook_id;
    webhook::message(&world.certificates, base_url, webhook_id, envelope, &transmission, fault.as_ref())
        .map(|message| (url, message))
        .map_err(NotForged::Key)
}

/// The capture that would pay an order: its own, completed, or one that never was.
fn claim(world: &World, order: &Order, base_url: &str, now: OffsetDateTime) -> Value {
    let unit = order.units.first();
    let own = unit.and_then(|unit| unit.captures.first()).and_then(|id| world.captures.get(id));
    if let Some(capture) = own {
        let mut view = capture.view(world, base_url);
        replace_field(&mut view, "/status", &json!("COMPLETED"));
        return view;
    }
    let Some(unit) = unit else { return json!({}) };
    let mut capture = Capture::new(&order.client_id, &order.id, unit.amount.clone(), now);
    capture.invoice_id = unit.text("invoice_id").map(str::to_owned);
    capture.custom_id = unit.text("custom_id").map(str::to_owned);
    capture.view(world, base_url)
}
