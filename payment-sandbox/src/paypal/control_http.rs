//! The control API: [`PaypalControl`] over HTTP and JSON, for tests and demos in other processes. The module's
//! documentation lists the paths.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::approval::ApproveOptions;
use super::capture::CaptureSettlement;
use super::control::{ControlError, PaypalControl};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::forgery::Forgery;
use super::identifiers::api_time;
use super::merchant::MerchantOptions;
use super::refund::RefundStatus;

/// The largest number of copies that one call sends.
const MOST_COPIES: u32 = 1000;

pub(super) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/merchants", post(create_merchant))
        .route("/merchants/{client_id}/webhook", put(set_webhook))
        .route("/merchants/{client_id}/webhook/rotate", post(rotate_webhook))
        .route("/merchants/{client_id}/expire-token", post(expire_token))
        .route("/certificate/rotate", post(rotate_certificate))
        .route("/orders/{reference}", get(order))
        .route("/orders/{order_id}/approve", post(approve))
        .route("/orders/{order_id}/cancel", post(cancel))
        .route("/orders/{order_id}/pay", post(pay))
        .route("/orders/{order_id}/capture-elsewhere", post(capture_elsewhere))
        .route("/orders/{reference}/deliveries", get(deliveries_of))
        .route("/orders/{reference}/resend-notification", post(resend))
        .route("/orders/{order_id}/forge-notification", post(forge))
        .route("/captures/{capture_id}/settle", post(settle_capture))
        .route("/captures/{capture_id}/console-refund", post(console_refund))
        .route("/captures/{capture_id}/reverse", post(reverse))
        .route("/captures/{capture_id}/dispute", post(open_dispute).delete(close_dispute))
        .route("/refunds/{refund_id}/settle", post(settle_refund))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/notification-faults", get(notification_faults).post(add_notification_fault))
        .route("/suppressed-notifications", post(suppress))
        .route("/deliveries", get(deliveries))
        .route("/requests", get(requests))
        .route("/ledger", get(ledger))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance))
}

/// A refusal in words.
struct Refusal {
    status: StatusCode,
    message: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.message}))).into_response()
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let status = match &error {
            ControlError::NotFound(_) => StatusCode::NOT_FOUND,
            ControlError::Invalid(_) => StatusCode::BAD_REQUEST,
            ControlError::Approval(_)
            | ControlError::Move(_)
            | ControlError::Capture(_)
            | ControlError::NotCaptured
            | ControlError::Clock(_) => StatusCode::CONFLICT,
            ControlError::Key(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message: error.to_string() }
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: rejection.body_text() }
    }
}

type Control = State<Arc<Engine>>;
type Input<T> = Result<Json<T>, JsonRejection>;
type Output = Result<Json<Value>, Refusal>;

fn control(State(engine): Control) -> PaypalControl {
    PaypalControl { engine }
}

fn output(value: impl Serialize) -> Output {
    let failed = |error: serde_json::Error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: error.to_string(),
    };
    serde_json::to_value(value).map(Json).map_err(failed)
}

async fn create_merchant(state: Control, input: Input<MerchantOptions>) -> Output {
    let Json(options) = input?;
    output(control(state).create_merchant(options)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: String,
}

async fn set_webhook(state: Control, Path(client_id): Path<String>, input: Input<Webhook>) -> Output {
    let Json(Webhook { url }) = input?;
    output(control(state).set_webhook_url(&client_id, &url)?)
}

async fn rotate_webhook(state: Control, Path(client_id): Path<String>) -> Output {
    output(json!({"webhook_id": control(state).rotate_webhook_id(&client_id)?}))
}

async fn expire_token(state: Control, Path(client_id): Path<String>) -> Output {
    output(control(state).expire_token(&client_id)?)
}

async fn rotate_certificate(state: Control) -> Output {
    output(control(state).rotate_certificate().await?)
}

async fn order(state: Control, Path(reference): Path<String>) -> Output {
    let orders = control(state).orders_of(&reference);
    if orders.is_empty() {
        return Err(ControlError::NotFound("order").into());
    }
    output(orders)
}

async fn approve(state: Control, Path(order_id): Path<String>, input: Input<ApproveOptions>) -> Output {
    let Json(options) = input?;
    output(json!({"redirect": control(state).approve(&order_id, &options)?}))
}

async fn cancel(state: Control, Path(order_id): Path<String>) -> Output {
    output(json!({"redirect": control(state).cancel(&order_id)?}))
}

async fn pay(state: Control, Path(order_id): Path<String>, input: Input<ApproveOptions>) -> Output {
    let Json(options) = input?;
    output(json!({"id": control(state).pay(&order_id, &options).await?}))
}

async fn capture_elsewhere(state: Control, Path(order_id): Path<String>) -> Output {
    output(json!({"id": control(state).capture_elsewhere(&order_id)?}))
}

async fn deliveries_of(state: Control, Path(reference): Path<String>) -> Output {
    output(control(state).deliveries_of(&reference))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    copies: u32,
}

async fn resend(state: Control, Path(reference): Path<String>, input: Input<Copies>) -> Output {
    let Json(Copies { copies }) = input?;
    if copies == 0 || copies > MOST_COPIES {
        return Err(ControlError::Invalid(format!("copies must be 1 to {MOST_COPIES}")).into());
    }
    output(control(state).resend_notification(&reference, copies).await?)
}

async fn forge(state: Control, Path(order_id): Path<String>, input: Input<Forgery>) -> Output {
    let Json(forgery) = input?;
    output(control(state).forge_notification(&order_id, &forgery).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureEnd {
    settlement: CaptureSettlement,
}

async fn settle_capture(state: Control, Path(id): Path<String>, input: Input<CaptureEnd>) -> Output {
    let Json(CaptureEnd { settlement }) = input?;
    output(control(state).settle_capture(&id, settlement)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    /// All that is left when absent.
    #[serde(default)]
    minor: Option<i64>,
}

async fn console_refund(state: Control, Path(id): Path<String>, input: Input<Amount>) -> Output {
    let Json(Amount { minor }) = input?;
    output(json!({"refund_id": control(state).console_refund(&id, minor)?}))
}

async fn reverse(state: Control, Path(id): Path<String>, input: Input<Amount>) -> Output {
    let Json(Amount { minor }) = input?;
    output(json!({"refund_id": control(state).reverse_capture(&id, minor)?}))
}

async fn open_dispute(state: Control, Path(id): Path<String>) -> Output {
    output(json!({"dispute_id": control(state).open_dispute(&id)?}))
}

async fn close_dispute(state: Control, Path(id): Path<String>) -> Output {
    output(control(state).close_dispute(&id)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundEnd {
    status: RefundStatus,
}

async fn settle_refund(state: Control, Path(id): Path<String>, input: Input<RefundEnd>) -> Output {
    let Json(RefundEnd { status }) = input?;
    output(control(state).settle_refund(&id, status)?)
}

async fn faults(state: Control) -> Output {
    output(control(state).faults())
}

async fn add_fault(state: Control, input: Input<FaultRule>) -> Output {
    let Json(rule) = input?;
    control(state).add_fault(rule);
    output(())
}

async fn clear_faults(state: Control) -> Output {
    control(state).clear_faults();
    output(())
}

async fn notification_faults(state: Control) -> Output {
    output(control(state).notification_faults())
}

async fn add_notification_fault(state: Control, input: Input<NotificationFaultRule>) -> Output {
    let Json(rule) = input?;
    control(state).add_notification_fault(rule);
    output(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppression {
    #[serde(default)]
    reference: Option<String>,
}

async fn suppress(state: Control, input: Input<Suppression>) -> Output {
    let Json(Suppression { reference }) = input?;
    control(state).suppress_notifications(reference.as_deref());
    output(())
}

async fn deliveries(state: Control) -> Output {
    output(control(state).deliveries())
}

async fn requests(state: Control) -> Output {
    output(control(state).requests())
}

async fn ledger(state: Control) -> Output {
    output(control(state).ledger())
}

async fn clock(state: Control) -> Output {
    output(json!({"now": api_time(control(state).clock().now())}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    seconds: u64,
}

async fn advance(state: Control, input: Input<Step>) -> Output {
    let Json(Step { seconds }) = input?;
    let now = control(state).advance(Duration::from_secs(seconds)).await?;
    output(json!({"now": api_time(now)}))
}
