//! The wallet on the payer's phone: takes the order string that the merchant's app hands over, checks it as Alipay's app
//! does, lets the payer choose, and gives back what the SDK gives to the app.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::amount;
use super::authorization;
use super::engine::Engine;
use super::failure::Failure;
use super::identifiers::api_time;
use super::merchant::Merchant;
use super::operation::{Operation, Product};
use super::order::OrderKey;
use super::parameters::{Parameters, ParametersRefused};
use super::payer::{self, PayOptions, PaymentRefused};
use super::world::{Call, World};
use super::{placing, request};
use crate::rsa::KeyError;

/// What the payer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletChoice {
    /// Enters the password and pays: `9000`.
    #[default]
    Pay,
    /// Goes back before the password: `6001`, and no trade comes into being.
    Cancel,
    /// Enters the password, but the payment fails: `4000`, and an unpaid trade exists.
    FailAfterPassword,
    /// Nobody pays, but the app claims `9000` with a result that a key of its own has signed.
    Pretend,
}

/// What the payer does, and what the app gets to hear of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvokeOptions {
    /// The payer's choice.
    #[serde(default)]
    pub choice: WalletChoice,
    /// How the payer pays.
    #[serde(default)]
    pub pay: PayOptions,
    /// Another `resultStatus` than the truth with an empty result, e.g. `8000` or `6004` after a payment.
    #[serde(default)]
    pub result_status: Option<String>,
    /// Changes a digit of the result after signing.
    #[serde(default)]
    pub altered_result: bool,
}

/// What the SDK gives to the merchant's app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppResult {
    /// `9000` paid, `8000` and `6004` unknown, `4000` failed, `6001` cancelled.
    pub result_status: String,
    /// JSON with the signed node, or empty.
    pub result: String,
    /// Words for the payer.
    pub memo: String,
}

/// Why Alipay's app would not open its cashier; the merchant's app sees `4000`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeRefused {
    /// The order string cannot be taken apart.
    #[error(transparent)]
    Parameters(#[from] ParametersRefused),
    /// A part without `=`, or a name or value that is encoded wrongly or twice.
    #[error("{name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The gateway's refusal: signature, application, content.
    #[error("{sub_code}: {message}")]
    Gateway {
        /// As the gateway would answer it.
        sub_code: String,
        /// In words.
        message: String,
    },
    /// The cashier opened, but the order cannot be paid.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// The result could not be signed.
    #[error("{0}")]
    Result(String),
}

impl From<Failure> for InvokeRefused {
    fn from(failure: Failure) -> Self {
        Self::Gateway { sub_code: failure.sub_code, message: failure.sub_msg }
    }
}

impl From<KeyError> for InvokeRefused {
    fn from(error: KeyError) -> Self {
        Self::Result(error.to_string())
    }
}

/// Takes an order string, verbatim as the merchant's server made it, through the payer's choice.
pub(super) fn invoke(
    engine: &Engine,
    order_string: &str,
    options: &InvokeOptions,
) -> Result<AppResult, InvokeRefused> {
    let parameters = take_apart(order_string)?;
    engine.with_world(|world, now| {
        let key = place(engine, world, &parameters, now)?;
        if let Some(status) = carry_out(engine, world, &key, options, now)? {
            return Ok(AppResult {
                result_status: status.to_owned(),
                result: String::new(),
                memo: memo(status),
            });
        }
        let result = signed_result(engine, world, &key, options, now)?;
        let claimed = options.result_status.clone();
        let result_status = claimed.unwrap_or_else(|| "9000".to_owned());
        let result = if result_status == "9000" { result } else { String::new() };
        Ok(AppResult { memo: memo(&result_status), result_status, result })
    })
}

/// `name=value&...`, values encoded once, names not at all.
fn take_apart(order_string: &str) -> Result<Parameters, InvokeRefused> {
    let problem = |name: &str, problem: &str| InvokeRefused::Parameter {
        name: name.to_owned(),
        problem: problem.to_owned(),
    };
    for part in order_string.split('&') {
        let (name, value) = part.split_once('=').ok_or_else(|| problem(part, "has no ="))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(problem(name, "is not a name; names are not encoded"));
        }
        if value.bytes().any(|byte| matches!(byte, b'{' | b'}' | b'"' | b' ' | b'=' | b'/')) {
            return Err(problem(name, "is not encoded; every value is encoded once, sign too"));
        }
    }
    Ok(Parameters::merge(&[order_string.as_bytes()])?)
}

/// Checks the order string and makes its order known; there is no trade yet.
fn place(
    engine: &Engine,
    world: &mut World,
    parameters: &Parameters,
    now: OffsetDateTime,
) -> Result<OrderKey, InvokeRefused> {
    // An order string may be used as long as its order, so its timestamp is not held against the clock.
    let window = std::time::Duration::from_secs(u64::from(u32::MAX));
    let caller = authorization::authorize(world, parameters, now, window)
        .map_err(|rejection| InvokeRefused::from(*rejection.failure))?;
    if caller.operation != Operation::AppPay {
        return Err(
            Failure::invalid("isv.invalid-method", "order strings are of alipay.trade.app.pay").into()
        );
    }
    if parameters.get("encrypt_type").is_some() {
        return Err(Failure::invalid("isv.invalid-encrypt-type", "order strings are not encrypted").into());
    }
    let content = request::content(parameters.get("biz_content"))?;
    let order = request::order(&content, Product::App, now)?;
    let call = Call {
        now,
        settings: &engine.settings,
        app_id: &caller.app_id,
        content: &content,
        notify_url: parameters.get("notify_url"),
        return_url: None,
        fault: None,
    };
    Ok(placing::place(world, &call, Product::App, order)?)
}

/// Lets the payer act. Returns the status when there is no result to be signed.
fn carry_out(
    engine: &Engine,
    world: &mut World,
    key: &OrderKey,
    options: &InvokeOptions,
    now: OffsetDateTime,
) -> Result<Option<&'static str>, InvokeRefused> {
    match options.choice {
        WalletChoice::Pay => {
            payer::pay(world, key, &options.pay, now, &engine.settings)?;
            Ok(None)
        }
        WalletChoice::Cancel => {
            payer::fail(world, key, now, &engine.settings)?;
            Ok(Some("6001"))
        }
        WalletChoice::FailAfterPassword => {
            payer::open(world, key, options.pay.buyer_id.as_deref(), now, &engine.settings)?;
            payer::fail(world, key, now, &engine.settings)?;
            Ok(Some("4000"))
        }
        WalletChoice::Pretend => Ok(None),
    }
}

/// The node with its signature, as the app gets it.
fn signed_result(
    engine: &Engine,
    world: &World,
    key: &OrderKey,
    options: &InvokeOptions,
    now: OffsetDateTime,
) -> Result<String, InvokeRefused> {
    let merchant: &Merchant = world.merchants.get(&key.app_id).ok_or(PaymentRefused::UnknownOrder)?;
    let order = world.orders.get(key).ok_or(PaymentRefused::UnknownOrder)?;
    let trade_no = order.trade.as_ref().map(|trade| trade.trade_no.clone());
    let fields: Map<String, Value> = [
        ("code", "10000".to_owned()),
        ("msg", "Success".to_owned()),
        ("app_id", key.app_id.clone()),
        ("auth_app_id", key.app_id.clone()),
        ("charset", "utf-8".to_owned()),
        ("timestamp", api_time(now)),
        ("out_trade_no", key.out_trade_no.clone()),
        ("total_amount", amount::text(order.total)),
        ("trade_no", trade_no.unwrap_or_else(|| super::identifiers::trade_no(now))),
        ("seller_id", order.seller_id.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), json!(value)))
    .collect();
    let node = Value::Object(fields).to_string();
    let pretended = options.choice == WalletChoice::Pretend;
    let signer = if pretended { &*engine.foreign_key } else { &*merchant.signer.key };
    let signature = signer.sign(node.as_bytes())?;
    let shown = if options.altered_result {
        node.replacen("\"total_amount\":\"", "\"total_amount\":\"9", 1)
    } else {
        node
    };
    Ok(format!(
        "{{\"alipay_trade_app_pay_response\":{shown},\"sign\":\"{signature}\",\"sign_type\":\"RSA2\"}}"
    ))
}

fn memo(status: &str) -> String {
    match status {
        "9000" => "处理成功",
        "8000" => "正在处理中",
        "4000" => "系统繁忙，请稍后再试",
        "6001" => "操作已经取消。",
        "6002" => "网络连接异常",
        _ => "",
    }
    .to_owned()
}
