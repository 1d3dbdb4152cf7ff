//! What a caller may write into `PluginOptions.options` for a Bad Pay payment.

use payment_core::violation::Violation;
use serde_json::Value;

/// The one option, a line that Bad Pay shows the payer.
const GREETING: &str = "greeting";

/// Reads the options: an object with at most a `greeting` of 1 to 32 characters.
///
/// An option that is not known is refused: whoever wrote it relies on it.
pub(crate) fn greeting(options: &Value) -> Result<Option<String>, Vec<Violation>> {
    let Some(object) = options.as_object() else {
        return Err(vec![Violation::new("channel_options", "must be an object")]);
    };
    let unknown = object.keys().filter(|key| *key != GREETING);
    let mut violations: Vec<_> = unknown
        .map(|key| Violation::new(format!("channel_options.{key}"), "is no option of Bad Pay: greeting"))
        .collect();
    let greeting = object.get(GREETING);
    let text = greeting.and_then(Value::as_str).filter(|text| (1..=32).contains(&text.chars().count()));
    if greeting.is_some() && text.is_none() {
        violations.push(Violation::new("channel_options.greeting", "must be a text of 1 to 32 characters"));
    }
    if violations.is_empty() { Ok(text.map(str::to_owned)) } else { Err(violations) }
}
