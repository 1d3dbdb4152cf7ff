//! What happens on the payer's side: opening the cashier, paying, failing, and the end of a trade's time.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers;
use super::notification;
use super::order::{Buyer, Order, OrderKey, Payment, Trade, TradeStatus};
use super::world::{Settings, Task, World};

/// When a payment reaches the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landing {
    /// While the order can be paid.
    #[default]
    InTime,
    /// Begun in time, but arrives after the trade was closed or its time passed: the race that a close can lose.
    Late,
}

/// How the payer pays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayOptions {
    /// Paid by a coupon instead of the payer, in fen; less than the total.
    #[serde(default)]
    pub coupon: i64,
    /// The payer's user id; drawn when absent.
    #[serde(default)]
    pub buyer_id: Option<String>,
    /// In time or late.
    #[serde(default)]
    pub landing: Landing,
    /// Paid with a product that never allows refunds: `TRADE_FINISHED` at once.
    #[serde(default)]
    pub finished: bool,
}

/// Why nobody can pay this now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefused {
    /// The channel has never heard of it: nobody brought the order string or opened the page.
    #[error("the channel knows no such order; nobody has brought its order string or opened its page")]
    UnknownOrder,
    /// It is paid.
    #[error("the order is paid already")]
    AlreadyPaid,
    /// It is closed or its time has passed.
    #[error("the trade is closed or the order's time has passed")]
    OrderClosed,
    /// Every QR code of the order is too old.
    #[error("the QR code is too old; call precreate again")]
    QrCodeExpired,
    /// The coupon is negative or leaves nothing to pay.
    #[error("the coupon must be 0 or more and less than the order's total")]
    CouponOutOfRange,
}

/// The payer scans or logs in: the trade begins to exist. Returns its number.
pub(super) fn open(
    world: &mut World,
    key: &OrderKey,
    buyer_id: Option<&str>,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<String, PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    check_payable(order, Landing::InTime, now, settings)?;
    let (trade_no, closes_at) = create_trade(order, buyer_id, now);
    world.order_of_trade.insert(trade_no.clone(), key.clone());
    world.agenda.insert((closes_at + settings.expiry_lag, Task::Expire(key.clone())));
    Ok(trade_no)
}

/// The order's trade, made now if it is not there.
fn create_trade(order: &mut Order, buyer_id: Option<&str>, now: OffsetDateTime) -> (String, OffsetDateTime) {
    let closes_at = order.closing_time(now);
    let trade = order.trade.get_or_insert_with(|| Trade {
        trade_no: identifiers::trade_no(now),
        buyer: Buyer {
            id: buyer_id.map_or_else(identifiers::buyer_id, str::to_owned),
            logon_id: "tes***@sandbox.com".to_owned(),
        },
        created_at: now,
        closes_at,
        closed_at: None,
        payment: None,
        finished_at: None,
        refunds: Vec::new(),
    });
    (trade.trade_no.clone(), trade.closes_at)
}

/// Pays an order, opening its cashier first if nobody has; the notification leaves at once. Returns the trade's number.
pub(super) fn pay(
    world: &mut World,
    key: &OrderKey,
    options: &PayOptions,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<String, PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    check_payable(order, options.landing, now, settings)?;
    if options.coupon < 0 || options.coupon >= order.total {
        return Err(PaymentRefused::CouponOutOfRange);
    }
    // From here on the money is taken.
    let (trade_no, _) = create_trade(order, options.buyer_id.as_deref(), now);
    if let Some(trade) = &mut order.trade {
        trade.payment = Some(Payment { paid_at: now, buyer_pay: order.total - options.coupon });
        trade.finished_at = options.finished.then_some(now);
    }
    let total = order.total.unsigned_abs();
    world.order_of_trade.insert(trade_no.clone(), key.clone());
    if let Some(merchant) = world.merchants.get_mut(&key.app_id) {
        merchant.balance += total;
    }
    notification::announce_payment(world, key, now, settings);
    Ok(trade_no)
}

/// The payer gives up, or the password was wrong: whatever exists stays as it is.
pub(super) fn fail(
    world: &mut World,
    key: &OrderKey,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    check_payable(order, Landing::InTime, now, settings)?;
    order.failed_tries += 1;
    Ok(())
}

/// The refund window of a paid trade is over.
pub(super) fn finish(
    world: &mut World,
    key: &OrderKey,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), NotRefundable> {
    let order = world.orders.get_mut(key).ok_or(NotRefundable)?;
    if order.status(now, settings.expiry_lag) != Some(TradeStatus::Success) {
        return Err(NotRefundable);
    }
    let trade = order.trade.as_mut().ok_or(NotRefundable)?;
    trade.finished_at = Some(now);
    notification::announce_finish(world, key, now, settings);
    Ok(())
}

/// Only a trade in `TRADE_SUCCESS` can become `TRADE_FINISHED`.
#[derive(Debug)]
pub(super) struct NotRefundable;

/// Tells of a trade whose time has passed, if that is so.
pub(super) fn expire(world: &mut World, key: &OrderKey, now: OffsetDateTime, settings: &Settings) {
    let Some(order) = world.orders.get_mut(key) else { return };
    if order.status(now, settings.expiry_lag) != Some(TradeStatus::Closed) {
        return;
    }
    let Some(trade) = order.trade.as_mut().filter(|t| t.payment.is_none() && t.closed_at.is_none()) else {
        return;
    };
    trade.closed_at = Some(trade.closes_at);
    notification::announce_close(world, key, now, settings);
}

fn check_payable(
    order: &Order,
    landing: Landing,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), PaymentRefused> {
    let status = order.status(now, settings.expiry_lag);
    match (status, landing) {
        (Some(TradeStatus::Success | TradeStatus::Finished), _) => Err(PaymentRefused::AlreadyPaid),
        (Some(TradeStatus::Closed), _) if was_paid(order) => Err(PaymentRefused::AlreadyPaid),
        (Some(TradeStatus::WaitBuyerPay | TradeStatus::Closed) | None, Landing::Late) => Ok(()),
        (Some(TradeStatus::Closed), Landing::InTime) => Err(PaymentRefused::OrderClosed),
        (Some(TradeStatus::WaitBuyerPay), Landing::InTime) => check_time(order, now),
        (None, Landing::InTime) => check_time(order, now).and_then(|()| check_qr_codes(order, now)),
    }
}

fn was_paid(order: &Order) -> bool {
    order.trade.as_ref().is_some_and(|trade| trade.payment.is_some())
}

/// `time_expire` binds the payer at once, whatever lag the trade's own closing has.
fn check_time(order: &Order, now: OffsetDateTime) -> Result<(), PaymentRefused> {
    let closes_at = order.trade.as_ref().map_or_else(|| order.closing_time(now), |trade| trade.closes_at);
    let by_order = order.time_expire.is_some_and(|instant| now >= instant);
    if now >= closes_at || by_order { Err(PaymentRefused::OrderClosed) } else { Ok(()) }
}

fn check_qr_codes(order: &Order, now: OffsetDateTime) -> Result<(), PaymentRefused> {
    let fresh = order.qr_codes.iter().any(|qr| now < qr.expires_at);
    if order.qr_codes.is_empty() || fresh { Ok(()) } else { Err(PaymentRefused::QrCodeExpired) }
}
