//! A plugin's options: `google.protobuf.Struct` to JSON, without a float and within bounds.
//!
//! A Struct has no integers, only doubles. Whole numbers that a double holds exactly become JSON integers; others are
//! refused, because a rounded amount or a repeat that differs in the last digit costs money (R28, R14).

use payment_core::violation::Violation;
use prost_types::{Struct, Value as ProtoValue, value::Kind};
use serde_json::{Map, Value};

/// The largest options object, as JSON text.
const MAX_BYTES: usize = 16 * 1024;

/// How deep objects and lists may stand in each other.
const MAX_DEPTH: usize = 32;

/// The largest whole number that every JSON reader and every double holds exactly: 2^53 - 1.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// Reads an options object; `path` is the field's path in the request.
pub(super) fn object(path: &str, options: Struct) -> Result<Value, Violation> {
    let object = Value::Object(members(path, options, 1)?);
    if object.to_string().len() > MAX_BYTES {
        return Err(Violation::new(path, "must be at most 16 KiB as JSON"));
    }
    Ok(object)
}

fn members(path: &str, options: Struct, depth: usize) -> Result<Map<String, Value>, Violation> {
    let member = |(key, member): (String, ProtoValue)| {
        text(path, &key)?;
        let member = value(&format!("{path}.{key}"), member, depth)?;
        Ok((key, member))
    };
    options.fields.into_iter().map(member).collect()
}

fn value(path: &str, value: ProtoValue, depth: usize) -> Result<Value, Violation> {
    if depth > MAX_DEPTH {
        return Err(Violation::new(shortened(path), "must be at most 32 levels deep"));
    }
    match value.kind {
        None => Err(Violation::new(shortened(path), "must have a value; send null for none")),
        Some(Kind::NullValue(_)) => Ok(Value::Null),
        Some(Kind::BoolValue(value)) => Ok(Value::Bool(value)),
        Some(Kind::NumberValue(number)) => integer(path, number),
        Some(Kind::StringValue(string)) => text(path, &string).map(|()| Value::String(string)),
        Some(Kind::StructValue(object)) => members(path, object, depth + 1).map(Value::Object),
        Some(Kind::ListValue(list)) => {
            let items = list.values.into_iter().enumerate();
            let items = items.map(|(index, item)| self::value(&format!("{path}[{index}]"), item, depth + 1));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
    }
}

/// A double's shortest decimal text is an integer's text if and only if the double is whole.
fn integer(path: &str, number: f64) -> Result<Value, Violation> {
    match number.to_string().parse::<i64>() {
        Ok(integer) if (-MAX_INTEGER..=MAX_INTEGER).contains(&integer) => Ok(Value::from(integer)),
        Ok(_) | Err(_) => Err(Violation::new(
            shortened(path),
            "must be a whole number within 9007199254740991 either way; send other numbers as strings",
        )),
    }
}

/// PostgreSQL keeps no U+0000 in JSON.
fn text(path: &str, text: &str) -> Result<(), Violation> {
    if text.contains('\0') {
        return Err(Violation::new(shortened(path), "must not contain the character U+0000"));
    }
    Ok(())
}

/// Keys are the caller's own and may be long; a path needs to be found again, not to be whole.
fn shortened(path: &str) -> String {
    path.chars().filter(|character| !character.is_control()).take(200).collect()
}
