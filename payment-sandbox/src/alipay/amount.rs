//! Yuan as the protocol's decimal text, and as integer fen everywhere else.

use serde_json::Value;

/// The smallest and the largest order, in fen.
const RANGE: std::ops::RangeInclusive<i64> = 1..=10_000_000_000;

/// Fen as yuan with exactly two decimals.
pub(super) fn text(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, (fen % 100).abs())
}

/// Text or a JSON number with at most two decimals, within the range of an order.
pub(super) fn parse(value: &Value) -> Option<i64> {
    let text = match value {
        Value::String(text) => text.clone(),
        // Documentation examples show numbers in places; their text is exact.
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (yuan, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(yuan) || !digits(fraction) || fraction.len() > 2 || yuan.len() > 9 {
        return None;
    }
    let fen = format!("{yuan}{fraction:0<2}").parse().ok()?;
    RANGE.contains(&fen).then_some(fen)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_exact_and_within_the_range_of_an_order() {
        for (given, fen) in [("88.88", 8888), ("0.05", 5), ("10", 1000), ("10.0", 1000), ("19.9", 1990)] {
            assert_eq!(parse(&json!(given)), Some(fen), "{given}");
        }
        for given in ["", "0.00", "0.001", "-1.00", "+1.00", "1e3", "100000000.01", ".5", "5.", "1,00"] {
            assert_eq!(parse(&json!(given)), None, "{given}");
        }
        assert_eq!((text(5), text(8888), text(0)), ("0.05".into(), "88.88".into(), "0.00".into()));
    }
}
