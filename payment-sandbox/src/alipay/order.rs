//! An order as the channel keeps it, and the trade that comes into being only when a payer turns up. A trade's status
//! is not stored but follows from what happened to it and from the time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::amount;
use super::identifiers::api_time;
use super::operation::Product;
use super::request::Timeout;

/// Order numbers are unique for each application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    pub(super) app_id: String,
    pub(super) out_trade_no: String,
}

/// `trade_status`. An order whose payer has not turned up has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TradeStatus {
    /// There is a trade, nobody has paid.
    #[serde(rename = "WAIT_BUYER_PAY")]
    WaitBuyerPay,
    /// Paid, refunds possible.
    #[serde(rename = "TRADE_SUCCESS")]
    Success,
    /// Paid, refunds no longer possible.
    #[serde(rename = "TRADE_FINISHED")]
    Finished,
    /// Never paid, or refunded in full.
    #[serde(rename = "TRADE_CLOSED")]
    Closed,
}

impl TradeStatus {
    /// Its name on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

/// What became of one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Accepted, the money has not moved: `fund_change=N`, no `refund_status` yet.
    Processing,
    /// The money moved: `REFUND_SUCCESS`.
    Success,
    /// The money will not move; the refund query tells an `error_code`.
    Failed,
}

/// One refund of a trade.
#[derive(Clone)]
pub(super) struct Refund {
    pub(super) out_request_no: String,
    pub(super) amount: i64,
    pub(super) reason: Option<String>,
    pub(super) status: RefundStatus,
    /// When the money moved.
    pub(super) moved_at: Option<OffsetDateTime>,
    /// What becomes of it when it settles by itself.
    pub(super) outcome: RefundStatus,
}

/// The money that arrived.
#[derive(Clone)]
pub(super) struct Payment {
    pub(super) paid_at: OffsetDateTime,
    /// Taken from the buyer, in fen: the total less the coupon.
    pub(super) buyer_pay: i64,
}

/// Who pays.
#[derive(Clone)]
pub(super) struct Buyer {
    pub(super) id: String,
    pub(super) logon_id: String,
}

/// The trade of an order whose payer has turned up.
#[derive(Clone)]
pub(super) struct Trade {
    pub(super) trade_no: String,
    pub(super) buyer: Buyer,
    pub(super) created_at: OffsetDateTime,
    /// Closes by itself from here on.
    pub(super) closes_at: OffsetDateTime,
    pub(super) closed_at: Option<OffsetDateTime>,
    pub(super) payment: Option<Payment>,
    pub(super) finished_at: Option<OffsetDateTime>,
    pub(super) refunds: Vec<Refund>,
}

impl Trade {
    pub(super) fn refunded(&self, status: RefundStatus) -> i64 {
        self.refunds.iter().filter(|refund| refund.status == status).map(|refund| refund.amount).sum()
    }

    /// What was given back or will be: refunds that did not fail.
    pub(super) fn refunds_accepted(&self) -> i64 {
        self.refunded(RefundStatus::Success) + self.refunded(RefundStatus::Processing)
    }
}

/// A QR code that was handed out.
pub(super) struct QrCode {
    pub(super) code: String,
    pub(super) expires_at: OffsetDateTime,
}

/// An order with everything that happened to it.
pub(super) struct Order {
    pub(super) key: OrderKey,
    pub(super) product: Product,
    pub(super) seller_id: String,
    pub(super) total: i64,
    pub(super) subject: String,
    pub(super) body: Option<String>,
    pub(super) passback_params: Option<String>,
    pub(super) notify_url: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) quit_url: Option<String>,
    pub(super) requested_at: OffsetDateTime,
    /// Bounds the order also while there is no trade.
    pub(super) time_expire: Option<OffsetDateTime>,
    pub(super) timeout: Option<Timeout>,
    pub(super) qr_codes: Vec<QrCode>,
    /// Names the cashier page.
    pub(super) cashier_token: String,
    pub(super) trade: Option<Trade>,
    pub(super) failed_tries: u32,
}

impl Order {
    /// The trade's status now; none while there is no trade. `lag` is how long the channel takes to close a trade
    /// whose time has passed.
    pub(super) fn status(&self, now: OffsetDateTime, lag: Duration) -> Option<TradeStatus> {
        let trade = self.trade.as_ref()?;
        let refunded = trade.refunded(RefundStatus::Success);
        let status = match (&trade.payment, trade.closed_at, trade.finished_at) {
            (Some(_), _, Some(_)) => TradeStatus::Finished,
            (Some(_), _, None) if refunded >= self.total => TradeStatus::Closed,
            (Some(_), _, None) => TradeStatus::Success,
            (None, Some(_), _) => TradeStatus::Closed,
            (None, None, _) if now >= trade.closes_at + lag => TradeStatus::Closed,
            (None, None, _) => TradeStatus::WaitBuyerPay,
        };
        Some(status)
    }

    /// When a trade that begins at `created_at` closes by itself.
    pub(super) fn closing_time(&self, created_at: OffsetDateTime) -> OffsetDateTime {
        // The clock of a precreated order runs from the request, that of the others from the trade's creation.
        let from = if self.product == Product::Precreate { self.requested_at } else { created_at };
        let by_default =
            if self.product.is_face_to_face() { Timeout::FACE_TO_FACE } else { Timeout::LONGEST };
        self.time_expire.unwrap_or_else(|| self.timeout.unwrap_or(by_default).ends_at(from))
    }

    /// What queries, barcode answers and refunds tell of the trade.
    pub(super) fn identity(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("out_trade_no".to_owned(), json!(self.key.out_trade_no))]);
        if let Some(trade) = &self.trade {
            fields.insert("trade_no".to_owned(), json!(trade.trade_no));
            fields.insert("buyer_user_id".to_owned(), json!(trade.buyer.id));
            fields.insert("buyer_logon_id".to_owned(), json!(trade.buyer.logon_id));
        }
        fields
    }

    /// The amounts of the order and of its payment; zeros while it is unpaid.
    pub(super) fn amounts(&self) -> Map<String, Value> {
        let payment = self.trade.as_ref().and_then(|trade| trade.payment.as_ref());
        let buyer_pay = payment.map_or(0, |payment| payment.buyer_pay);
        let received = if payment.is_some() { self.total } else { 0 };
        [
            ("total_amount", self.total),
            ("receipt_amount", received),
            ("buyer_pay_amount", buyer_pay),
            ("invoice_amount", buyer_pay),
            ("point_amount", 0),
        ]
        .into_iter()
        .map(|(name, fen)| (name.to_owned(), json!(amount::text(fen))))
        .collect()
    }

    /// What the money consists of; notifications spell the first key `fundChannel`.
    pub(super) fn fund_bill_list(&self, channel_key: &str) -> Option<Value> {
        let payment = self.trade.as_ref()?.payment.as_ref()?;
        let coupon = self.total - payment.buyer_pay;
        let mut bills = vec![json!({
            "amount": amount::text(payment.buyer_pay), (channel_key): "ALIPAYACCOUNT",
        })];
        if coupon > 0 {
            bills.push(json!({"amount": amount::text(coupon), (channel_key): "COUPON"}));
        }
        Some(Value::Array(bills))
    }

    /// When the buyer paid, as the API writes it.
    pub(super) fn paid_at(&self) -> Option<String> {
        self.trade.as_ref()?.payment.as_ref().map(|payment| api_time(payment.paid_at))
    }
}
