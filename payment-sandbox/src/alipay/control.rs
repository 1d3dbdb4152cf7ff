//! The hand that moves the simulator: everything that payers, banks and accidents do. The HTTP control API calls this.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::app::{self, AppResult, InvokeOptions, InvokeRefused};
use super::delivery::{self, Attempt, AttemptResult, DELIVERY_DEADLINE, DeliveryRecord};
use super::engine::Engine;
use super::fault::{Fault, FaultRule, NotificationFault, NotificationFaultRule};
use super::ledger::{self, Ledger, LedgerOrder};
use super::merchant::{self, GeneratedCertificate, GeneratedMerchant, Merchant, MerchantOptions};
use super::notification;
use super::order::{Order, OrderKey, RefundStatus};
use super::payer::{self, PayOptions, PaymentRefused};
use super::refund::{self, SettlementRefused};
use super::world::World;
use super::{amount, identifiers};
use crate::clock::{ClockIsReal, SimulatorClock};
use crate::rsa::{KeyError, RsaKey};
use crate::simulator;

/// Why the simulator did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such merchant, order, refund, certificate or notification.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A merchant with this application exists.
    #[error("a merchant with this app_id exists already")]
    MerchantExists,
    /// A value is outside what it may be.
    #[error("{0}")]
    Invalid(String),
    /// Nobody could pay this.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// The refund has an end already.
    #[error("the refund has ended already: {0:?}")]
    RefundSettled(RefundStatus),
    /// Only a trade in `TRADE_SUCCESS` can become `TRADE_FINISHED`.
    #[error("only a trade in TRADE_SUCCESS can become TRADE_FINISHED")]
    NotRefundable,
    /// The channel refuses the refund.
    #[error("the channel refuses the refund: {0}")]
    RefundRefused(String),
    /// Time cannot be moved.
    #[error(transparent)]
    Clock(#[from] ClockIsReal),
    /// Keys could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A notification that the channel would never send. All but the first three are rightly signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Forgery {
    /// Says that the order is paid; signed by a key of the forger.
    WrongKey,
    /// Says that the order is paid; there is no `sign`.
    Unsigned,
    /// Says that the order is paid; `sign` is empty.
    EmptySignature,
    /// The money went to another application.
    ForeignApp,
    /// The money went to another seller.
    ForeignSeller,
    /// Over another amount.
    WrongAmount {
        /// The total that it claims, in fen.
        total: i64,
    },
    /// About an order that the merchant never made.
    UnknownOrder,
    /// In every way right, but no payer paid.
    UnpaidOrder,
}

/// Moves the simulator from inside the process. Clones move the same one.
#[derive(Clone)]
pub struct AlipayControl {
    pub(super) engine: Arc<Engine>,
}

impl AlipayControl {
    /// The clock that everything here runs by.
    pub fn clock(&self) -> &SimulatorClock {
        &self.engine.clock
    }

    /// Makes a merchant with fresh keys and returns what its own side must be configured with.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] names a wrong option; [`ControlError::MerchantExists`]; [`ControlError::Key`] when
    /// keys cannot be made.
    pub async fn create_merchant(&self, options: MerchantOptions) -> Result<GeneratedMerchant, ControlError> {
        check_merchant_options(&options)?;
        let engine = Arc::clone(&self.engine);
        let now = engine.clock.now();
        // Keys take some tenths of a second of processor time.
        let made = tokio::task::spawn_blocking(move || {
            merchant::generate(&options, &engine.authority, &engine.keys, now)
        })
        .await;
        let (kept, given) = made.map_err(|error| ControlError::Invalid(error.to_string()))??;
        self.engine.with_world(|world, _| {
            if world.merchants.contains_key(&given.app_id) {
                return Err(ControlError::MerchantExists);
            }
            world.merchants.insert(given.app_id.clone(), kept);
            Ok(given)
        })
    }

    /// Sets a merchant's money in fen, e.g. to nothing, so that its next refund answers `SELLER_BALANCE_NOT_ENOUGH`.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn set_balance(&self, app_id: &str, balance: u64) -> Result<(), ControlError> {
        self.with_merchant(app_id, |merchant| merchant.balance = balance)
    }

    /// Gives an application in key mode another key of its own and returns it, PKCS#8 PEM. The one before stays good until it
    /// is withdrawn.
    ///
    /// # Errors
    /// Unknown merchant; no key.
    pub fn change_app_key(&self, app_id: &str) -> Result<String, ControlError> {
        let key = self.engine.keys.draw()?;
        self.with_merchant(app_id, |merchant| {
            merchant.earlier_app_key = Some(std::mem::replace(&mut merchant.app_key, key.verifying_key()));
            merchant.newest_app_key_used.store(false, Ordering::Relaxed);
        })?;
        Ok(key.private_pem())
    }

    /// Whether something came that the application's newest key had signed.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn is_newest_app_key_used(&self, app_id: &str) -> Result<bool, ControlError> {
        self.with_merchant(app_id, |merchant| merchant.newest_app_key_used.load(Ordering::Relaxed))
    }

    /// Ends the application's key before the newest.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn withdraw_earlier_app_key(&self, app_id: &str) -> Result<(), ControlError> {
        self.with_merchant(app_id, |merchant| merchant.earlier_app_key = None)
    }

    /// Gives Alipay a new key and certificate towards a merchant, used from the next answer on and to be downloaded.
    ///
    /// # Errors
    /// Unknown merchant, or one in key mode; no key.
    pub fn rotate_certificate(&self, app_id: &str) -> Result<GeneratedCertificate, ControlError> {
        let key = self.engine.keys.draw()?;
        let now = self.engine.clock.now();
        let issued = self.engine.authority.issue(merchant::ALIPAY_NAME, &key, now)?;
        self.with_merchant(app_id, |merchant| {
            merchant.app_certificate_sn.as_ref().ok_or(ControlError::NotFound("certificate"))?;
            merchant.renew_certificate(key, &issued);
            Ok(GeneratedCertificate { sn: issued.sn, pem: issued.chain_pem })
        })?
    }

    /// The payer scans the QR code or logs in at the cashier: the trade begins to exist. Returns its number.
    ///
    /// # Errors
    /// [`ControlError::Payment`] when the order cannot be paid now, or the channel does not know it.
    pub fn open_cashier(&self, app_id: &str, out_trade_no: &str) -> Result<String, ControlError> {
        let key = order_key(app_id, out_trade_no);
        let settings = &self.engine.settings;
        self.engine.with_world(|world, now| Ok(payer::open(world, &key, None, now, settings)?))
    }

    /// The payer pays; the notification leaves at once. Returns the trade's number. App orders are known only once
    /// [`AlipayControl::invoke`] has brought their order string, page orders once their address was opened.
    ///
    /// # Errors
    /// [`ControlError::Payment`] when nobody could pay the order now.
    pub fn pay(
        &self,
        app_id: &str,
        out_trade_no: &str,
        options: &PayOptions,
    ) -> Result<String, ControlError> {
        let key = order_key(app_id, out_trade_no);
        self.engine.with_world(|world, now| Ok(payer::pay(world, &key, options, now, &self.engine.settings)?))
    }

    /// The payer gives up or the password is wrong. The order stays payable; nobody is notified.
    ///
    /// # Errors
    /// The order is unknown, paid or closed.
    pub fn fail_payment(&self, app_id: &str, out_trade_no: &str) -> Result<(), ControlError> {
        let key = order_key(app_id, out_trade_no);
        self.engine.with_world(|world, now| Ok(payer::fail(world, &key, now, &self.engine.settings)?))
    }

    /// The refund window of a paid trade is over: `TRADE_FINISHED`.
    ///
    /// # Errors
    /// [`ControlError::NotRefundable`] when the trade is not in `TRADE_SUCCESS`.
    pub fn finish(&self, app_id: &str, out_trade_no: &str) -> Result<(), ControlError> {
        let key = order_key(app_id, out_trade_no);
        self.engine
            .with_world(|world, now| payer::finish(world, &key, now, &self.engine.settings))
            .map_err(|_| ControlError::NotRefundable)
    }

    /// Acts as Alipay's app: checks the order string, lets the payer choose, returns what the merchant's app gets.
    ///
    /// # Errors
    /// [`InvokeRefused`] names what the app would stumble over; the merchant's app would see `4000`.
    pub fn invoke(&self, order_string: &str, options: &InvokeOptions) -> Result<AppResult, InvokeRefused> {
        app::invoke(&self.engine, order_string, options)
    }

    /// Ends a refund that is under way and notifies the merchant if money moved.
    ///
    /// # Errors
    /// Unknown refund, or one that has ended.
    pub fn settle_refund(
        &self,
        app_id: &str,
        out_trade_no: &str,
        out_request_no: &str,
        status: RefundStatus,
    ) -> Result<(), ControlError> {
        let key = order_key(app_id, out_trade_no);
        let settings = &self.engine.settings;
        self.engine
            .with_world(|world, now| refund::settle(world, &key, out_request_no, status, now, settings))
            .map_err(|refused| match refused {
                SettlementRefused::UnknownRefund => ControlError::NotFound("refund"),
                SettlementRefused::Settled(status) => ControlError::RefundSettled(status),
            })
    }

    /// The merchant refunds by hand in Alipay's console, past its own server; amount in fen.
    ///
    /// # Errors
    /// Unknown trade, or a refund that the channel refuses.
    pub fn refund_in_console(
        &self,
        app_id: &str,
        out_trade_no: &str,
        out_request_no: &str,
        amount: i64,
    ) -> Result<(), ControlError> {
        let content = serde_json::json!({
            "out_trade_no": out_trade_no, "out_request_no": out_request_no, "refund_amount": amount::text(amount),
        });
        let content = content.as_object().cloned().unwrap_or_default();
        self.engine.with_world(|world, now| {
            let call = super::world::Call {
                now,
                settings: &self.engine.settings,
                app_id,
                content: &content,
                notify_url: None,
                return_url: None,
                fault: None,
            };
            let refused = |failure: super::failure::Failure| ControlError::RefundRefused(failure.sub_code);
            refund::create(world, &call).map(drop).map_err(refused)
        })
    }

    /// Orders a fault for requests.
    pub fn add_fault(&self, rule: FaultRule) {
        self.engine.with_world(|world, _| world.faults.requests.push(rule));
    }

    /// Orders a fault for the next `times` requests about one order, whatever they do.
    pub fn add_order_fault(&self, out_trade_no: &str, times: u32, fault: Fault) {
        let out_trade_no = Some(out_trade_no.to_owned());
        self.add_fault(FaultRule { operation: None, out_trade_no, times: Some(times), fault });
    }

    /// Orders a fault for notifications.
    pub fn add_notification_fault(&self, rule: NotificationFaultRule) {
        self.engine.with_world(|world, _| world.faults.notifications.push(rule));
    }

    /// Keeps back every notification about one order, or about all, until the faults are cleared.
    pub fn suppress_notifications(&self, out_trade_no: Option<&str>) {
        self.add_notification_fault(NotificationFaultRule {
            notification: None,
            out_trade_no: out_trade_no.map(str::to_owned),
            times: None,
            fault: NotificationFault::Suppressed,
        });
    }

    /// The faults that wait for their request.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.engine.with_world(|world, _| world.faults.requests.clone())
    }

    /// The faults that wait for their notification.
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

    /// Sends the newest notification about an order again, `copies` at once and free of faults, and waits for the
    /// answers. Suppressed ones can be sent so too.
    ///
    /// # Errors
    /// There is no notification about this order.
    pub async fn resend_notification(
        &self,
        app_id: &str,
        out_trade_no: &str,
        copies: u32,
    ) -> Result<Vec<Attempt>, ControlError> {
        let key = order_key(app_id, out_trade_no);
        let newest = self.engine.with_world(|world, _| world.deliveries.iter().rposition(|d| d.order == key));
        let index = newest.ok_or(ControlError::NotFound("notification"))?;
        Ok(delivery::send_by_hand(&self.engine, index, copies).await?)
    }

    /// Sends a forged payment notification once to the order's address and returns what came back.
    ///
    /// # Errors
    /// Unknown order, or one without an address; no key.
    pub async fn forge_notification(
        &self,
        app_id: &str,
        out_trade_no: &str,
        forgery: &Forgery,
    ) -> Result<AttemptResult, ControlError> {
        let key = order_key(app_id, out_trade_no);
        let (url, body) = self.engine.with_world(|world, now| {
            let World { orders, merchants, .. } = world;
            let order = orders.get(&key).ok_or(ControlError::NotFound("order"))?;
            let merchant = merchants.get(app_id).ok_or(ControlError::NotFound("merchant"))?;
            let url = order.notify_url.clone().ok_or(ControlError::NotFound("notify_url"))?;
            Ok::<_, ControlError>((url, forge(merchant, order, forgery, &self.engine.foreign_key, now)?))
        })?;
        Ok(simulator::send(&*self.engine, &url, &body).await)
    }

    /// Every notification with its attempts, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.engine.with_world(|world, _| world.deliveries.iter().map(delivery::Delivery::record).collect())
    }

    /// The notifications about one order, its refunds included.
    pub fn deliveries_of(&self, app_id: &str, out_trade_no: &str) -> Vec<DeliveryRecord> {
        let key = order_key(app_id, out_trade_no);
        self.engine.with_world(|world, _| {
            world.deliveries.iter().filter(|d| d.order == key).map(delivery::Delivery::record).collect()
        })
    }

    /// The channel's books.
    pub fn ledger(&self) -> Ledger {
        self.engine.with_world(|world, now| ledger::ledger(world, now, &self.engine.settings))
    }

    /// One order in the books; app orders only once their order string was brought.
    pub fn order(&self, app_id: &str, out_trade_no: &str) -> Option<LedgerOrder> {
        let key = order_key(app_id, out_trade_no);
        self.engine.with_world(|world, now| {
            world.orders.get(&key).map(|order| ledger::order_line(order, now, &self.engine.settings))
        })
    }

    /// Waits until nothing is due and no notification is on the wire.
    pub async fn settled(&self) {
        self.engine.settled().await;
    }

    /// Moves a manual clock forward, stopping at each instant at which something happens by itself until that has
    /// happened. To jump in one step (over a deadline, say) use the clock itself.
    ///
    /// # Errors
    /// The clock is the machine's.
    pub async fn advance(&self, step: Duration) -> Result<OffsetDateTime, ControlError> {
        Ok(self.engine.advance(step, DELIVERY_DEADLINE).await?)
    }

    fn with_merchant<T>(
        &self,
        app_id: &str,
        act: impl FnOnce(&mut Merchant) -> T,
    ) -> Result<T, ControlError> {
        self.engine
            .with_world(|world, _| world.merchants.get_mut(app_id).map(act))
            .ok_or(ControlError::NotFound("merchant"))
    }
}

fn check_merchant_options(options: &MerchantOptions) -> Result<(), ControlError> {
    let is_number =
        |text: &String| (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    if !options.app_id.as_ref().is_none_or(is_number) {
        return Err(ControlError::Invalid("app_id must have 1 to 32 digits".to_owned()));
    }
    if !options.seller_id.as_ref().is_none_or(is_number) {
        return Err(ControlError::Invalid("seller_id must have 1 to 32 digits".to_owned()));
    }
    Ok(())
}

fn order_key(app_id: &str, out_trade_no: &str) -> OrderKey {
    OrderKey { app_id: app_id.to_owned(), out_trade_no: out_trade_no.to_owned() }
}

/// The body of a forgery. An order that nobody paid gets a payment that never was.
fn forge(
    merchant: &Merchant,
    order: &Order,
    forgery: &Forgery,
    foreign: &RsaKey,
    now: OffsetDateTime,
) -> Result<String, KeyError> {
    let mut event = notification::claim(order, merchant, now);
    let mut fault = None;
    match forgery {
        Forgery::WrongKey => fault = Some(NotificationFault::WrongKey),
        Forgery::Unsigned => fault = Some(NotificationFault::MissingSignature),
        Forgery::EmptySignature => fault = Some(NotificationFault::EmptySignature),
        Forgery::ForeignApp => {
            let app_id = identifiers::app_id();
            event.parameters.set("app_id", app_id.as_str());
            event.parameters.set("auth_app_id", app_id);
        }
        Forgery::ForeignSeller => {
            event.parameters.set("seller_id", identifiers::user_id());
            event.parameters.set("seller_email", "somebody@alipay.example");
        }
        Forgery::WrongAmount { total } => {
            for name in ["total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount"] {
                event.parameters.set(name, amount::text(*total));
            }
        }
        Forgery::UnknownOrder => event.parameters.set("out_trade_no", identifiers::trade_no(now)),
        Forgery::UnpaidOrder => {}
    }
    notification::body(merchant, &event, foreign, now, fault.as_ref())
}
