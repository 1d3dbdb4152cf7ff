//! The strict body checks: tables of fields with their byte lengths, and the words in which the API refuses a value.
//!
//! The service reports one violation at a time; so does this.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::{ApiError, sub_code};

/// One field of a request body.
pub(super) struct Field {
    name: &'static str,
    /// The name by which error messages call it.
    label: &'static str,
    required: bool,
    shape: Shape,
}

/// What a value may be.
pub(super) enum Shape {
    /// Text of at most `max` bytes.
    Text {
        /// Bytes, not characters.
        max: usize,
        /// Its inner form.
        format: Format,
    },
    /// A JSON integer of at least `min`.
    Integer {
        /// The lowest value taken.
        min: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// A list of values of one shape.
    List(&'static Shape),
}

/// The inner form of a text. Anything but `Free` refuses the empty string.
pub(super) enum Format {
    Free,
    OutTradeNo,
    OutRefundNo,
    Instant,
    OneOf(&'static [&'static str]),
}

impl Field {
    pub(super) const fn required(name: &'static str, label: &'static str, shape: Shape) -> Self {
        Self { name, label, required: true, shape }
    }

    pub(super) const fn optional(name: &'static str, label: &'static str, shape: Shape) -> Self {
        Self { name, label, required: false, shape }
    }
}

/// Text of at most `max` bytes with no inner form.
pub(super) const fn text(max: usize) -> Shape {
    Shape::Text { max, format: Format::Free }
}

/// Reads a body and holds it against its table.
pub(super) fn check_body(raw: &[u8], fields: &[Field]) -> Result<Map<String, Value>, ApiError> {
    let body = parse(raw)?;
    check_object("/body", &body, fields)?;
    Ok(body)
}

/// The body as a JSON object, without a look at its fields.
pub(super) fn parse(raw: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(raw) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) | Err(_) => {
            Err(ApiError::parameter("body", "", "请求体格式错误，不是合法的JSON对象", &Value::Null))
        }
    }
}

fn check_object(path: &str, object: &Map<String, Value>, fields: &[Field]) -> Result<(), ApiError> {
    if let Some((name, value)) =
        object.iter().find(|(name, _)| !fields.iter().any(|f| f.name == name.as_str()))
    {
        let message = format!("输入源“{path}/{name}”为非法的多余字段");
        let mut error = ApiError::parameter("body", &format!("{path}/{name}"), message, value);
        error.sub_code = sub_code::ILLEGAL_EXTRA_FIELD;
        return Err(error);
    }
    for field in fields {
        let path = format!("{path}/{}", field.name);
        match object.get(field.name) {
            Some(value) => check_value(&path, field.label, field.required, &field.shape, value)?,
            None if field.required => return Err(missing(&path, field)),
            None => {}
        }
    }
    Ok(())
}

fn missing(path: &str, field: &Field) -> ApiError {
    let message = format!("输入源“{path}”映射到字段“{}”必填性规则校验失败，此字段为必填项", field.label);
    let mut error = ApiError::parameter("body", path, message, &Value::Null);
    if path == "/body/payer/openid" || path == "/body/payer" {
        error.sub_code = sub_code::OPENID_MISSING;
    }
    error
}

fn check_value(
    path: &str,
    label: &str,
    required: bool,
    shape: &Shape,
    value: &Value,
) -> Result<(), ApiError> {
    let wrong_type = |kind: &str| {
        ApiError::parameter(
            "body",
            path,
            format!("输入源“{path}”映射到字段“{label}”类型错误，应为{kind}"),
            value,
        )
    };
    match shape {
        Shape::Text { max, format } => {
            let text = value.as_str().ok_or_else(|| wrong_type("字符串"))?;
            check_text(path, label, required, *max, format, text)
        }
        Shape::Integer { min } => {
            let number = value.as_i64().ok_or_else(|| wrong_type("整数"))?;
            if number < *min { Err(below(path, label, *min, value)) } else { Ok(()) }
        }
        Shape::Boolean => value.as_bool().map(drop).ok_or_else(|| wrong_type("布尔值")),
        Shape::Object(fields) => {
            check_object(path, value.as_object().ok_or_else(|| wrong_type("对象"))?, fields)
        }
        Shape::List(of) => {
            let items = value.as_array().ok_or_else(|| wrong_type("数组"))?;
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| check_value(&format!("{path}/{index}"), label, true, of, item))
        }
    }
}

fn below(path: &str, label: &str, min: i64, value: &Value) -> ApiError {
    let message = format!("输入源“{path}”映射到数值字段“{label}”规则校验失败，值低于最小值 {min}");
    let mut error = ApiError::parameter("body", path, message, value);
    error.sub_code = sub_code::OUT_OF_RANGE;
    error
}

fn check_text(
    path: &str,
    label: &str,
    required: bool,
    max: usize,
    format: &Format,
    text: &str,
) -> Result<(), ApiError> {
    let fail = |why: String| {
        let message = format!("输入源“{path}”映射到值字段“{label}”字符串规则校验失败，{why}");
        Err(ApiError::parameter("body", path, message, &Value::from(text)))
    };
    if text.len() > max {
        return fail(format!("字节数 {}，大于最大值 {max}", text.len()));
    }
    if text.is_empty() && (required || !matches!(format, Format::Free)) {
        return fail("字节数 0，小于最小值 1".to_owned());
    }
    if text.chars().any(|letter| letter.len_utf8() > 3) {
        return fail("只支持1到3字节的UTF-8字符".to_owned());
    }
    if fits(format, text) { Ok(()) } else { fail("格式不正确".to_owned()) }
}

fn fits(format: &Format, text: &str) -> bool {
    let only = |extra: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c));
    match format {
        Format::Free => true,
        Format::OutTradeNo => (6..=32).contains(&text.len()) && only("_-|*"),
        Format::OutRefundNo => only("_-|*@"),
        Format::Instant => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        Format::OneOf(values) => values.contains(&text),
    }
}
