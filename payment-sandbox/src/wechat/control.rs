//! The hand that moves the simulator: everything that payers, banks and accidents do. The HTTP control API calls this.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::delivery::{self, Attempt, AttemptResult, DELIVERY_DEADLINE, DeliveryRecord};
use super::engine::Engine;
use super::fault::{self, Fault, FaultRule, NotificationFault, NotificationFaultRule};
use super::identifiers;
use super::invoke::{self, InvokeRefused};
use super::ledger::{self, Ledger, LedgerOrder};
use super::merchant::{
    self, Balance, GeneratedCertificate, GeneratedMerchant, GeneratedMerchantKey, Merchant, MerchantOptions,
};
use super::notification::{self, Event};
use super::order::{Order, OrderKey, TradeState};
use super::payment::{self, Entrance, PayOptions, PaymentRefused};
use super::refund::{self, RefundKey, RefundStatus, SettlementRefused};
use super::world::World;
use crate::clock::{ClockIsReal, SimulatorClock};
use crate::rsa::{KeyError, RsaKey};
use crate::simulator;

/// Why the simulator did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such merchant, order, refund, certificate or notification.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A merchant with this number exists.
    #[error("a merchant with this mchid exists already")]
    MerchantExists,
    /// A value is outside what it may be.
    #[error("{0}")]
    Invalid(String),
    /// Nobody could pay this.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// The channel never moves a refund so.
    #[error("the channel never moves a refund from {from:?} to {to:?}")]
    Settlement {
        /// Its status.
        from: RefundStatus,
        /// The status wanted.
        to: RefundStatus,
    },
    /// Time cannot be moved.
    #[error(transparent)]
    Clock(#[from] ClockIsReal),
    /// Keys could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A notification that the channel would never send.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Forgery {
    /// Says that the order is paid; signed by a key of the forger under the channel's serial.
    WrongKey,
    /// Says that the order is paid; encrypted under another APIv3 key, rightly signed.
    WrongApiKey,
    /// Rightly signed and encrypted, but the money went to another merchant and appid.
    ForeignMerchant,
    /// Rightly signed and encrypted, but over another amount.
    WrongAmount {
        /// The total that it claims, in fen.
        total: i64,
    },
    /// Rightly signed and encrypted, about an order that the merchant never made.
    UnknownOrder,
    /// In every way right, but no payer paid.
    UnpaidOrder,
}

/// A step of changing the platform certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateRotation {
    /// A new certificate is listed for download, the old one still signs.
    Announce,
    /// The newest certificate signs; if none is announced, a new one is made and used at once.
    Activate,
}

/// Moves the simulator from inside the process. Clones move the same one.
#[derive(Clone)]
pub struct WechatControl {
    pub(super) engine: Arc<Engine>,
}

impl WechatControl {
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
            merchant::generate(&options, &engine.root, &engine.keys, now)
        })
        .await;
        let (kept, given) = made.map_err(|error| ControlError::Invalid(error.to_string()))??;
        self.engine.with_world(|world, _| {
            if world.merchants.contains_key(&given.mchid) {
                return Err(ControlError::MerchantExists);
            }
            world.merchants.insert(given.mchid.clone(), kept);
            Ok(given)
        })
    }

    /// Sets how many of a hundred notifications are signed with the public key.
    ///
    /// # Errors
    /// Unknown merchant; more than 100.
    pub fn set_notification_key_mix(&self, mchid: &str, public_key_percent: u8) -> Result<(), ControlError> {
        if public_key_percent > 100 {
            return Err(ControlError::Invalid("public_key_percent must be 0 to 100".to_owned()));
        }
        self.with_merchant(mchid, |merchant| merchant.notification_public_key_percent = public_key_percent)
    }

    /// Sets a merchant's money, e.g. to nothing, so that its next refund answers `NOT_ENOUGH`.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn set_balance(&self, mchid: &str, balance: Balance) -> Result<(), ControlError> {
        self.with_merchant(mchid, |merchant| merchant.balance = balance)
    }

    /// One step of changing the platform certificate; returns the newest.
    ///
    /// # Errors
    /// Unknown merchant; no key.
    pub fn rotate_platform_certificate(
        &self,
        mchid: &str,
        step: CertificateRotation,
    ) -> Result<GeneratedCertificate, ControlError> {
        let fresh = merchant::platform_certificate(
            &self.engine.root,
            &self.engine.keys,
            self.engine.clock.now(),
            true,
        )?;
        self.with_merchant(mchid, |merchant| {
            let list = &mut merchant.platform_certificates;
            if step == CertificateRotation::Announce
                || list.last().is_none_or(|newest| !newest.announced_only)
            {
                list.push(fresh);
            }
            let newest = list.last_mut().ok_or(ControlError::NotFound("certificate"))?;
            newest.announced_only = step == CertificateRotation::Announce;
            Ok(GeneratedCertificate { serial: newest.signer.id.clone(), pem: newest.pem.clone() })
        })?
    }

    /// Gives a merchant another certificate of its own; those that it had stay good until they are withdrawn.
    ///
    /// # Errors
    /// Unknown merchant; no key.
    pub async fn add_merchant_certificate(&self, mchid: &str) -> Result<GeneratedMerchantKey, ControlError> {
        let (engine, name) = (Arc::clone(&self.engine), format!("merchant {mchid}"));
        // A key takes some tenths of a second of processor time.
        let made = tokio::task::spawn_blocking(move || {
            let key = engine.keys.draw()?;
            Ok::<_, KeyError>((engine.root.issue(&name, &key, engine.clock.now())?, key))
        });
        let made = made.await.map_err(|error| ControlError::Invalid(error.to_string()))?;
        let (certificate, key) = made?;
        let verifying = key.verifying_key();
        self.with_merchant(mchid, |merchant| {
            merchant.certificates.insert(certificate.serial.clone(), verifying);
            GeneratedMerchantKey { serial: certificate.serial, private_key_pem: key.private_pem() }
        })
    }

    /// Whether a merchant has signed something by the certificate of this serial.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn is_merchant_certificate_used(&self, mchid: &str, serial: &str) -> Result<bool, ControlError> {
        self.with_merchant(mchid, |merchant| {
            merchant.certificates_used.lock().unwrap_or_else(PoisonError::into_inner).contains(serial)
        })
    }

    /// Withdraws one of a merchant's own certificates: requests signed with its key are refused from now on.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn withdraw_merchant_certificate(&self, mchid: &str, serial: &str) -> Result<(), ControlError> {
        self.with_merchant(mchid, |merchant| drop(merchant.certificates.remove(serial)))
    }

    /// Gives a merchant another APIv3 key, by which notifications are encrypted from now on, and returns it.
    ///
    /// # Errors
    /// Unknown merchant.
    pub fn change_apiv3_key(&self, mchid: &str) -> Result<String, ControlError> {
        self.with_merchant(mchid, |merchant| {
            merchant.apiv3_key = identifiers::apiv3_key();
            merchant.apiv3_key.clone()
        })
    }

    /// The payer pays; the notification leaves at once. Returns the transaction_id.
    ///
    /// # Errors
    /// [`ControlError::Payment`] when nobody could pay the order now.
    pub fn pay(&self, mchid: &str, out_trade_no: &str, options: &PayOptions) -> Result<String, ControlError> {
        let key = order_key(mchid, out_trade_no);
        self.engine.with_world(|world, now| {
            Ok(payment::pay(world, &key, Entrance::Order, options, now, &self.engine.settings)?)
        })
    }

    /// The payer confirms, the bank has not answered: the order reads `NOTPAY` and close answers 429 until
    /// [`WechatControl::pay`] or [`WechatControl::fail_payment`].
    ///
    /// # Errors
    /// As [`WechatControl::pay`].
    pub fn begin_payment(&self, mchid: &str, out_trade_no: &str) -> Result<(), ControlError> {
        let key = order_key(mchid, out_trade_no);
        self.engine.with_world(|world, now| Ok(payment::begin(world, &key, now, &self.engine.settings)?))
    }

    /// The payer gives up or the bank refuses. The order stays payable; nobody is notified.
    ///
    /// # Errors
    /// The order is unknown, paid or closed.
    pub fn fail_payment(&self, mchid: &str, out_trade_no: &str) -> Result<(), ControlError> {
        let key = order_key(mchid, out_trade_no);
        self.engine.with_world(|world, now| Ok(payment::fail(world, &key, now, &self.engine.settings)?))
    }

    /// Acts as WeChat's app: checks the seven APP or six JSAPI parameters, then pays. Returns the transaction_id.
    ///
    /// # Errors
    /// [`InvokeRefused`] names what the app would stumble over.
    pub fn invoke(
        &self,
        parameters: &Map<String, Value>,
        options: &PayOptions,
    ) -> Result<String, InvokeRefused> {
        self.engine
            .with_world(|world, now| invoke::invoke(world, parameters, options, now, &self.engine.settings))
    }

    /// Moves a refund to `status` and notifies the merchant.
    ///
    /// # Errors
    /// Unknown refund, or a move that the channel never makes.
    pub fn settle_refund(
        &self,
        mchid: &str,
        out_refund_no: &str,
        status: RefundStatus,
    ) -> Result<(), ControlError> {
        let key = RefundKey { mchid: mchid.to_owned(), out_refund_no: out_refund_no.to_owned() };
        self.engine.with_world(|world, now| refund::settle(world, &key, status, now)).map_err(|refused| {
            match refused {
                SettlementRefused::UnknownRefund => ControlError::NotFound("refund"),
                SettlementRefused::Impossible { from, to } => ControlError::Settlement { from, to },
            }
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
        mchid: &str,
        out_trade_no: &str,
        copies: u32,
    ) -> Result<Vec<Attempt>, ControlError> {
        let key = order_key(mchid, out_trade_no);
        let newest = self.engine.with_world(|world, _| world.deliveries.iter().rposition(|d| d.order == key));
        let index = newest.ok_or(ControlError::NotFound("notification"))?;
        Ok(delivery::send_by_hand(&self.engine, index, copies).await?)
    }

    /// Sends a forged payment notification once to the order's address and returns what came back.
    ///
    /// # Errors
    /// Unknown order; no key.
    pub async fn forge_notification(
        &self,
        mchid: &str,
        out_trade_no: &str,
        forgery: &Forgery,
    ) -> Result<AttemptResult, ControlError> {
        let key = order_key(mchid, out_trade_no);
        let (url, message) = self.engine.with_world(|world, now| {
            let World { orders, merchants, .. } = world;
            let order = orders.get(&key).ok_or(ControlError::NotFound("order"))?;
            let merchant = merchants.get_mut(mchid).ok_or(ControlError::NotFound("merchant"))?;
            let message = forge(merchant, order, forgery, &self.engine.foreign_key, now)?;
            Ok::<_, ControlError>((order.notify_url.clone(), message))
        })?;
        Ok(simulator::send(&*self.engine, &url, &message).await)
    }

    /// Every notification with its attempts, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.engine.with_world(|world, _| world.deliveries.iter().map(delivery::Delivery::record).collect())
    }

    /// The notifications about one order, its refunds included.
    pub fn deliveries_of(&self, mchid: &str, out_trade_no: &str) -> Vec<DeliveryRecord> {
        let key = order_key(mchid, out_trade_no);
        self.engine.with_world(|world, _| {
            world.deliveries.iter().filter(|d| d.order == key).map(delivery::Delivery::record).collect()
        })
    }

    /// The channel's books.
    pub fn ledger(&self) -> Ledger {
        self.engine.with_world(|world, now| ledger::ledger(world, now, &self.engine.settings))
    }

    /// One order in the books.
    pub fn order(&self, mchid: &str, out_trade_no: &str) -> Option<LedgerOrder> {
        let key = order_key(mchid, out_trade_no);
        self.engine.with_world(|world, now| {
            world.orders.get(&key).map(|order| ledger::order_line(world, order, now, &self.engine.settings))
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

    fn with_merchant<T>(&self, mchid: &str, act: impl FnOnce(&mut Merchant) -> T) -> Result<T, ControlError> {
        self.engine
            .with_world(|world, _| world.merchants.get_mut(mchid).map(act))
            .ok_or(ControlError::NotFound("merchant"))
    }
}

fn check_merchant_options(options: &MerchantOptions) -> Result<(), ControlError> {
    let is_number =
        |text: &String| (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    if !options.mchid.as_ref().is_none_or(is_number) {
        return Err(ControlError::Invalid("mchid must have 1 to 32 digits".to_owned()));
    }
    if !options.appids.iter().all(|appid| (1..=32).contains(&appid.len())) {
        return Err(ControlError::Invalid("appids must have 1 to 32 bytes each".to_owned()));
    }
    Ok(())
}

fn order_key(mchid: &str, out_trade_no: &str) -> OrderKey {
    OrderKey { mchid: mchid.to_owned(), out_trade_no: out_trade_no.to_owned() }
}

/// The message of a forgery. An order that nobody paid gets a payment that never was.
fn forge(
    merchant: &mut Merchant,
    order: &Order,
    forgery: &Forgery,
    foreign: &RsaKey,
    now: OffsetDateTime,
) -> Result<super::signature::SignedMessage, KeyError> {
    let mut plaintext = claim(order, now);
    let mut fault = None;
    match forgery {
        Forgery::WrongKey => fault = Some(NotificationFault::WrongKey),
        Forgery::WrongApiKey | Forgery::UnpaidOrder => {}
        Forgery::ForeignMerchant => {
            fault::replace_field(&mut plaintext, "/mchid", &Value::from(identifiers::mchid()));
            fault::replace_field(&mut plaintext, "/appid", &Value::from(identifiers::appid()));
        }
        Forgery::WrongAmount { total } => {
            fault::replace_field(&mut plaintext, "/amount/total", &Value::from(*total));
            fault::replace_field(&mut plaintext, "/amount/payer_total", &Value::from(*total));
        }
        Forgery::UnknownOrder => {
            let number = identifiers::transaction_id(now);
            fault::replace_field(&mut plaintext, "/out_trade_no", &Value::from(number));
        }
    }
    let event = Event::payment(plaintext, now);
    let true_key = merchant.apiv3_key.clone();
    if matches!(forgery, Forgery::WrongApiKey) {
        merchant.apiv3_key = identifiers::apiv3_key();
    }
    let message = notification::message(merchant, &event, foreign, now, fault.as_ref());
    merchant.apiv3_key = true_key;
    message
}

/// The plaintext of a success notification for an order, paid or not.
fn claim(order: &Order, now: OffsetDateTime) -> Value {
    let mut plaintext = order.view(TradeState::Success);
    if order.payment.is_none() {
        let invented = [
            ("/transaction_id", Value::from(identifiers::transaction_id(now))),
            ("/trade_type", Value::from(order.product.trade_type())),
            ("/bank_type", Value::from("OTHERS")),
            ("/success_time", Value::from(identifiers::api_time(now))),
            ("/payer", serde_json::json!({"openid": identifiers::openid()})),
            ("/amount/payer_total", Value::from(order.total)),
            ("/amount/payer_currency", Value::from("CNY")),
        ];
        for (pointer, value) in &invented {
            fault::replace_field(&mut plaintext, pointer, value);
        }
    }
    plaintext
}
