//! The app's SDK: takes the invoke parameters that a merchant's server made, checks them as WeChat's app does, and pays.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::merchant::Merchant;
use super::operation::Product;
use super::order::{Order, OrderKey};
use super::payment::{self, Entrance, PayOptions, PaymentRefused};
use super::world::{Settings, World};

/// Why WeChat's app would not open its till; the app's caller sees error code -1 for all but the last.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeRefused {
    /// A parameter is absent, not text, empty, too long or superfluous.
    #[error("{name}: {problem}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// No such prepay_id.
    #[error("there is no such prepay_id")]
    UnknownPrepay,
    /// The prepay_id belongs to another merchant, appid or product.
    #[error("the prepay_id is of another merchant, appid or product")]
    ForeignPrepay,
    /// The signature does not fit the parameters and the merchant's key.
    #[error("the signature does not fit the parameters")]
    Signature,
    /// The till opened, but the order cannot be paid.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
}

const APP_NAMES: [&str; 7] = ["appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign"];
const JSAPI_NAMES: [&str; 6] = ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"];

/// What the parameters say, whichever of the two forms they have.
struct Invocation<'a> {
    product: Product,
    appid: &'a str,
    partnerid: Option<&'a str>,
    prepay_id: &'a str,
    message: String,
    signature: &'a str,
}

/// Checks the seven APP or six JSAPI parameters and pays. Returns the transaction_id.
pub(super) fn invoke(
    world: &mut World,
    parameters: &Map<String, Value>,
    options: &PayOptions,
    now: OffsetDateTime,
    settings: &Settings,
) -> Result<String, InvokeRefused> {
    let invocation = if parameters.contains_key("partnerid") { app(parameters)? } else { jsapi(parameters)? };
    let key = world.order_of_prepay.get(invocation.prepay_id).ok_or(InvokeRefused::UnknownPrepay)?.clone();
    check(world, &key, &invocation)?;
    let entrance = Entrance::Prepay(invocation.prepay_id);
    Ok(payment::pay(world, &key, entrance, options, now, settings)?)
}

fn check(world: &World, key: &OrderKey, invocation: &Invocation<'_>) -> Result<(), InvokeRefused> {
    let order: &Order = world.orders.get(key).ok_or(InvokeRefused::UnknownPrepay)?;
    let merchant: &Merchant = world.merchants.get(&key.mchid).ok_or(InvokeRefused::UnknownPrepay)?;
    let same_partner = invocation.partnerid.is_none_or(|partner| partner == key.mchid);
    if !same_partner || order.appid != invocation.appid || order.product != invocation.product {
        return Err(InvokeRefused::ForeignPrepay);
    }
    let message = invocation.message.as_bytes();
    let verified = merchant.certificates.values().any(|k| k.verify(message, invocation.signature).is_ok());
    if verified { Ok(()) } else { Err(InvokeRefused::Signature) }
}

fn app(parameters: &Map<String, Value>) -> Result<Invocation<'_>, InvokeRefused> {
    check_names(parameters, &APP_NAMES)?;
    let (appid, prepay_id) = (text(parameters, "appid")?, text(parameters, "prepayid")?);
    let (timestamp, nonce) = (timestamp(parameters, "timestamp")?, nonce(parameters, "noncestr")?);
    literal(parameters, "package", "Sign=WXPay")?;
    Ok(Invocation {
        product: Product::App,
        appid,
        partnerid: Some(text(parameters, "partnerid")?),
        prepay_id,
        message: format!("{appid}\n{timestamp}\n{nonce}\n{prepay_id}\n"),
        signature: text(parameters, "sign")?,
    })
}

fn jsapi(parameters: &Map<String, Value>) -> Result<Invocation<'_>, InvokeRefused> {
    check_names(parameters, &JSAPI_NAMES)?;
    let (appid, package) = (text(parameters, "appId")?, text(parameters, "package")?);
    let (timestamp, nonce) = (timestamp(parameters, "timeStamp")?, nonce(parameters, "nonceStr")?);
    literal(parameters, "signType", "RSA")?;
    let prepay_id =
        package.strip_prefix("prepay_id=").ok_or_else(|| problem("package", "must be prepay_id=..."))?;
    Ok(Invocation {
        product: Product::Jsapi,
        appid,
        partnerid: None,
        prepay_id,
        message: format!("{appid}\n{timestamp}\n{nonce}\n{package}\n"),
        signature: text(parameters, "paySign")?,
    })
}

fn problem(name: &str, problem: &str) -> InvokeRefused {
    InvokeRefused::Parameter { name: name.to_owned(), problem: problem.to_owned() }
}

fn check_names(parameters: &Map<String, Value>, names: &[&str]) -> Result<(), InvokeRefused> {
    match parameters.keys().find(|name| !names.contains(&name.as_str())) {
        Some(extra) => Err(problem(extra, "is not one of the parameters")),
        None => Ok(()),
    }
}

fn text<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<&'a str, InvokeRefused> {
    let value = parameters.get(name).ok_or_else(|| problem(name, "is missing"))?;
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| problem(name, "must be text that is not empty"))
}

fn timestamp<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<&'a str, InvokeRefused> {
    let value = text(parameters, name)?;
    let seconds = value.len() == 10 && value.chars().all(|c| c.is_ascii_digit());
    if seconds { Ok(value) } else { Err(problem(name, "must be ten digits: Unix seconds")) }
}

fn nonce<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<&'a str, InvokeRefused> {
    let value = text(parameters, name)?;
    if value.len() <= 32 { Ok(value) } else { Err(problem(name, "must have at most 32 characters")) }
}

fn literal(parameters: &Map<String, Value>, name: &str, wanted: &str) -> Result<(), InvokeRefused> {
    if text(parameters, name)? == wanted { Ok(()) } else { Err(problem(name, &format!("must be {wanted}"))) }
}
