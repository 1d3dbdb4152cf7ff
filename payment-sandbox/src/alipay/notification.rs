//! Notifications: which event is told, with which parameters, and their signature.

use serde_json::Value;
use time::OffsetDateTime;

use super::amount;
use super::delivery::{Delivery, RETRY_INTERVALS};
use super::fault::{NotificationFault, NotificationKind};
use super::identifiers::{self, api_time, api_time_with_milliseconds};
use super::merchant::Merchant;
use super::order::{Order, OrderKey, RefundStatus, Trade, TradeStatus};
use super::parameters::Parameters;
use super::world::{Settings, World};
use crate::rsa::{KeyError, RsaKey};
use crate::simulator::announced;
use crate::simulator::fault::delayed;

/// What one notification tells; repeats keep all of it but `notify_time`.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) notify_id: String,
    pub(super) kind: NotificationKind,
    pub(super) status: TradeStatus,
    pub(super) parameters: Parameters,
}

/// Queues the news that an order was paid.
pub(super) fn announce_payment(world: &mut World, key: &OrderKey, now: OffsetDateTime, settings: &Settings) {
    announce(world, key, NotificationKind::Payment, None, now, settings);
}

/// Queues the news that money went back.
pub(super) fn announce_refund(
    world: &mut World,
    key: &OrderKey,
    out_request_no: &str,
    now: OffsetDateTime,
    settings: &Settings,
) {
    announce(world, key, NotificationKind::Refund, Some(out_request_no), now, settings);
}

/// Queues the news that an unpaid trade ended.
pub(super) fn announce_close(world: &mut World, key: &OrderKey, now: OffsetDateTime, settings: &Settings) {
    announce(world, key, NotificationKind::Close, None, now, settings);
}

/// Queues the news that a trade cannot be refunded any more.
pub(super) fn announce_finish(world: &mut World, key: &OrderKey, now: OffsetDateTime, settings: &Settings) {
    announce(world, key, NotificationKind::Finish, None, now, settings);
}

fn announce(
    world: &mut World,
    key: &OrderKey,
    kind: NotificationKind,
    out_request_no: Option<&str>,
    now: OffsetDateTime,
    settings: &Settings,
) {
    let World { orders, merchants, .. } = &*world;
    let (Some(order), Some(merchant)) = (orders.get(key), merchants.get(&key.app_id)) else { return };
    let Some(status) = order.status(now, settings.expiry_lag) else { return };
    // A product without refunds tells of its payment by TRADE_FINISHED, whatever the table says.
    let paid_and_finished = kind == NotificationKind::Payment && status == TradeStatus::Finished;
    if !merchant.is_told_of(order.product, status) && !paid_and_finished {
        return;
    }
    let Some(url) = order.notify_url.clone() else { return };
    let repeats = if order.product.is_face_to_face() { settings.immediate_repeats } else { 0 };
    let event = event(order, merchant, kind, status, out_request_no, now);
    queue(world, key, out_request_no, url, event, repeats, now);
}

fn queue(
    world: &mut World,
    key: &OrderKey,
    out_request_no: Option<&str>,
    url: String,
    event: Event,
    repeats: usize,
    now: OffsetDateTime,
) {
    let index = world.deliveries.len();
    let begins = match world.faults.take_for_notification(event.kind, &key.out_trade_no) {
        Some(NotificationFault::Suppressed) => None,
        Some(NotificationFault::Delayed { seconds }) => delayed(now, seconds),
        // The other faults concern attempts and are drawn for each of them.
        Some(_) | None => Some(now),
    };
    let intervals = std::iter::repeat_n(0, repeats).chain(RETRY_INTERVALS);
    let progress = announced(world, index, begins, intervals);
    let out_request_no = out_request_no.map(str::to_owned);
    world.deliveries.push(Delivery { order: key.clone(), out_request_no, url, event, progress });
}

/// Everything that a notification says about an order now.
pub(super) fn event(
    order: &Order,
    merchant: &Merchant,
    kind: NotificationKind,
    status: TradeStatus,
    out_request_no: Option<&str>,
    now: OffsetDateTime,
) -> Event {
    let notify_id = identifiers::notify_id(now);
    let mut parameters = Parameters::default();
    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("notify_id", &notify_id),
        ("app_id", &order.key.app_id),
        ("auth_app_id", &order.key.app_id),
        ("version", "1.0"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("out_trade_no", &order.key.out_trade_no),
        ("seller_id", &order.seller_id),
        ("seller_email", &merchant.seller_email),
        ("subject", &order.subject),
        ("trade_status", status.code()),
    ] {
        parameters.set(name, value);
    }
    for (name, value) in [("body", &order.body), ("passback_params", &order.passback_params)] {
        if let Some(value) = value {
            parameters.set(name, value.as_str());
        }
    }
    for (name, value) in order.amounts() {
        parameters.set(&name, value.as_str().unwrap_or_default());
    }
    if let Some(trade) = &order.trade {
        tell_trade(&mut parameters, order, trade, kind);
        if let Some(number) = out_request_no {
            tell_refund(&mut parameters, trade, number, status);
        }
    }
    Event { notify_id, kind, status, parameters }
}

fn tell_trade(parameters: &mut Parameters, order: &Order, trade: &Trade, kind: NotificationKind) {
    parameters.set("trade_no", trade.trade_no.as_str());
    parameters.set("buyer_id", trade.buyer.id.as_str());
    parameters.set("buyer_logon_id", trade.buyer.logon_id.as_str());
    parameters.set("gmt_create", api_time(trade.created_at));
    if let Some(paid_at) = order.paid_at() {
        parameters.set("gmt_payment", paid_at);
    }
    if let Some(bills) = order.fund_bill_list("fundChannel") {
        parameters.set("fund_bill_list", bills.to_string());
    }
    let closed_at = trade.closed_at.filter(|_| kind == NotificationKind::Close);
    if let Some(instant) = closed_at.or(trade.finished_at) {
        parameters.set("gmt_close", api_time(instant));
    }
}

fn tell_refund(parameters: &mut Parameters, trade: &Trade, out_request_no: &str, status: TradeStatus) {
    parameters.set("out_biz_no", out_request_no);
    // The running total, not this refund.
    parameters.set("refund_fee", amount::text(trade.refunded(RefundStatus::Success)));
    let refund = trade.refunds.iter().find(|refund| refund.out_request_no == out_request_no);
    if let Some(moved_at) = refund.and_then(|refund| refund.moved_at) {
        parameters.set("gmt_refund", api_time_with_milliseconds(moved_at));
        if status == TradeStatus::Closed {
            parameters.set("gmt_close", api_time(moved_at));
        }
    }
}

/// The body of one attempt: the event with the time of sending and its signature over all but `sign` and `sign_type`.
pub(super) fn body(
    merchant: &Merchant,
    event: &Event,
    foreign: &RsaKey,
    now: OffsetDateTime,
    fault: Option<&NotificationFault>,
) -> Result<String, KeyError> {
    let mut parameters = event.parameters.clone();
    parameters.set("notify_time", api_time(now));
    match fault {
        Some(NotificationFault::ReplacedField { name, value }) => parameters.set(name, value.as_str()),
        Some(NotificationFault::RemovedField { name }) => parameters.remove(name),
        Some(NotificationFault::ExtraFields) => {
            parameters.set("undocumented", "a=b&c <\"测试\"> 100% +1");
            parameters.set("hb_fq_pay_info", "{\"USER_INSTALL_NUM\":\"3\"}");
        }
        Some(NotificationFault::EmptyValue) => parameters.set("undocumented", ""),
        Some(_) | None => {}
    }
    let left_out = ["sign", "sign_type"];
    let text = match fault {
        Some(NotificationFault::EmptyValue) => parameters.text_with_empty_values(&left_out),
        Some(_) | None => parameters.text_to_sign(&left_out),
    };
    let key = if fault == Some(&NotificationFault::WrongKey) { foreign } else { &*merchant.signer.key };
    parameters.set("sign", key.sign(text.as_bytes())?);
    match fault {
        Some(NotificationFault::MissingSignature) => parameters.remove("sign"),
        Some(NotificationFault::EmptySignature) => parameters.set("sign", ""),
        Some(NotificationFault::OldSignType) => parameters.set("sign_type", "RSA"),
        Some(NotificationFault::AlteredBody) => parameters.set("buyer_id", identifiers::user_id()),
        Some(_) | None => {}
    }
    Ok(parameters.encoded())
}

/// What a payment notification would say of an order, paid or not; forgeries begin with it.
pub(super) fn claim(order: &Order, merchant: &Merchant, now: OffsetDateTime) -> Event {
    let mut event = event(order, merchant, NotificationKind::Payment, TradeStatus::Success, None, now);
    let unpaid = order.trade.as_ref().is_none_or(|trade| trade.payment.is_none());
    if unpaid {
        let total = amount::text(order.total);
        let bills = serde_json::json!([{"amount": total, "fundChannel": "ALIPAYACCOUNT"}]);
        invent(&mut event.parameters, &total, &bills, now);
    }
    event
}

fn invent(parameters: &mut Parameters, total: &str, bills: &Value, now: OffsetDateTime) {
    if parameters.get("trade_no").is_none() {
        parameters.set("trade_no", identifiers::trade_no(now));
    }
    parameters.set("buyer_id", identifiers::buyer_id());
    parameters.set("gmt_create", api_time(now));
    parameters.set("gmt_payment", api_time(now));
    parameters.set("fund_bill_list", bills.to_string());
    for name in ["receipt_amount", "buyer_pay_amount", "invoice_amount"] {
        parameters.set(name, total);
    }
}
