//! `alipay.trade.pay`: the merchant scans the payer's code. The code's third and fourth digit decide what happens.

use serde_json::{Map, json};
use time::Duration;

use super::answer::Answer;
use super::failure::Failure;
use super::fault::Fault;
use super::operation::Product;
use super::order::{OrderKey, TradeStatus};
use super::payer::{self, PayOptions};
use super::world::{Call, Task, World};
use super::{placing, request};

/// How long the payer of a `01` code takes to enter the password.
const PASSWORD_TIME: Duration = Duration::seconds(10);

/// What a payer's code leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Paid at once, if no password is needed.
    Pay,
    /// `01`: `10003`, and the password comes after ten seconds.
    PasswordLater,
    /// `02`: `10003`, and the password comes when the control API pays.
    PasswordByControl,
    /// `03`: the payer has no money.
    NoBalance,
    /// `04`: `20000`, although it is paid.
    UnknownButPaid,
    /// `05`: the code is not valid any more.
    Outdated,
}

impl Script {
    fn of(code: &str) -> Self {
        match code.get(2..4) {
            Some("01") => Self::PasswordLater,
            Some("02") => Self::PasswordByControl,
            Some("03") => Self::NoBalance,
            Some("04") => Self::UnknownButPaid,
            Some("05") => Self::Outdated,
            Some(_) | None => Self::Pay,
        }
    }
}

/// Takes the payment, or leaves it waiting for a password.
pub(super) fn pay(world: &mut World, call: &Call<'_>) -> Result<Answer, Failure> {
    let order = request::order(call.content, Product::Barcode, call.now);
    let code = request::auth_code(call.content)?;
    let order = order?;
    let total = order.total;
    check_code(&code)?;
    let key = OrderKey { app_id: call.app_id.to_owned(), out_trade_no: order.out_trade_no.clone() };
    let script = Script::of(&code);
    let used_elsewhere = world.used_auth_codes.get(&code).is_some_and(|used_by| *used_by != key);
    if script == Script::Outdated || used_elsewhere {
        return Err(code_invalid());
    }
    if script == Script::NoBalance {
        return Err(Failure::business("BUYER_BALANCE_NOT_ENOUGH", "买家余额不足"));
    }
    let key = placing::place(world, call, Product::Barcode, order)?;
    world.used_auth_codes.insert(code, key.clone());
    let large = script == Script::Pay && total > call.settings.environment.password_threshold();
    let ordered = matches!(call.fault, Some(Fault::PasswordNeeded));
    let script = if large || ordered { Script::PasswordByControl } else { script };
    carry_out(world, call, &key, script)
}

fn carry_out(world: &mut World, call: &Call<'_>, key: &OrderKey, script: Script) -> Result<Answer, Failure> {
    let refused = |_| Failure::trade_status();
    match script {
        Script::Pay | Script::UnknownButPaid => {
            payer::pay(world, key, &PayOptions::default(), call.now, call.settings).map_err(refused)?;
        }
        Script::PasswordLater | Script::PasswordByControl | Script::NoBalance | Script::Outdated => {
            payer::open(world, key, None, call.now, call.settings).map_err(refused)?;
        }
    }
    if script == Script::PasswordLater {
        world.agenda.insert((call.now + PASSWORD_TIME, Task::EnterPassword(key.clone())));
    }
    if script == Script::UnknownButPaid {
        return Err(Failure::system());
    }
    answer(world, call, key)
}

fn answer(world: &World, call: &Call<'_>, key: &OrderKey) -> Result<Answer, Failure> {
    let order = world.orders.get(key).ok_or_else(Failure::system)?;
    let mut fields = order.identity();
    fields.extend(order.amounts());
    if order.status(call.now, call.settings.expiry_lag) == Some(TradeStatus::WaitBuyerPay) {
        return Ok(Answer::waiting(fields));
    }
    let paid = [
        ("gmt_payment", order.paid_at().map(|text| json!(text))),
        ("fund_bill_list", order.fund_bill_list("fund_channel")),
    ];
    fields.extend(
        paid.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>(),
    );
    Ok(Answer::success(fields))
}

/// 16 to 24 digits that begin with 25 to 30.
fn check_code(code: &str) -> Result<(), Failure> {
    let digits = (16..=24).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = code.get(..2).and_then(|prefix| prefix.parse::<u8>().ok());
    if digits && prefix.is_some_and(|prefix| (25..=30).contains(&prefix)) {
        Ok(())
    } else {
        Err(code_invalid())
    }
}

fn code_invalid() -> Failure {
    Failure::business(
        "PAYMENT_AUTH_CODE_INVALID",
        "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款",
    )
}
