//! How an answer of the API is written, and how faults distort it or leave none.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::error::ApiError;
use super::fault::{self, Fault};
use super::identifiers;

/// An answer before it is written.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
}

pub(super) type Outcome = Result<Answer, ApiError>;

pub(super) fn render(outcome: Outcome, fault: Option<&Fault>) -> Response {
    match fault {
        Some(Fault::ConnectionDropped { .. }) => return dropped_connection(),
        Some(Fault::HtmlPage { .. }) => return bad_gateway(),
        Some(Fault::ServerError { .. }) => return refusal(&ApiError::server()),
        Some(_) | None => {}
    }
    let Answer { status, body } = match outcome {
        Ok(answer) => answer,
        Err(error) => return refusal(&error),
    };
    let Some(mut body) = body else { return response(status, "application/json", Vec::new()) };
    distort(&mut body, fault);
    let mut bytes = body.to_string().into_bytes();
    if fault == Some(&Fault::TruncatedBody) {
        bytes.truncate(bytes.len() / 2);
    }
    response(status, "application/json", bytes)
}

fn distort(body: &mut Value, fault: Option<&Fault>) {
    match fault {
        Some(Fault::ExtraFields) => fault::add_unknown_fields(body),
        Some(Fault::ReplacedField { pointer, value }) => fault::replace_field(body, pointer, value),
        Some(Fault::RemovedField { pointer }) => fault::remove_field(body, pointer),
        Some(_) | None => {}
    }
}

pub(super) fn refusal(error: &ApiError) -> Response {
    let debug_id = identifiers::debug_id();
    let body = error.body(&debug_id).to_string().into_bytes();
    identified(response(error.status(), "application/json", body), &debug_id)
}

pub(super) fn response(status: u16, content_type: &'static str, body: Vec<u8>) -> Response {
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if has_body {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    identified(response, &identifiers::debug_id())
}

fn identified(mut response: Response, debug_id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(debug_id) {
        response.headers_mut().insert("paypal-debug-id", id);
    }
    response
}

pub(super) fn rate_limited(retry_after: Option<u64>) -> Response {
    let mut response = refusal(&ApiError::named(429, "RATE_LIMIT_REACHED"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What a proxy in front of the API answers when nobody is behind it.
pub(super) fn bad_gateway() -> Response {
    let page =
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
    response(502, "text/html", page.as_bytes().to_vec())
}

/// A body that fails at once: the server closes the connection before it has written anything.
pub(super) fn dropped_connection() -> Response {
    let broken =
        futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("ordered to break")) });
    Response::new(Body::from_stream(broken))
}
