//! Everything the channel remembers, and how it finds it again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use time::OffsetDateTime;

use super::delivery::{Attempt, Delivery};
use super::error::{ApiError, sub_code};
use super::fault::FaultBoard;
use super::merchant::Merchant;
use super::order::{Order, OrderKey};
use super::refund::{Refund, RefundKey, RefundStatus};
use crate::simulator::{self, Agenda, DeliveryState, Progress};

/// Whether an order may be notified at an address that WeChat Pay itself could never reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyUrlPolicy {
    /// As the real service: public hosts only.
    PublicOnly,
    /// Loopback addresses too, for tests and the demo.
    LoopbackAllowed,
}

/// What becomes of an accepted refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundSettlement {
    /// It stays `PROCESSING` until the control API settles it.
    ByControl,
    /// It settles by itself after so long.
    After(Duration),
}

/// How the channel behaves, fixed at its start.
pub(super) struct Settings {
    pub(super) notify_urls: NotifyUrlPolicy,
    pub(super) refund_settlement: RefundSettlement,
    pub(super) expiry_lag: Duration,
    pub(super) base_url: String,
}

/// One request that has passed the checks, as the operations see it.
pub(super) struct Call<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) settings: &'a Settings,
    pub(super) mchid: &'a str,
    /// Raw query string, without the question mark.
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    /// `Wechatpay-Serial` of the request.
    pub(super) key_id: Option<&'a str>,
    /// How an ordered fault wants the refund of this request to end.
    pub(super) refund_outcome: Option<RefundStatus>,
}

/// Something that happens by itself at an instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// The next attempt of the delivery at this index.
    Deliver(usize),
    /// The automatic end of a refund.
    SettleRefund(RefundKey),
}

/// The channel's memory.
pub(crate) struct World {
    pub(super) merchants: BTreeMap<String, Merchant>,
    pub(super) orders: BTreeMap<OrderKey, Order>,
    /// Orders by prepay_id and by the code of a native QR.
    pub(super) order_of_prepay: HashMap<String, OrderKey>,
    pub(super) order_of_transaction: HashMap<String, OrderKey>,
    pub(super) refunds: BTreeMap<RefundKey, Refund>,
    pub(super) refund_of_id: HashMap<String, RefundKey>,
    pub(super) faults: FaultBoard,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) agenda: Agenda<Task>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            merchants: BTreeMap::new(),
            orders: BTreeMap::new(),
            order_of_prepay: HashMap::new(),
            order_of_transaction: HashMap::new(),
            refunds: BTreeMap::new(),
            refund_of_id: HashMap::new(),
            faults: FaultBoard::new(),
            deliveries: Vec::new(),
            agenda: Agenda::new(),
        }
    }

    pub(super) fn merchant(&mut self, mchid: &str) -> Result<&mut Merchant, ApiError> {
        self.merchants
            .get_mut(mchid)
            .ok_or_else(|| ApiError::new(400, "MCH_NOT_EXISTS", "商户号不存在", sub_code::MERCHANT_MISMATCH))
    }

    /// The order of the calling merchant, or 404.
    pub(super) fn order(&mut self, mchid: &str, out_trade_no: &str) -> Result<&mut Order, ApiError> {
        let key = OrderKey { mchid: mchid.to_owned(), out_trade_no: out_trade_no.to_owned() };
        self.orders.get_mut(&key).ok_or_else(ApiError::order_not_exist)
    }

    /// The key of the calling merchant's order that a payment belongs to.
    pub(super) fn paid_order_key(&self, mchid: &str, transaction_id: &str) -> Option<OrderKey> {
        self.order_of_transaction.get(transaction_id).filter(|key| key.mchid == mchid).cloned()
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
