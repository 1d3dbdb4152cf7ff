//! Builders of the requests that Alipay takes. Pure: the same values give the same business content, so that what was sent
//! once can be sent again after an unknown outcome. Time is an argument; this protocol has no nonce.

use std::collections::BTreeMap;

use payment_core::{
    gateway::{CreateRequest, GatewayError, RefundRequest, TransactionReference},
    identifiers::{PaymentNo, RefundNo},
    money::{Exponent, Money},
};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    beijing,
    codes::Operation,
    encryption::ContentKey,
    form::{self, Form},
    options::Options,
    sign::{self, AppKey, SIGN_TYPE},
};

/// Who asks: what the account's every request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The application.
    pub(crate) app_id: String,
    /// Certificate mode: the serials of the application's certificate and of the root bundle.
    pub(crate) certificates: Option<CertificateSerials>,
}

/// The serials that requests name in certificate mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateSerials {
    /// `app_cert_sn`.
    pub(crate) app: String,
    /// `alipay_root_cert_sn`.
    pub(crate) root: String,
}

/// One request, before it is stamped and signed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// What it is for.
    pub(crate) operation: Operation,
    /// The JSON that is signed and sent, serialized once.
    pub(crate) biz_content: String,
    /// Where Alipay shall notify us; only where a payment is announced.
    pub(crate) notify_url: Option<String>,
    /// Where the payer's browser goes afterwards; only pages have it.
    pub(crate) return_url: Option<String>,
}

impl std::fmt::Debug for Call {
    /// Leaves out the content: a payer's code in it can be paid with.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Call({})", self.operation.method())
    }
}

impl Call {
    fn new(operation: Operation, content: &impl Serialize) -> Result<Self, GatewayError> {
        let biz_content =
            serde_json::to_string(content).map_err(|error| GatewayError::NotSent(error.to_string()))?;
        Ok(Self { operation, biz_content, notify_url: None, return_url: None })
    }

    /// What is kept of a locally signed payment: everything but the stamp and the signature, so that each hand-out is
    /// signed for its own moment, and nothing that can be paid with lies in a database.
    pub(crate) fn to_handle(&self) -> String {
        let addresses = [("notify_url", &self.notify_url), ("return_url", &self.return_url)];
        let addresses = addresses.into_iter().filter_map(|(name, url)| Some((name, url.as_deref()?)));
        form::write(std::iter::once(("biz_content", self.biz_content.as_str())).chain(addresses))
    }

    /// The same again from a handle. `None` if it is no such handle.
    pub(crate) fn from_handle(operation: Operation, handle: &str) -> Option<Self> {
        let form = Form::read(handle.as_bytes()).ok()?;
        let owned = |name: &str| form.get(name).map(str::to_owned);
        let (notify_url, return_url) = (owned("notify_url"), owned("return_url"));
        Some(Self { operation, biz_content: owned("biz_content")?, notify_url, return_url })
    }
}

/// All parameters of one request by name, its signature among them.
pub(crate) type Parameters = BTreeMap<&'static str, String>;

/// Stamps and signs a call. With `content_key` its content is encrypted first, and the ciphertext is what is signed.
pub(crate) fn signed(
    call: &Call,
    identity: &Identity,
    key: &AppKey,
    content_key: Option<&ContentKey>,
    now: OffsetDateTime,
) -> Result<Parameters, GatewayError> {
    let mut parameters = unsigned(call, identity, now)?;
    if let Some(content_key) = content_key {
        let ciphertext = content_key.encrypt(&call.biz_content);
        let ciphertext = ciphertext.map_err(|error| GatewayError::NotSent(error.to_string()))?;
        parameters.extend([("biz_content", ciphertext), ("encrypt_type", "AES".to_owned())]);
    }
    let text = sign::content(parameters.iter().map(|(name, value)| (*name, value.as_str())));
    let signature = key.sign(&text).map_err(|failure| GatewayError::NotSent(failure.to_string()))?;
    parameters.insert("sign", signature);
    Ok(parameters)
}

fn unsigned(call: &Call, identity: &Identity, now: OffsetDateTime) -> Result<Parameters, GatewayError> {
    let serials = identity.certificates.as_ref();
    let optional = [
        ("notify_url", call.notify_url.as_ref()),
        ("return_url", call.return_url.as_ref()),
        ("app_cert_sn", serials.map(|serials| &serials.app)),
        ("alipay_root_cert_sn", serials.map(|serials| &serials.root)),
    ];
    let required = [
        ("app_id", identity.app_id.clone()),
        ("method", call.operation.method().to_owned()),
        ("format", "JSON".to_owned()),
        ("charset", "utf-8".to_owned()),
        ("sign_type", SIGN_TYPE.to_owned()),
        ("timestamp", stamp(now, "the clock")?),
        ("version", "1.0".to_owned()),
        ("biz_content", call.biz_content.clone()),
    ];
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
    Ok(required.into_iter().chain(optional).collect())
}

/// `name=encoded value&...`: the order string of the app's SDK, and the query of an address.
pub(crate) fn encoded(parameters: &Parameters) -> String {
    form::write(parameters.iter().map(|(name, value)| (*name, value.as_str())))
}

#[derive(Serialize)]
struct TradeContent<'a> {
    out_trade_no: &'a str,
    total_amount: String,
    subject: &'a str,
    product_code: &'a str,
    /// Named, so that money cannot go elsewhere than to the payee that facts are held against.
    seller_id: &'a str,
    /// Absolute: only this also ends what no payer has opened yet.
    time_expire: String,
    #[serde(flatten)]
    options: &'a Options,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_params: Option<BusinessParameters>,
}

#[derive(Serialize)]
struct BusinessParameters {
    mc_create_trade_ip: String,
}

/// Announces a payment.
pub(crate) fn create(
    operation: Operation,
    product_code: &str,
    seller_id: &str,
    options: &Options,
    request: &CreateRequest,
) -> Result<Call, GatewayError> {
    let content = TradeContent {
        out_trade_no: request.payment_no.as_str(),
        total_amount: yuan(request.amount),
        subject: &request.description,
        product_code,
        seller_id,
        time_expire: stamp(request.expire_time, "expire_time")?,
        options,
        business_params: request
            .payer_ip
            .map(|address| BusinessParameters { mc_create_trade_ip: address.to_string() }),
    };
    let call = Call::new(operation, &content)?;
    let notify_url = Some(request.notify_url.as_str().to_owned());
    Ok(Call { notify_url, return_url: options.return_url.clone(), ..call })
}

/// Yuan as decimal text with exactly two places. Whatever is not renminbi was refused before.
fn yuan(amount: Money) -> String {
    amount.to_decimal(Exponent::TWO)
}

fn stamp(instant: OffsetDateTime, what: &str) -> Result<String, GatewayError> {
    beijing::write(instant).ok_or_else(|| GatewayError::NotSent(format!("{what} is beyond the year 9999")))
}

#[derive(Serialize)]
struct TradeReference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_no: Option<&'a str>,
}

/// Asks where a payment is, by our number in every state or by Alipay's once it has one.
pub(crate) fn query(reference: &TransactionReference) -> Result<Call, GatewayError> {
    let content = match reference {
        TransactionReference::PaymentNo(number) => by_payment_no(number),
        TransactionReference::ChannelTransactionNo(number) => {
            TradeReference { out_trade_no: None, trade_no: Some(number.as_str()) }
        }
    };
    Call::new(Operation::Query, &content)
}

/// Asks Alipay to close an unpaid payment.
pub(crate) fn close(payment_no: &PaymentNo) -> Result<Call, GatewayError> {
    Call::new(Operation::Close, &by_payment_no(payment_no))
}

/// Asks Alipay to undo a payment: an unpaid one is closed, a paid one is given back.
pub(crate) fn cancel(payment_no: &PaymentNo) -> Result<Call, GatewayError> {
    Call::new(Operation::Cancel, &by_payment_no(payment_no))
}

fn by_payment_no(payment_no: &PaymentNo) -> TradeReference<'_> {
    TradeReference { out_trade_no: Some(payment_no.as_str()), trade_no: None }
}

#[derive(Serialize)]
struct RefundContent<'a> {
    #[serde(flatten)]
    trade: TradeReference<'a>,
    refund_amount: String,
    out_request_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_reason: Option<String>,
}

/// Asks for a refund. Its number is always sent: without one, Alipay takes it for a full refund under another number.
pub(crate) fn refund(request: &RefundRequest) -> Result<Call, GatewayError> {
    let trade = match &request.channel_transaction_no {
        Some(number) => TradeReference { out_trade_no: None, trade_no: Some(number.as_str()) },
        None => by_payment_no(&request.payment_no),
    };
    let content = RefundContent {
        trade,
        refund_amount: yuan(request.amount),
        out_request_no: request.refund_no.as_str(),
        refund_reason: request.reason.as_deref().and_then(reason),
    };
    Call::new(Operation::Refund, &content)
}

#[derive(Serialize)]
struct RefundQueryContent<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
    query_options: [&'static str; 1],
}

/// Asks where a refund is. Its time comes only where it is asked for.
pub(crate) fn query_refund(payment_no: &PaymentNo, refund_no: &RefundNo) -> Result<Call, GatewayError> {
    let content = RefundQueryContent {
        out_trade_no: payment_no.as_str(),
        out_request_no: refund_no.as_str(),
        query_options: ["gmt_refund_pay"],
    };
    Call::new(Operation::QueryRefund, &content)
}

#[derive(Serialize)]
struct CertificateReference<'a> {
    alipay_cert_sn: &'a str,
}

/// Downloads the certificate of Alipay's that has this serial.
pub(crate) fn download_certificate(serial: &str) -> Result<Call, GatewayError> {
    Call::new(Operation::DownloadCertificate, &CertificateReference { alipay_cert_sn: serial })
}

/// A refund must not wait for a comma: a reason that Alipay would refuse is shortened to its 256 bytes, and left out when
/// nothing remains.
fn reason(text: &str) -> Option<String> {
    let mut kept = String::new();
    for letter in text.chars().filter(|letter| letter.len_utf8() < 4 && !letter.is_control()) {
        if kept.len() + letter.len_utf8() > 256 {
            break;
        }
        kept.push(letter);
    }
    (!kept.trim().is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
