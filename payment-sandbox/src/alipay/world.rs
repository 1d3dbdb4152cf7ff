//! Everything the channel remembers, and how it finds it again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::delivery::{Attempt, Delivery};
use super::failure::Failure;
use super::fault::{Fault, FaultBoard};
use super::merchant::Merchant;
use super::order::{Order, OrderKey};
use super::request::TradeName;
use crate::simulator::{self, Agenda, DeliveryState, Progress};

/// What becomes of an accepted refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundSettlement {
    /// The money moves with the answer: `fund_change=Y`.
    AtOnce,
    /// It moves when the control API says so: `fund_change=N`.
    ByControl,
    /// It moves by itself after so long: `fund_change=N`.
    After(Duration),
}

/// What a close of a closed trade answers; products differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseOfClosed {
    /// `ACQ.TRADE_STATUS_ERROR`
    Refused,
    /// Success again.
    Succeeds,
}

/// Which of Alipay's two environments it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Where money is money.
    Production,
    /// Alipay's own sandbox: one refund of a trade, whole; at most 15 hours to pay; passwords above 2000 yuan only.
    Sandbox,
}

impl Environment {
    /// Above this many fen the payer of a code must enter a password.
    pub(super) const fn password_threshold(self) -> i64 {
        match self {
            Self::Production => 100_000,
            Self::Sandbox => 200_000,
        }
    }

    /// The longest time to pay, where it is shorter than what every request may ask for.
    pub(super) const fn longest_time_to_pay(self) -> Option<time::Duration> {
        match self {
            Self::Production => None,
            Self::Sandbox => Some(time::Duration::hours(15)),
        }
    }
}

/// How the channel behaves, fixed at its start.
pub(super) struct Settings {
    pub(super) refund_settlement: RefundSettlement,
    pub(super) close_of_closed: CloseOfClosed,
    pub(super) expiry_lag: Duration,
    pub(super) timestamp_window: Duration,
    pub(super) immediate_repeats: usize,
    pub(super) environment: Environment,
    pub(super) base_url: String,
}

/// One request that has passed the checks, as the operations see it.
pub(super) struct Call<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) settings: &'a Settings,
    pub(super) app_id: &'a str,
    /// The JSON object of `biz_content`.
    pub(super) content: &'a Map<String, Value>,
    pub(super) notify_url: Option<&'a str>,
    pub(super) return_url: Option<&'a str>,
    /// The fault that was ordered for this request; some change what it does.
    pub(super) fault: Option<&'a Fault>,
}

/// Something that happens by itself at an instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// The next attempt of the delivery at this index.
    Deliver(usize),
    /// The automatic end of a refund, by the order and the merchant's number of the refund.
    SettleRefund(OrderKey, String),
    /// A payer who had to enter a password does so.
    EnterPassword(OrderKey),
    /// A trade's time may have passed.
    Expire(OrderKey),
}

/// The channel's memory.
pub(crate) struct World {
    /// The serial number of the roots that certificate mode stands on.
    pub(super) root_sn: String,
    /// By application.
    pub(super) merchants: BTreeMap<String, Merchant>,
    pub(super) orders: BTreeMap<OrderKey, Order>,
    pub(super) order_of_trade: HashMap<String, OrderKey>,
    /// Orders by QR code and by the name of their cashier page.
    pub(super) order_of_code: HashMap<String, OrderKey>,
    /// Codes of payers that were scanned, with the order that used them up.
    pub(super) used_auth_codes: HashMap<String, OrderKey>,
    pub(super) used_nonces: BTreeSet<String>,
    pub(super) faults: FaultBoard,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) agenda: Agenda<Task>,
}

impl World {
    pub(super) fn new(root_sn: String) -> Self {
        Self {
            root_sn,
            merchants: BTreeMap::new(),
            orders: BTreeMap::new(),
            order_of_trade: HashMap::new(),
            order_of_code: HashMap::new(),
            used_auth_codes: HashMap::new(),
            used_nonces: BTreeSet::new(),
            faults: FaultBoard::new(),
            deliveries: Vec::new(),
            agenda: Agenda::new(),
        }
    }

    /// The key of the order that a request names, if the calling application has a trade or an order by that name.
    pub(super) fn key_of(&self, app_id: &str, name: &TradeName) -> Option<OrderKey> {
        match (&name.trade_no, &name.out_trade_no) {
            (Some(trade_no), _) => {
                self.order_of_trade.get(trade_no).filter(|key| key.app_id == app_id).cloned()
            }
            (None, Some(number)) => {
                Some(OrderKey { app_id: app_id.to_owned(), out_trade_no: number.clone() })
            }
            (None, None) => None,
        }
    }

    /// The order whose trade a request names, or `ACQ.TRADE_NOT_EXIST` also for orders whose payer never turned up.
    pub(super) fn traded_order(&mut self, app_id: &str, name: &TradeName) -> Result<&mut Order, Failure> {
        let key = self.key_of(app_id, name).ok_or_else(Failure::trade_not_exist)?;
        let order = self.orders.get_mut(&key).filter(|order| order.trade.is_some());
        order.ok_or_else(Failure::trade_not_exist)
    }
}

impl simulator::World for World {
    type Task = Task;
    type Attempt = Attempt;

    fn agenda(&mut self) -> &mut Agenda<Task> {
        &mut self.agenda
    }

    fn is_delivering(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.progress.state == DeliveryState::InFlight)
    }

    fn delivery(&mut self, index: usize) -> Option<&mut Progress<Attempt>> {
        self.deliveries.get_mut(index).map(|delivery| &mut delivery.progress)
    }

    fn task(index: usize) -> Task {
        Task::Deliver(index)
    }
}
