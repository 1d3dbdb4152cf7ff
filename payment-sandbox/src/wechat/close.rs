//! Close of an unpaid order.

use super::error::{ApiError, sub_code};
use super::order::TradeState;
use super::schema::{self, Field, text};
use super::world::{Call, World};

const FIELDS: &[Field] = &[Field::required("mchid", "商户号", text(32))];

/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`. Closing a closed order succeeds again.
pub(super) fn close(world: &mut World, call: &Call<'_>, out_trade_no: &str) -> Result<(), ApiError> {
    schema::check_body(call.body, FIELDS)?;
    let order = world.order(call.mchid, out_trade_no)?;
    match order.trade_state(call.now, call.settings.expiry_lag) {
        TradeState::Success | TradeState::Refund => {
            Err(ApiError::new(400, "ORDERPAID", "该订单已支付", sub_code::PAID_ON_CLOSE))
        }
        TradeState::Closed => Ok(()),
        TradeState::NotPay if order.payment_in_flight => Err(ApiError::frequency()),
        TradeState::NotPay => {
            order.closed_at = Some(call.now);
            Ok(())
        }
    }
}

/// The answer while the payer is at the till: 202, nothing closed.
pub(super) fn payer_is_paying() -> ApiError {
    ApiError::new(202, "USERPAYING", "用户支付中，需要输入密码", sub_code::OK)
}
