//! The control API: [`WechatControl`] over HTTP and JSON, for tests and demos in other processes. The module's
//! documentation lists the paths.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::control::{CertificateRotation, ControlError, Forgery, WechatControl};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::identifiers::api_time;
use super::invoke::InvokeRefused;
use super::merchant::{Balance, MerchantOptions};
use super::payment::PayOptions;
use super::refund::RefundStatus;
use crate::simulator::control_http::{self, Controlled, Copies, Input, Output, Refusal, output};

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
        .merge(control_http::router::<WechatControl>())
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
        Self::new(status, error)
    }
}

impl From<InvokeRefused> for Refusal {
    fn from(refused: InvokeRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refused)
    }
}

type Control = State<Arc<Engine>>;

fn control(State(engine): Control) -> WechatControl {
    WechatControl { engine }
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

async fn resend(state: Control, Path((mchid, number)): OrderPath, input: Input<Copies>) -> Output {
    let Json(copies) = input?;
    output(control(state).resend_notification(&mchid, &number, copies.checked()?).await?)
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppression {
    #[serde(default)]
    out_trade_no: Option<String>,
}

impl Controlled for WechatControl {
    type Engine = Engine;
    type FaultRule = FaultRule;
    type NotificationFaultRule = NotificationFaultRule;
    type Suppression = Suppression;

    fn of(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    fn faults(&self) -> Vec<FaultRule> {
        self.faults()
    }

    fn add_fault(&self, rule: FaultRule) {
        self.add_fault(rule);
    }

    fn clear_faults(&self) {
        self.clear_faults();
    }

    fn notification_faults(&self) -> Vec<NotificationFaultRule> {
        self.notification_faults()
    }

    fn add_notification_fault(&self, rule: NotificationFaultRule) {
        self.add_notification_fault(rule);
    }

    fn suppress(&self, Suppression { out_trade_no }: Suppression) {
        self.suppress_notifications(out_trade_no.as_deref());
    }

    fn deliveries(&self) -> impl Serialize {
        self.deliveries()
    }

    fn ledger(&self) -> impl Serialize {
        self.ledger()
    }

    fn now(&self) -> String {
        api_time(self.clock().now())
    }

    async fn advance(&self, step: Duration) -> Result<(), Refusal> {
        self.advance(step).await?;
        Ok(())
    }
}
