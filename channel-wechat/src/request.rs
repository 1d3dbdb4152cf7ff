//! Builders of the requests that WeChat takes. Pure: the same values give the same bytes, so that what was sent once can
//! be sent again after an unknown outcome.

use payment_core::{
    gateway::{CreateRequest, GatewayError, RefundRequest},
    identifiers::{ChannelRefundNo, ChannelTransactionNo, PaymentNo, RefundNo},
    money::Money,
    ports::HttpMethod,
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::offset};

use crate::{
    codes::Operation,
    options::{H5Options, Options},
    product::WeChatProduct,
};

/// One request, before it is signed and addressed to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// What it is for.
    pub(crate) operation: Operation,
    /// The method.
    pub(crate) method: HttpMethod,
    /// The absolute path, percent-encoded.
    pub(crate) path: String,
    /// The query without its question mark.
    pub(crate) query: Option<String>,
    /// The exact body, empty where there is none.
    pub(crate) body: Vec<u8>,
    /// The serial of the key that fields of the body are encrypted with, where some are.
    pub(crate) encrypted_with: Option<String>,
}

impl Call {
    fn get(operation: Operation, path: String, query: Option<String>) -> Self {
        Self { operation, method: HttpMethod::Get, path, query, body: Vec::new(), encrypted_with: None }
    }

    fn post(operation: Operation, path: String, body: &impl Serialize) -> Result<Self, GatewayError> {
        let body = serde_json::to_vec(body).map_err(|error| GatewayError::NotSent(error.to_string()))?;
        Ok(Self { operation, method: HttpMethod::Post, path, query: None, body, encrypted_with: None })
    }
}

#[derive(Serialize)]
struct CreateBody<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_pay: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_fapiao: Option<bool>,
    amount: TotalBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle_info: Option<SettleBody>,
}

#[derive(Serialize)]
struct TotalBody<'a> {
    total: i64,
    currency: &'a str,
}

#[derive(Serialize)]
struct PayerBody<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct SceneBody<'a> {
    payer_client_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_info: Option<H5Body<'a>>,
}

#[derive(Serialize)]
struct H5Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_name: Option<&'a str>,
}

#[derive(Serialize)]
struct SettleBody {
    profit_sharing: bool,
}

#[derive(Serialize)]
struct CloseBody<'a> {
    mchid: &'a str,
}

#[derive(Serialize)]
struct RefundBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<&'a str>,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    notify_url: &'a str,
    amount: RefundAmountBody<'a>,
}

#[derive(Serialize)]
struct RefundAmountBody<'a> {
    refund: i64,
    total: i64,
    currency: &'a str,
}

/// The body of an abnormal refund. Account and name are encrypted already.
#[derive(Debug, Serialize)]
pub(crate) struct AbnormalRefundBody<'a> {
    pub(crate) out_refund_no: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) real_name: Option<String>,
}

/// Announces a payment.
pub(crate) fn create(
    mchid: &str,
    app_id: &str,
    product: WeChatProduct,
    options: &Options,
    request: &CreateRequest,
) -> Result<Call, GatewayError> {
    let body = CreateBody {
        appid: app_id,
        mchid,
        description: &request.description,
        out_trade_no: request.payment_no.as_str(),
        time_expire: beijing(request.expire_time)?,
        notify_url: request.notify_url.as_str(),
        goods_tag: options.goods_tag.as_deref(),
        limit_pay: options.limit_pay.as_deref(),
        support_fapiao: options.support_fapiao,
        amount: total(&request.amount),
        payer: options.openid.as_deref().map(|openid| PayerBody { openid }),
        scene_info: request.payer_ip.map(|address| SceneBody {
            payer_client_ip: address.to_string(),
            h5_info: options.h5.as_ref().map(h5),
        }),
        settle_info: options.profit_sharing.map(|profit_sharing| SettleBody { profit_sharing }),
    };
    Call::post(Operation::Create, format!("/v3/pay/transactions/{}", product.as_str()), &body)
}

fn total(amount: &Money) -> TotalBody<'static> {
    // Whatever else an amount could be is refused before: WeChat takes renminbi only.
    TotalBody { total: amount.minor_units(), currency: "CNY" }
}

fn h5(options: &H5Options) -> H5Body<'_> {
    H5Body {
        kind: &options.kind,
        app_name: options.app_name.as_deref(),
        app_url: options.app_url.as_deref(),
        bundle_id: options.bundle_id.as_deref(),
        package_name: options.package_name.as_deref(),
    }
}

/// Asks by our number, which works in every state.
pub(crate) fn query_by_payment_no(mchid: &str, payment_no: &PaymentNo) -> Call {
    query(mchid, "out-trade-no", payment_no.as_str())
}

/// Asks by WeChat's number, which exists once paid.
pub(crate) fn query_by_transaction_no(mchid: &str, transaction_no: &ChannelTransactionNo) -> Call {
    query(mchid, "id", transaction_no.as_str())
}

fn query(mchid: &str, kind: &str, number: &str) -> Call {
    let path = format!("/v3/pay/transactions/{kind}/{}", percent_encoded(number));
    Call::get(Operation::Query, path, Some(format!("mchid={mchid}")))
}

/// Asks WeChat to refuse a payment from now on.
pub(crate) fn close(mchid: &str, payment_no: &PaymentNo) -> Result<Call, GatewayError> {
    let path = format!("/v3/pay/transactions/out-trade-no/{}/close", percent_encoded(payment_no.as_str()));
    Call::post(Operation::Close, path, &CloseBody { mchid })
}

/// Asks for a refund. WeChat wants one of the two numbers of the payment, and its own one wins where both are sent.
pub(crate) fn refund(request: &RefundRequest) -> Result<Call, GatewayError> {
    let transaction_id = request.channel_transaction_no.as_ref().map(ChannelTransactionNo::as_str);
    let body = RefundBody {
        transaction_id,
        out_trade_no: transaction_id.is_none().then(|| request.payment_no.as_str()),
        out_refund_no: request.refund_no.as_str(),
        reason: request.reason.as_deref().and_then(reason),
        notify_url: request.notify_url.as_str(),
        amount: RefundAmountBody {
            refund: request.amount.minor_units(),
            total: request.paid_amount.minor_units(),
            currency: "CNY",
        },
    };
    Call::post(Operation::Refund, "/v3/refund/domestic/refunds".to_owned(), &body)
}

/// Asks where a refund is.
pub(crate) fn query_refund(refund_no: &RefundNo) -> Call {
    let path = format!("/v3/refund/domestic/refunds/{}", percent_encoded(refund_no.as_str()));
    Call::get(Operation::QueryRefund, path, None)
}

/// Names another account for a refund that the payer's own refused.
pub(crate) fn abnormal_refund(
    channel_refund_no: &ChannelRefundNo,
    body: &AbnormalRefundBody<'_>,
    encrypted_with: String,
) -> Result<Call, GatewayError> {
    let number = percent_encoded(channel_refund_no.as_str());
    let path = format!("/v3/refund/domestic/refunds/{number}/apply-abnormal-refund");
    let call = Call::post(Operation::AbnormalRefund, path, body)?;
    Ok(Call { encrypted_with: Some(encrypted_with), ..call })
}

/// Downloads the platform certificates.
pub(crate) fn certificates() -> Call {
    Call::get(Operation::Certificates, "/v3/certificates".to_owned(), None)
}

/// A refund must not wait for a comma: a reason that WeChat would refuse is shortened to its 80 bytes, and left out
/// when nothing remains.
fn reason(text: &str) -> Option<String> {
    let mut kept = String::new();
    for letter in text.chars().filter(|letter| letter.len_utf8() < 4) {
        if kept.len() + letter.len_utf8() > 80 {
            break;
        }
        kept.push(letter);
    }
    (!kept.is_empty()).then_some(kept)
}

/// `2025-10-09T17:23:20+08:00`, in whole seconds.
fn beijing(instant: OffsetDateTime) -> Result<String, GatewayError> {
    let seconds = instant.replace_nanosecond(0).unwrap_or(instant).checked_to_offset(offset!(+8));
    let text = seconds.and_then(|seconds| seconds.format(&Rfc3339).ok());
    text.ok_or_else(|| GatewayError::NotSent("expire_time lies beyond the year 9999".to_owned()))
}

/// A path segment with all but unreserved characters encoded. This form is signed and sent.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
