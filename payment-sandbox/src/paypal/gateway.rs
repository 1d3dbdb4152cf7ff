//! The HTTP face of the API: a request comes in, is checked, runs into its faults or is executed, and gets its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::delivery::DeliveryState;
use super::engine::Engine;
use super::error::ApiError;
use super::fault::{Execution, Fault};
use super::idempotency::{self, Made, RequestKey};
use super::office::{self, Visit};
use super::operation::{Operation, Route};
use super::order::Order;
use super::reply::{
    Answer, Outcome, bad_gateway, dropped_connection, rate_limited, refusal, render, response,
};
use super::world::{Call, Preference, RequestRecord, World};
use super::{authorization, checkout, create, oauth, patch, refund, shape, verify};
use crate::simulator::wait_by_clock;

/// The largest body that is read; the API's own bodies are far smaller.
const BODY_LIMIT: usize = 1 << 20;

/// A request as it came.
struct Received {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Every path of the API.
pub(super) async fn entry(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    let received = match read(request).await {
        Ok(received) => received,
        Err(error) => return refusal(&error),
    };
    let Some(route) = Route::find(&received.method, &received.path) else {
        return refusal(&ApiError::named(404, "RESOURCE_NOT_FOUND"));
    };
    engine.with_world(|world, now| record(world, &route, &received, now));
    if route.operation == Operation::Certificate {
        return certificate(&engine, &route.id);
    }
    match authorize(&engine, &route, &received) {
        Ok(client_id) => serve(&engine, &received, &route, &client_id).await,
        Err(error) => refusal(&error),
    }
}

async fn read(request: Request) -> Result<Received, ApiError> {
    let (parts, body) = request.into_parts();
    let too_large = |_| ApiError::named(413, "REQUEST_BODY_TOO_LARGE");
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(too_large)?;
    Ok(Received {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    })
}

fn record(world: &mut World, route: &Route, received: &Received, now: OffsetDateTime) {
    world.requests.push(RequestRecord {
        at: now,
        operation: route.operation,
        id: route.id.clone(),
        request_id: received.header("paypal-request-id").map(str::to_owned),
    });
}

fn certificate(engine: &Engine, name: &str) -> Response {
    let pem = engine.with_world(|world, _| world.certificates.pem(name, engine.settings.served_certificates));
    match pem {
        Some(pem) => response(200, "text/plain; charset=UTF-8", pem.into_bytes()),
        None => refusal(&ApiError::named(404, "RESOURCE_NOT_FOUND")),
    }
}

/// Who calls, and whether the body is announced as JSON. The token endpoint looks at its credentials itself.
fn authorize(engine: &Engine, route: &Route, received: &Received) -> Result<String, ApiError> {
    if route.operation == Operation::Token {
        return Ok(String::new());
    }
    let client_id = engine.with_world(|world, now| oauth::caller(world, &received.headers, now))?;
    let content_type = received.header("content-type").unwrap_or_default();
    // Void has no body, and PayPal's own SDK sends it without a type.
    let has_body = !matches!(received.method.as_str(), "GET" | "DELETE")
        && route.operation != Operation::VoidAuthorization;
    if has_body && !content_type.starts_with("application/json") {
        return Err(ApiError::named(415, "UNSUPPORTED_MEDIA_TYPE"));
    }
    Ok(client_id)
}

async fn serve(engine: &Arc<Engine>, received: &Received, route: &Route, client_id: &str) -> Response {
    let references = engine.with_world(|world, _| references(world, route, &received.body));
    let fault = engine.with_world(|world, _| world.faults.take(route.operation, &references));
    if let Some(response) = fault.as_ref().and_then(answer_without_execution) {
        return response;
    }
    let key = request_key(received, route, client_id);
    let running = key.as_ref().filter(|_| matches!(fault, Some(Fault::SlowAnswer { .. })));
    let outcome = match refused_by(engine, fault.as_ref(), route, received) {
        Some(error) => Err(error),
        None => execute(engine, received, route, client_id, key.as_ref(), fault.as_ref()),
    };
    match &fault {
        Some(Fault::SlowAnswer { seconds }) => wait(engine, running, *seconds).await,
        Some(Fault::NotifiedBeforeAnswer) => notified(engine, &references, route, &outcome).await,
        Some(_) | None => {}
    }
    render(outcome, fault.as_ref())
}

/// The names of what a request is about, for matching faults.
fn references(world: &World, route: &Route, body: &[u8]) -> Vec<String> {
    let body = shape::parse(body).unwrap_or_default();
    let units = body.get("purchase_units").and_then(Value::as_array).into_iter().flatten();
    let objects = units.filter_map(Value::as_object).chain([&body]);
    let named = objects.flat_map(|object| ["custom_id", "invoice_id"].map(|name| object.get(name)));
    let named = named.flatten().filter_map(Value::as_str).map(str::to_owned);
    let of_capture = |id: &str| world.captures.get(id).map(|capture| capture.order_id.as_str());
    let order = match route.operation {
        Operation::ShowCapture | Operation::RefundCapture => of_capture(&route.id),
        Operation::ShowAuthorization | Operation::CaptureAuthorization | Operation::VoidAuthorization => {
            world.authorizations.get(&route.id).map(|held| held.order_id.as_str())
        }
        Operation::ShowRefund => {
            world.refunds.get(&route.id).and_then(|refund| of_capture(&refund.capture_id))
        }
        Operation::ShowOrder
        | Operation::PatchOrder
        | Operation::CaptureOrder
        | Operation::AuthorizeOrder => Some(route.id.as_str()),
        Operation::Token
        | Operation::CreateOrder
        | Operation::VerifyWebhook
        | Operation::Certificate
        | Operation::Webhooks
        | Operation::WebhookEvents
        | Operation::Reporting
        | Operation::Disputes => None,
    };
    let of_order = order.map(|id| world.references(id)).unwrap_or_default();
    [route.id.clone()].into_iter().chain(of_order).chain(named).collect()
}

/// Faults that stand in front of the API.
fn answer_without_execution(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::HtmlPage { execution: Execution::Skipped } => Some(bad_gateway()),
        Fault::ConnectionDropped { execution: Execution::Skipped } => Some(dropped_connection()),
        Fault::RateLimited { retry_after } => Some(rate_limited(*retry_after)),
        Fault::ServiceUnavailable => Some(refusal(&ApiError::named(503, "SERVICE_UNAVAILABLE"))),
        Fault::ServerError { execution: Execution::Skipped } => Some(refusal(&ApiError::server())),
        Fault::TokenRejected => Some(refusal(&ApiError::invalid_token())),
        Fault::HtmlPage { execution: Execution::Done }
        | Fault::ConnectionDropped { execution: Execution::Done }
        | Fault::ServerError { execution: Execution::Done }
        | Fault::TruncatedBody
        | Fault::Refused { .. }
        | Fault::ExtraFields
        | Fault::ReplacedField { .. }
        | Fault::RemovedField { .. }
        | Fault::SlowAnswer { .. }
        | Fault::NotifiedBeforeAnswer
        | Fault::NotVisibleYet { .. }
        | Fault::RefundPending => None,
    }
}

/// The refusal that a fault, or PayPal's own header for negative tests, puts in place of the operation.
fn refused_by(
    engine: &Engine,
    fault: Option<&Fault>,
    route: &Route,
    received: &Received,
) -> Option<ApiError> {
    match fault {
        Some(Fault::Refused { issue }) => return Some(ApiError::issue(issue)),
        Some(Fault::NotVisibleYet { seconds }) => {
            let age = Duration::from_secs(*seconds);
            let hidden =
                engine.with_world(|world, now| created_at(world, route).is_some_and(|made| now < made + age));
            if hidden {
                return Some(ApiError::not_found());
            }
        }
        Some(_) | None => {}
    }
    let mock: Value = serde_json::from_str(received.header("paypal-mock-response")?).ok()?;
    let codes = mock.get("mock_application_codes")?;
    match codes.as_str().or_else(|| codes.get(0)?.as_str())? {
        "INTERNAL_SERVER_ERROR" => Some(ApiError::server()),
        "SERVICE_UNAVAILABLE" => Some(ApiError::named(503, "SERVICE_UNAVAILABLE")),
        issue => Some(ApiError::issue(issue)),
    }
}

/// When the resource that a request wants to see was made.
fn created_at(world: &World, route: &Route) -> Option<OffsetDateTime> {
    let order = || world.orders.get(&route.id).map(|order| order.created_at);
    let capture = || world.captures.get(&route.id).map(|capture| capture.created_at);
    let refund = || world.refunds.get(&route.id).map(|refund| refund.created_at);
    order().or_else(capture).or_else(refund)
}

fn request_key(received: &Received, route: &Route, client_id: &str) -> Option<RequestKey> {
    let request_id = received.header("paypal-request-id").filter(|_| route.operation.takes_request_id())?;
    let (client_id, request_id) = (client_id.to_owned(), request_id.to_owned());
    Some(RequestKey { client_id, operation: route.operation, request_id })
}

fn execute(
    engine: &Engine,
    received: &Received,
    route: &Route,
    client_id: &str,
    key: Option<&RequestKey>,
    fault: Option<&Fault>,
) -> Outcome {
    let settings = &engine.settings;
    engine.with_world(|world, now| {
        let document = |body| Answer { status: 200, body: Some(body) };
        if route.operation == Operation::Token {
            return oauth::issue(world, &received.headers, &received.body, now).map(document);
        }
        if route.operation == Operation::VerifyWebhook {
            return verify::verify(world, client_id, &settings.base_url, &received.body).map(document);
        }
        let visit = Visit {
            settings,
            client_id,
            method: &received.method,
            rest: &route.id,
            query: &received.query,
            body: &received.body,
            now,
        };
        if let Some(reply) = office::reply(world, route.operation, &visit) {
            return reply.map(|(status, body)| Answer { status, body });
        }
        let body = if received.method == "GET" { Map::new() } else { shape::parse(&received.body)? };
        let call = Call {
            now,
            settings,
            client_id,
            operation: route.operation,
            body: &body,
            preference: preference(received),
            request_id: key.map(|key| key.request_id.as_str()),
            fault,
        };
        match key {
            Some(key) => once(world, &call, route, key, received),
            None => run(world, &call, route),
        }
    })
}

fn preference(received: &Received) -> Preference {
    let prefer = received.header("prefer").unwrap_or_default();
    if prefer.contains("return=representation") { Preference::Representation } else { Preference::Minimal }
}

/// Carries out a request unless its key has done so before.
fn once(world: &mut World, call: &Call<'_>, route: &Route, key: &RequestKey, received: &Received) -> Outcome {
    if !(1..=108).contains(&key.request_id.len()) {
        return Err(ApiError::issue("INVALID_STRING_LENGTH"));
    }
    if world.in_progress.contains(key)
        && let Some(refused) = idempotency::still_running(call.operation)
    {
        return Err(refused);
    }
    let content = [received.path.as_bytes(), b"\n", &received.body].concat();
    if let Some(result) = idempotency::recall(world, key, &content, call.settings, call.now) {
        return result.map(|made| show(world, call, &made, Freshness::Repeated));
    }
    let made = make(world, call, route);
    idempotency::remember(world, key, content, &made, call.now);
    if matches!(call.fault, Some(Fault::SlowAnswer { .. })) {
        world.in_progress.insert(key.clone());
    }
    made.map(|made| show(world, call, &made, Freshness::New))
}

fn run(world: &mut World, call: &Call<'_>, route: &Route) -> Outcome {
    let base_url = &call.settings.base_url;
    let id = route.id.as_str();
    let document = |body| Ok(Answer { status: 200, body: Some(body) });
    match call.operation {
        Operation::ShowOrder => {
            world.order(call, id)?;
            let order = world.orders.get(id).ok_or_else(ApiError::not_found)?;
            document(order.view(world, base_url, Preference::Representation))
        }
        Operation::PatchOrder => patch::patch(world, call, id).map(|()| Answer { status: 204, body: None }),
        Operation::ShowCapture => {
            world.capture(call, id)?;
            let capture = world.captures.get(id).ok_or_else(ApiError::not_found)?;
            document(capture.view(world, base_url))
        }
        Operation::ShowAuthorization => {
            world.authorization(call, id)?;
            let held = world.authorizations.get(id).ok_or_else(ApiError::not_found)?;
            document(held.view(world, base_url))
        }
        Operation::ShowRefund => {
            let refund = world.refunds.get(id).ok_or_else(ApiError::not_found)?;
            let capture = world.captures.get(&refund.capture_id);
            capture.filter(|capture| capture.client_id == call.client_id).ok_or_else(ApiError::not_found)?;
            document(refund.view(world, base_url, Preference::Representation))
        }
        Operation::CreateOrder
        | Operation::CaptureOrder
        | Operation::AuthorizeOrder
        | Operation::RefundCapture
        | Operation::CaptureAuthorization
        | Operation::VoidAuthorization => {
            let made = make(world, call, route)?;
            Ok(show(world, call, &made, Freshness::New))
        }
        Operation::Token
        | Operation::VerifyWebhook
        | Operation::Certificate
        | Operation::Webhooks
        | Operation::WebhookEvents
        | Operation::Reporting
        | Operation::Disputes => Err(ApiError::server()),
    }
}

fn make(world: &mut World, call: &Call<'_>, route: &Route) -> Result<Made, ApiError> {
    let id = route.id.as_str();
    match call.operation {
        Operation::CreateOrder => create::create(world, call),
        Operation::CaptureOrder | Operation::AuthorizeOrder => checkout::pay(world, call, id),
        Operation::RefundCapture => refund::create(world, call, id),
        Operation::CaptureAuthorization => authorization::capture(world, call, id),
        Operation::VoidAuthorization => authorization::void(world, call, id),
        Operation::Token
        | Operation::ShowOrder
        | Operation::PatchOrder
        | Operation::ShowCapture
        | Operation::ShowAuthorization
        | Operation::ShowRefund
        | Operation::VerifyWebhook
        | Operation::Certificate
        | Operation::Webhooks
        | Operation::WebhookEvents
        | Operation::Reporting
        | Operation::Disputes => Err(ApiError::server()),
    }
}

/// Whether an answer is the first under its key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    New,
    Repeated,
}

/// What was made, as it is now.
fn show(world: &World, call: &Call<'_>, made: &Made, freshness: Freshness) -> Answer {
    let base_url = &call.settings.base_url;
    let status = if freshness == Freshness::New { 201 } else { 200 };
    let body = match made {
        Made::Order(id) => world.orders.get(id).map(|order| show_order(world, call, order)),
        Made::Refund(id) => world.refunds.get(id).map(|refund| refund.view(world, base_url, call.preference)),
        Made::Capture(id) => {
            world.captures.get(id).map(|capture| trimmed(capture.view(world, base_url), call.preference))
        }
        Made::Voided(id) if call.preference == Preference::Representation => {
            let body = world.authorizations.get(id).map(|held| held.view(world, base_url));
            return Answer { status: 200, body };
        }
        Made::Voided(_) => return Answer { status: 204, body: None },
    };
    Answer { status, body }
}

fn show_order(world: &World, call: &Call<'_>, order: &Order) -> Value {
    let base_url = &call.settings.base_url;
    if call.operation == Operation::CreateOrder {
        order.view(world, base_url, call.preference)
    } else {
        order.payment_view(world, base_url, call.preference)
    }
}

/// The minimal form of a payment resource.
fn trimmed(mut view: Value, preference: Preference) -> Value {
    if let (Preference::Minimal, Some(fields)) = (preference, view.as_object_mut()) {
        fields.retain(|name, _| matches!(name.as_str(), "id" | "status" | "links"));
    }
    view
}

/// Lets time pass before the answer; meanwhile a second request under the same key finds the first one running.
async fn wait(engine: &Engine, running: Option<&RequestKey>, seconds: u64) {
    wait_by_clock(engine, seconds).await;
    if let Some(key) = running {
        engine.with_world(|world, _| world.in_progress.remove(key));
    }
}

/// Waits until the merchant has had every webhook about what a request did.
async fn notified(engine: &Engine, references: &[String], route: &Route, outcome: &Outcome) {
    if outcome.is_err() {
        return;
    }
    engine
        .wait_until(|world, _| {
            let about = |name: &String| *name == route.id || references.contains(name);
            let mut told = world.deliveries.iter().filter(|delivery| delivery.references.iter().any(about));
            told.all(|delivery| {
                !delivery.progress.attempts.is_empty() || delivery.progress.state == DeliveryState::Suppressed
            })
        })
        .await;
}
