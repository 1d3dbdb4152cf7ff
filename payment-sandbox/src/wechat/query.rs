//! Query of an order by the merchant's number or by the channel's.

use serde_json::Value;

use super::error::{ApiError, sub_code};
use super::world::{Call, World};

/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=`
pub(super) fn by_out_trade_no(
    world: &mut World,
    call: &Call<'_>,
    out_trade_no: &str,
) -> Result<Value, ApiError> {
    check_merchant_parameter(call)?;
    let order = world.order(call.mchid, out_trade_no)?;
    Ok(order.view(order.trade_state(call.now, call.settings.expiry_lag)))
}

/// `GET /v3/pay/transactions/id/{transaction_id}?mchid=`
pub(super) fn by_transaction_id(
    world: &mut World,
    call: &Call<'_>,
    transaction_id: &str,
) -> Result<Value, ApiError> {
    check_merchant_parameter(call)?;
    let key = world.paid_order_key(call.mchid, transaction_id).ok_or_else(ApiError::order_not_exist)?;
    by_out_trade_no(world, call, &key.out_trade_no)
}

fn check_merchant_parameter(call: &Call<'_>) -> Result<(), ApiError> {
    let mut given = url::form_urlencoded::parse(call.query.as_bytes()).filter(|(name, _)| name == "mchid");
    let Some((_, mchid)) = given.next() else {
        let message = "输入源“/query/mchid”映射到字段“商户号”必填性规则校验失败，此字段为必填项";
        return Err(ApiError::parameter("query", "/query/mchid", message, &Value::Null));
    };
    if mchid == call.mchid {
        return Ok(());
    }
    let message = "http header中的mchid与query中的mchid不匹配";
    let mut error = ApiError::parameter("query", "/query/mchid", message, &Value::from(mchid.as_ref()));
    error.sub_code = sub_code::MERCHANT_MISMATCH;
    Err(error)
}
