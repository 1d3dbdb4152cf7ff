//! The hand that moves the simulator: everything that buyers, banks and accidents do. The HTTP control API calls this.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::approval::{self, ApprovalRefused, ApproveOptions};
use super::capture::{self, CaptureSettlement, MoveRefused};
use super::checkout;
use super::delivery::{self, Attempt, AttemptResult, DeliveryRecord};
use super::engine::Engine;
use super::fault::{Fault, FaultRule, NotificationFault, NotificationFaultRule};
use super::forgery::{self, Forgery, NotForged};
use super::identifiers;
use super::ledger::{self, Ledger, LedgerOrder};
use super::merchant::{GeneratedMerchant, Merchant, MerchantOptions};
use super::refund::{self, RefundOrigin, RefundStatus};
use super::world::{RequestRecord, World};
use crate::clock::{ClockIsReal, SimulatorClock};
use crate::rsa::KeyError;
use crate::simulator;

/// Real time after which [`PaypalControl::pay`] stops waiting for the merchant, and [`PaypalControl::advance`] for
/// answers that may themselves need the clock to move.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the simulator did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such merchant, order or webhook.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A value is outside what it may be.
    #[error("{0}")]
    Invalid(String),
    /// The buyer cannot do this.
    #[error(transparent)]
    Approval(#[from] ApprovalRefused),
    /// The channel never moves this so.
    #[error(transparent)]
    Move(#[from] MoveRefused),
    /// The order cannot be captured; PayPal's code says why.
    #[error("PayPal refuses to capture the order: {0}")]
    Capture(String),
    /// The buyer approved, and the merchant did not capture within five seconds.
    #[error("the merchant did not capture the approved order")]
    NotCaptured,
    /// Time cannot be moved.
    #[error(transparent)]
    Clock(#[from] ClockIsReal),
    /// Keys could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<NotForged> for ControlError {
    fn from(reason: NotForged) -> Self {
        match reason {
            NotForged::UnknownOrder => Self::NotFound("order"),
            NotForged::NothingDelivered => Self::NotFound("webhook"),
            NotForged::Key(error) => Self::Key(error),
        }
    }
}

/// Moves the simulator from inside the process. Clones move the same one.
#[derive(Clone)]
pub struct PaypalControl {
    pub(super) engine: Arc<Engine>,
}

impl PaypalControl {
    /// The clock that everything here runs by.
    pub fn clock(&self) -> &SimulatorClock {
        &self.engine.clock
    }

    /// Makes a merchant with a REST app and returns what its own side must be configured with.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] when the webhook's address is no URL.
    pub fn create_merchant(&self, options: MerchantOptions) -> Result<GeneratedMerchant, ControlError> {
        options.webhook_url.as_deref().map_or(Ok(()), check_url)?;
        let merchant = Merchant::new(options);
        Ok(self.engine.with_world(|world, _| {
            let given = merchant.generated(&world.certificates, &self.engine.settings.base_url);
            world.merchants.insert(merchant.client_id.clone(), merchant);
            given
        }))
    }

    /// Sets where an app's webhooks go. Its webhook id stays.
    ///
    /// # Errors
    /// Unknown app; no URL.
    pub fn set_webhook_url(&self, client_id: &str, url: &str) -> Result<(), ControlError> {
        check_url(url)?;
        self.with_merchant(client_id, |merchant| merchant.webhook_url = Some(url.to_owned()))
    }

    /// Replaces an app's webhook by a new one with the same address; returns the new id, which signs from now on.
    ///
    /// # Errors
    /// Unknown app.
    pub fn rotate_webhook_id(&self, client_id: &str) -> Result<String, ControlError> {
        self.with_merchant(client_id, |merchant| {
            merchant.webhook_id = identifiers::resource_id();
            merchant.webhook_id.clone()
        })
    }

    /// Gives an app a new secret and returns it. The one before stays good until it is withdrawn.
    ///
    /// # Errors
    /// Unknown app.
    pub fn change_client_secret(&self, client_id: &str) -> Result<String, ControlError> {
        self.with_merchant(client_id, |merchant| {
            let new = identifiers::client_secret();
            merchant.earlier_secret = Some(std::mem::replace(&mut merchant.client_secret, new.clone()));
            merchant.newest_secret_used = false;
            new
        })
    }

    /// Whether the app has shown its newest secret.
    ///
    /// # Errors
    /// Unknown app.
    pub fn is_newest_secret_used(&self, client_id: &str) -> Result<bool, ControlError> {
        self.with_merchant(client_id, |merchant| merchant.newest_secret_used)
    }

    /// Ends the secret before the newest, and the token that was given for it.
    ///
    /// # Errors
    /// Unknown app.
    pub fn withdraw_earlier_secret(&self, client_id: &str) -> Result<(), ControlError> {
        self.with_merchant(client_id, |merchant| {
            merchant.earlier_secret = None;
            merchant.token = None;
        })
    }

    /// Ends an app's token before its time, so that the next call answers 401 `invalid_token`.
    ///
    /// # Errors
    /// Unknown app.
    pub fn expire_token(&self, client_id: &str) -> Result<(), ControlError> {
        self.with_merchant(client_id, |merchant| merchant.token = None)
    }

    /// Signs webhooks from now on with a new key under a new certificate at a new URL.
    ///
    /// # Errors
    /// No key.
    pub async fn rotate_certificate(&self) -> Result<(), ControlError> {
        let engine = Arc::clone(&self.engine);
        // A key takes some tenths of a second of processor time.
        let made = tokio::task::spawn_blocking(move || engine.keys.draw()).await;
        let key = made.map_err(|error| ControlError::Invalid(error.to_string()))??;
        Ok(self.engine.with_world(|world, now| world.certificates.rotate(key, now))?)
    }

    /// The buyer approves; no money moves. Returns where the browser goes: the merchant's `return_url` with PayPal's
    /// parameters.
    ///
    /// # Errors
    /// [`ControlError::Approval`] when the order is unknown, expired or finished.
    pub fn approve(&self, order_id: &str, options: &ApproveOptions) -> Result<Option<String>, ControlError> {
        let settings = &self.engine.settings;
        Ok(self.engine.with_world(|world, now| approval::approve(world, order_id, options, now, settings))?)
    }

    /// The buyer goes back to the shop; the order stays. Returns where the browser goes.
    ///
    /// # Errors
    /// As [`PaypalControl::approve`].
    pub fn cancel(&self, order_id: &str) -> Result<Option<String>, ControlError> {
        Ok(self.engine.with_world(|world, now| approval::cancel(world, order_id, now))?)
    }

    /// The buyer approves, and the merchant has five seconds to hear of it and to capture or authorize. Returns the
    /// first capture's id, or the first authorization's.
    ///
    /// # Errors
    /// As [`PaypalControl::approve`]; [`ControlError::NotCaptured`].
    pub async fn pay(&self, order_id: &str, options: &ApproveOptions) -> Result<String, ControlError> {
        self.approve(order_id, options)?;
        let captured = self.engine.wait_until(|world, _| first_payment(world, order_id).is_some());
        let _ = tokio::time::timeout(PATIENCE, captured).await;
        let made = self.engine.with_world(|world, _| first_payment(world, order_id));
        made.ok_or(ControlError::NotCaptured)
    }

    /// Somebody else with the merchant's credentials captures or authorizes the order, so that its own call will find
    /// `ORDER_ALREADY_CAPTURED`. Returns the first capture's id, or the first authorization's.
    ///
    /// # Errors
    /// [`ControlError::Capture`] with PayPal's code.
    pub fn capture_elsewhere(&self, order_id: &str) -> Result<String, ControlError> {
        let settings = &self.engine.settings;
        self.engine.with_world(|world, now| {
            checkout::carry_out(world, order_id, settings, now).map_err(|error| {
                let body = error.body("");
                let issue = body.pointer("/details/0/issue").and_then(serde_json::Value::as_str);
                ControlError::Capture(issue.unwrap_or("INTERNAL_SERVER_ERROR").to_owned())
            })?;
            first_payment(world, order_id).ok_or(ControlError::NotFound("capture"))
        })
    }

    /// Ends a pending capture.
    ///
    /// # Errors
    /// Unknown capture, or one that is not pending.
    pub fn settle_capture(
        &self,
        capture_id: &str,
        settlement: CaptureSettlement,
    ) -> Result<(), ControlError> {
        let base_url = &self.engine.settings.base_url;
        Ok(self
            .engine
            .with_world(|world, now| capture::settle(world, capture_id, settlement, base_url, now))?)
    }

    /// Ends a pending refund.
    ///
    /// # Errors
    /// Unknown refund, or one that is not pending.
    pub fn settle_refund(&self, refund_id: &str, status: RefundStatus) -> Result<(), ControlError> {
        let base_url = &self.engine.settings.base_url;
        Ok(self.engine.with_world(|world, now| refund::settle(world, refund_id, status, base_url, now))?)
    }

    /// The merchant gives money back on PayPal's website: `minor` units, or all that is left. Returns the refund's id.
    ///
    /// # Errors
    /// Unknown or unpaid capture; more than is left.
    pub fn console_refund(&self, capture_id: &str, minor: Option<i64>) -> Result<String, ControlError> {
        self.give_back(capture_id, minor, RefundOrigin::Console)
    }

    /// PayPal takes money back, as after a chargeback: `minor` units, or all that is left. Returns the id of what the
    /// webhook shows as a refund.
    ///
    /// # Errors
    /// As [`PaypalControl::console_refund`].
    pub fn reverse_capture(&self, capture_id: &str, minor: Option<i64>) -> Result<String, ControlError> {
        self.give_back(capture_id, minor, RefundOrigin::Reversal)
    }

    fn give_back(
        &self,
        capture_id: &str,
        minor: Option<i64>,
        origin: RefundOrigin,
    ) -> Result<String, ControlError> {
        let base_url = &self.engine.settings.base_url;
        Ok(self
            .engine
            .with_world(|world, now| refund::give_back(world, capture_id, minor, origin, base_url, now))?)
    }

    /// The buyer opens a case; while it is open only full refunds are possible. Returns its id.
    ///
    /// # Errors
    /// Unknown or unpaid capture.
    pub fn open_dispute(&self, capture_id: &str) -> Result<String, ControlError> {
        Ok(self.engine.with_world(|world, now| capture::open_dispute(world, capture_id, now))?)
    }

    /// Closes the case about a capture. What the buyer won is a [`PaypalControl::reverse_capture`].
    ///
    /// # Errors
    /// Unknown capture, or no case.
    pub fn close_dispute(&self, capture_id: &str) -> Result<(), ControlError> {
        Ok(self.engine.with_world(|world, now| capture::close_dispute(world, capture_id, now))?)
    }

    /// Orders a fault for requests.
    pub fn add_fault(&self, rule: FaultRule) {
        self.engine.with_world(|world, _| world.faults.requests.push(rule));
    }

    /// Orders a fault for the next `times` requests about one order, whatever they do. `reference` is any name of it:
    /// see [`FaultRule::reference`].
    pub fn add_order_fault(&self, reference: &str, times: u32, fault: Fault) {
        let reference = Some(reference.to_owned());
        self.add_fault(FaultRule { operation: None, reference, times: Some(times), fault });
    }

    /// Orders a fault for webhooks.
    pub fn add_notification_fault(&self, rule: NotificationFaultRule) {
        self.engine.with_world(|world, _| world.faults.notifications.push(rule));
    }

    /// Keeps back every webhook about one order, by any of its names, or about all, until the faults are cleared.
    pub fn suppress_notifications(&self, reference: Option<&str>) {
        self.add_notification_fault(NotificationFaultRule {
            event_type: None,
            reference: reference.map(str::to_owned),
            times: None,
            fault: NotificationFault::Suppressed,
        });
    }

    /// The faults that wait for their request.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.engine.with_world(|world, _| world.faults.requests.clone())
    }

    /// The faults that wait for their webhook.
    pub fn notification_faults(&self) -> Vec<NotificationFaultRule> {
        self.engine.with_world(|world, _| world.faults.notifications.clone())
    }

    /// Takes back every fault.
    pub fn clear_faults(&self) {
        self.engine.with_world(|world, _| {
            world.faults.requests.clear();
            world.faults.notifications.clear();
        });
    }

    /// Sends the newest webhook about an order again, `copies` at once and free of faults, and waits for the answers.
    /// Suppressed ones can be sent so too. `reference` is any name of the order, or the id of one event.
    ///
    /// # Errors
    /// There is no such webhook.
    pub async fn resend_notification(
        &self,
        reference: &str,
        copies: u32,
    ) -> Result<Vec<Attempt>, ControlError> {
        let newest = self.engine.with_world(|world, _| {
            let fits = |d: &delivery::Delivery| d.is_about(reference) || d.event.id == reference;
            world.deliveries.iter().rposition(fits)
        });
        let index = newest.ok_or(ControlError::NotFound("webhook"))?;
        Ok(delivery::send_by_hand(&self.engine, index, copies).await?)
    }

    /// Sends a forged `PAYMENT.CAPTURE.COMPLETED` about an order once to the merchant and returns what came back.
    ///
    /// # Errors
    /// Unknown order; for a collision: no genuine delivery that could have been seen.
    pub async fn forge_notification(
        &self,
        order_id: &str,
        forgery: &Forgery,
    ) -> Result<AttemptResult, ControlError> {
        let base_url = &self.engine.settings.base_url;
        let (url, message) =
            self.engine.with_world(|world, now| forgery::forge(world, order_id, forgery, base_url, now))?;
        Ok(simulator::send(&*self.engine, &url, &message).await)
    }

    /// Every webhook with its attempts, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.engine.with_world(|world, _| world.deliveries.iter().map(delivery::Delivery::record).collect())
    }

    /// The webhooks about one order, by any of its names.
    pub fn deliveries_of(&self, reference: &str) -> Vec<DeliveryRecord> {
        self.engine.with_world(|world, _| {
            let about = world.deliveries.iter().filter(|delivery| delivery.is_about(reference));
            about.map(delivery::Delivery::record).collect()
        })
    }

    /// Every request that reached the API, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.engine.with_world(|world, _| world.requests.clone())
    }

    /// The channel's books.
    pub fn ledger(&self) -> Ledger {
        let base_url = &self.engine.settings.base_url;
        self.engine.with_world(|world, now| ledger::ledger(world, now, base_url))
    }

    /// One order in the books, by PayPal's id.
    pub fn order(&self, order_id: &str) -> Option<LedgerOrder> {
        self.orders_of(order_id).into_iter().find(|order| order.order_id == order_id)
    }

    /// The orders in the books that have this name: PayPal's id, `custom_id`, `invoice_id`, a capture's id and so on.
    pub fn orders_of(&self, reference: &str) -> Vec<LedgerOrder> {
        let base_url = &self.engine.settings.base_url;
        self.engine.with_world(|world, now| {
            let named = |id: &str| world.references(id).iter().any(|name| name == reference);
            let orders = world.orders.values().filter(|order| named(&order.id));
            orders.map(|order| ledger::order_line(world, order, now, base_url)).collect()
        })
    }

    /// Waits until nothing is due and no webhook is on the wire.
    pub async fn settled(&self) {
        self.engine.settled().await;
    }

    /// Moves a manual clock forward, stopping at each instant at which something happens by itself until that has
    /// happened. To jump in one step (over a deadline, say) use the clock itself.
    ///
    /// # Errors
    /// The clock is the machine's.
    pub async fn advance(&self, step: Duration) -> Result<OffsetDateTime, ControlError> {
        Ok(self.engine.advance(step, PATIENCE).await?)
    }

    fn with_merchant<T>(
        &self,
        client_id: &str,
        act: impl FnOnce(&mut Merchant) -> T,
    ) -> Result<T, ControlError> {
        self.engine
            .with_world(|world, _| world.merchants.get_mut(client_id).map(act))
            .ok_or(ControlError::NotFound("merchant"))
    }
}

fn check_url(url: &str) -> Result<(), ControlError> {
    let wrong = |error| ControlError::Invalid(format!("webhook_url must be a URL: {error}"));
    url::Url::parse(url).map(drop).map_err(wrong)
}

/// The id of the first capture of an order, or of its first authorization.
fn first_payment(world: &World, order_id: &str) -> Option<String> {
    let units = &world.orders.get(order_id)?.units;
    let mut ids = units.iter().flat_map(|unit| unit.captures.iter().chain(&unit.authorizations));
    ids.next().cloned()
}
