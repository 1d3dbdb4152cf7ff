//! Authorizations: money that is held, captured in parts, or released.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::capture::{self, Capture, CaptureStatus};
use super::error::{Api, ApiError, link};
use super::fault::replace_field;
use super::idempotency::Made;
use super::identifiers::{self, api_time};
use super::money::Money;
use super::order::{OrderStatus, Unit};
use super::shape::{self, Field, Shape};
use super::webhook::{self, EventType};
use super::world::{Call, Settings, Task, World};

/// How long money can be held.
const VALIDITY: Duration = Duration::days(29);

/// The status of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthorizationStatus {
    /// Money is held.
    Created,
    /// Some of it was captured.
    PartiallyCaptured,
    /// The final capture was made.
    Captured,
    /// The rest was released.
    Voided,
}

impl AuthorizationStatus {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::PartiallyCaptured => "PARTIALLY_CAPTURED",
            Self::Captured => "CAPTURED",
            Self::Voided => "VOIDED",
        }
    }
}

/// One authorization.
pub(super) struct Authorization {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) order_id: String,
    pub(super) amount: Money,
    pub(super) status: AuthorizationStatus,
    pub(super) captured: i64,
    pub(super) invoice_id: Option<String>,
    pub(super) custom_id: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl Authorization {
    /// Holds the amount of a unit.
    pub(super) fn new(client_id: &str, order_id: &str, unit: &Unit, now: OffsetDateTime) -> Self {
        Self {
            id: identifiers::resource_id(),
            client_id: client_id.to_owned(),
            order_id: order_id.to_owned(),
            amount: unit.amount.clone(),
            status: AuthorizationStatus::Created,
            captured: 0,
            invoice_id: unit.text("invoice_id").map(str::to_owned),
            custom_id: unit.text("custom_id").map(str::to_owned),
            created_at: now,
            updated_at: now,
            expires_at: now + VALIDITY,
        }
    }

    /// The authorization as the API and webhooks show it.
    pub(super) fn view(&self, world: &World, base_url: &str) -> Value {
        let own = format!("{base_url}/v2/payments/authorizations/{}", self.id);
        let up = format!("{base_url}/v2/checkout/orders/{}", self.order_id);
        let mut view = json!({
            "id": self.id, "status": self.status.code(), "amount": self.amount.json(),
            "seller_protection": {"status": "ELIGIBLE"},
            "supplementary_data": {"related_ids": {"order_id": self.order_id}},
            "expiration_time": api_time(self.expires_at),
            "create_time": api_time(self.created_at), "update_time": api_time(self.updated_at),
            "links": [
                link(&own, "self", "GET"), link(&format!("{own}/capture"), "capture", "POST"),
                link(&format!("{own}/void"), "void", "POST"), link(&up, "up", "GET"),
            ],
        });
        for (pointer, text) in [("/invoice_id", &self.invoice_id), ("/custom_id", &self.custom_id)] {
            if let Some(text) = text {
                replace_field(&mut view, pointer, &json!(text));
            }
        }
        if let Some(merchant) = world.merchants.get(&self.client_id) {
            let payee = json!({"email_address": merchant.email_address, "merchant_id": merchant.merchant_id});
            replace_field(&mut view, "/payee", &payee);
        }
        view
    }
}

/// Puts a new authorization into the world, with the end of its validity, and announces it.
pub(super) fn add(world: &mut World, held: Authorization, settings: &Settings, now: OffsetDateTime) {
    let id = held.id.clone();
    world.agenda.insert((held.expires_at, Task::ExpireAuthorization(id.clone())));
    world.authorizations.insert(id.clone(), held);
    announce(world, &id, EventType::AuthorizationCreated, &settings.base_url, now);
}

fn announce(world: &mut World, id: &str, event: EventType, base_url: &str, now: OffsetDateTime) {
    let Some(held) = world.authorizations.get(id) else { return };
    let (client_id, resource) = (held.client_id.clone(), held.view(world, base_url));
    let references = world.references(&held.order_id);
    webhook::announce(world, &client_id, event, resource, references, now);
}

const CAPTURE_FIELDS: &[Field] = &[
    Field::optional("amount", Shape::Money),
    Field::optional("invoice_id", Shape::Text(127)),
    Field::optional("note_to_payer", Shape::Text(255)),
    Field::optional("soft_descriptor", Shape::Text(22)),
];

/// `POST /v2/payments/authorizations/{id}/capture`
pub(super) fn capture(world: &mut World, call: &Call<'_>, id: &str) -> Result<Made, ApiError> {
    shape::check(CAPTURE_FIELDS, call.body)?;
    let held = world.authorization(call, id)?;
    check_capturable(held)?;
    let amount = amount_to_capture(held, call)?;
    let (order_id, invoice_id, custom_id) =
        (held.order_id.clone(), held.invoice_id.clone(), held.custom_id.clone());
    let named = call.body.get("invoice_id").and_then(Value::as_str).map(str::to_owned);
    let merchant = world.merchant(call.client_id)?;
    if named.as_deref().is_some_and(|invoice| merchant.has_paid(invoice, Some(id))) {
        return Err(ApiError::issue("DUPLICATE_INVOICE_ID"));
    }
    let is_final = call.body.get("final_capture").and_then(Value::as_bool).unwrap_or_default();
    let mut capture = Capture::new(call.client_id, &order_id, amount, call.now);
    capture.authorization_id = Some(id.to_owned());
    capture.invoice_id = named.clone().or(invoice_id);
    capture.custom_id = custom_id;
    capture.is_final = is_final;
    // From here on the capture stands.
    if let Some(invoice) = named {
        merchant.paid_invoices.insert(invoice, capture.id.clone());
    }
    Ok(Made::Capture(book(world, capture, id, call)))
}

fn check_capturable(held: &Authorization) -> Result<(), ApiError> {
    match held.status {
        AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => Ok(()),
        AuthorizationStatus::Captured => Err(ApiError::issue("AUTHORIZATION_ALREADY_CAPTURED")),
        AuthorizationStatus::Voided => Err(ApiError::issue("AUTHORIZATION_VOIDED")),
    }
}

/// The amount of the body, else all that is left. Altogether up to 115 % of what was authorized can be captured.
fn amount_to_capture(held: &Authorization, call: &Call<'_>) -> Result<Money, ApiError> {
    let Some(object) = call.body.get("amount").and_then(Value::as_object) else {
        return Ok(held.amount.with_minor(held.amount.minor - held.captured));
    };
    let pointer = "/amount/value";
    let wrong = |problem| ApiError::amount(problem, pointer, object.get("value"), Api::Payments);
    let amount = Money::of(object).map_err(wrong)?;
    if amount.currency_code != held.amount.currency_code {
        return Err(ApiError::issue("AUTH_CAPTURE_CURRENCY_MISMATCH"));
    }
    if amount.minor <= 0 {
        return Err(ApiError::field("CANNOT_BE_ZERO_OR_NEGATIVE", pointer, object.get("value")));
    }
    let most = i128::from(held.amount.minor) * 115 / 100;
    if i128::from(held.captured) + i128::from(amount.minor) > most {
        return Err(ApiError::field("MAX_CAPTURE_AMOUNT_EXCEEDED", pointer, object.get("value")));
    }
    Ok(amount)
}

fn book(world: &mut World, capture: Capture, held_id: &str, call: &Call<'_>) -> String {
    let (id, order_id) = (capture.id.clone(), capture.order_id.clone());
    if let Some(held) = world.authorizations.get_mut(held_id) {
        held.captured += capture.amount.minor;
        held.updated_at = call.now;
        held.status = if capture.is_final || held.captured >= held.amount.minor {
            AuthorizationStatus::Captured
        } else {
            AuthorizationStatus::PartiallyCaptured
        };
    }
    let units = world.orders.get_mut(&order_id).map(|order| order.units.as_mut_slice()).unwrap_or_default();
    let unit = units.iter_mut().find(|unit| unit.authorizations.iter().any(|id| id == held_id));
    if let Some(unit) = unit {
        unit.captures.push(id.clone());
    }
    debug_assert!(capture.status == CaptureStatus::Completed, "held money is there");
    world.captures.insert(id.clone(), capture);
    capture::announce(world, &id, EventType::CaptureCompleted, &call.settings.base_url, call.now);
    id
}

/// `POST /v2/payments/authorizations/{id}/void`
pub(super) fn void(world: &mut World, call: &Call<'_>, id: &str) -> Result<Made, ApiError> {
    match world.authorization(call, id)?.status {
        AuthorizationStatus::Captured => return Err(ApiError::issue("PREVIOUSLY_CAPTURED")),
        AuthorizationStatus::Voided => return Err(ApiError::issue("PREVIOUSLY_VOIDED")),
        AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => {}
    }
    release(world, id, call.settings, call.now);
    Ok(Made::Voided(id.to_owned()))
}

/// Releases what is still held, because the merchant says so or because the validity ends.
pub(super) fn release(world: &mut World, id: &str, settings: &Settings, now: OffsetDateTime) {
    let Some(held) = world.authorizations.get_mut(id) else { return };
    match held.status {
        AuthorizationStatus::Captured | AuthorizationStatus::Voided => return,
        AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => {}
    }
    let untouched = held.captured == 0;
    (held.status, held.updated_at) = (AuthorizationStatus::Voided, now);
    let (order_id, client_id) = (held.order_id.clone(), held.client_id.clone());
    if untouched {
        if let Some(order) = world.orders.get_mut(&order_id) {
            (order.status, order.updated_at) = (OrderStatus::Voided, now);
        }
        if let Some(merchant) = world.merchants.get_mut(&client_id) {
            merchant.paid_invoices.retain(|_, payment| payment != id);
        }
    }
    announce(world, id, EventType::AuthorizationVoided, &settings.base_url, now);
}
