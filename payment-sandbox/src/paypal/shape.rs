//! The shapes of request bodies: which fields there are, of what kind and how long; every violation is told at once.

use serde_json::{Map, Value};

use super::error::ApiError;

/// The shape of one value.
pub(super) enum Shape {
    /// A text with so many characters at most, and at least one.
    Text(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A currency and a decimal text; what they say is checked where the amount is used.
    Money,
    Object(&'static [Field]),
    /// At most so many elements, and at least one.
    List(usize, &'static Shape),
    /// Kept, but of no consequence here.
    Anything,
}

/// One field of an object. Unknown fields are let through, as PayPal does.
pub(super) struct Field {
    name: &'static str,
    required: bool,
    shape: Shape,
}

impl Field {
    pub(super) const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, required: true, shape }
    }

    pub(super) const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, required: false, shape }
    }
}

const MONEY: &[Field] =
    &[Field::required("currency_code", Shape::Text(3)), Field::required("value", Shape::Text(32))];

/// A body as an object. No body, `null` and `{}` are the same.
pub(super) fn parse(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Null) => Ok(Map::new()),
        // PATCH alone has a list at the top; it looks it up under this name.
        Ok(Value::Array(list)) => Ok(Map::from_iter([("".to_owned(), Value::Array(list))])),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => {
            Err(ApiError::issue("MALFORMED_REQUEST_JSON"))
        }
    }
}

/// Checks an object; the error holds every violation.
pub(super) fn check(fields: &'static [Field], object: &Map<String, Value>) -> Result<(), ApiError> {
    let mut found = Vec::new();
    check_fields(fields, object, "", &mut found);
    found.into_iter().reduce(ApiError::and).map_or(Ok(()), Err)
}

fn check_fields(
    fields: &'static [Field],
    object: &Map<String, Value>,
    path: &str,
    found: &mut Vec<ApiError>,
) {
    for field in fields {
        let pointer = format!("{path}/{}", field.name);
        match object.get(field.name) {
            Some(value) => check_value(&field.shape, value, &pointer, found),
            None if field.required => {
                found.push(ApiError::field("MISSING_REQUIRED_PARAMETER", &pointer, None));
            }
            None => {}
        }
    }
}

fn check_value(shape: &'static Shape, value: &Value, pointer: &str, found: &mut Vec<ApiError>) {
    let mut complain = |issue: &str| found.push(ApiError::field(issue, pointer, Some(value)));
    match (shape, value) {
        (Shape::Anything, _) => {}
        (Shape::Text(most), Value::String(text)) => {
            if text.is_empty() || text.chars().count() > *most {
                complain("INVALID_STRING_LENGTH");
            }
        }
        (Shape::OneOf(allowed), Value::String(text)) => {
            if !allowed.contains(&text.as_str()) {
                complain("INVALID_PARAMETER_VALUE");
            }
        }
        (Shape::Money, Value::Object(object)) => check_fields(MONEY, object, pointer, found),
        (Shape::Object(fields), Value::Object(object)) => check_fields(fields, object, pointer, found),
        (Shape::List(_, _), Value::Array(list)) if list.is_empty() => complain("INVALID_ARRAY_MIN_ITEMS"),
        (Shape::List(most, _), Value::Array(list)) if list.len() > *most => {
            complain("INVALID_ARRAY_MAX_ITEMS");
        }
        (Shape::List(_, element), Value::Array(list)) => {
            for (index, value) in list.iter().enumerate() {
                check_value(element, value, &format!("{pointer}/{index}"), found);
            }
        }
        (
            Shape::Text(_) | Shape::OneOf(_) | Shape::Money | Shape::Object(_) | Shape::List(_, _),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => complain("INVALID_PARAMETER_SYNTAX"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] = &[
        Field::required("intent", Shape::OneOf(&["CAPTURE"])),
        Field::required("amount", Shape::Money),
        Field::optional("list", Shape::List(1, &Shape::Text(2))),
    ];

    fn issues(body: Value) -> Vec<String> {
        let Value::Object(object) = body else { panic!("no object") };
        let Err(error) = check(FIELDS, &object) else { return Vec::new() };
        let body = error.body("0");
        let read = |detail: &Value| format!("{} {}", detail["field"], detail["issue"]).replace('"', "");
        body["details"].as_array().unwrap().iter().map(read).collect()
    }

    #[test]
    fn every_violation_is_told_at_once() {
        let body = json!({"amount": {"currency_code": "EUR", "value": 1}, "list": ["a", "b"]});
        let expected = [
            "/intent MISSING_REQUIRED_PARAMETER",
            "/amount/value INVALID_PARAMETER_SYNTAX",
            "/list INVALID_ARRAY_MAX_ITEMS",
        ];
        assert_eq!(issues(body), expected);
        let body = json!({"intent": "X", "amount": {"currency_code": "EUR", "value": ""}, "list": ["abc"]});
        let expected = [
            "/intent INVALID_PARAMETER_VALUE",
            "/amount/value INVALID_STRING_LENGTH",
            "/list/0 INVALID_STRING_LENGTH",
        ];
        assert_eq!(issues(body), expected);
        let body = json!({"intent": "CAPTURE", "amount": {"currency_code": "EUR", "value": "1"}, "x": 1});
        assert_eq!(issues(body), [""; 0]);
    }
}
