//! A capture: money that moved, or may yet move, or did not.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::error::link;
use super::fault::replace_field;
use super::identifiers::{self, api_time};
use super::money::Money;
use super::webhook::{self, EventType};
use super::world::World;

/// The status of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaptureStatus {
    /// The merchant has the money.
    Completed,
    /// Not yet.
    Pending,
    /// Never.
    Declined,
    /// Some of it went back.
    PartiallyRefunded,
    /// All of it went back.
    Refunded,
}

impl CaptureStatus {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Declined => "DECLINED",
            Self::PartiallyRefunded => "PARTIALLY_REFUNDED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// Whether the money came.
    pub(super) const fn is_paid(self) -> bool {
        match self {
            Self::Completed | Self::PartiallyRefunded | Self::Refunded => true,
            Self::Pending | Self::Declined => false,
        }
    }
}

/// How a pending capture ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureSettlement {
    /// The money came: `PAYMENT.CAPTURE.COMPLETED`.
    Completed,
    /// It did not: `PAYMENT.CAPTURE.DECLINED`.
    Declined,
    /// It did not, under the event's older name: `PAYMENT.CAPTURE.DENIED`.
    Denied,
}

/// One capture.
pub(super) struct Capture {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) order_id: String,
    /// The authorization that it came from, if it did not come from an order itself.
    pub(super) authorization_id: Option<String>,
    pub(super) amount: Money,
    pub(super) status: CaptureStatus,
    pub(super) reason: Option<String>,
    pub(super) invoice_id: Option<String>,
    pub(super) custom_id: Option<String>,
    pub(super) is_final: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
    /// Ids, oldest first.
    pub(super) refunds: Vec<String>,
    /// The open case, if the buyer has one.
    pub(super) dispute_id: Option<String>,
    /// Taken back by PayPal, in minor units.
    pub(super) reversed: i64,
}

impl Capture {
    /// A capture of `amount` with a fresh id, completed.
    pub(super) fn new(client_id: &str, order_id: &str, amount: Money, now: OffsetDateTime) -> Self {
        Self {
            id: identifiers::resource_id(),
            client_id: client_id.to_owned(),
            order_id: order_id.to_owned(),
            authorization_id: None,
            amount,
            status: CaptureStatus::Completed,
            reason: None,
            invoice_id: None,
            custom_id: None,
            is_final: true,
            created_at: now,
            updated_at: now,
            refunds: Vec::new(),
            dispute_id: None,
            reversed: 0,
        }
    }

    /// The capture as the API and webhooks show it.
    pub(super) fn view(&self, world: &World, base_url: &str) -> Value {
        let own = format!("{base_url}/v2/payments/captures/{}", self.id);
        let up = match &self.authorization_id {
            Some(id) => format!("{base_url}/v2/payments/authorizations/{id}"),
            None => format!("{base_url}/v2/checkout/orders/{}", self.order_id),
        };
        let mut view = json!({
            "id": self.id, "status": self.status.code(), "amount": self.amount.json(),
            "final_capture": self.is_final, "disbursement_mode": "INSTANT",
            "seller_protection": {
                "status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"],
            },
            "supplementary_data": {"related_ids": self.related_ids()},
            "create_time": api_time(self.created_at), "update_time": api_time(self.updated_at),
            "links": [
                link(&own, "self", "GET"), link(&format!("{own}/refund"), "refund", "POST"),
                link(&up, "up", "GET"),
            ],
        });
        self.add_optional_fields(&mut view);
        if let Some(merchant) = world.merchants.get(&self.client_id) {
            let payee = json!({"email_address": merchant.email_address, "merchant_id": merchant.merchant_id});
            replace_field(&mut view, "/payee", &payee);
        }
        view
    }

    fn add_optional_fields(&self, view: &mut Value) {
        let texts = [("/invoice_id", &self.invoice_id), ("/custom_id", &self.custom_id)];
        for (pointer, text) in texts {
            if let Some(text) = text {
                replace_field(view, pointer, &json!(text));
            }
        }
        if let Some(reason) = &self.reason {
            replace_field(view, "/status_details", &json!({"reason": reason}));
        }
        if self.status.is_paid() {
            let fee = self.amount.fee();
            let net = self.amount.with_minor(self.amount.minor - fee.minor);
            let breakdown = json!({
                "gross_amount": self.amount.json(), "paypal_fee": fee.json(), "net_amount": net.json(),
            });
            replace_field(view, "/seller_receivable_breakdown", &breakdown);
        }
    }

    fn related_ids(&self) -> Value {
        let mut ids = json!({"order_id": self.order_id});
        if let Some(id) = &self.authorization_id {
            replace_field(&mut ids, "/authorization_id", &json!(id));
        }
        ids
    }
}

/// Announces what a capture's status is now.
pub(super) fn announce(world: &mut World, id: &str, event: EventType, base_url: &str, now: OffsetDateTime) {
    let Some(capture) = world.captures.get(id) else { return };
    let (client_id, resource) = (capture.client_id.clone(), capture.view(world, base_url));
    let references = world.references(&capture.order_id);
    webhook::announce(world, &client_id, event, resource, references, now);
}

/// Why a capture, a refund or a dispute was not moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveRefused {
    /// There is no such thing.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// The channel never moves it so.
    #[error("the channel never does this to something that is {0}")]
    Impossible(&'static str),
}

/// Ends a pending capture.
pub(super) fn settle(
    world: &mut World,
    id: &str,
    settlement: CaptureSettlement,
    base_url: &str,
    now: OffsetDateTime,
) -> Result<(), MoveRefused> {
    let capture = world.captures.get_mut(id).ok_or(MoveRefused::Unknown("capture"))?;
    if capture.status != CaptureStatus::Pending {
        return Err(MoveRefused::Impossible(capture.status.code()));
    }
    let (status, event) = match settlement {
        CaptureSettlement::Completed => (CaptureStatus::Completed, EventType::CaptureCompleted),
        CaptureSettlement::Declined => (CaptureStatus::Declined, EventType::CaptureDeclined),
        CaptureSettlement::Denied => (CaptureStatus::Declined, EventType::CaptureDenied),
    };
    (capture.status, capture.updated_at) = (status, now);
    if status == CaptureStatus::Completed {
        capture.reason = None;
    } else {
        free_invoice(world, id);
    }
    announce(world, id, event, base_url, now);
    Ok(())
}

/// A payment that came to nothing does not use up its `invoice_id`.
fn free_invoice(world: &mut World, capture_id: &str) {
    let Some(capture) = world.captures.get(capture_id) else { return };
    if let Some(merchant) = world.merchants.get_mut(&capture.client_id) {
        merchant.paid_invoices.retain(|_, payment| payment != capture_id);
    }
}

/// The buyer opens a case about a captured payment. Returns its id.
pub(super) fn open_dispute(world: &mut World, id: &str, now: OffsetDateTime) -> Result<String, MoveRefused> {
    let capture = world.captures.get_mut(id).ok_or(MoveRefused::Unknown("capture"))?;
    if !capture.status.is_paid() {
        return Err(MoveRefused::Impossible(capture.status.code()));
    }
    let dispute_id = identifiers::dispute_id();
    capture.dispute_id = Some(dispute_id.clone());
    announce_dispute(world, id, &dispute_id, EventType::DisputeCreated, "OPEN", now);
    Ok(dispute_id)
}

/// Ends the case about a payment. What the buyer wins is a reversal, which comes as its own event.
pub(super) fn close_dispute(world: &mut World, id: &str, now: OffsetDateTime) -> Result<(), MoveRefused> {
    let capture = world.captures.get_mut(id).ok_or(MoveRefused::Unknown("capture"))?;
    let dispute_id = capture.dispute_id.take().ok_or(MoveRefused::Unknown("dispute"))?;
    announce_dispute(world, id, &dispute_id, EventType::DisputeResolved, "RESOLVED", now);
    Ok(())
}

fn announce_dispute(
    world: &mut World,
    capture_id: &str,
    dispute_id: &str,
    event: EventType,
    status: &str,
    now: OffsetDateTime,
) {
    let Some(capture) = world.captures.get(capture_id) else { return };
    let resource = json!({
        "dispute_id": dispute_id, "status": status, "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "create_time": api_time(now), "update_time": api_time(now),
        "dispute_amount": capture.amount.json(), "dispute_life_cycle_stage": "INQUIRY",
        "disputed_transactions": [{
            "seller_transaction_id": capture_id, "invoice_number": capture.invoice_id,
            "custom": capture.custom_id, "gross_amount": capture.amount.json(),
        }],
    });
    let (client_id, references) = (capture.client_id.clone(), world.references(&capture.order_id));
    webhook::announce(world, &client_id, event, resource, references, now);
}
