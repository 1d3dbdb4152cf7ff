//! `alipay.trade.close` ends an unpaid trade; `alipay.trade.cancel` ends any trade of a face-to-face product, giving
//! paid money back. Neither can reach an order whose payer has not turned up.

use serde_json::{Map, json};
use time::Duration;

use super::answer::Answer;
use super::failure::Failure;
use super::identifiers::api_time;
use super::notification;
use super::order::{Order, OrderKey, TradeStatus};
use super::refund;
use super::request::{self, TradeName};
use super::world::{Call, CloseOfClosed, World};

/// A trade can be cancelled for so long.
const CANCEL_TIME: Duration = Duration::DAY;

/// `alipay.trade.close`
pub(super) fn close(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let name = request::trade_name(call.content)?;
    let order = world.traded_order(call.app_id, &name)?;
    match order.status(call.now, call.settings.expiry_lag) {
        Some(TradeStatus::WaitBuyerPay) => {}
        Some(TradeStatus::Closed) if call.settings.close_of_closed == CloseOfClosed::Succeeds => {
            return Ok(Answer::success(names(order)));
        }
        Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) | None => {
            return Err(Failure::trade_status());
        }
    }
    let (key, fields) = shut(order, call);
    notification::announce_close(world, &key, call.now, call.settings);
    Ok(Answer::success(fields))
}

fn shut(order: &mut Order, call: &Call<'_>) -> (OrderKey, Map<String, serde_json::Value>) {
    if let Some(trade) = &mut order.trade {
        trade.closed_at = Some(call.now);
    }
    (order.key.clone(), names(order))
}

fn names(order: &Order) -> Map<String, serde_json::Value> {
    let names = order.identity().into_iter();
    names.filter(|(name, _)| name == "trade_no" || name == "out_trade_no").collect()
}

/// `alipay.trade.cancel`. Without a trade it succeeds and does nothing: no `action`, no `trade_no`.
pub(super) fn cancel(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let name = request::trade_name(call.content)?;
    let Ok(order) = world.traded_order(call.app_id, &name) else {
        return Ok(Answer::success(nothing_to_cancel(&name)));
    };
    if !order.product.is_face_to_face() {
        return Err(Failure::business("CANCEL_NOT_ALLOWED", "不允许撤销"));
    }
    if order.trade.as_ref().is_some_and(|trade| call.now > trade.created_at + CANCEL_TIME) {
        return Err(Failure::business("TRADE_CANCEL_TIME_OUT", "超过撤销时间范围"));
    }
    let (action, key, mut fields) = match order.status(call.now, call.settings.expiry_lag) {
        Some(TradeStatus::Finished) => {
            return Err(Failure::business("TRADE_HAS_FINISHED", "交易已完结"));
        }
        Some(TradeStatus::Success) => {
            let (key, names) = (order.key.clone(), names(order));
            refund::refund_rest(world, &key, call)?;
            ("refund", key, names)
        }
        Some(TradeStatus::WaitBuyerPay) => {
            let (key, names) = shut(order, call);
            notification::announce_close(world, &key, call.now, call.settings);
            ("close", key, names)
        }
        Some(TradeStatus::Closed) | None => (was(order), order.key.clone(), names(order)),
    };
    if action == "refund" {
        fields.insert("gmt_refund_pay".to_owned(), json!(api_time(call.now)));
    }
    fields.insert("out_trade_no".to_owned(), json!(key.out_trade_no));
    fields.insert("action".to_owned(), json!(action));
    fields.insert("retry_flag".to_owned(), json!("N"));
    Ok(Answer::success(fields))
}

/// What an earlier end of the trade was.
fn was(order: &Order) -> &'static str {
    let paid = order.trade.as_ref().is_some_and(|trade| trade.payment.is_some());
    if paid { "refund" } else { "close" }
}

fn nothing_to_cancel(name: &TradeName) -> Map<String, serde_json::Value> {
    let mut fields = Map::from_iter([("retry_flag".to_owned(), json!("N"))]);
    if let Some(number) = &name.out_trade_no {
        fields.insert("out_trade_no".to_owned(), json!(number));
    }
    fields
}
