//! Readers of WeChat's answers and of the opened contents of its notifications. Pure: bytes in, findings out.
//!
//! Fields are optional wherever WeChat leaves them out in some state (F48). What a finding cannot do without and is
//! missing makes the whole answer unreadable; nothing is guessed.

use payment_core::{
    gateway::{Finding, GatewayError, PaidFinding, RefundFinding, RefundStatus},
    identifiers::{ChannelRefundNo, ChannelTransactionNo, Payee, PaymentNo, RefundNo},
    money::{Currency, Money},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use url::Url;

use crate::product::WeChatProduct;

/// An answer without the form that WeChat documents: which field, and no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<Unreadable> for GatewayError {
    /// A signed answer that cannot be read leaves open what was done.
    fn from(error: Unreadable) -> Self {
        Self::Unknown(error.to_string())
    }
}

fn unreadable(field: &str) -> Unreadable {
    Unreadable(format!("{field} is missing or malformed"))
}

/// Reads JSON. The error names a line and a column, never a value.
pub(crate) fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(bytes).map_err(|error| {
        Unreadable(format!("not the documented JSON at line {} column {}", error.line(), error.column()))
    })
}

/// An error answer. Every field may be missing, and gateways in between send no JSON at all.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorBody {
    /// WeChat's code.
    #[serde(default)]
    pub(crate) code: String,
    /// Human text: for logs only.
    #[serde(default)]
    pub(crate) message: String,
}

impl ErrorBody {
    /// What is there of an error answer. A code that cannot be one of WeChat's is none: it would be kept and shown.
    pub(crate) fn read(body: &[u8]) -> Self {
        let read: Self = serde_json::from_slice(body).unwrap_or_default();
        let visible = read.code.len() <= 64 && read.code.bytes().all(|byte| byte.is_ascii_graphic());
        if visible { read } else { Self { code: String::new(), ..read } }
    }
}

#[derive(Deserialize)]
struct CreatedBody {
    prepay_id: Option<String>,
    code_url: Option<String>,
    h5_url: Option<String>,
}

/// What payment data is made from.
pub(crate) fn handle(product: WeChatProduct, body: &[u8]) -> Result<String, Unreadable> {
    let body: CreatedBody = json(body)?;
    let visible = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    match product {
        WeChatProduct::App | WeChatProduct::Jsapi => {
            body.prepay_id.filter(|id| visible(id) && id.len() <= 64).ok_or_else(|| unreadable("prepay_id"))
        }
        WeChatProduct::Native => {
            body.code_url.filter(|url| visible(url)).ok_or_else(|| unreadable("code_url"))
        }
        WeChatProduct::H5 => {
            let web =
                |url: &String| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
            body.h5_url.filter(web).ok_or_else(|| unreadable("h5_url"))
        }
    }
}

/// Where an order is. A value that is not listed is taken for an open one: it ends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TradeState {
    Success,
    Refund,
    Notpay,
    Closed,
    Revoked,
    Userpaying,
    Payerror,
    Accept,
    #[serde(other)]
    Unlisted,
}

/// A payment, as an answer or a notification tells it. The payer is not read: nobody here needs to know.
#[derive(Deserialize)]
pub(crate) struct Transaction {
    appid: Option<String>,
    mchid: Option<String>,
    out_trade_no: Option<String>,
    transaction_id: Option<String>,
    trade_state: TradeState,
    #[serde(default, deserialize_with = "lenient_time")]
    success_time: Option<OffsetDateTime>,
    amount: Option<AmountBody>,
    /// Only combined orders have it.
    combine_out_trade_no: Option<Value>,
    sub_orders: Option<Value>,
}

#[derive(Deserialize)]
struct AmountBody {
    total: Option<i64>,
    currency: Option<String>,
}

impl Transaction {
    /// The merchant's number, which both answers and notifications always have.
    pub(crate) fn payment_no(&self) -> Result<&str, Unreadable> {
        if self.combine_out_trade_no.is_some() || self.sub_orders.is_some() {
            return Err(Unreadable("a combined order, which this service does not make".to_owned()));
        }
        self.out_trade_no
            .as_deref()
            .filter(|number| !number.is_empty())
            .ok_or_else(|| unreadable("out_trade_no"))
    }

    /// WeChat's number, once paid.
    pub(crate) fn transaction_no(&self) -> Option<&str> {
        self.transaction_id.as_deref()
    }

    /// What it says.
    ///
    /// `REFUND` means that money was paid and a refund was begun, so it is a success. `PAYERROR` occurs in code-pay
    /// only, where the next try may succeed.
    pub(crate) fn finding(&self) -> Result<Finding, Unreadable> {
        match self.trade_state {
            TradeState::Success | TradeState::Refund => self.paid().map(Finding::Paid),
            TradeState::Closed | TradeState::Revoked => Ok(Finding::Closed),
            TradeState::Notpay
            | TradeState::Userpaying
            | TradeState::Payerror
            | TradeState::Accept
            | TradeState::Unlisted => Ok(Finding::AwaitingPayer),
        }
    }

    fn paid(&self) -> Result<PaidFinding, Unreadable> {
        let transaction_no = self.transaction_id.as_deref().unwrap_or_default();
        let transaction_no =
            ChannelTransactionNo::parse(transaction_no).map_err(|_| unreadable("transaction_id"))?;
        let mchid = self.mchid.as_deref().ok_or_else(|| unreadable("mchid"))?;
        let appid = self.appid.as_deref().ok_or_else(|| unreadable("appid"))?;
        let amount = self.amount.as_ref().ok_or_else(|| unreadable("amount"))?;
        let total = amount.total.ok_or_else(|| unreadable("amount.total"))?;
        Ok(PaidFinding {
            transaction_no,
            // Not payer_total: coupons lower what the payer pays and not what the order costs.
            amount: Money::new(currency(amount.currency.as_deref())?, total),
            payee: payee(mchid, appid).ok_or_else(|| unreadable("mchid"))?,
            paid_time: self.success_time,
        })
    }
}

/// Who receives the money, as findings and payments name it.
pub(crate) fn payee(mchid: &str, app_id: &str) -> Option<Payee> {
    Payee::parse(format!("{mchid}/{app_id}")).ok()
}

/// Domestic merchants have renminbi only, and WeChat leaves the currency out in places.
fn currency(code: Option<&str>) -> Result<Currency, Unreadable> {
    code.map_or(Ok(Currency::CNY), |code| Currency::parse(code).map_err(|_| unreadable("amount.currency")))
}

/// Where a refund is. A value that is not listed is taken for an open one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RefundState {
    Success,
    Closed,
    Abnormal,
    Processing,
    #[serde(other)]
    Unlisted,
}

/// A refund, as an answer or a notification tells it.
#[derive(Deserialize)]
pub(crate) struct Refund {
    out_refund_no: Option<String>,
    out_trade_no: Option<String>,
    refund_id: Option<String>,
    /// Answers say `status`, notifications say `refund_status`.
    #[serde(alias = "refund_status")]
    status: RefundState,
    #[serde(default, deserialize_with = "lenient_time")]
    success_time: Option<OffsetDateTime>,
    amount: Option<RefundAmountBody>,
}

#[derive(Deserialize)]
struct RefundAmountBody {
    refund: Option<i64>,
    currency: Option<String>,
}

impl Refund {
    /// The merchant's number of the refund.
    pub(crate) fn refund_no(&self) -> Result<&str, Unreadable> {
        self.out_refund_no.as_deref().ok_or_else(|| unreadable("out_refund_no"))
    }

    /// The merchant's number of the payment.
    pub(crate) fn payment_no(&self) -> Result<&str, Unreadable> {
        self.out_trade_no.as_deref().ok_or_else(|| unreadable("out_trade_no"))
    }

    /// What it says, about the refund and payment that it was found to be about.
    pub(crate) fn finding(
        &self,
        refund_no: RefundNo,
        payment_no: PaymentNo,
    ) -> Result<RefundFinding, Unreadable> {
        let refund_id = self.refund_id.clone().map(ChannelRefundNo::parse).transpose();
        let amount = self.amount.as_ref();
        let currency = currency(amount.and_then(|amount| amount.currency.as_deref()))?;
        Ok(RefundFinding {
            refund_no,
            payment_no,
            channel_refund_no: refund_id.map_err(|_| unreadable("refund_id"))?,
            amount: amount.and_then(|amount| amount.refund).map(|refund| Money::new(currency, refund)),
            status: match self.status {
                RefundState::Success => RefundStatus::Succeeded,
                RefundState::Closed => RefundStatus::Dead,
                RefundState::Abnormal => RefundStatus::NeedsPerson,
                RefundState::Processing | RefundState::Unlisted => RefundStatus::Processing,
            },
            refunded_time: self.success_time,
        })
    }
}

/// A time with or without milliseconds, in UTC. One that cannot be read is left out: money is not refused over a date.
fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    let text = value.as_ref().and_then(Value::as_str);
    Ok(text
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
        .and_then(|time| time.checked_to_offset(UtcOffset::UTC)))
}

#[cfg(test)]
mod tests;
