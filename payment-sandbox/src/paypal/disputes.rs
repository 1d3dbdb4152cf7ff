//! Buyers' cases, to be read. What is told of a case is what its newest webhook told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::{ApiError, link};
use super::identifiers::api_time;
use super::office::{Reply, Visit, nowhere};
use super::webhook::EventType;
use super::world::World;

const PATH: &str = "/v1/customer/disputes";
const USUAL_PAGE: usize = 10;
const LARGEST_PAGE: usize = 50;

pub(super) fn reply(world: &World, visit: &Visit<'_>) -> Reply {
    match (visit.method, visit.rest) {
        ("GET", "") => list(world, visit),
        ("GET", id) if !id.contains('/') => {
            let found = cases(world, visit).remove(id);
            found.map(|case| (200, Some(case))).ok_or_else(ApiError::not_found)
        }
        _ => Err(nowhere()),
    }
}

/// The app's cases by their ids.
fn cases(world: &World, visit: &Visit<'_>) -> BTreeMap<String, Value> {
    let of_app = world.deliveries.iter().filter(|delivery| delivery.client_id == visit.client_id);
    let told = of_app.filter(|delivery| {
        matches!(delivery.event.event_type, EventType::DisputeCreated | EventType::DisputeResolved)
    });
    let case = |resource: &Value| {
        let mut case = resource.clone();
        if let Some(fields) = case.as_object_mut() {
            let is_resolved = fields.get("status").and_then(Value::as_str) == Some("RESOLVED");
            let state = if is_resolved { "RESOLVED" } else { "OPEN_INQUIRIES" };
            fields.insert("dispute_state".to_owned(), json!(state));
            fields.insert("dispute_channel".to_owned(), json!("INTERNAL"));
        }
        case
    };
    told.map(|delivery| (delivery.event.resource_id(), case(&delivery.event.resource))).collect()
}

/// By a time or by a payment, not by both.
fn list(world: &World, visit: &Visit<'_>) -> Reply {
    let (capture, from) = (visit.parameter("disputed_transaction_id"), visit.instant("start_time")?);
    if capture.is_some() && from.is_some() {
        return Err(ApiError::validation("start_time", "INVALID_PARAMETER_VALUE"));
    }
    let (from, state) = (from.map(api_time), visit.parameter("dispute_state"));
    let size = visit.count("page_size", USUAL_PAGE, LARGEST_PAGE)?;
    let wanted = |case: &Value| {
        let text = |pointer: &str| case.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        (capture.is_none() || text("/disputed_transactions/0/seller_transaction_id") == capture)
            && (state.is_none() || text("/dispute_state") == state)
            // Both are written alike, so they compare as texts.
            && from.as_ref().is_none_or(|from| text("/create_time").is_some_and(|made| made >= *from))
    };
    let token = visit.parameter("next_page_token");
    let cases = cases(world, visit).into_iter().filter(|(_, case)| wanted(case));
    let mut page: Vec<(String, Value)> =
        cases.skip_while(|(id, _)| token.as_ref().is_some_and(|token| id < token)).take(size + 1).collect();
    let next = if page.len() > size { page.pop() } else { None };
    let own = format!("{}{PATH}?{}", visit.settings.base_url, visit.query);
    let next = next.map(|(id, _)| link(&visit.page(PATH, &[("next_page_token", &id)]), "next", "GET"));
    let links: Vec<Value> = [link(&own, "self", "GET")].into_iter().chain(next).collect();
    let items: Vec<Value> = page.into_iter().map(|(_, case)| case).collect();
    Ok((200, Some(json!({"items": items, "links": links}))))
}
