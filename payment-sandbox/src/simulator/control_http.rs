//! The plain half of the control API over HTTP and JSON: what every channel can be told, and the form of answers.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The largest number of copies that one call sends.
const MOST_COPIES: u32 = 1000;

/// A refusal in words.
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// The words of an error.
    pub(crate) fn new(status: StatusCode, error: impl Display) -> Self {
        Self { status, message: error.to_string() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.message}))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: rejection.body_text() }
    }
}

/// A body that may not be what it should.
pub(crate) type Input<T> = Result<Json<T>, JsonRejection>;

/// What a call answers.
pub(crate) type Output = Result<Json<Value>, Refusal>;

/// An answer.
pub(crate) fn output(value: impl Serialize) -> Output {
    let failed = |error: serde_json::Error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    serde_json::to_value(value).map(Json).map_err(failed)
}

/// How many copies of a notification are to be sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Copies {
    copies: u32,
}

impl Copies {
    /// The number, if it is within bounds.
    pub(crate) fn checked(&self) -> Result<u32, Refusal> {
        match self.copies {
            1..=MOST_COPIES => Ok(self.copies),
            _ => {
                let message = format!("copies must be 1 to {MOST_COPIES}");
                Err(Refusal::new(StatusCode::BAD_REQUEST, message))
            }
        }
    }
}

/// The hand that moves a channel, as far as all channels are moved in the same way.
pub(crate) trait Controlled: Send + Sync + Sized + 'static {
    /// What it moves.
    type Engine: Send + Sync + 'static;
    /// A fault of requests.
    type FaultRule: Serialize + DeserializeOwned + Send + 'static;
    /// A fault of notifications.
    type NotificationFaultRule: Serialize + DeserializeOwned + Send + 'static;
    /// Which notifications are to be kept back.
    type Suppression: DeserializeOwned + Send + 'static;

    /// The hand that moves this one.
    fn of(engine: Arc<Self::Engine>) -> Self;
    /// The faults that wait for their request.
    fn faults(&self) -> Vec<Self::FaultRule>;
    /// Orders a fault for requests.
    fn add_fault(&self, rule: Self::FaultRule);
    /// Takes back every fault.
    fn clear_faults(&self);
    /// The faults that wait for their notification.
    fn notification_faults(&self) -> Vec<Self::NotificationFaultRule>;
    /// Orders a fault for notifications.
    fn add_notification_fault(&self, rule: Self::NotificationFaultRule);
    /// Keeps notifications back.
    fn suppress(&self, which: Self::Suppression);
    /// Every notification with its attempts.
    fn deliveries(&self) -> impl Serialize;
    /// The channel's books.
    fn ledger(&self) -> impl Serialize;
    /// The time, as the channel writes it.
    fn now(&self) -> String;
    /// Moves a manual clock.
    fn advance(&self, step: Duration) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// The routes that every channel has.
pub(crate) fn router<C: Controlled>() -> Router<Arc<C::Engine>> {
    Router::new()
        .route("/faults", get(faults::<C>).post(add_fault::<C>).delete(clear_faults::<C>))
        .route("/notification-faults", get(notification_faults::<C>).post(add_notification_fault::<C>))
        .route("/suppressed-notifications", post(suppress::<C>))
        .route("/deliveries", get(deliveries::<C>))
        .route("/ledger", get(ledger::<C>))
        .route("/clock", get(clock::<C>))
        .route("/clock/advance", post(advance::<C>))
}

type Engine<C> = State<Arc<<C as Controlled>::Engine>>;

async fn faults<C: Controlled>(State(engine): Engine<C>) -> Output {
    output(C::of(engine).faults())
}

async fn add_fault<C: Controlled>(State(engine): Engine<C>, input: Input<C::FaultRule>) -> Output {
    let Json(rule) = input?;
    C::of(engine).add_fault(rule);
    output(())
}

async fn clear_faults<C: Controlled>(State(engine): Engine<C>) -> Output {
    C::of(engine).clear_faults();
    output(())
}

async fn notification_faults<C: Controlled>(State(engine): Engine<C>) -> Output {
    output(C::of(engine).notification_faults())
}

async fn add_notification_fault<C: Controlled>(
    State(engine): Engine<C>,
    input: Input<C::NotificationFaultRule>,
) -> Output {
    let Json(rule) = input?;
    C::of(engine).add_notification_fault(rule);
    output(())
}

async fn suppress<C: Controlled>(State(engine): Engine<C>, input: Input<C::Suppression>) -> Output {
    let Json(which) = input?;
    C::of(engine).suppress(which);
    output(())
}

async fn deliveries<C: Controlled>(State(engine): Engine<C>) -> Output {
    output(C::of(engine).deliveries())
}

async fn ledger<C: Controlled>(State(engine): Engine<C>) -> Output {
    output(C::of(engine).ledger())
}

async fn clock<C: Controlled>(State(engine): Engine<C>) -> Output {
    output(json!({"now": C::of(engine).now()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    seconds: u64,
}

async fn advance<C: Controlled>(State(engine): Engine<C>, input: Input<Step>) -> Output {
    let Json(Step { seconds }) = input?;
    let control = C::of(engine);
    control.advance(Duration::from_secs(seconds)).await?;
    output(json!({"now": control.now()}))
}
