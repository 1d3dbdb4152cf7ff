//! `PATCH /v2/checkout/orders/{id}`: the changes that shops make before they capture.

use serde_json::{Map, Value};

use super::create::check_amounts;
use super::error::ApiError;
use super::order::{Order, OrderStatus, Unit};
use super::world::{Call, World};

/// What may be changed in a unit, and by which operations.
const TARGETS: &[(&str, &[&str], usize)] = &[
    ("custom_id", &["replace", "add", "remove"], 127),
    ("invoice_id", &["replace", "add", "remove"], 127),
    ("description", &["replace", "add", "remove"], 127),
    ("soft_descriptor", &["replace", "remove"], 22),
    ("amount", &["replace"], 0),
];

/// Applies every operation of the list, or none.
pub(super) fn patch(world: &mut World, call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    let order = world.order(call, id)?;
    match order.status {
        OrderStatus::Completed | OrderStatus::Voided => {
            return Err(ApiError::issue("ORDER_ALREADY_COMPLETED"));
        }
        OrderStatus::Created | OrderStatus::PayerActionRequired | OrderStatus::Approved => {}
    }
    let operations = call.body.get("").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| ApiError::issue("MALFORMED_REQUEST_JSON"))?;
    let mut changed: Vec<Map<String, Value>> = order.units.iter().map(|unit| unit.fields.clone()).collect();
    for operation in operations {
        apply(order, &mut changed, operation)?;
    }
    let amounts: Result<Vec<_>, _> = changed
        .iter()
        .enumerate()
        .map(|(index, fields)| check_amounts(fields, &format!("/purchase_units/{index}")))
        .collect();
    for ((unit, fields), amount) in order.units.iter_mut().zip(changed).zip(amounts?) {
        (unit.fields, unit.amount) = (fields, amount);
    }
    order.updated_at = call.now;
    Ok(())
}

fn apply(order: &Order, changed: &mut [Map<String, Value>], operation: &Value) -> Result<(), ApiError> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let verb = text("op").ok_or_else(|| ApiError::field("MISSING_REQUIRED_PARAMETER", "/op", None))?;
    let path = text("path").ok_or_else(|| ApiError::issue("PATCH_PATH_REQUIRED"))?;
    let (index, target) = resolve(&order.units, path)?;
    let rule = TARGETS.iter().find(|(name, _, _)| *name == target);
    let Some((_, verbs, longest)) = rule else { return Err(ApiError::issue("NOT_PATCHABLE")) };
    if !verbs.contains(&verb) {
        return Err(ApiError::field("INVALID_PATCH_OPERATION", "/op", Some(&Value::from(verb))));
    }
    let fields = changed.get_mut(index).ok_or_else(|| ApiError::issue("REFERENCE_ID_NOT_FOUND"))?;
    if (verb == "add") == fields.contains_key(target) {
        return Err(ApiError::field("INVALID_PATCH_OPERATION", path, None));
    }
    if verb == "remove" {
        fields.remove(target);
        return Ok(());
    }
    let value = operation.get("value").ok_or_else(|| ApiError::issue("PATCH_VALUE_REQUIRED"))?;
    check_value(order, target, value, *longest)?;
    fields.insert(target.to_owned(), value.clone());
    Ok(())
}

/// The unit and the field that `/purchase_units/@reference_id=='...'/field` names.
fn resolve<'a>(units: &[Unit], path: &'a str) -> Result<(usize, &'a str), ApiError> {
    let syntax = || ApiError::issue("INVALID_JSON_POINTER_FORMAT");
    let rest = path.strip_prefix("/purchase_units/@reference_id=='").ok_or_else(syntax)?;
    let (reference, target) = rest.split_once("'/").ok_or_else(syntax)?;
    let index = units.iter().position(|unit| unit.reference_id == reference);
    Ok((index.ok_or_else(|| ApiError::issue("REFERENCE_ID_NOT_FOUND"))?, target))
}

fn check_value(order: &Order, target: &str, value: &Value, longest: usize) -> Result<(), ApiError> {
    if target == "amount" {
        let pay_now = order.context_text("user_action") == Some("PAY_NOW");
        // The buyer saw the sum beside a button that says "pay now".
        return if order.status == OrderStatus::Approved && pay_now {
            Err(ApiError::issue("AMOUNT_CHANGE_NOT_ALLOWED"))
        } else if value.is_object() {
            Ok(())
        } else {
            Err(ApiError::field("INVALID_PARAMETER_SYNTAX", "/value", Some(value)))
        };
    }
    match value.as_str() {
        Some(text) if (1..=longest).contains(&text.chars().count()) => Ok(()),
        Some(_) => Err(ApiError::field("INVALID_STRING_LENGTH", "/value", Some(value))),
        None => Err(ApiError::field("INVALID_PARAMETER_SYNTAX", "/value", Some(value))),
    }
}
