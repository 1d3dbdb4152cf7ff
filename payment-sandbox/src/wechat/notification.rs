//! Notifications: what is told, its envelope, its encryption.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::delivery::{Delivery, RETRY_INTERVALS};
use super::fault::{self, NotificationFault, NotificationKind};
use super::identifiers::{self, api_time};
use super::keys::seal;
use super::merchant::Merchant;
use super::order::{OrderKey, TradeState};
use super::refund::{RefundKey, RefundStatus};
use super::signature::{self, Defect, SignedMessage};
use super::world::World;
use crate::rsa::{KeyError, RsaKey};
use crate::simulator::announced;
use crate::simulator::fault::delayed;

/// What one notification tells.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: NotificationKind,
    pub(super) event_type: &'static str,
    pub(super) summary: &'static str,
    pub(super) created_at: OffsetDateTime,
    pub(super) plaintext: Value,
}

impl Event {
    /// `TRANSACTION.SUCCESS` with the given plaintext.
    pub(super) fn payment(plaintext: Value, now: OffsetDateTime) -> Self {
        Self {
            id: identifiers::event_id(),
            kind: NotificationKind::Payment,
            event_type: "TRANSACTION.SUCCESS",
            summary: "支付成功",
            created_at: now,
            plaintext,
        }
    }

    fn refund(plaintext: Value, status: RefundStatus, now: OffsetDateTime) -> Option<Self> {
        let (event_type, summary) = match status {
            RefundStatus::Success => ("REFUND.SUCCESS", "退款成功"),
            RefundStatus::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
            RefundStatus::Closed => ("REFUND.CLOSED", "退款关闭"),
            RefundStatus::Processing => return None,
        };
        let id = identifiers::event_id();
        Some(Self { id, kind: NotificationKind::Refund, event_type, summary, created_at: now, plaintext })
    }

    const fn original_type(&self) -> &'static str {
        match self.kind {
            NotificationKind::Payment => "transaction",
            NotificationKind::Refund => "refund",
        }
    }
}

/// Queues the news that an order was paid.
pub(super) fn announce_payment(world: &mut World, key: &OrderKey, now: OffsetDateTime) {
    let Some(order) = world.orders.get(key) else { return };
    let event = Event::payment(order.view(TradeState::Success), now);
    let url = order.notify_url.clone();
    announce(world, key.clone(), None, url, event, now);
}

/// Queues the news of a refund's status, if the merchant gave an address for it.
pub(super) fn announce_refund(world: &mut World, key: &RefundKey, now: OffsetDateTime) {
    let Some(refund) = world.refunds.get(key) else { return };
    let Some(url) = refund.notify_url.clone() else { return };
    let Some(event) = Event::refund(refund.notification(), refund.status, now) else { return };
    let order = refund.order.clone();
    announce(world, order, Some(key.out_refund_no.clone()), url, event, now);
}

fn announce(
    world: &mut World,
    order: OrderKey,
    out_refund_no: Option<String>,
    url: String,
    event: Event,
    now: OffsetDateTime,
) {
    let index = world.deliveries.len();
    let begins = match world.faults.take_for_notification(event.kind, &order.out_trade_no) {
        Some(NotificationFault::Suppressed) => None,
        Some(NotificationFault::Delayed { seconds }) => delayed(now, seconds),
        // The other faults concern attempts and are drawn for each of them.
        Some(_) | None => Some(now),
    };
    let progress = announced(world, index, begins, RETRY_INTERVALS);
    let delivery = Delivery { order, out_refund_no, url, event, progress };
    world.deliveries.push(delivery);
}

/// The signed request of one attempt. The resource is encrypted anew each time; id and plaintext stay.
pub(super) fn message(
    merchant: &mut Merchant,
    event: &Event,
    foreign: &RsaKey,
    now: OffsetDateTime,
    fault: Option<&NotificationFault>,
) -> Result<SignedMessage, KeyError> {
    let mut plaintext = event.plaintext.clone();
    let mut associated_data = Some(event.original_type());
    match fault {
        Some(NotificationFault::ReplacedField { pointer, value }) => {
            fault::replace_field(&mut plaintext, pointer, value);
        }
        Some(NotificationFault::RemovedField { pointer }) => fault::remove_field(&mut plaintext, pointer),
        Some(NotificationFault::Milliseconds) => add_milliseconds(&mut plaintext),
        Some(NotificationFault::EmptyAssociatedData) => associated_data = Some(""),
        Some(NotificationFault::AbsentAssociatedData) => associated_data = None,
        Some(_) | None => {}
    }
    let body = envelope(event, &merchant.apiv3_key, &plaintext, associated_data)?;
    let defect = fault.and_then(Defect::of_notification);
    let key = merchant.notification_key().ok_or_else(KeyError::no_signing_key)?;
    signature::sign(key, foreign, now, body, defect)
}

fn envelope(
    event: &Event,
    apiv3_key: &str,
    plaintext: &Value,
    associated_data: Option<&str>,
) -> Result<Vec<u8>, KeyError> {
    let nonce = identifiers::aead_nonce();
    let plaintext = plaintext.to_string();
    let ciphertext = seal(apiv3_key, &nonce, associated_data.unwrap_or_default(), plaintext.as_bytes())?;
    let mut resource = json!({
        "original_type": event.original_type(),
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": ciphertext,
        "nonce": nonce,
    });
    if let Some(text) = associated_data {
        fault::replace_field(&mut resource, "/associated_data", &json!(text));
    }
    let envelope = json!({
        "id": event.id,
        "create_time": api_time(event.created_at),
        "resource_type": "encrypt-resource",
        "event_type": event.event_type,
        "summary": event.summary,
        "resource": resource,
    });
    Ok(envelope.to_string().into_bytes())
}

/// `2025-10-09T16:54:19+08:00` becomes `2025-10-09T16:54:19.000+08:00`, as combined orders have it.
fn add_milliseconds(plaintext: &mut Value) {
    let text =
        plaintext.get("success_time").and_then(Value::as_str).map(|t| t.replace("+08:00", ".000+08:00"));
    if let Some(text) = text {
        fault::replace_field(plaintext, "/success_time", &json!(text));
    }
}
