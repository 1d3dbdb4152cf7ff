//! The control API: [`WechatControl`] over HTTP and JSON, for tests and demos in other processes. The module's
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
use serde_json::{Map, Value, json};

use super::control::{CertificateRotation, ControlError, Forgery, WechatControl};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::invoke::InvokeRefused;
use super::merchant::{Balance, MerchantOptions};
use super::payment::PayOptions;
use super::refund::RefundStatus;

/// The largest number of copies that one call sends.
const MOST_COPIES: u32 = 1000;

pub(super) fn router() -> Router<Arc<Engine>> {
    Router::new()
        .route("/merchants", post(create_merchant))
        .route("/merchants/{mchid}/balance", put(set_balance))
        .route("/merchants/{mchid}/notification-key-mix", put(set_key_mix))
        .route("/merchants/{mchid}/platform-certificates", post(rotate))
        .route("/merchants/{mchid}/orders/{out_trade_no}", get(order))
        .route("/merchants/{mchid}/orders/{out_trade_no}/pay", post(pay))
        .route("/merchants/{mchid}/orders/{out_trade_no}/begin-payment", post(begin_payment))
        .route("/merchants/{mchid}/orders/{out_trade_no}/fail-payment", post(fail_payment))
        .route("/merchants/{mchid}/orders/{out_trade_no}/deliveries", get(deliveries_of))
        .route("/merchants/{mchid}/orders/{out_trade_no}/resend-notification", post(resend))
        .route("/merchants/{mchid}/orders/{out_trade_no}/forge-notification", post(forge))
        .route("/merchants/{mchid}/refunds/{out_refund_no}/settle", post(settle_refund))
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
            | ControlError::Settlement { .. }
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

fn control(State(engine): Control) -> WechatControl {
    WechatControl { engine }
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

async fn set_balance(state: Control, Path(mchid): Path<String>, input: Input<Balance>) -> Output {
    let Json(balance) = input?;
    output(control(state).set_balance(&mchid, balance)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyMix {
    public_key_percent: u8,
}

async fn set_key_mix(state: Control, Path(mchid): Path<String>, input: Input<KeyMix>) -> Output {
    let Json(KeyMix { public_key_percent }) = input?;
    output(control(state).set_notification_key_mix(&mchid, public_key_percent)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    step: CertificateRotation,
}

async fn rotate(state: Control, Path(mchid): Path<String>, input: Input<Rotation>) -> Output {
    let Json(Rotation { step }) = input?;
    output(control(state).rotate_platform_certificate(&mchid, step)?)
}

type OrderPath = Path<(String, String)>;

async fn order(state: Control, Path((mchid, number)): OrderPath) -> Output {
    output(control(state).order(&mchid, &number).ok_or(ControlError::NotFound("order"))?)
}

async fn pay(state: Control, Path((mchid, number)): OrderPath, input: Input<PayOptions>) -> Output {
    let Json(options) = input?;
    let transaction_id = control(state).pay(&mchid, &number, &options)?;
    output(json!({"transaction_id": transaction_id}))
}

async fn begin_payment(state: Control, Path((mchid, number)): OrderPath) -> Output {
    output(control(state).begin_payment(&mchid, &number)?)
}

async fn fail_payment(state: Control, Path((mchid, number)): OrderPath) -> Output {
    output(control(state).fail_payment(&mchid, &number)?)
}

async fn deliveries_of(state: Control, Path((mchid, number)): OrderPath) -> Output {
    output(control(state).deliveries_of(&mchid, &number))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    copies: u32,
}

async fn resend(state: Control, Path((mchid, number)): OrderPath, input: Input<Copies>) -> Output {
    let Json(Copies { copies }) = input?;
    if copies == 0 || copies > MOST_COPIES {
        return Err(ControlError::Invalid(format!("copies must be 1 to {MOST_COPIES}")).into());
    }
    output(control(state).resend_notification(&mchid, &number, copies).await?)
}

async fn forge(state: Control, Path((mchid, number)): OrderPath, input: Input<Forgery>) -> Output {
    let Json(forgery) = input?;
    output(control(state).forge_notification(&mchid, &number, &forgery).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    status: RefundStatus,
}

async fn settle_refund(state: Control, Path((mchid, number)): OrderPath, input: Input<Settlement>) -> Output {
    let Json(Settlement { status }) = input?;
    output(control(state).settle_refund(&mchid, &number, status)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invocation {
    parameters: Map<String, Value>,
    #[serde(default)]
    options: PayOptions,
}

async fn invoke(state: Control, input: Input<Invocation>) -> Output {
    let Json(Invocation { parameters, options }) = input?;
    let transaction_id = control(state).invoke(&parameters, &options)?;
    output(json!({"transaction_id": transaction_id}))
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
