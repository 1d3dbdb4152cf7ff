//! Notifications: the form as it came, what it is about, in the order in which each may be trusted; and Alipay's words for
//! the answer.
//!
//! A payment, a partial refund, a full refund and a close come to the same address with the same few statuses, so they are
//! told apart by what else stands in them (F6).

use payment_core::{
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, EventContent, Finding,
        PaidFinding, RawCallback, RefundFinding, RefundStatus, VerifiedEvent,
    },
    identifiers::{ChannelNotificationId, ChannelTransactionNo, KeySerial, Payee, PaymentNo, RefundNo},
};

use crate::{
    beijing,
    form::Form,
    response::{self, TradeStatus, Unreadable, unreadable},
    verify::Unproven,
};

/// The only kind of notification that is about trades.
const TRADE_NOTIFICATION: &str = "trade_status_sync";

/// The parameters of a notification. It comes in the charset of our requests, which is UTF-8; any other would be read as
/// other text than was signed.
pub(crate) fn form(callback: &RawCallback) -> Result<Form, CallbackRejected> {
    let malformed = |why: String| CallbackRejected::new(CallbackRejection::Malformed, why);
    let form = Form::read(&callback.body).map_err(|error| malformed(format!("the body {error}")))?;
    if !form.get("charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        return Err(malformed("charset is not utf-8".to_owned()));
    }
    Ok(form)
}

/// The refusal of a notification that is not proven.
pub(crate) fn rejection(unproven: Unproven) -> CallbackRejected {
    let kind = match unproven {
        Unproven::Unsigned | Unproven::Type | Unproven::KeyUnnamed => CallbackRejection::Malformed,
        Unproven::UnknownKey => CallbackRejection::UnknownKey,
        Unproven::Signature => CallbackRejection::SignatureInvalid,
    };
    CallbackRejected::new(kind, unproven.to_string())
}

/// Reads a notification whose form `verified_by` proved.
pub(crate) fn read(
    callback: &RawCallback,
    form: &Form,
    verified_by: KeySerial,
) -> Result<VerifiedEvent, CallbackRejected> {
    let refuse = |error: Unreadable| CallbackRejected::new(CallbackRejection::Unreadable, error.to_string());
    let id = form.get("notify_id").unwrap_or_default();
    let id = ChannelNotificationId::parse(id).map_err(|_| refuse(unreadable("notify_id")))?;
    let content = content(form).map_err(refuse)?;
    Ok(VerifiedEvent::new(callback, verified_by, id, content))
}

/// Foreign applications, sellers, numbers and amounts pass: whether a success is ours is decided by the core, under locks
/// and with a case for what is not (R8).
fn content(form: &Form) -> Result<EventContent, Unreadable> {
    let notify_type = form.get("notify_type").ok_or_else(|| unreadable("notify_type"))?;
    if notify_type != TRADE_NOTIFICATION {
        return Ok(EventContent::Irrelevant { event_type: notify_type.to_owned() });
    }
    let status = form.get("trade_status").ok_or_else(|| unreadable("trade_status"))?;
    let payment_no = form.get("out_trade_no").ok_or_else(|| unreadable("out_trade_no"))?;
    let finding = match (TradeStatus::read(status), tells_of_refund(form)?) {
        (TradeStatus::Success | TradeStatus::Closed, true) => return refund(form, payment_no, status),
        // A trade that may not be refunded any more repeats what was given back before. Only a number makes it news.
        (TradeStatus::Finished, true) if form.get("out_biz_no").is_some() => {
            return refund(form, payment_no, status);
        }
        (TradeStatus::Success, false) | (TradeStatus::Finished, _) => Finding::Paid(paid(form)?),
        // Money came, and nothing is said of its way back: the refund is found under its own number.
        (TradeStatus::Closed, false) if form.get("gmt_payment").is_some() => Finding::Paid(paid(form)?),
        (TradeStatus::Closed, false) => Finding::Closed,
        (TradeStatus::WaitBuyerPay | TradeStatus::Unlisted, _) => Finding::AwaitingPayer,
    };
    Ok(EventContent::Payment { payment_no: payment_no.to_owned(), finding })
}

/// A refund notice has a refund's time or a sum of refunds above zero. Payment notices may have the sum too, as `0.00`.
fn tells_of_refund(form: &Form) -> Result<bool, Unreadable> {
    let sum = form.get("refund_fee").map(|fee| response::yuan(fee).ok_or_else(|| unreadable("refund_fee")));
    let given_back = sum.transpose()?.is_some_and(|sum| sum.minor_units() > 0);
    Ok(given_back || form.get("gmt_refund").is_some())
}

fn paid(form: &Form) -> Result<PaidFinding, Unreadable> {
    let transaction_no = ChannelTransactionNo::parse(form.get("trade_no").unwrap_or_default());
    Ok(PaidFinding {
        transaction_no: transaction_no.map_err(|_| unreadable("trade_no"))?,
        // Not receipt_amount or buyer_pay_amount: discounts lower them, and not what the order costs.
        amount: form
            .get("total_amount")
            .and_then(response::yuan)
            .ok_or_else(|| unreadable("total_amount"))?,
        payee: payee(form)?,
        paid_time: form.get("gmt_payment").and_then(beijing::read),
    })
}

/// The application and the seller. Where an application acts for another one, both are named: this service acts for itself
/// only, so such a payee is nobody of ours.
fn payee(form: &Form) -> Result<Payee, Unreadable> {
    let app_id = form.get("app_id").ok_or_else(|| unreadable("app_id"))?;
    let seller_id = form.get("seller_id").ok_or_else(|| unreadable("seller_id"))?;
    let payee = match form.get("auth_app_id").filter(|authorized| *authorized != app_id) {
        None => response::payee(app_id, seller_id),
        Some(authorized) => response::payee(&format!("{app_id}:{authorized}"), seller_id),
    };
    payee.ok_or_else(|| unreadable("app_id"))
}

/// `refund_fee` is the sum of all refunds so far and not this one, so it is no amount of it. Numbers that this service
/// never makes belong to another system of the same merchant.
fn refund(form: &Form, payment_no: &str, status: &str) -> Result<EventContent, Unreadable> {
    let event_type = || format!("{TRADE_NOTIFICATION} {status} refund");
    let (Some(refund_no), Ok(payment_no)) = (refund_no(form, payment_no), PaymentNo::parse(payment_no))
    else {
        return Ok(EventContent::Irrelevant { event_type: event_type() });
    };
    let amount = form.get("refund_amount");
    let amount =
        amount.map(|amount| response::yuan(amount).ok_or_else(|| unreadable("refund_amount"))).transpose()?;
    let status = match form.get("refund_status") {
        None | Some("REFUND_SUCCESS") => RefundStatus::Succeeded,
        Some(_) => RefundStatus::Processing,
    };
    let refunded_time = form.get("gmt_refund").and_then(beijing::read);
    let finding = response::refund_finding(&refund_no, &payment_no, status);
    Ok(EventContent::Refund(RefundFinding { amount, refunded_time, ..finding }))
}

/// A refund that was asked for without a number takes the payment's, which the platform allows for full refunds only.
fn refund_no(form: &Form, payment_no: &str) -> Option<RefundNo> {
    let whole = || {
        let sum = form.get("refund_fee").and_then(response::yuan)?;
        (Some(sum) == form.get("total_amount").and_then(response::yuan)).then_some(payment_no)
    };
    RefundNo::parse(form.get("out_biz_no").or_else(whole)?).ok()
}

/// Alipay's words. It takes the seven bytes `success` and nothing else for kept, and sends again after anything else. A
/// refusal gives no reason: only its sender would profit from one.
pub(crate) fn reply(outcome: &CallbackOutcome) -> CallbackReply {
    match outcome {
        CallbackOutcome::Recorded => text(200, "success"),
        CallbackOutcome::Rejected(kind) => match kind {
            CallbackRejection::Malformed | CallbackRejection::Unreadable => text(400, "fail"),
            CallbackRejection::Stale
            | CallbackRejection::UnknownKey
            | CallbackRejection::SignatureInvalid => text(401, "fail"),
            CallbackRejection::ProofUnavailable => text(503, "fail"),
        },
        CallbackOutcome::NotRecorded => text(500, "fail"),
    }
}

fn text(status: u16, word: &str) -> CallbackReply {
    CallbackReply { status, content_type: Some("text/plain; charset=utf-8"), body: word.as_bytes().to_vec() }
}
