//! `POST /v2/checkout/orders`, and the rules for purchase units that PATCH shares.

use serde_json::{Map, Value};

use super::error::{Api, ApiError};
use super::idempotency::Made;
use super::identifiers;
use super::merchant::Merchant;
use super::money::{AmountProblem, Money};
use super::order::{CreateStyle, Intent, Order, OrderStatus, Unit};
use super::shape::{self, Field, Shape};
use super::world::{Call, World};

const BREAKDOWN: &[Field] = &[
    Field::optional("item_total", Shape::Money),
    Field::optional("shipping", Shape::Money),
    Field::optional("handling", Shape::Money),
    Field::optional("tax_total", Shape::Money),
    Field::optional("insurance", Shape::Money),
    Field::optional("shipping_discount", Shape::Money),
    Field::optional("discount", Shape::Money),
];

const AMOUNT: Shape = Shape::Object(&[
    Field::required("currency_code", Shape::Text(3)),
    Field::required("value", Shape::Text(32)),
    Field::optional("breakdown", Shape::Object(BREAKDOWN)),
]);

const ITEM: Shape = Shape::Object(&[
    Field::required("name", Shape::Text(127)),
    Field::required("quantity", Shape::Text(10)),
    Field::required("unit_amount", Shape::Money),
    Field::optional("tax", Shape::Money),
    Field::optional("sku", Shape::Text(127)),
    Field::optional("description", Shape::Text(127)),
    Field::optional("category", Shape::OneOf(&["DIGITAL_GOODS", "PHYSICAL_GOODS", "DONATION"])),
]);

const UNIT_FIELDS: &[Field] = &[
    Field::optional("reference_id", Shape::Text(256)),
    Field::required("amount", AMOUNT),
    Field::optional("description", Shape::Text(127)),
    Field::optional("custom_id", Shape::Text(127)),
    Field::optional("invoice_id", Shape::Text(127)),
    Field::optional("soft_descriptor", Shape::Text(22)),
    Field::optional("payee", Shape::Object(&[])),
    Field::optional("items", Shape::List(1000, &ITEM)),
    Field::optional("shipping", Shape::Anything),
];

const CONTEXT: Shape = Shape::Object(&[
    Field::optional("return_url", Shape::Text(2048)),
    Field::optional("cancel_url", Shape::Text(2048)),
    Field::optional("brand_name", Shape::Text(127)),
    Field::optional("locale", Shape::Text(10)),
    Field::optional("landing_page", Shape::Text(13)),
    Field::optional(
        "shipping_preference",
        Shape::OneOf(&["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"]),
    ),
    Field::optional("user_action", Shape::OneOf(&["CONTINUE", "PAY_NOW"])),
    Field::optional(
        "payment_method_preference",
        Shape::OneOf(&["UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"]),
    ),
]);

const WALLET: Shape = Shape::Object(&[Field::optional("experience_context", CONTEXT)]);

const ORDER_FIELDS: &[Field] = &[
    Field::required("intent", Shape::OneOf(&["CAPTURE", "AUTHORIZE"])),
    Field::required("purchase_units", Shape::List(10, &Shape::Object(UNIT_FIELDS))),
    Field::optional("payment_source", Shape::Object(&[Field::optional("paypal", WALLET)])),
    Field::optional("application_context", CONTEXT),
];

/// Makes an order.
pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Made, ApiError> {
    shape::check(ORDER_FIELDS, call.body)?;
    let source = call.body.get("payment_source").and_then(Value::as_object);
    if source.is_some() && call.request_id.is_none() {
        return Err(ApiError::issue("PAYPAL_REQUEST_ID_REQUIRED"));
    }
    if let Some(other) = source.and_then(|source| source.keys().find(|kind| *kind != "paypal")) {
        return Err(ApiError::field("NOT_SUPPORTED", &format!("/payment_source/{other}"), None));
    }
    let intent = match call.body.get("intent").and_then(Value::as_str) {
        Some("AUTHORIZE") => Intent::Authorize,
        Some(_) | None => Intent::Capture,
    };
    let units = units(call.body, world.merchant(call.client_id)?, intent)?;
    let order = new_order(call, intent, units, source);
    let id = order.id.clone();
    world.orders.insert(id.clone(), order);
    Ok(Made::Order(id))
}

fn new_order(
    call: &Call<'_>,
    intent: Intent,
    units: Vec<Unit>,
    source: Option<&Map<String, Value>>,
) -> Order {
    let wallet = source.and_then(|source| source.get("paypal"));
    let context = wallet
        .and_then(|wallet| wallet.get("experience_context"))
        .or_else(|| call.body.get("application_context"))
        .and_then(Value::as_object);
    let (style, status) = match wallet {
        Some(_) => (CreateStyle::PaymentSource, OrderStatus::PayerActionRequired),
        None => (CreateStyle::Plain, OrderStatus::Created),
    };
    Order {
        id: identifiers::resource_id(),
        client_id: call.client_id.to_owned(),
        intent,
        status,
        style,
        units,
        context: context.cloned().unwrap_or_default(),
        created_at: call.now,
        updated_at: call.now,
        expires_at: call.now + call.settings.order_lifetime,
        payer: None,
        funding: None,
        declines: 0,
        cancellations: 0,
    }
}

/// The units of a body, with everything that PayPal checks about them together.
fn units(body: &Map<String, Value>, merchant: &Merchant, intent: Intent) -> Result<Vec<Unit>, ApiError> {
    let list = body.get("purchase_units").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let objects = list.iter().filter_map(Value::as_object);
    let mut units: Vec<Unit> = Vec::new();
    for (index, fields) in objects.enumerate() {
        let pointer = format!("/purchase_units/{index}");
        let unit = unit(fields, &pointer, list.len() > 1)?;
        check_payee(fields, merchant, &pointer)?;
        if units.iter().any(|other| other.reference_id == unit.reference_id) {
            return Err(ApiError::field("DUPLICATE_REFERENCE_ID", &pointer, None));
        }
        if units.iter().any(|other| other.amount.currency_code != unit.amount.currency_code) {
            return Err(ApiError::field("MULTI_CURRENCY_ORDER", &pointer, None));
        }
        units.push(unit);
    }
    if units.len() > 1 && intent == Intent::Authorize {
        return Err(ApiError::field("UNSUPPORTED_INTENT", "/intent", None));
    }
    Ok(units)
}

/// One unit. `among_others`: it must say which one it is.
fn unit(fields: &Map<String, Value>, pointer: &str, among_others: bool) -> Result<Unit, ApiError> {
    let reference_id = fields.get("reference_id").and_then(Value::as_str);
    if among_others && reference_id.is_none() {
        return Err(ApiError::field("REFERENCE_ID_REQUIRED", &format!("{pointer}/reference_id"), None));
    }
    let amount = check_amounts(fields, pointer)?;
    let mut kept = fields.clone();
    kept.remove("reference_id");
    kept.remove("payee");
    Ok(Unit {
        reference_id: reference_id.unwrap_or("default").to_owned(),
        amount,
        fields: kept,
        captures: Vec::new(),
        authorizations: Vec::new(),
    })
}

/// The unit's amount, whose breakdown and items must add up to it.
pub(super) fn check_amounts(fields: &Map<String, Value>, pointer: &str) -> Result<Money, ApiError> {
    let empty = Map::new();
    let amount = fields.get("amount").and_then(Value::as_object).unwrap_or(&empty);
    let total = read(amount, &format!("{pointer}/amount/value"))?;
    if total.minor <= 0 {
        let field = format!("{pointer}/amount/value");
        return Err(ApiError::field("CANNOT_BE_ZERO_OR_NEGATIVE", &field, amount.get("value")));
    }
    let breakdown = amount.get("breakdown").and_then(Value::as_object);
    if let Some(breakdown) = breakdown {
        check_breakdown(breakdown, &total, &format!("{pointer}/amount"))?;
    }
    check_items(fields, breakdown.unwrap_or(&empty), &total, pointer)?;
    Ok(total)
}

fn read(object: &Map<String, Value>, pointer: &str) -> Result<Money, ApiError> {
    let wrong = |problem: AmountProblem| ApiError::amount(problem, pointer, object.get("value"), Api::Orders);
    Money::of(object).map_err(wrong)
}

/// A part of the breakdown in the order's currency, 0 when it is absent.
fn part(breakdown: &Map<String, Value>, name: &str, total: &Money, pointer: &str) -> Result<i64, ApiError> {
    let Some(object) = breakdown.get(name).and_then(Value::as_object) else { return Ok(0) };
    let field = format!("{pointer}/breakdown/{name}/value");
    let money = read(object, &field)?;
    if money.currency_code != total.currency_code {
        return Err(ApiError::field("MULTI_CURRENCY_ORDER", &field, None));
    }
    if money.minor < 0 {
        return Err(ApiError::field("CANNOT_BE_NEGATIVE", &field, object.get("value")));
    }
    Ok(money.minor)
}

fn check_breakdown(breakdown: &Map<String, Value>, total: &Money, pointer: &str) -> Result<(), ApiError> {
    let mut sum: i128 = 0;
    for name in ["item_total", "shipping", "handling", "tax_total", "insurance"] {
        sum += i128::from(part(breakdown, name, total, pointer)?);
    }
    for name in ["shipping_discount", "discount"] {
        sum -= i128::from(part(breakdown, name, total, pointer)?);
    }
    if breakdown.is_empty() || sum == i128::from(total.minor) {
        return Ok(());
    }
    Err(ApiError::field("AMOUNT_MISMATCH", &format!("{pointer}/value"), None))
}

fn check_items(
    fields: &Map<String, Value>,
    breakdown: &Map<String, Value>,
    total: &Money,
    pointer: &str,
) -> Result<(), ApiError> {
    let Some(items) = fields.get("items").and_then(Value::as_array) else { return Ok(()) };
    let (mut goods, mut tax) = (0_i128, 0_i128);
    for (index, item) in items.iter().filter_map(Value::as_object).enumerate() {
        let field = format!("{pointer}/items/{index}");
        let quantity = item.get("quantity").and_then(Value::as_str).unwrap_or_default();
        let quantity: u32 = quantity.parse().map_err(|_| {
            ApiError::field("INVALID_PARAMETER_SYNTAX", &format!("{field}/quantity"), item.get("quantity"))
        })?;
        let each = |name: &str| match item.get(name).and_then(Value::as_object) {
            Some(object) => read(object, &format!("{field}/{name}/value")).map(|money| money.minor),
            None => Ok(0),
        };
        goods += i128::from(each("unit_amount")?) * i128::from(quantity);
        tax += i128::from(each("tax")?) * i128::from(quantity);
    }
    let amount = format!("{pointer}/amount");
    let demand = |name: &str, sum: i128, required: &str, mismatch: &str| {
        let field = format!("{amount}/breakdown/{name}");
        match breakdown.get(name) {
            None if sum == 0 => Ok(()),
            None => Err(ApiError::field(required, &field, None)),
            Some(_) if i128::from(part(breakdown, name, total, &amount)?) == sum => Ok(()),
            Some(_) => Err(ApiError::field(mismatch, &field, None)),
        }
    };
    demand("item_total", goods, "ITEM_TOTAL_REQUIRED", "ITEM_TOTAL_MISMATCH")?;
    demand("tax_total", tax, "TAX_TOTAL_REQUIRED", "TAX_TOTAL_MISMATCH")
}

/// Money goes to the caller here; PayPal itself would allow partners to name others.
fn check_payee(fields: &Map<String, Value>, merchant: &Merchant, pointer: &str) -> Result<(), ApiError> {
    let Some(payee) = fields.get("payee").and_then(Value::as_object) else { return Ok(()) };
    let fits = |name: &str, own: &str| payee.get(name).is_none_or(|named| named.as_str() == Some(own));
    if fits("merchant_id", &merchant.merchant_id) && fits("email_address", &merchant.email_address) {
        return Ok(());
    }
    Err(ApiError::field("PAYEE_ACCOUNT_INVALID", &format!("{pointer}/payee"), None))
}
