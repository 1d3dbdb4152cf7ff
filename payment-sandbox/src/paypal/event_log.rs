//! What happened, to be read again: the log of events that a merchant who missed its webhooks catches up by.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::delivery::{Delivery, DeliveryState};
use super::error::{ApiError, link};
use super::office::{Reply, Visit, nowhere};
use super::shape;
use super::world::{Task, World};

/// How long events are kept. PayPal's own number is not known better than 30 to 45 days.
const KEPT_FOR: Duration = Duration::days(30);

const USUAL_PAGE: usize = 10;
const LARGEST_PAGE: usize = 300;

pub(super) fn reply(world: &mut World, visit: &Visit<'_>) -> Reply {
    let base_url = &visit.settings.base_url;
    match (visit.method, visit.rest.split_once('/')) {
        ("GET", None) if visit.rest.is_empty() => list(world, visit),
        ("GET", None) => {
            let found = world.deliveries.iter().find(|delivery| is_own(delivery, visit, visit.rest));
            let event = found.map(|delivery| delivery.event.envelope(base_url));
            event.map(|event| (200, Some(event))).ok_or_else(ApiError::not_found)
        }
        ("POST", Some((id, "resend"))) => resend(world, visit, id),
        _ => Err(nowhere()),
    }
}

fn is_own(delivery: &Delivery, visit: &Visit<'_>, id: &str) -> bool {
    delivery.client_id == visit.client_id && delivery.event.id == id
}

/// The newest first, so many at a time; a link leads to those before.
fn list(world: &World, visit: &Visit<'_>) -> Reply {
    let (from, to) = (visit.instant("start_time")?, visit.instant("end_time")?);
    if from.is_some_and(|from| from < visit.now - KEPT_FOR) {
        return Err(ApiError::validation("start_time", "INVALID_PARAMETER_VALUE"));
    }
    let size = visit.count("page_size", USUAL_PAGE, LARGEST_PAGE)?;
    let (event_type, transaction_id) = (visit.parameter("event_type"), visit.parameter("transaction_id"));
    let wanted = |delivery: &&Delivery| {
        let at: OffsetDateTime = delivery.event.created_at;
        delivery.client_id == visit.client_id
            && at >= from.unwrap_or(visit.now - KEPT_FOR)
            && to.is_none_or(|to| at <= to)
            && event_type.as_ref().is_none_or(|name| delivery.event.event_type.name() == name)
            && transaction_id.as_ref().is_none_or(|id| delivery.is_about(id))
    };
    let index_id = visit.parameter("index_id");
    let newest_first = world.deliveries.iter().rev().filter(wanted);
    let after =
        newest_first.skip_while(|delivery| index_id.as_ref().is_some_and(|id| delivery.event.id != *id));
    let mut page: Vec<&Delivery> = after.skip(usize::from(index_id.is_some())).take(size + 1).collect();
    let more = page.len() > size;
    page.truncate(size);
    let events: Vec<Value> =
        page.iter().map(|delivery| delivery.event.envelope(&visit.settings.base_url)).collect();
    let next =
        page.last().filter(|_| more).map(|last| link(&next_page(visit, &last.event.id), "next", "GET"));
    let links: Vec<Value> = next.into_iter().collect();
    Ok((200, Some(json!({"count": events.len(), "events": events, "links": links}))))
}

/// As PayPal writes it, with a slash before the question mark.
fn next_page(visit: &Visit<'_>, last: &str) -> String {
    visit.page("/v1/notifications/webhooks-events/", &[("move_to", "next"), ("index_id", last)])
}

/// Sends an event again by itself. One that waits for its next attempt is not sent beside that.
fn resend(world: &mut World, visit: &Visit<'_>, id: &str) -> Reply {
    let webhook_id = world.merchant(visit.client_id)?.webhook_id.clone();
    let body = shape::parse(visit.body)?;
    let named = body.get("webhook_ids").and_then(Value::as_array);
    if named.is_some_and(|ids| !ids.iter().any(|id| id.as_str() == Some(webhook_id.as_str()))) {
        return Err(ApiError::not_found());
    }
    let mut deliveries = world.deliveries.iter_mut().enumerate();
    let found = deliveries.find(|(_, delivery)| is_own(delivery, visit, id));
    let (index, delivery) = found.ok_or_else(ApiError::not_found)?;
    let event = delivery.event.envelope(&visit.settings.base_url);
    if !matches!(delivery.progress.state, DeliveryState::Waiting | DeliveryState::InFlight) {
        delivery.progress.state = DeliveryState::Waiting;
        delivery.progress.next_at = Some(visit.now);
        world.agenda.insert((visit.now, Task::Deliver(index)));
    }
    Ok((202, Some(event)))
}
