//! Readers of Alipay's answers. Pure: bytes in, findings out.
//!
//! Only the raw text of a node is ever verified and read; a re-serialized one is other bytes (F44). Fields are optional
//! wherever Alipay leaves them out in some state (F48). What a finding cannot do without and is missing makes the whole
//! answer unreadable; nothing is guessed.

use std::collections::BTreeMap;

use payment_core::{
    gateway::{Finding, GatewayError, PaidFinding, RefundFinding, RefundStatus},
    identifiers::{ChannelTransactionNo, Payee, PaymentNo, RefundNo},
    money::{Currency, Exponent, Money},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::beijing;

/// The node of an answer whose question the gateway did not even recognise.
const GENERIC_ERROR: &str = "error_response";

/// An answer without the form that Alipay documents: which field, and no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<Unreadable> for GatewayError {
    /// A signed answer that cannot be read leaves open what was done.
    fn from(error: Unreadable) -> Self {
        Self::Unknown(error.to_string())
    }
}

pub(crate) fn unreadable(field: &str) -> Unreadable {
    Unreadable(format!("{field} is missing or malformed"))
}

/// Reads JSON. The error names a line and a column, never a value.
pub(crate) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| {
        Unreadable(format!("not the documented JSON at line {} column {}", error.line(), error.column()))
    })
}

/// The top level of an answer, its members raw.
pub(crate) struct Envelope {
    /// The node's value exactly as received: an object, or the quoted ciphertext of one.
    pub(crate) node: String,
    /// Whether the node is not the question's own.
    pub(crate) generic: bool,
    /// The signature over it, if there is one.
    pub(crate) signature: Option<String>,
    /// The serial of the certificate that signed, in certificate mode.
    pub(crate) certificate_serial: Option<String>,
}

impl Envelope {
    /// Reads the answer to a question whose node has this name. A member that stands twice is refused: it would be open
    /// which of them was signed.
    pub(crate) fn read(body: &[u8], node: &str) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable("not UTF-8".to_owned()))?;
        let Members(mut members) = json(text)?;
        let own = members.remove(node);
        let generic = own.is_none();
        let node = match (own, members.remove(GENERIC_ERROR)) {
            (Some(node), None) | (None, Some(node)) => node,
            (None, None) | (Some(_), Some(_)) => return Err(unreadable(node)),
        };
        let mut text = |name: &str| match members.remove(name) {
            None => Ok(None),
            Some(raw) => json::<String>(raw.get()).map(Some).map_err(|_| unreadable(name)),
        };
        let signature = text("sign")?.filter(|signature| !signature.is_empty());
        let certificate_serial = text("alipay_cert_sn")?.filter(|serial| !serial.is_empty());
        Ok(Self { node: node.get().to_owned(), generic, signature, certificate_serial })
    }
}

struct Members(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object whose members stand once each")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member stands twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// What every node has.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Head {
    /// The public code.
    #[serde(default)]
    pub(crate) code: String,
    /// The code of the API, absent on success. Texts beside it are not read: one quotes the whole request.
    #[serde(default)]
    pub(crate) sub_code: String,
}

impl Head {
    /// Reads it. Codes that cannot be Alipay's are refused: they would be kept and shown.
    pub(crate) fn read(node: &str) -> Result<Self, Unreadable> {
        let head: Self = json(node)?;
        let visible = |code: &str| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic());
        if visible(&head.code) && visible(&head.sub_code) { Ok(head) } else { Err(unreadable("code")) }
    }
}

#[derive(Deserialize)]
struct PrecreatedNode {
    out_trade_no: Option<String>,
    qr_code: Option<String>,
}

/// The text of the QR code for our payment.
pub(crate) fn qr_code(node: &str, payment_no: &PaymentNo) -> Result<String, Unreadable> {
    let node: PrecreatedNode = json(node)?;
    require(node.out_trade_no.as_deref(), payment_no.as_str(), "out_trade_no")?;
    let visible =
        |text: &String| (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    node.qr_code.filter(visible).ok_or_else(|| unreadable("qr_code"))
}

/// An answer about something else than was asked about is no answer.
fn require(answered: Option<&str>, asked: &str, field: &str) -> Result<(), Unreadable> {
    match answered {
        Some(answered) if answered == asked => Ok(()),
        Some(_) => Err(Unreadable(format!("{field} is another than was asked about"))),
        None => Err(unreadable(field)),
    }
}

/// The same for answers that may leave the field out.
fn require_if_named(answered: Option<&str>, asked: &str, field: &str) -> Result<(), Unreadable> {
    answered.map_or(Ok(()), |answered| require(Some(answered), asked, field))
}

#[derive(Deserialize)]
struct NamedNode {
    out_trade_no: Option<String>,
}

/// That a refusal, which may echo our number, is about our payment.
pub(crate) fn require_payment(node: &str, payment_no: &PaymentNo) -> Result<(), Unreadable> {
    let node: NamedNode = json(node)?;
    require_if_named(node.out_trade_no.as_deref(), payment_no.as_str(), "out_trade_no")
}

/// Who receives the money, as findings and payments name it.
pub(crate) fn payee(app_id: &str, seller_id: &str) -> Option<Payee> {
    Payee::parse(format!("{app_id}/{seller_id}")).ok()
}

/// Yuan as decimal text, `10`, `10.0` or `10.00`: never signs, exponents or more than two places.
pub(crate) fn yuan(text: &str) -> Option<Money> {
    let money = Money::from_decimal(text, Currency::CNY, Exponent::TWO).ok()?;
    (money.minor_units() >= 0 && !text.starts_with('-')).then_some(money)
}

/// Where a trade is. One reading for answers and notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TradeStatus {
    /// Created, unpaid.
    WaitBuyerPay,
    /// Paid.
    Success,
    /// Paid, and not to be refunded any more; the only success that some products have (F7).
    Finished,
    /// Ended unpaid, or paid and given back whole.
    Closed,
    /// A word that the platform has invented since. It ends nothing.
    Unlisted,
}

impl TradeStatus {
    /// Reads the platform's word.
    pub(crate) fn read(word: &str) -> Self {
        match word {
            "WAIT_BUYER_PAY" => Self::WaitBuyerPay,
            "TRADE_SUCCESS" => Self::Success,
            "TRADE_FINISHED" => Self::Finished,
            "TRADE_CLOSED" => Self::Closed,
            _ => Self::Unlisted,
        }
    }
}

/// A payment, as the answer to a query tells it. The payer is not read: nobody here needs to know.
#[derive(Deserialize)]
pub(crate) struct Trade {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
    trade_status: Option<String>,
    total_amount: Option<String>,
    receipt_amount: Option<String>,
    buyer_pay_amount: Option<String>,
    send_pay_date: Option<String>,
    /// The same in the answer to a payment by the payer's code.
    gmt_payment: Option<String>,
    seller_id: Option<String>,
}

impl Trade {
    /// That it is the payment of our number.
    pub(crate) fn require_payment_no(&self, asked: &str) -> Result<(), Unreadable> {
        require(self.out_trade_no.as_deref(), asked, "out_trade_no")
    }

    /// That it is the payment of Alipay's number.
    pub(crate) fn require_transaction_no(&self, asked: &str) -> Result<(), Unreadable> {
        require(self.trade_no.as_deref(), asked, "trade_no")
    }

    /// What it says.
    ///
    /// A closed trade to which money once moved was paid and then given back whole: the payment is a fact, and so is the
    /// refund, which is found under its own number.
    pub(crate) fn finding(&self, account: &Payee) -> Result<Finding, Unreadable> {
        let status = self.trade_status.as_deref().ok_or_else(|| unreadable("trade_status"))?;
        match TradeStatus::read(status) {
            TradeStatus::Success | TradeStatus::Finished => self.paid(account).map(Finding::Paid),
            TradeStatus::Closed if self.money_moved() => self.paid(account).map(Finding::Paid),
            TradeStatus::Closed => Ok(Finding::Closed),
            TradeStatus::WaitBuyerPay | TradeStatus::Unlisted => Ok(Finding::AwaitingPayer),
        }
    }

    /// A failed or unpaid trade has these amounts too, as zeros.
    fn money_moved(&self) -> bool {
        let positive = |amount: &Option<String>| {
            amount.as_deref().and_then(yuan).is_some_and(|amount| amount.minor_units() > 0)
        };
        self.send_pay_date.as_deref().is_some_and(|date| !date.is_empty())
            || positive(&self.receipt_amount)
            || positive(&self.buyer_pay_amount)
    }

    /// The figures of a trade that is paid.
    pub(crate) fn paid(&self, account: &Payee) -> Result<PaidFinding, Unreadable> {
        let transaction_no = ChannelTransactionNo::parse(self.trade_no.clone().unwrap_or_default());
        Ok(PaidFinding {
            transaction_no: transaction_no.map_err(|_| unreadable("trade_no"))?,
            // Not receipt_amount or buyer_pay_amount: discounts lower them, and not what the order costs.
            amount: self.total_amount.as_deref().and_then(yuan).ok_or_else(|| unreadable("total_amount"))?,
            payee: self.payee(account)?,
            paid_time: self.send_pay_date.as_deref().or(self.gmt_payment.as_deref()).and_then(beijing::read),
        })
    }

    /// A query's answer names no application and mostly no seller. It answers what our application asked about our own
    /// number, under the key that Alipay has for our application, and the order itself named the seller: so it is about
    /// our account, unless it says otherwise.
    fn payee(&self, account: &Payee) -> Result<Payee, Unreadable> {
        match (self.seller_id.as_deref(), account.as_str().split_once('/')) {
            (Some(seller), Some((app_id, _))) if !seller.is_empty() => {
                payee(app_id, seller).ok_or_else(|| unreadable("seller_id"))
            }
            (Some(_) | None, _) => Ok(account.clone()),
        }
    }
}

#[derive(Deserialize)]
struct RefundNode {
    out_trade_no: Option<String>,
    trade_no: Option<String>,
    fund_change: Option<String>,
    gmt_refund_pay: Option<String>,
}

/// What the answer to a refund says.
///
/// Only `fund_change` `Y` proves that this call moved money. `N` can be a success of an earlier call whose answer was
/// lost, so it proves nothing and the refund query decides. `refund_fee` is the sum of all refunds so far and not this one.
pub(crate) fn refund(
    node: &str,
    refund_no: &RefundNo,
    payment_no: &PaymentNo,
    transaction_no: Option<&ChannelTransactionNo>,
) -> Result<RefundFinding, Unreadable> {
    let node: RefundNode = json(node)?;
    require(node.out_trade_no.as_deref(), payment_no.as_str(), "out_trade_no")?;
    if let Some(number) = transaction_no {
        require(node.trade_no.as_deref(), number.as_str(), "trade_no")?;
    }
    let moved = node.fund_change.as_deref() == Some("Y");
    let refunded_time = node.gmt_refund_pay.as_deref().filter(|_| moved).and_then(beijing::read);
    let status = if moved { RefundStatus::Succeeded } else { RefundStatus::Processing };
    Ok(RefundFinding { refunded_time, ..refund_finding(refund_no, payment_no, status) })
}

#[derive(Deserialize)]
struct RefundQueryNode {
    out_trade_no: Option<String>,
    out_request_no: Option<String>,
    refund_amount: Option<String>,
    refund_status: Option<String>,
    error_code: Option<String>,
    gmt_refund_pay: Option<String>,
}

/// What the answer to a refund query says.
///
/// An unknown number is answered with success and an almost empty node, so success is the word `REFUND_SUCCESS` and
/// nothing less (F34). `error_code` and `REFUND_FAIL` say that the money did
/// not move, and nothing says that it never will under this number.
pub(crate) fn refund_query(
    node: &str,
    refund_no: &RefundNo,
    payment_no: &PaymentNo,
) -> Result<RefundFinding, Unreadable> {
    let node: RefundQueryNode = json(node)?;
    require_if_named(node.out_trade_no.as_deref(), payment_no.as_str(), "out_trade_no")?;
    require_if_named(node.out_request_no.as_deref(), refund_no.as_str(), "out_request_no")?;
    let amount = node.refund_amount.as_deref().filter(|amount| !amount.is_empty());
    let amount = amount.map(|amount| yuan(amount).ok_or_else(|| unreadable("refund_amount"))).transpose()?;
    let status = match node.refund_status.as_deref().filter(|status| !status.is_empty()) {
        Some("REFUND_SUCCESS") => {
            require(node.out_request_no.as_deref(), refund_no.as_str(), "out_request_no")?;
            RefundStatus::Succeeded
        }
        Some("REFUND_FAIL") => RefundStatus::NeedsPerson,
        Some(_) => RefundStatus::Processing,
        None if node.error_code.is_some_and(|code| !code.is_empty()) => RefundStatus::NeedsPerson,
        None if amount.is_some() => RefundStatus::Processing,
        None => RefundStatus::NotFound,
    };
    let refunded_time = node.gmt_refund_pay.as_deref().and_then(beijing::read);
    Ok(RefundFinding { amount, refunded_time, ..refund_finding(refund_no, payment_no, status) })
}

/// A finding without figures. Alipay gives refunds no number of its own.
pub(crate) fn refund_finding(
    refund_no: &RefundNo,
    payment_no: &PaymentNo,
    status: RefundStatus,
) -> RefundFinding {
    RefundFinding {
        refund_no: refund_no.clone(),
        payment_no: payment_no.clone(),
        channel_refund_no: None,
        amount: None,
        status,
        refunded_time: None,
    }
}

#[derive(Deserialize)]
struct CertificateNode {
    alipay_cert_content: Option<String>,
}

/// The base64 of a downloaded certificate's PEM text.
pub(crate) fn certificate_content(node: &str) -> Result<String, Unreadable> {
    let node: CertificateNode = json(node)?;
    node.alipay_cert_content.ok_or_else(|| unreadable("alipay_cert_content"))
}

#[cfg(test)]
mod tests;
