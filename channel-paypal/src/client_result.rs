//! What the payer's app or page says after PayPal's page closed. Unsigned, so a hint whatever it says (R1).

use payment_core::{gateway::ClientResultHint, violation::Violation};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// Names of the order: in the JavaScript SDK, in the mobile SDKs, in the return URL.
const ORDER: [&str; 4] = ["orderID", "orderId", "order_id", "token"];

/// Names of the payer, who is only known after the approval.
const PAYER: [&str; 4] = ["payerID", "payerId", "payer_id", "PayerID"];

/// Reads the object that an SDK gave to its callback, or the query of the return URL.
///
/// Approved is told as [`ClientResultHint::Paid`]: the service asks PayPal then, and captures what it finds approved.
pub(crate) fn read(report: &[u8]) -> Result<ClientResultHint, Violation> {
    let says = says(report).ok_or_else(|| {
        Violation::new(
            "sdk_result",
            "must be the JSON object of PayPal's SDK, such as {\"orderID\": \"...\", \"payerID\": \"...\"}, \
             or the query of the return URL, such as token=...&PayerID=...",
        )
    })?;
    let has = |names: &[&str]| names.iter().any(|name| says.contains_key(*name));
    Ok(match (has(&ORDER), has(&PAYER)) {
        (true, true) => ClientResultHint::Paid,
        (true, false) => ClientResultHint::Cancelled,
        (false, _) => ClientResultHint::Unclear,
    })
}

fn says(report: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(report).ok()?.trim();
    let mut said: Map<String, Value> = if text.starts_with('{') {
        serde_json::from_str(text).ok()?
    } else if text.contains('=') {
        let pairs = form_urlencoded::parse(text.trim_start_matches('?').as_bytes());
        pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
    } else {
        return None;
    };
    said.retain(|_, value| value.as_str().is_none_or(|text| !text.is_empty()) && !value.is_null());
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r01_each_form_is_a_hint() {
        let table: [(&str, ClientResultHint); 8] = [
            (r#"{"orderID":"4TX1","payerID":"ABC"}"#, ClientResultHint::Paid),
            (r#"{"orderId":"4TX1","payerId":"ABC"}"#, ClientResultHint::Paid),
            ("token=4TX1&PayerID=ABC", ClientResultHint::Paid),
            ("?token=4TX1", ClientResultHint::Cancelled),
            (r#"{"orderID":"4TX1"}"#, ClientResultHint::Cancelled),
            (r#"{"orderID":"4TX1","payerID":null}"#, ClientResultHint::Cancelled),
            (r#"{"error":"x"}"#, ClientResultHint::Unclear),
            ("token=&PayerID=", ClientResultHint::Unclear),
        ];
        for (report, expected) in table {
            assert_eq!(read(report.as_bytes()), Ok(expected), "{report}");
        }
        for wrong in [&b""[..], b"paid", b"[]", b"{", b"\xff"] {
            assert!(read(wrong).is_err_and(|violation| violation.field == "sdk_result"));
        }
    }

    proptest! {
        #[test]
        fn no_report_panics(report: Vec<u8>) {
            let _ = read(&report);
        }
    }
}
