//! The control API: [`PaypalControl`] over HTTP and JSON, for tests and demos in other processes. The module's
//! documentation lists the paths.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::approval::ApproveOptions;
use super::capture::CaptureSettlement;
use super::control::{ControlError, PaypalControl};
use super::engine::Engine;
use super::fault::{FaultRule, NotificationFaultRule};
use super::forgery::Forgery;
use super::identifiers::api_time;
use super::merchant::MerchantOptions;
use super::refund::RefundStatus;
use crate::simulator::control_http::{self, Controlled, Copies, Input, Output, Refusal, output};

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
        .route("/requests", get(requests))
        .merge(control_http::router::<PaypalControl>())
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
        Self::new(status, error)
    }
}

type Control = State<Arc<Engine>>;

fn control(State(engine): Control) -> PaypalControl {
    PaypalControl { engine }
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

async fn resend(state: Control, Path(reference): Path<String>, input: Input<Copies>) -> Output {
    let Json(copies) = input?;
    output(control(state).resend_notification(&reference, copies.checked()?).await?)
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppression {
    #[serde(default)]
    reference: Option<String>,
}

impl Controlled for PaypalControl {
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

    fn suppress(&self, Suppression { reference }: Suppression) {
        self.suppress_notifications(reference.as_deref());
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

async fn requests(state: Control) -> Output {
    output(control(state).requests())
}
