//! The app's webhooks: one address, and which events go there.

use serde_json::{Map, Value, json};

use super::error::{ApiError, link};
use super::merchant::Merchant;
use super::office::{Reply, Visit, nowhere};
use super::shape;
use super::webhook::EventType;
use super::world::World;

/// Every event.
pub(super) const EVERYTHING: &str = "*";

/// The longest address.
const LONGEST_URL: usize = 2048;

pub(super) fn reply(world: &mut World, visit: &Visit<'_>) -> Reply {
    if visit.rest == "webhooks-event-types" {
        let all = EventType::ALL.map(|event_type| named(event_type.name()));
        return Ok((200, Some(json!({"event_types": all}))));
    }
    let merchant = world.merchant(visit.client_id)?;
    let base_url = &visit.settings.base_url;
    let (id, below) = visit.rest.split_once('/').unwrap_or((visit.rest, ""));
    match (visit.method, id, below) {
        ("GET", "", "") => {
            let webhooks: Vec<Value> = view(merchant, base_url).into_iter().collect();
            Ok((200, Some(json!({"webhooks": webhooks}))))
        }
        ("POST", "", "") => create(merchant, &shape::parse(visit.body)?, base_url),
        (_, id, _) if id != merchant.webhook_id || merchant.webhook_url.is_none() => {
            Err(ApiError::not_found())
        }
        ("GET", _, "") => Ok((200, view(merchant, base_url))),
        ("GET", _, "event-types") => Ok((200, Some(json!({"event_types": event_types(merchant)})))),
        ("PATCH", _, "") => change(merchant, visit.body, base_url),
        ("DELETE", _, "") => {
            merchant.webhook_url = None;
            Ok((204, None))
        }
        _ => Err(nowhere()),
    }
}

/// The id that the app was given with its configuration is kept: it is what its own side is configured with.
fn create(merchant: &mut Merchant, body: &Map<String, Value>, base_url: &str) -> Reply {
    let url = url(body.get("url"))?;
    let events = events(body.get("event_types"))?;
    match &merchant.webhook_url {
        Some(taken) if *taken == url => Err(ApiError::named(400, "WEBHOOK_URL_ALREADY_EXISTS")),
        Some(_) => Err(ApiError::named(400, "WEBHOOK_NUMBER_LIMIT_EXCEEDED")),
        None => {
            (merchant.webhook_url, merchant.webhook_events) = (Some(url), events);
            Ok((201, view(merchant, base_url)))
        }
    }
}

/// Only replacements, of the address and of the events.
fn change(merchant: &mut Merchant, body: &[u8], base_url: &str) -> Reply {
    let malformed = || ApiError::issue("MALFORMED_REQUEST_JSON");
    let changes: Vec<Value> = serde_json::from_slice(body).map_err(|_| malformed())?;
    for change in &changes {
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("op"), text("path")) {
            ("replace", "/url") => merchant.webhook_url = Some(url(change.get("value"))?),
            ("replace", "/event_types") => merchant.webhook_events = events(change.get("value"))?,
            _ => return Err(ApiError::validation("path", "INVALID_PATCH_OPERATION")),
        }
    }
    Ok((200, view(merchant, base_url)))
}

fn url(value: Option<&Value>) -> Result<String, ApiError> {
    let text = value.and_then(Value::as_str).filter(|text| text.len() <= LONGEST_URL);
    let is_url =
        |text: &&str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    let url = text.filter(is_url).map(str::to_owned);
    url.ok_or_else(|| ApiError::validation("url", "INVALID_PARAMETER_VALUE"))
}

fn events(value: Option<&Value>) -> Result<Vec<String>, ApiError> {
    let wrong = || ApiError::validation("event_types", "INVALID_PARAMETER_VALUE");
    let types = value.and_then(Value::as_array).filter(|types| !types.is_empty()).ok_or_else(wrong)?;
    let known = |name: &&str| *name == EVERYTHING || EventType::ALL.iter().any(|known| known.name() == *name);
    let name = |event: &Value| event.get("name").and_then(Value::as_str).filter(known).map(str::to_owned);
    types.iter().map(name).collect::<Option<_>>().ok_or_else(wrong)
}

fn view(merchant: &Merchant, base_url: &str) -> Option<Value> {
    let own = format!("{base_url}/v1/notifications/webhooks/{}", merchant.webhook_id);
    let links = [link(&own, "self", "GET"), link(&own, "update", "PATCH"), link(&own, "delete", "DELETE")];
    let url = merchant.webhook_url.as_ref()?;
    Some(json!({
        "id": merchant.webhook_id, "url": url, "event_types": event_types(merchant), "links": links,
    }))
}

fn event_types(merchant: &Merchant) -> Vec<Value> {
    merchant.webhook_events.iter().map(|name| named(name)).collect()
}

fn named(event: &str) -> Value {
    json!({"name": event, "description": event, "status": "ENABLED", "resource_versions": ["2.0"]})
}

impl Merchant {
    /// Whether the app wants to be told.
    pub(super) fn subscribes(&self, event_type: EventType) -> bool {
        let wanted = |name: &String| name == EVERYTHING || name == event_type.name();
        self.webhook_url.is_some() && self.webhook_events.iter().any(wanted)
    }
}
