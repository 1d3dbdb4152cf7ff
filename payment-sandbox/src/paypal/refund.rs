//! Refunds: the merchant's by API, the merchant's on PayPal's website, and what PayPal takes back by itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::capture::{Capture, CaptureStatus, MoveRefused};
use super::error::{Api, ApiError, link};
use super::fault::{Fault, replace_field};
use super::idempotency::Made;
use super::identifiers::{self, refund_time};
use super::money::Money;
use super::shape::{self, Field, Shape};
use super::webhook::{self, EventType};
use super::world::{Call, Preference, World};

/// How long after its capture a payment can be refunded.
const REFUNDABLE_FOR: Duration = Duration::days(180);

/// The status of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// The buyer has the money.
    Completed,
    /// It comes from the merchant's bank and takes days.
    Pending,
    /// It did not come; the money is the merchant's again.
    Failed,
    /// It was called off; the money is the merchant's again.
    Cancelled,
}

impl RefundStatus {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether the money is gone or on its way.
    pub(super) const fn counts(self) -> bool {
        match self {
            Self::Completed | Self::Pending => true,
            Self::Failed | Self::Cancelled => false,
        }
    }
}

/// Who wanted a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOrigin {
    /// The merchant, by API.
    Api,
    /// The merchant, on PayPal's website.
    Console,
    /// PayPal or the buyer's bank.
    Reversal,
}

/// One refund.
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) capture_id: String,
    pub(super) origin: RefundOrigin,
    pub(super) amount: Money,
    pub(super) status: RefundStatus,
    pub(super) invoice_id: Option<String>,
    pub(super) custom_id: Option<String>,
    note_to_payer: Option<String>,
    pub(super) created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl Refund {
    fn new(capture_id: &str, amount: Money, origin: RefundOrigin, now: OffsetDateTime) -> Self {
        Self {
            id: identifiers::resource_id(),
            capture_id: capture_id.to_owned(),
            origin,
            amount,
            status: RefundStatus::Completed,
            invoice_id: None,
            custom_id: None,
            note_to_payer: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The refund as the API and webhooks show it.
    pub(super) fn view(&self, world: &World, base_url: &str, preference: Preference) -> Value {
        let own = format!("{base_url}/v2/payments/refunds/{}", self.id);
        let up = format!("{base_url}/v2/payments/captures/{}", self.capture_id);
        let mut view = json!({
            "id": self.id, "status": self.status.code(),
            "links": [link(&own, "self", "GET"), link(&up, "up", "GET")],
        });
        if preference == Preference::Representation {
            self.add_representation(&mut view, world);
        }
        view
    }

    fn add_representation(&self, view: &mut Value, world: &World) {
        let total = world.captures.get(&self.capture_id).map_or(0, |capture| given_back(world, capture));
        let zero = self.amount.with_minor(0);
        let always = [
            ("/amount", self.amount.json()),
            ("/create_time", json!(refund_time(self.created_at))),
            ("/update_time", json!(refund_time(self.updated_at))),
            (
                "/seller_payable_breakdown",
                json!({
                    // The fee of the payment is not given back.
                    "gross_amount": self.amount.json(), "paypal_fee": zero.json(),
                    "net_amount": self.amount.json(),
                    "total_refunded_amount": self.amount.with_minor(total).json(),
                }),
            ),
        ];
        always.iter().for_each(|(pointer, value)| replace_field(view, pointer, value));
        let texts = [
            ("/invoice_id", &self.invoice_id),
            ("/custom_id", &self.custom_id),
            ("/note_to_payer", &self.note_to_payer),
        ];
        for (pointer, text) in texts {
            if let Some(text) = text {
                replace_field(view, pointer, &json!(text));
            }
        }
        if self.status == RefundStatus::Pending {
            replace_field(view, "/status_details", &json!({"reason": "ECHECK"}));
        }
    }
}

/// What refunds have taken from a capture or will, in minor units.
pub(super) fn given_back(world: &World, capture: &Capture) -> i64 {
    let refunds = capture.refunds.iter().filter_map(|id| world.refunds.get(id));
    refunds.filter(|refund| refund.status.counts()).map(|refund| refund.amount.minor).sum()
}

const FIELDS: &[Field] = &[
    Field::optional("amount", Shape::Money),
    Field::optional("invoice_id", Shape::Text(127)),
    Field::optional("custom_id", Shape::Text(127)),
    Field::optional("note_to_payer", Shape::Text(255)),
];

/// `POST /v2/payments/captures/{id}/refund`. Without an amount it gives back all that is left.
pub(super) fn create(world: &mut World, call: &Call<'_>, id: &str) -> Result<Made, ApiError> {
    shape::check(FIELDS, call.body)?;
    world.capture(call, id)?;
    let text = |name: &str| call.body.get(name).and_then(Value::as_str).map(str::to_owned);
    let capture = world.captures.get(id).ok_or_else(ApiError::not_found)?;
    check_refundable(capture, call.now)?;
    let amount = amount_to_refund(world, capture, call)?;
    let invoice_id = text("invoice_id");
    let merchant = world.merchant(call.client_id)?;
    if let Some(invoice) = &invoice_id
        && !merchant.refund_invoices.insert(invoice.clone())
    {
        return Err(ApiError::issue("DUPLICATE_INVOICE_ID"));
    }
    // From here on the refund stands.
    let mut refund = Refund::new(id, amount, RefundOrigin::Api, call.now);
    refund.invoice_id = invoice_id;
    (refund.custom_id, refund.note_to_payer) = (text("custom_id"), text("note_to_payer"));
    if call.fault == Some(&Fault::RefundPending) {
        refund.status = RefundStatus::Pending;
    }
    Ok(Made::Refund(book(world, refund, &call.settings.base_url, call.now)))
}

fn check_refundable(capture: &Capture, now: OffsetDateTime) -> Result<(), ApiError> {
    match capture.status {
        CaptureStatus::Completed | CaptureStatus::PartiallyRefunded => {}
        CaptureStatus::Pending => return Err(ApiError::issue("PENDING_CAPTURE")),
        CaptureStatus::Refunded => return Err(ApiError::issue("CAPTURE_FULLY_REFUNDED")),
        CaptureStatus::Declined => return Err(ApiError::issue("REFUND_NOT_ALLOWED")),
    }
    if capture.reversed > 0 {
        return Err(ApiError::issue("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK"));
    }
    if now > capture.created_at + REFUNDABLE_FOR {
        return Err(ApiError::issue("REFUND_TIME_LIMIT_EXCEEDED"));
    }
    Ok(())
}

fn amount_to_refund(world: &World, capture: &Capture, call: &Call<'_>) -> Result<Money, ApiError> {
    let left = capture.amount.minor - given_back(world, capture);
    if left <= 0 {
        return Err(ApiError::issue("CAPTURE_FULLY_REFUNDED"));
    }
    let Some(object) = call.body.get("amount").and_then(Value::as_object) else {
        return Ok(capture.amount.with_minor(left));
    };
    let pointer = "/amount/value";
    let refused = |issue: &str| Err(ApiError::field(issue, pointer, object.get("value")));
    let wrong = |problem| ApiError::amount(problem, pointer, object.get("value"), Api::Payments);
    let amount = Money::of(object).map_err(wrong)?;
    if amount.currency_code != capture.amount.currency_code {
        return refused("REFUND_CAPTURE_CURRENCY_MISMATCH");
    }
    if amount.minor <= 0 {
        return refused("CANNOT_BE_ZERO_OR_NEGATIVE");
    }
    if amount.minor > left {
        return refused("REFUND_AMOUNT_EXCEEDED");
    }
    if capture.dispute_id.is_some() && amount.minor < capture.amount.minor {
        return Err(ApiError::issue("TRANSACTION_DISPUTED"));
    }
    Ok(amount)
}

/// Books a refund and announces it. Returns its id.
fn book(world: &mut World, refund: Refund, base_url: &str, now: OffsetDateTime) -> String {
    let id = refund.id.clone();
    if let Some(capture) = world.captures.get_mut(&refund.capture_id) {
        capture.refunds.push(id.clone());
        capture.updated_at = now;
    }
    let event = match (refund.origin, refund.status) {
        (RefundOrigin::Reversal, _) => EventType::CaptureReversed,
        (_, RefundStatus::Pending) => EventType::RefundPending,
        (_, RefundStatus::Completed | RefundStatus::Failed | RefundStatus::Cancelled) => {
            EventType::CaptureRefunded
        }
    };
    world.refunds.insert(id.clone(), refund);
    recount(world, &id);
    announce(world, &id, event, base_url, now);
    id
}

/// Sets the status of a refund's capture from the sum of its refunds.
fn recount(world: &mut World, refund_id: &str) {
    let Some(refund) = world.refunds.get(refund_id) else { return };
    let Some(capture) = world.captures.get(&refund.capture_id) else { return };
    let total = given_back(world, capture);
    let status = match total {
        0 => CaptureStatus::Completed,
        part if part < capture.amount.minor => CaptureStatus::PartiallyRefunded,
        _all => CaptureStatus::Refunded,
    };
    let id = capture.id.clone();
    if let Some(capture) = world.captures.get_mut(&id) {
        capture.status = status;
    }
}

fn announce(world: &mut World, id: &str, event: EventType, base_url: &str, now: OffsetDateTime) {
    let Some(refund) = world.refunds.get(id) else { return };
    let Some(capture) = world.captures.get(&refund.capture_id) else { return };
    let resource = refund.view(world, base_url, Preference::Representation);
    let (client_id, references) = (capture.client_id.clone(), world.references(&capture.order_id));
    webhook::announce(world, &client_id, event, resource, references, now);
}

/// Ends a pending refund.
pub(super) fn settle(
    world: &mut World,
    id: &str,
    status: RefundStatus,
    base_url: &str,
    now: OffsetDateTime,
) -> Result<(), MoveRefused> {
    let refund = world.refunds.get_mut(id).ok_or(MoveRefused::Unknown("refund"))?;
    if refund.status != RefundStatus::Pending || status == RefundStatus::Pending {
        return Err(MoveRefused::Impossible(refund.status.code()));
    }
    (refund.status, refund.updated_at) = (status, now);
    recount(world, id);
    let event = match status {
        RefundStatus::Completed | RefundStatus::Pending => EventType::CaptureRefunded,
        RefundStatus::Failed | RefundStatus::Cancelled => EventType::RefundFailed,
    };
    announce(world, id, event, base_url, now);
    Ok(())
}

/// A refund that no API call asked for: all that is left when `minor` is absent. Returns its id.
pub(super) fn give_back(
    world: &mut World,
    capture_id: &str,
    minor: Option<i64>,
    origin: RefundOrigin,
    base_url: &str,
    now: OffsetDateTime,
) -> Result<String, MoveRefused> {
    let capture = world.captures.get(capture_id).ok_or(MoveRefused::Unknown("capture"))?;
    if !capture.status.is_paid() {
        return Err(MoveRefused::Impossible(capture.status.code()));
    }
    let left = capture.amount.minor - given_back(world, capture);
    let minor = minor.unwrap_or(left);
    if minor <= 0 || minor > left {
        return Err(MoveRefused::Impossible("worth less than this amount"));
    }
    let refund = Refund::new(capture_id, capture.amount.with_minor(minor), origin, now);
    if let (RefundOrigin::Reversal, Some(capture)) = (origin, world.captures.get_mut(capture_id)) {
        capture.reversed += minor;
    }
    Ok(book(world, refund, base_url, now))
}
