//! Capture and authorization of an approved order.

use time::OffsetDateTime;

use super::approval::Funding;
use super::authorization::{self, Authorization};
use super::capture::{self, Capture, CaptureStatus};
use super::error::ApiError;
use super::idempotency::Made;
use super::order::{Intent, Order, OrderStatus};
use super::webhook::{self, EventType};
use super::world::{Call, Preference, Settings, World};

/// So many refused sources of money are the end of an order.
const MOST_DECLINES: u32 = 10;

/// `POST .../capture` and `POST .../authorize`.
pub(super) fn pay(world: &mut World, call: &Call<'_>, id: &str) -> Result<Made, ApiError> {
    let order = world.order(call, id)?;
    if order.intent.operation() != call.operation {
        return Err(ApiError::issue("ACTION_DOES_NOT_MATCH_INTENT"));
    }
    carry_out(world, id, call.settings, call.now)?;
    Ok(Made::Order(id.to_owned()))
}

/// Carries out the intent of an order, whoever asks.
pub(super) fn carry_out(
    world: &mut World,
    id: &str,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let order = world.orders.get(id).filter(|order| !order.is_expired(now));
    let order = order.ok_or_else(ApiError::not_found)?;
    check_payable(order)?;
    check_invoices(world, order)?;
    let order = world.orders.get_mut(id).ok_or_else(ApiError::server)?;
    let funding = order.funding.clone().ok_or_else(|| ApiError::issue("ORDER_NOT_APPROVED"))?;
    if funding == Funding::Refused {
        order.declines += 1;
        (order.status, order.funding) = (OrderStatus::PayerActionRequired, None);
        return Err(
            ApiError::issue("INSTRUMENT_DECLINED").with_redirect(order.approve_url(&settings.base_url))
        );
    }
    // From here on the payment stands.
    (order.status, order.updated_at) = (OrderStatus::Completed, now);
    match order.intent {
        Intent::Capture => capture_units(world, id, &funding, settings, now),
        Intent::Authorize => authorize_units(world, id, settings, now),
    }
    Ok(())
}

fn check_payable(order: &Order) -> Result<(), ApiError> {
    if order.declines >= MOST_DECLINES {
        return Err(ApiError::issue("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"));
    }
    match (order.status, order.intent) {
        (OrderStatus::Approved, _) => Ok(()),
        (OrderStatus::Created | OrderStatus::PayerActionRequired, _) => {
            Err(ApiError::issue("ORDER_NOT_APPROVED"))
        }
        (OrderStatus::Completed, Intent::Capture) => Err(ApiError::issue("ORDER_ALREADY_CAPTURED")),
        (OrderStatus::Completed, Intent::Authorize) => Err(ApiError::issue("ORDER_ALREADY_AUTHORIZED")),
        (OrderStatus::Voided, _) => Err(ApiError::issue("ORDER_COMPLETED_OR_VOIDED")),
    }
}

fn check_invoices(world: &World, order: &Order) -> Result<(), ApiError> {
    let Some(merchant) = world.merchants.get(&order.client_id) else { return Err(ApiError::server()) };
    let invoices = order.units.iter().filter_map(|unit| unit.text("invoice_id"));
    if invoices.into_iter().any(|invoice| merchant.has_paid(invoice, None)) {
        return Err(ApiError::issue("DUPLICATE_INVOICE_ID"));
    }
    Ok(())
}

fn capture_units(world: &mut World, id: &str, funding: &Funding, settings: &Settings, now: OffsetDateTime) {
    let Some(order) = world.orders.get_mut(id) else { return };
    let client_id = order.client_id.clone();
    let mut made = Vec::new();
    for unit in &mut order.units {
        let mut capture = Capture::new(&client_id, id, unit.amount.clone(), now);
        capture.invoice_id = unit.text("invoice_id").map(str::to_owned);
        capture.custom_id = unit.text("custom_id").map(str::to_owned);
        (capture.status, capture.reason) = outcome(funding);
        unit.captures.push(capture.id.clone());
        made.push(capture);
    }
    for capture in made {
        let (capture_id, event) = (capture.id.clone(), event_of(capture.status));
        use_invoice(world, &client_id, capture.invoice_id.as_deref(), &capture_id, capture.status);
        world.captures.insert(capture_id.clone(), capture);
        capture::announce(world, &capture_id, event, &settings.base_url, now);
    }
    announce_completion(world, id, settings, now);
}

fn outcome(funding: &Funding) -> (CaptureStatus, Option<String>) {
    match funding {
        Funding::Balance => (CaptureStatus::Completed, None),
        Funding::Pending { reason } => (CaptureStatus::Pending, Some(reason.clone())),
        // A refused source never comes this far.
        Funding::Refused | Funding::DeclinedCapture => (CaptureStatus::Declined, None),
    }
}

const fn event_of(status: CaptureStatus) -> EventType {
    match status {
        CaptureStatus::Pending => EventType::CapturePending,
        CaptureStatus::Declined => EventType::CaptureDeclined,
        CaptureStatus::Completed | CaptureStatus::PartiallyRefunded | CaptureStatus::Refunded => {
            EventType::CaptureCompleted
        }
    }
}

fn use_invoice(
    world: &mut World,
    client_id: &str,
    invoice_id: Option<&str>,
    payment_id: &str,
    status: CaptureStatus,
) {
    if let (Some(merchant), Some(invoice)) = (world.merchants.get_mut(client_id), invoice_id)
        && status != CaptureStatus::Declined
    {
        merchant.paid_invoices.insert(invoice.to_owned(), payment_id.to_owned());
    }
}

fn authorize_units(world: &mut World, id: &str, settings: &Settings, now: OffsetDateTime) {
    let Some(order) = world.orders.get_mut(id) else { return };
    let client_id = order.client_id.clone();
    let mut made = Vec::new();
    for unit in &mut order.units {
        let held = Authorization::new(&client_id, id, unit, now);
        unit.authorizations.push(held.id.clone());
        made.push(held);
    }
    for held in made {
        let held_id = held.id.clone();
        use_invoice(world, &client_id, held.invoice_id.as_deref(), &held_id, CaptureStatus::Completed);
        authorization::add(world, held, settings, now);
    }
}

/// `CHECKOUT.ORDER.COMPLETED`, which says no more than its name: the captures may be pending.
fn announce_completion(world: &mut World, id: &str, settings: &Settings, now: OffsetDateTime) {
    let Some(order) = world.orders.get(id) else { return };
    let resource = order.view(world, &settings.base_url, Preference::Representation);
    let (client_id, references) = (order.client_id.clone(), world.references(id));
    webhook::announce(world, &client_id, EventType::OrderCompleted, resource, references, now);
}
