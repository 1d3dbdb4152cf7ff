//! What happens on the payer's side: beginning to pay, paying, failing.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers;
use super::notification;
use super::order::{Order, OrderKey, Payment, TradeState};
use super::prepay;
use super::world::{Settings, World};

/// When a payment reaches the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landing {
    /// While the order can be paid.
    #[default]
    InTime,
    /// Begun in time, but arrives after the order was closed or expired: the race that a close can lose.
    Late,
}

/// How the payer pays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayOptions {
    /// Paid by a coupon instead of the payer, in fen; less than the total.
    #[serde(default)]
    pub coupon: i64,
    /// Bank code; `OTHERS` (the wallet) when absent.
    #[serde(default)]
    pub bank_type: Option<String>,
    /// The payer; drawn when absent and the order does not name one.
    #[serde(default)]
    pub openid: Option<String>,
    /// In time or late.
    #[serde(default)]
    pub landing: Landing,
}

/// Why nobody can pay this now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentRefused {
    /// There is no such order or prepay_id.
    #[error("there is no such order")]
    UnknownOrder,
    /// It is paid.
    #[error("the order is paid already")]
    AlreadyPaid,
    /// It is closed or its time has passed.
    #[error("the order is closed or its time has passed")]
    OrderClosed,
    /// The prepay answer is older than its two hours (H5: five minutes).
    #[error("the prepay answer is too old to begin a payment; call prepay again")]
    PrepayExpired,
    /// The coupon is negative or leaves nothing to pay.
    #[error("the coupon must be 0 or more and less than the order's total")]
    CouponOutOfRange,
}

/// Which of an order's prepay answers the payer came with.
#[derive(Clone, Copy)]
pub(super) enum Entrance<'a> {
    /// Any that is fresh.
    Order,
    /// This one.
    Prepay(&'a str),
}

/// Pays an order; the notification leaves at once. Returns the transaction_id.
pub(super) fn pay(
    world: &mut World,
    key: &OrderKey,
    entrance: Entrance<'_>,
    options: &PayOptions,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<String, PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    check_payable(order, entrance, options.landing, now, settings)?;
    if options.coupon < 0 || options.coupon >= order.total {
        return Err(PaymentRefused::CouponOutOfRange);
    }
    // From here on the money is taken.
    let transaction_id = identifiers::transaction_id(now);
    let openid = options.openid.clone().or_else(|| order.openid.clone()).unwrap_or_else(identifiers::openid);
    order.payment_in_flight = false;
    order.payment = Some(Payment {
        transaction_id: transaction_id.clone(),
        succeeded_at: now,
        payer_total: order.total - options.coupon,
        bank_type: options.bank_type.clone().unwrap_or_else(|| "OTHERS".to_owned()),
        openid,
    });
    let total = order.total.unsigned_abs();
    world.order_of_transaction.insert(transaction_id.clone(), key.clone());
    if let Some(merchant) = world.merchants.get_mut(&key.mchid) {
        merchant.balance.unsettled += total;
    }
    notification::announce_payment(world, key, now);
    Ok(transaction_id)
}

fn check_payable(
    order: &Order,
    entrance: Entrance<'_>,
    landing: Landing,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), PaymentRefused> {
    let state = order.trade_state(now, settings.expiry_lag);
    match (state, landing) {
        (TradeState::Success | TradeState::Refund, _) => Err(PaymentRefused::AlreadyPaid),
        (TradeState::NotPay | TradeState::Closed, Landing::Late) => Ok(()),
        (TradeState::Closed, Landing::InTime) => Err(PaymentRefused::OrderClosed),
        // What was begun in time lands whenever the bank answers.
        (TradeState::NotPay, Landing::InTime) if order.payment_in_flight => Ok(()),
        (TradeState::NotPay, Landing::InTime) if now >= order.expires_at => Err(PaymentRefused::OrderClosed),
        (TradeState::NotPay, Landing::InTime) => check_fresh(order, entrance, now),
    }
}

fn check_fresh(order: &Order, entrance: Entrance<'_>, now: OffsetDateTime) -> Result<(), PaymentRefused> {
    let fresh = order.prepays.iter().any(|prepay| {
        let meant = match entrance {
            Entrance::Order => true,
            Entrance::Prepay(id) => prepay.id == id,
        };
        meant && now <= prepay.issued_at + prepay::lifetime(order.product)
    });
    if fresh { Ok(()) } else { Err(PaymentRefused::PrepayExpired) }
}

/// The payer confirms and the bank thinks: the order still reads `NOTPAY` and cannot be closed.
pub(super) fn begin(
    world: &mut World,
    key: &OrderKey,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    check_payable(order, Entrance::Order, Landing::InTime, now, settings)?;
    order.payment_in_flight = true;
    Ok(())
}

/// The payer gives up, or the bank refuses: the order stays payable, and nobody is notified.
pub(super) fn fail(
    world: &mut World,
    key: &OrderKey,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), PaymentRefused> {
    let order = world.orders.get_mut(key).ok_or(PaymentRefused::UnknownOrder)?;
    match order.trade_state(now, settings.expiry_lag) {
        TradeState::Success | TradeState::Refund => return Err(PaymentRefused::AlreadyPaid),
        TradeState::Closed => return Err(PaymentRefused::OrderClosed),
        TradeState::NotPay => {}
    }
    order.payment_in_flight = false;
    order.failed_tries += 1;
    Ok(())
}
