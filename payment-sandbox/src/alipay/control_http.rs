//! The control API: [`AlipayControl`] over HTTP and JSON, for tests and demos in other processes. The module's
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

use super::app::{InvokeOptions, InvokeRefused};
use super::control::{AlipayControl, ControlError, Forgery};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::merchant::MerchantOptions;
use super::order::RefundStatus;
use super::payer::PayOptions;

/// The largest number of copies that one call sends.
const MOST_COPIES: u32 = 1000;

pub(super) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/merchants", post(create_merchant))
        .route("/merchants/{app_id}/balance", put(set_balance))
        .route("/merchants/{app_id}/alipay-certificates", post(rotate))
        .route("/merchants/{app_id}/orders/{out_trade_no}", get(order))
        .route("/merchants/{app_id}/orders/{out_trade_no}/pay", post(pay))
        .route("/merchants/{app_id}/orders/{out_trade_no}/open-cashier", post(open_cashier))
        .route("/merchants/{app_id}/orders/{out_trade_no}/finish", post(finish))
        .route("/merchants/{app_id}/orders/{out_trade_no}/console-refunds", post(refund_in_console))
        .route("/merchants/{app_id}/orders/{out_trade_no}/fail-payment", post(fail_payment))
        .route("/merchants/{app_id}/orders/{out_trade_no}/deliveries", get(deliveries_of))
        .route("/merchants/{app_id}/orders/{out_trade_no}/resend-notification", post(resend))
        .route("/merchants/{app_id}/orders/{out_trade_no}/forge-notification", post(forge))
        .route(
            "/merchants/{app_id}/orders/{out_trade_no}/refunds/{out_request_no}/settle",
            post(settle_refund),
        )
        .route("/invoke", post(invoke))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/notification-faults", get(notification_faults).post(add_notification_fault))
        .route("/suppressed-notifications", post(suppress))
        .route("/deliveries", get(deliveries))
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
            ControlError::MerchantExists
            | ControlError::Payment(_)
            | ControlError::RefundSettled(_)
            | ControlError::NotRefundable
            | ControlError::RefundRefused(_)
            | ControlError::Clock(_) => StatusCode::CONFLICT,
            ControlError::Key(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message: error.to_string() }
    }
}

impl From<InvokeRefused> for Refusal {
    fn from(refused: InvokeRefused) -> Self {
        Self { status: StatusCode::CONFLICT, message: refused.to_string() }
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

fn control(State(engine): Control) -> AlipayControl {
    AlipayControl { engine }
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
    output(control(state).create_merchant(options).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    balance: u64,
}

async fn set_balance(state: Control, Path(app_id): Path<String>, input: Input<Balance>) -> Output {
    let Json(Balance { balance }) = input?;
    output(control(state).set_balance(&app_id, balance)?)
}

async fn rotate(state: Control, Path(app_id): Path<String>) -> Output {
    output(control(state).rotate_certificate(&app_id)?)
}

type OrderPath = Path<(String, String)>;

async fn order(state: Control, Path((app_id, number)): OrderPath) -> Output {
    output(control(state).order(&app_id, &number).ok_or(ControlError::NotFound("order"))?)
}

async fn pay(state: Control, Path((app_id, number)): OrderPath, input: Input<PayOptions>) -> Output {
    let Json(options) = input?;
    let trade_no = control(state).pay(&app_id, &number, &options)?;
    output(json!({"trade_no": trade_no}))
}

async fn open_cashier(state: Control, Path((app_id, number)): OrderPath) -> Output {
    let trade_no = control(state).open_cashier(&app_id, &number)?;
    output(json!({"trade_no": trade_no}))
}

async fn finish(state: Control, Path((app_id, number)): OrderPath) -> Output {
    output(control(state).finish(&app_id, &number)?)
}

/// A refund past the merchant's server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleRefund {
    out_request_no: String,
    amount: i64,
}

async fn refund_in_console(
    state: Control,
    Path((app_id, number)): OrderPath,
    input: Input<ConsoleRefund>,
) -> Output {
    let Json(ConsoleRefund { out_request_no, amount }) = input?;
    output(control(state).refund_in_console(&app_id, &number, &out_request_no, amount)?)
}

async fn fail_payment(state: Control, Path((app_id, number)): OrderPath) -> Output {
    output(control(state).fail_payment(&app_id, &number)?)
}

async fn deliveries_of(state: Control, Path((app_id, number)): OrderPath) -> Output {
    output(control(state).deliveries_of(&app_id, &number))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    copies: u32,
}

async fn resend(state: Control, Path((app_id, number)): OrderPath, input: Input<Copies>) -> Output {
    let Json(Copies { copies }) = input?;
    if copies == 0 || copies > MOST_COPIES {
        return Err(ControlError::Invalid(format!("copies must be 1 to {MOST_COPIES}")).into());
    }
    output(control(state).resend_notification(&app_id, &number, copies).await?)
}

async fn forge(state: Control, Path((app_id, number)): OrderPath, input: Input<Forgery>) -> Output {
    let Json(forgery) = input?;
    output(control(state).forge_notification(&app_id, &number, &forgery).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    status: RefundStatus,
}

type RefundPath = Path<(String, String, String)>;

async fn settle_refund(
    state: Control,
    Path((app_id, number, request_number)): RefundPath,
    input: Input<Settlement>,
) -> Output {
    let Json(Settlement { status }) = input?;
    output(control(state).settle_refund(&app_id, &number, &request_number, status)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invocation {
    order_string: String,
    #[serde(default)]
    options: InvokeOptions,
}

async fn invoke(state: Control, input: Input<Invocation>) -> Output {
    let Json(Invocation { order_string, options }) = input?;
    output(control(state).invoke(&order_string, &options)?)
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
    out_trade_no: Option<String>,
}

async fn suppress(state: Control, input: Input<Suppression>) -> Output {
    let Json(Suppression { out_trade_no }) = input?;
    control(state).suppress_notifications(out_trade_no.as_deref());
    output(())
}

async fn deliveries(state: Control) -> Output {
    output(control(state).deliveries())
}

async fn ledger(state: Control) -> Output {
    output(control(state).ledger())
}

async fn clock(state: Control) -> Output {
    output(json!({"now": super::identifiers::api_time(control(state).clock().now())}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    seconds: u64,
}

async fn advance(state: Control, input: Input<Step>) -> Output {
    let Json(Step { seconds }) = input?;
    let now = control(state).advance(Duration::from_secs(seconds)).await?;
    output(json!({"now": super::identifiers::api_time(now)}))
}
