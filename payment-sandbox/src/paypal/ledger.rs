//! The channel's own books: every order with the money it took and gave back. Tests hold the gateway's data against it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::authorization::{Authorization, AuthorizationStatus};
use super::capture::{Capture, CaptureStatus};
use super::money::Money;
use super::order::{Intent, Order, OrderStatus};
use super::refund::{RefundOrigin, RefundStatus};
use super::world::World;

/// Everything that moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// Merchants.
    pub merchants: Vec<LedgerMerchant>,
    /// Orders of all merchants, by id. Those that vanished are here too.
    pub orders: Vec<LedgerOrder>,
}

/// One merchant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerMerchant {
    /// Its app.
    pub client_id: String,
    /// Its account.
    pub merchant_id: String,
    /// How often it got an access token.
    pub tokens_requested: u64,
}

/// One order in the books. Amounts in minor units of its one currency.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerOrder {
    /// PayPal's id.
    pub order_id: String,
    /// Whose.
    pub client_id: String,
    /// What it is for.
    pub intent: Intent,
    /// Its status.
    pub status: OrderStatus,
    /// Whether its time has passed, so that the API does not find it.
    pub expired: bool,
    /// Of the first purchase unit.
    pub custom_id: Option<String>,
    /// Of the first purchase unit.
    pub invoice_id: Option<String>,
    /// What all units cost together.
    pub total: Money,
    /// Captures whose money came.
    pub taken: i64,
    /// Captures whose money may come.
    pub being_taken: i64,
    /// Refunds and reversals that are complete.
    pub given_back: i64,
    /// Refunds under way.
    pub being_given_back: i64,
    /// How often a source of money was refused.
    pub declines: u32,
    /// How often the buyer went back.
    pub cancellations: u32,
    /// Where the buyer approves it.
    pub approve_url: String,
    /// Oldest first.
    pub captures: Vec<LedgerCapture>,
    /// Oldest first.
    pub authorizations: Vec<LedgerAuthorization>,
}

/// One capture in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerCapture {
    /// PayPal's id.
    pub capture_id: String,
    /// Its status.
    pub status: CaptureStatus,
    /// Its amount.
    pub amount: Money,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Its refunds, oldest first.
    pub refunds: Vec<LedgerRefund>,
}

/// One refund in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerRefund {
    /// PayPal's id.
    pub refund_id: String,
    /// Who wanted it.
    pub origin: RefundOrigin,
    /// Its status.
    pub status: RefundStatus,
    /// Its amount.
    pub amount: Money,
    /// The merchant's names for it.
    pub custom_id: Option<String>,
    /// The merchant's number for it.
    pub invoice_id: Option<String>,
}

/// One authorization in the books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerAuthorization {
    /// PayPal's id.
    pub authorization_id: String,
    /// Its status.
    pub status: AuthorizationStatus,
    /// What was held.
    pub amount: Money,
    /// What was captured of it.
    pub captured: i64,
}

pub(super) fn ledger(world: &World, now: OffsetDateTime, base_url: &str) -> Ledger {
    let merchants = world.merchants.values().map(|merchant| LedgerMerchant {
        client_id: merchant.client_id.clone(),
        merchant_id: merchant.merchant_id.clone(),
        tokens_requested: merchant.tokens_requested,
    });
    Ledger {
        merchants: merchants.collect(),
        orders: world.orders.values().map(|order| order_line(world, order, now, base_url)).collect(),
    }
}

pub(super) fn order_line(world: &World, order: &Order, now: OffsetDateTime, base_url: &str) -> LedgerOrder {
    let captures: Vec<LedgerCapture> = captures_of(world, order).map(|c| capture_line(world, c)).collect();
    let first = order.units.first();
    let text = |name: &str| first.and_then(|unit| unit.text(name)).map(str::to_owned);
    let currency_code = first.map(|unit| unit.amount.currency_code.clone()).unwrap_or_default();
    let taken = captures.iter().filter(|c| c.status.is_paid()).map(|c| c.amount.minor).sum();
    let pending = captures.iter().filter(|c| c.status == CaptureStatus::Pending);
    let being_taken = pending.map(|c| c.amount.minor).sum();
    let back = |status| {
        let refunds = captures.iter().flat_map(|capture| &capture.refunds);
        refunds.filter(|refund| refund.status == status).map(|refund| refund.amount.minor).sum()
    };
    LedgerOrder {
        order_id: order.id.clone(),
        client_id: order.client_id.clone(),
        intent: order.intent,
        status: order.status,
        expired: order.is_expired(now),
        custom_id: text("custom_id"),
        invoice_id: text("invoice_id"),
        total: Money { currency_code, minor: order.units.iter().map(|unit| unit.amount.minor).sum() },
        taken,
        being_taken,
        given_back: back(RefundStatus::Completed),
        being_given_back: back(RefundStatus::Pending),
        declines: order.declines,
        cancellations: order.cancellations,
        approve_url: order.approve_url(base_url),
        captures,
        authorizations: authorizations_of(world, order).map(authorization_line).collect(),
    }
}

fn captures_of<'a>(world: &'a World, order: &'a Order) -> impl Iterator<Item = &'a Capture> {
    order.units.iter().flat_map(|unit| &unit.captures).filter_map(|id| world.captures.get(id))
}

fn authorizations_of<'a>(world: &'a World, order: &'a Order) -> impl Iterator<Item = &'a Authorization> {
    order.units.iter().flat_map(|unit| &unit.authorizations).filter_map(|id| world.authorizations.get(id))
}

fn capture_line(world: &World, capture: &Capture) -> LedgerCapture {
    let refunds = capture.refunds.iter().filter_map(|id| world.refunds.get(id));
    let refunds = refunds.map(|refund| LedgerRefund {
        refund_id: refund.id.clone(),
        origin: refund.origin,
        status: refund.status,
        amount: refund.amount.clone(),
        custom_id: refund.custom_id.clone(),
        invoice_id: refund.invoice_id.clone(),
    });
    LedgerCapture {
        capture_id: capture.id.clone(),
        status: capture.status,
        amount: capture.amount.clone(),
        created_at: capture.created_at,
        refunds: refunds.collect(),
    }
}

fn authorization_line(held: &Authorization) -> LedgerAuthorization {
    LedgerAuthorization {
        authorization_id: held.id.clone(),
        status: held.status,
        amount: held.amount.clone(),
        captured: held.captured,
    }
}
