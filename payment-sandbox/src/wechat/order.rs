//! An order as the channel keeps it. Its state is not stored but follows from what happened to it and from the time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::identifiers::api_time;
use super::operation::Product;

/// Orders are unique for each merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct OrderKey {
    pub(super) mchid: String,
    pub(super) out_trade_no: String,
}

/// `trade_state` of an order that is not paid by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeState {
    /// Not paid, also after a failed try.
    #[serde(rename = "NOTPAY")]
    NotPay,
    /// Paid, nothing refunded.
    Success,
    /// Paid, at least one refund accepted.
    Refund,
    /// Closed by the merchant or by its time.
    Closed,
}

impl TradeState {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::NotPay => "订单未支付",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款",
            Self::Closed => "订单已关闭",
        }
    }
}

/// What one prepay call handed out.
pub(super) struct Prepay {
    pub(super) id: String,
    pub(super) issued_at: OffsetDateTime,
}

/// The money that arrived.
#[derive(Clone)]
pub(super) struct Payment {
    pub(super) transaction_id: String,
    pub(super) succeeded_at: OffsetDateTime,
    /// Taken from the payer, in fen: the total less the coupon.
    pub(super) payer_total: i64,
    pub(super) bank_type: String,
    pub(super) openid: String,
}

/// An order with everything that happened to it.
pub(super) struct Order {
    pub(super) key: OrderKey,
    pub(super) product: Product,
    pub(super) appid: String,
    pub(super) description: String,
    pub(super) attach: String,
    pub(super) notify_url: String,
    pub(super) total: i64,
    pub(super) openid: Option<String>,
    pub(super) device_id: Option<String>,
    /// The first request without `time_expire`; later prepay calls must repeat it.
    pub(super) request: Map<String, Value>,
    pub(super) prepays: Vec<Prepay>,
    pub(super) native_code: String,
    pub(super) created_at: OffsetDateTime,
    /// The payer cannot begin to pay from here on.
    pub(super) expires_at: OffsetDateTime,
    pub(super) closed_at: Option<OffsetDateTime>,
    /// The payer has begun, the bank has not answered yet.
    pub(super) payment_in_flight: bool,
    pub(super) failed_tries: u32,
    pub(super) payment: Option<Payment>,
    /// Accepted refunds that were not closed again, in fen.
    pub(super) refunded_total: i64,
    /// `out_refund_no` of every accepted refund.
    pub(super) refund_numbers: Vec<String>,
}

impl Order {
    /// The state now. `expiry_lag` is how long the channel takes to close an order whose time has passed.
    pub(super) fn trade_state(&self, now: OffsetDateTime, expiry_lag: Duration) -> TradeState {
        let expired = now >= self.expires_at + expiry_lag && !self.payment_in_flight;
        match (&self.payment, self.closed_at) {
            (Some(_), _) if self.refund_numbers.is_empty() => TradeState::Success,
            (Some(_), _) => TradeState::Refund,
            (None, Some(_)) => TradeState::Closed,
            (None, None) if expired => TradeState::Closed,
            (None, None) => TradeState::NotPay,
        }
    }

    /// The answer to a query, which is also the plaintext of a payment notification.
    pub(super) fn view(&self, state: TradeState) -> Value {
        let mut view = json!({
            "appid": self.appid,
            "mchid": self.key.mchid,
            "out_trade_no": self.key.out_trade_no,
            "trade_state": state.code(),
            "trade_state_desc": state.description(),
            "amount": {"total": self.total, "currency": "CNY"},
        });
        let mut extra = self.payment.as_ref().map(|paid| self.paid_fields(paid)).unwrap_or_default();
        if let Some(device_id) = &self.device_id {
            extra.insert("scene_info".to_owned(), json!({"device_id": device_id}));
        }
        if let Some(fields) = view.as_object_mut() {
            fields.append(&mut extra);
        }
        view
    }

    fn paid_fields(&self, paid: &Payment) -> Map<String, Value> {
        let coupon = self.total - paid.payer_total;
        let mut fields = Map::from_iter([
            ("transaction_id".to_owned(), json!(paid.transaction_id)),
            ("trade_type".to_owned(), json!(self.product.trade_type())),
            ("bank_type".to_owned(), json!(paid.bank_type)),
            ("attach".to_owned(), json!(self.attach)),
            ("success_time".to_owned(), json!(api_time(paid.succeeded_at))),
            ("payer".to_owned(), json!({"openid": paid.openid})),
            (
                "amount".to_owned(),
                json!({"total": self.total, "payer_total": paid.payer_total, "currency": "CNY", "payer_currency": "CNY"}),
            ),
        ]);
        if coupon > 0 {
            fields.insert("promotion_detail".to_owned(), json!([promotion(coupon)]));
        }
        fields
    }
}

fn promotion(amount: i64) -> Value {
    json!({
        "coupon_id": "109519", "name": "simulated coupon", "scope": "GLOBAL", "type": "CASH", "amount": amount,
        "stock_id": "931386", "wechatpay_contribute": 0, "merchant_contribute": amount, "other_contribute": 0,
        "currency": "CNY",
    })
}
