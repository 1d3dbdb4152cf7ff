//! The channel's own books: every order with the money it took and gave back. Tests hold the gateway's data against it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::operation::Product;
use super::order::{Order, Refund, RefundStatus, TradeStatus};
use super::placing::QR_ADDRESS;
use super::world::{Settings, World};

/// Everything that moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// Merchants with their money.
    pub merchants: Vec<LedgerMerchant>,
    /// Orders of all merchants, by application and number.
    pub orders: Vec<LedgerOrder>,
}

/// A merchant's money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerMerchant {
    /// Its application.
    pub app_id: String,
    /// Its partner number.
    pub seller_id: String,
    /// What it has, in fen.
    pub balance: u64,
}

/// One order in the books. Amounts in fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerOrder {
    /// Whose.
    pub app_id: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// The way of paying.
    pub product: Product,
    /// What the payer reads.
    pub subject: String,
    /// The trade's status now; absent while there is no trade.
    pub status: Option<TradeStatus>,
    /// What it costs.
    pub total: i64,
    /// Taken for it, coupon included: the total once paid, else 0.
    pub taken: i64,
    /// Taken from the payer: without the coupon.
    pub buyer_pay: i64,
    /// Refunds whose money moved.
    pub given_back: i64,
    /// Refunds that are under way.
    pub being_given_back: i64,
    /// The channel's number, once there is a trade.
    pub trade_no: Option<String>,
    /// When it was paid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub paid_at: Option<OffsetDateTime>,
    /// When the trade closes by itself; absent while there is no trade.
    #[serde(with = "time::serde::rfc3339::option")]
    pub closes_at: Option<OffsetDateTime>,
    /// The QR codes that were handed out, whole as payers scan them.
    pub qr_codes: Vec<String>,
    /// Where the channel tells of it.
    pub notify_url: Option<String>,
    /// Names its page: `/wallet/{cashier_token}`.
    pub cashier_token: String,
    /// Tries that failed.
    pub failed_tries: u32,
    /// Its refunds, oldest first.
    pub refunds: Vec<LedgerRefund>,
}

/// One refund in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerRefund {
    /// The merchant's number.
    pub out_request_no: String,
    /// Its status now.
    pub status: RefundStatus,
    /// Its amount in fen.
    pub amount: i64,
}

pub(super) fn ledger(world: &World, now: OffsetDateTime, settings: &Settings) -> Ledger {
    let merchants = world.merchants.iter().map(|(app_id, merchant)| LedgerMerchant {
        app_id: app_id.clone(),
        seller_id: merchant.seller_id.clone(),
        balance: merchant.balance,
    });
    Ledger {
        merchants: merchants.collect(),
        orders: world.orders.values().map(|order| order_line(order, now, settings)).collect(),
    }
}

pub(super) fn order_line(order: &Order, now: OffsetDateTime, settings: &Settings) -> LedgerOrder {
    let trade = order.trade.as_ref();
    let payment = trade.and_then(|trade| trade.payment.as_ref());
    LedgerOrder {
        app_id: order.key.app_id.clone(),
        out_trade_no: order.key.out_trade_no.clone(),
        product: order.product,
        subject: order.subject.clone(),
        status: order.status(now, settings.expiry_lag),
        total: order.total,
        taken: if payment.is_some() { order.total } else { 0 },
        buyer_pay: payment.map_or(0, |payment| payment.buyer_pay),
        given_back: trade.map_or(0, |trade| trade.refunded(RefundStatus::Success)),
        being_given_back: trade.map_or(0, |trade| trade.refunded(RefundStatus::Processing)),
        trade_no: trade.map(|trade| trade.trade_no.clone()),
        paid_at: payment.map(|payment| payment.paid_at),
        closes_at: trade.map(|trade| trade.closes_at),
        qr_codes: order.qr_codes.iter().map(|qr| format!("{QR_ADDRESS}{}", qr.code)).collect(),
        notify_url: order.notify_url.clone(),
        cashier_token: order.cashier_token.clone(),
        failed_tries: order.failed_tries,
        refunds: trade.map(|trade| trade.refunds.iter().map(refund_line).collect()).unwrap_or_default(),
    }
}

fn refund_line(refund: &Refund) -> LedgerRefund {
    LedgerRefund {
        out_request_no: refund.out_request_no.clone(),
        status: refund.status,
        amount: refund.amount,
    }
}
