//! `alipay.trade.query`: what a trade is now. Refunds do not show in it, but for `TRADE_CLOSED` after the last.

use serde_json::json;

use super::answer::Answer;
use super::failure::Failure;
use super::order::Order;
use super::request;
use super::world::{Call, World};

/// Amounts that a failed query carries as zeros.
const ZERO_AMOUNTS: [&str; 4] = ["buyer_pay_amount", "invoice_amount", "point_amount", "receipt_amount"];

pub(super) fn query(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let name = request::trade_name(call.content)?;
    let order = world.traded_order(call.app_id, &name).map_err(|failure| {
        failure
            .with_zero_amounts(&ZERO_AMOUNTS)
            .with_field("out_trade_no", name.out_trade_no.as_deref())
            .with_field("trade_no", name.trade_no.as_deref())
    })?;
    view(order, call)
}

fn view(order: &Order, call: &Call<'_>) -> Result<Answer, Failure> {
    let status = order.status(call.now, call.settings.expiry_lag).ok_or_else(Failure::trade_not_exist)?;
    let mut fields = order.identity();
    fields.extend(order.amounts());
    fields.insert("trade_status".to_owned(), json!(status.code()));
    fields.insert("buyer_user_type".to_owned(), json!("PRIVATE"));
    if let Some(paid_at) = order.paid_at() {
        fields.insert("send_pay_date".to_owned(), json!(paid_at));
    }
    if request::has_option(call.content, "fund_bill_list") {
        fields.extend(order.fund_bill_list("fund_channel").map(|list| ("fund_bill_list".to_owned(), list)));
    }
    if let Some(passback) = &order.passback_params {
        fields.insert("passback_params".to_owned(), json!(passback));
    }
    Ok(Answer::success(fields))
}
