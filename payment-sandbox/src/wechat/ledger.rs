//! The channel's own books: every order with the money it took and gave back. Tests hold the gateway's data against it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::merchant::Balance;
use super::operation::Product;
use super::order::{Order, TradeState};
use super::refund::{Refund, RefundKey, RefundStatus};
use super::world::{Settings, World};

/// Everything that moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// Merchants with their money.
    pub merchants: Vec<LedgerMerchant>,
    /// Orders of all merchants, by merchant and number.
    pub orders: Vec<LedgerOrder>,
}

/// A merchant's money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerMerchant {
    /// Its number.
    pub mchid: String,
    /// What it has.
    pub balance: Balance,
}

/// One order in the books. Amounts in fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerOrder {
    /// Whose.
    pub mchid: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// The way of paying.
    pub product: Product,
    /// For which app.
    pub appid: String,
    /// What the payer reads.
    pub description: String,
    /// Its state now.
    pub state: TradeState,
    /// What it costs.
    pub total: i64,
    /// Taken for it, coupon included: the total once paid, else 0.
    pub taken: i64,
    /// Taken from the payer: without the coupon.
    pub payer_total: i64,
    /// Refunds that succeeded.
    pub given_back: i64,
    /// Refunds that are under way.
    pub being_given_back: i64,
    /// The channel's number, once paid.
    pub transaction_id: Option<String>,
    /// When it was paid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub paid_at: Option<OffsetDateTime>,
    /// When the payer's time ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// How often prepay was answered.
    pub prepays: usize,
    /// The newest prepay_id.
    pub prepay_id: Option<String>,
    /// Tries that failed.
    pub failed_tries: u32,
    /// Its refunds, oldest first.
    pub refunds: Vec<LedgerRefund>,
}

/// One refund in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerRefund {
    /// The merchant's number.
    pub out_refund_no: String,
    /// The channel's number.
    pub refund_id: String,
    /// Its status now.
    pub status: RefundStatus,
    /// Its amount in fen.
    pub refund: i64,
    /// The part of it that is the payer's money.
    pub payer_refund: i64,
}

pub(super) fn ledger(world: &World, now: OffsetDateTime, settings: &Settings) -> Ledger {
    let merchants = world
        .merchants
        .iter()
        .map(|(mchid, merchant)| LedgerMerchant { mchid: mchid.clone(), balance: merchant.balance });
    Ledger {
        merchants: merchants.collect(),
        orders: world.orders.values().map(|order| order_line(world, order, now, settings)).collect(),
    }
}

pub(super) fn order_line(
    world: &World,
    order: &Order,
    now: OffsetDateTime,
    settings: &Settings,
) -> LedgerOrder {
    let refunds: Vec<LedgerRefund> = refunds_of(world, order).map(refund_line).collect();
    let sum = |status| refunds.iter().filter(|r| r.status == status).map(|r| r.refund).sum();
    LedgerOrder {
        mchid: order.key.mchid.clone(),
        out_trade_no: order.key.out_trade_no.clone(),
        product: order.product,
        appid: order.appid.clone(),
        description: order.description.clone(),
        state: order.trade_state(now, settings.expiry_lag),
        total: order.total,
        taken: if order.payment.is_some() { order.total } else { 0 },
        payer_total: order.payment.as_ref().map_or(0, |paid| paid.payer_total),
        given_back: sum(RefundStatus::Success),
        being_given_back: sum(RefundStatus::Processing),
        transaction_id: order.payment.as_ref().map(|paid| paid.transaction_id.clone()),
        paid_at: order.payment.as_ref().map(|paid| paid.succeeded_at),
        expires_at: order.expires_at,
        prepays: order.prepays.len(),
        prepay_id: order.prepays.last().map(|prepay| prepay.id.clone()),
        failed_tries: order.failed_tries,
        refunds,
    }
}

fn refunds_of<'a>(world: &'a World, order: &'a Order) -> impl Iterator<Item = &'a Refund> {
    order.refund_numbers.iter().filter_map(|number| {
        let key = RefundKey { mchid: order.key.mchid.clone(), out_refund_no: number.clone() };
        world.refunds.get(&key)
    })
}

fn refund_line(refund: &Refund) -> LedgerRefund {
    LedgerRefund {
        out_refund_no: refund.key.out_refund_no.clone(),
        refund_id: refund.refund_id.clone(),
        status: refund.status,
        refund: refund.refund,
        payer_refund: refund.payer_refund,
    }
}
