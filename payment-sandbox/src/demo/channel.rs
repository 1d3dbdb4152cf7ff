//! The hand that moves the simulated channel, over its control API: the payer, the wire, and the forger.

use std::time::Duration;

use payment_sandbox::wechat::{
    Attempt, AttemptResult, DeliveryRecord, FaultRule, Forgery, Landing, Ledger, LedgerOrder,
    NotificationFaultRule, PayOptions,
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::promise::{Broken, Kept};

/// Longer than the channel waits for any answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// The control API of one merchant at the simulated channel.
pub(super) struct Channel {
    http: reqwest::Client,
    control_url: String,
    mchid: String,
}

impl Channel {
    /// A client of the control API at `control_url`.
    pub(super) fn new(control_url: &str, mchid: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build()?;
        Ok(Self { http, control_url: control_url.to_owned(), mchid: mchid.to_owned() })
    }

    /// The merchant's number.
    pub(super) fn mchid(&self) -> &str {
        &self.mchid
    }

    /// The payer's app: the SDK checks the signed parameters, then pays.
    pub(super) async fn invoke(&self, parameters: &impl Serialize) -> Kept<()> {
        let body = json!({"parameters": parameters});
        self.post::<Value>("/invoke", &body).await.map(drop)
    }

    /// The bank answers after the payment was closed: the money comes all the same.
    pub(super) async fn pay_late(&self, payment_no: &str) -> Kept<()> {
        let options = PayOptions { landing: Landing::Late, ..PayOptions::default() };
        self.post::<Value>(&self.order_path(payment_no, "/pay"), &options).await.map(drop)
    }

    /// Orders a fault for requests of the server.
    pub(super) async fn add_fault(&self, rule: &FaultRule) -> Kept<()> {
        self.post("/faults", rule).await
    }

    /// Orders a fault for notifications to the server.
    pub(super) async fn add_notification_fault(&self, rule: &NotificationFaultRule) -> Kept<()> {
        self.post("/notification-faults", rule).await
    }

    /// Keeps back every notification about a payment.
    pub(super) async fn suppress_notifications(&self, payment_no: &str) -> Kept<()> {
        self.post("/suppressed-notifications", &json!({"out_trade_no": payment_no})).await
    }

    /// Sends the newest notification about a payment so many times at once and waits for the answers.
    pub(super) async fn resend(&self, payment_no: &str, copies: u32) -> Kept<Vec<Attempt>> {
        let path = self.order_path(payment_no, "/resend-notification");
        self.post(&path, &json!({"copies": copies})).await
    }

    /// Sends a notification that is no proof.
    pub(super) async fn forge(&self, payment_no: &str, forgery: &Forgery) -> Kept<AttemptResult> {
        self.post(&self.order_path(payment_no, "/forge-notification"), forgery).await
    }

    /// The notifications about a payment with every attempt to deliver them.
    pub(super) async fn deliveries(&self, payment_no: &str) -> Kept<Vec<DeliveryRecord>> {
        self.get(&self.order_path(payment_no, "/deliveries")).await
    }

    /// A payment in the channel's own books.
    pub(super) async fn order(&self, payment_no: &str) -> Kept<LedgerOrder> {
        self.get(&self.order_path(payment_no, "")).await
    }

    /// The channel's own books.
    pub(super) async fn ledger(&self) -> Kept<Ledger> {
        self.get("/ledger").await
    }

    fn order_path(&self, payment_no: &str, rest: &str) -> String {
        format!("/merchants/{}/orders/{payment_no}{rest}", self.mchid)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Kept<T> {
        self.call(Method::GET, path, &Value::Null).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Kept<T> {
        self.call(Method::POST, path, body).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Kept<T> {
        let failed = |error: reqwest::Error| Broken::new(format!("the channel's control API: {error}"));
        let url = format!("{}{path}", self.control_url);
        let mut request = self.http.request(method.clone(), url);
        if method != Method::GET {
            request = request.json(body);
        }
        let response = request.send().await.map_err(failed)?;
        if response.status().is_success() {
            return response.json().await.map_err(failed);
        }
        let refusal: Value = response.json().await.map_err(failed)?;
        let words = refusal.get("error").and_then(Value::as_str).unwrap_or("no reason given");
        Err(Broken::new(format!("the channel refused {path}: {words}")))
    }
}
