//! The control API: [`AlipayControl`] over HTTP and JSON, for tests and demos in other processes. The module's
//! documentation lists the paths.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::app::{InvokeOptions, InvokeRefused};
use super::control::{AlipayControl, ControlError, Forgery};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::identifiers::api_time;
use super::merchant::MerchantOptions;
use super::order::RefundStatus;
use super::payer::PayOptions;
use crate::simulator::control_http::{self, Controlled, Copies, Input, Output, Refusal, output};

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
        .merge(control_http::router::<AlipayControl>())
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
        Self::new(status, error)
    }
}

impl From<InvokeRefused> for Refusal {
    fn from(refused: InvokeRefused) -> Self {
        Self::new(StatusCode::CONFLICT, refused)
    }
}

type Control = State<Arc<Engine>>;

fn control(State(engine): Control) -> AlipayControl {
    AlipayControl { engine }
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

async fn resend(state: Control, Path((app_id, number)): OrderPath, input: Input<Copies>) -> Output {
    let Json(copies) = input?;
    output(control(state).resend_notification(&app_id, &number, copies.checked()?).await?)
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppression {
    #[serde(default)]
    out_trade_no: Option<String>,
}

impl Controlled for AlipayControl {
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
