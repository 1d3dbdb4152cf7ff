//! Refunds: the request's rules in their order, repeats that move nothing, and the query of one refund.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::amount;
use super::answer::Answer;
use super::failure::Failure;
use super::fault::Fault;
use super::identifiers::api_time;
use super::notification;
use super::order::{Order, OrderKey, Refund, RefundStatus, TradeStatus};
use super::request::{self, RefundRequest};
use super::world::{Call, Environment, RefundSettlement, Settings, Task, World};

/// Amounts that a failed refund carries as zeros, which are no totals.
const ZERO_AMOUNTS: [&str; 2] = ["refund_fee", "send_back_fee"];

/// `alipay.trade.refund`
pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let request = request::refund(call.content)?;
    let accepted = accept(world, call, &request);
    let (key, repeated) = accepted.map_err(|failure| failure.with_zero_amounts(&ZERO_AMOUNTS))?;
    let order = world.orders.get(&key).ok_or_else(Failure::system)?;
    let number = number_of(&request, &key);
    let refund = find(order, &number).ok_or_else(Failure::system)?;
    let moved = refund.status == RefundStatus::Success && repeated == Repeated::No;
    Ok(Answer::success(answer(order, refund, moved)))
}

fn answer(order: &Order, refund: &Refund, moved: bool) -> Map<String, Value> {
    let mut fields = order.identity();
    // The running total of the trade, not this refund.
    let total = order.trade.as_ref().map_or(0, |trade| trade.refunds_accepted());
    fields.insert("refund_fee".to_owned(), json!(amount::text(total)));
    fields.insert("fund_change".to_owned(), json!(if moved { "Y" } else { "N" }));
    if let Some(moved_at) = refund.moved_at {
        fields.insert("gmt_refund_pay".to_owned(), json!(api_time(moved_at)));
    }
    if moved {
        fields.insert("send_back_fee".to_owned(), json!(amount::text(refund.amount)));
    }
    fields
}

/// Whether a request was known already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Yes,
    No,
}

fn accept(
    world: &mut World,
    call: &Call<'_>,
    request: &RefundRequest,
) -> Result<(OrderKey, Repeated), Failure> {
    let order = world.traded_order(call.app_id, &request.trade)?;
    let (key, number) = (order.key.clone(), number_of(request, &order.key));
    // A repeat is recognised before anything else, also after the trade was closed by it.
    if let Some(known) = find(order, &number) {
        let same = known.amount == request.amount;
        let discordant = || Failure::business("DISCORDANT_REPEAT_REQUEST", "同一笔退款请求的参数不一致");
        return if same { Ok((key, Repeated::Yes)) } else { Err(discordant()) };
    }
    check(order, request, call)?;
    let refund = Refund {
        out_request_no: number,
        amount: request.amount,
        reason: request.reason.clone(),
        status: RefundStatus::Processing,
        moved_at: None,
        outcome: RefundStatus::Success,
    };
    begin(world, &key, refund, call)?;
    Ok((key, Repeated::No))
}

fn check(order: &Order, request: &RefundRequest, call: &Call<'_>) -> Result<(), Failure> {
    match order.status(call.now, call.settings.expiry_lag) {
        Some(TradeStatus::Success) => {}
        Some(TradeStatus::WaitBuyerPay) => return Err(Failure::trade_status()),
        Some(TradeStatus::Closed) => return Err(Failure::already_closed()),
        Some(TradeStatus::Finished) => {
            return Err(Failure::business("TRADE_HAS_FINISHED", "交易已完结，不允许退款"));
        }
        None => return Err(Failure::trade_not_exist()),
    }
    if request.out_request_no.is_none() && request.amount != order.total {
        return Err(Failure::business("REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额与订单总金额不一致"));
    }
    if call.settings.environment == Environment::Sandbox && request.amount != order.total {
        return Err(Failure::business("NOT_ALLOW_PARTIAL_REFUND", "不支持部分退款"));
    }
    let accepted = order.trade.as_ref().map_or(0, |trade| trade.refunds_accepted());
    if accepted + request.amount > order.total {
        return Err(Failure::business("REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"));
    }
    Ok(())
}

/// Takes the money from the merchant and moves it now or later.
fn begin(world: &mut World, key: &OrderKey, refund: Refund, call: &Call<'_>) -> Result<(), Failure> {
    let merchant = world.merchants.get_mut(&key.app_id).ok_or_else(Failure::system)?;
    let poor = || Failure::business("SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
    merchant.balance = merchant.balance.checked_sub(refund.amount.unsigned_abs()).ok_or_else(poor)?;
    // From here on the refund is accepted.
    let (number, outcome) = (refund.out_request_no.clone(), refund.outcome);
    if let Some(trade) = world.orders.get_mut(key).and_then(|order| order.trade.as_mut()) {
        trade.refunds.push(refund);
    }
    let delayed = matches!(call.fault, Some(Fault::RefundDelayed));
    match call.settings.refund_settlement {
        RefundSettlement::AtOnce | RefundSettlement::After(_) if delayed => {}
        RefundSettlement::ByControl => {}
        RefundSettlement::After(delay) => {
            world.agenda.insert((call.now + delay, Task::SettleRefund(key.clone(), number)));
        }
        RefundSettlement::AtOnce => {
            // A refund that was made a moment ago can be settled.
            let _ = settle(world, key, &number, outcome, call.now, call.settings);
        }
    }
    Ok(())
}

/// Why a refund was not settled.
#[derive(Debug)]
pub(super) enum SettlementRefused {
    UnknownRefund,
    /// It has this end already.
    Settled(RefundStatus),
}

/// Ends a refund that is under way and tells the merchant when money moved.
pub(super) fn settle(
    world: &mut World,
    key: &OrderKey,
    out_request_no: &str,
    status: RefundStatus,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<(), SettlementRefused> {
    let order = world.orders.get_mut(key).ok_or(SettlementRefused::UnknownRefund)?;
    let trade = order.trade.as_mut().ok_or(SettlementRefused::UnknownRefund)?;
    let found = trade.refunds.iter_mut().find(|refund| refund.out_request_no == out_request_no);
    let refund = found.ok_or(SettlementRefused::UnknownRefund)?;
    if refund.status != RefundStatus::Processing {
        return Err(SettlementRefused::Settled(refund.status));
    }
    refund.status = status;
    match status {
        RefundStatus::Processing => {}
        RefundStatus::Success => {
            refund.moved_at = Some(now);
            notification::announce_refund(world, key, out_request_no, now, settings);
        }
        RefundStatus::Failed => {
            let amount = refund.amount.unsigned_abs();
            if let Some(merchant) = world.merchants.get_mut(&key.app_id) {
                merchant.balance += amount;
            }
        }
    }
    Ok(())
}

/// Gives back at once what is left of a paid trade: a cancel, or the merchant's hand in the console.
pub(super) fn refund_rest(world: &mut World, key: &OrderKey, call: &Call<'_>) -> Result<(), Failure> {
    let order = world.orders.get(key).ok_or_else(Failure::trade_not_exist)?;
    let accepted = order.trade.as_ref().map_or(0, |trade| trade.refunds_accepted());
    let refund = Refund {
        out_request_no: key.out_trade_no.clone(),
        amount: order.total - accepted,
        reason: None,
        status: RefundStatus::Processing,
        moved_at: None,
        outcome: RefundStatus::Success,
    };
    begin(world, key, refund, call)
}

/// A refund without a number of its own takes the order's.
fn number_of(request: &RefundRequest, key: &OrderKey) -> String {
    request.out_request_no.clone().unwrap_or_else(|| key.out_trade_no.clone())
}

fn find<'a>(order: &'a Order, out_request_no: &str) -> Option<&'a Refund> {
    order.trade.as_ref()?.refunds.iter().find(|refund| refund.out_request_no == out_request_no)
}

/// `alipay.trade.fastpay.refund.query`. An unknown refund of a known trade is a success without fields.
pub(super) fn query(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let name = request::trade_name(call.content)?;
    let number = request::required(call.content, "out_request_no", 64)?;
    let order = world.traded_order(call.app_id, &name)?;
    let Some(refund) = find(order, &number) else {
        return Ok(Answer::success(Map::new()));
    };
    let mut fields = Map::new();
    let mut put = |name: &str, text: &str| fields.insert(name.to_owned(), json!(text));
    put("out_trade_no", &order.key.out_trade_no);
    put("out_request_no", &number);
    put("total_amount", &amount::text(order.total));
    put("refund_amount", &amount::text(refund.amount));
    if let Some(trade) = &order.trade {
        put("trade_no", &trade.trade_no);
    }
    if let Some(reason) = &refund.reason {
        put("refund_reason", reason);
    }
    match refund.status {
        // Nothing says that the money has not moved but the absence of the status.
        RefundStatus::Processing => {}
        RefundStatus::Success => {
            put("refund_status", "REFUND_SUCCESS");
        }
        RefundStatus::Failed => {
            put("error_code", "REFUND_FAIL");
        }
    }
    if let Some(moved_at) = refund.moved_at.filter(|_| request::has_option(call.content, "gmt_refund_pay")) {
        put("gmt_refund_pay", &api_time(moved_at));
    }
    Ok(Answer::success(fields))
}
