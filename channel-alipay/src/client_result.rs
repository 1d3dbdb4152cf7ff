//! What the payer's app or browser brings back: verified, and still only a hint (R1).
//!
//! Two forms: the JSON object that Alipay's app SDK gives, and the query that the browser carries to the return address.

use payment_core::{gateway::ClientResultHint, identifiers::Payee, violation::Violation};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    codes::Operation,
    form::Form,
    keys::KeySet,
    response::{self, Envelope},
    verify::{self, Candidates, SignedNode},
};

/// What the platform signs on the way to a return address. A merchant's own query comes back mixed in, unsigned.
const RETURN_PARAMETERS: [&str; 12] = [
    "app_id",
    "auth_app_id",
    "charset",
    "method",
    "out_trade_no",
    "seller_id",
    "sign",
    "sign_type",
    "timestamp",
    "total_amount",
    "trade_no",
    "version",
];

/// Against whom and what a report is held.
pub(crate) struct Expected<'a> {
    /// The account.
    pub(crate) payee: &'a Payee,
    /// Alipay's keys at this moment. No successor is fetched for a hint.
    pub(crate) keys: &'a KeySet,
    /// The present instant.
    pub(crate) now: OffsetDateTime,
}

/// Reads either form.
pub(crate) fn read(report: &[u8], expected: &Expected<'_>) -> Result<ClientResultHint, Violation> {
    let text = std::str::from_utf8(report).map_err(|_| wrong("must be UTF-8"))?.trim();
    if text.starts_with('{') { of_app(text, expected) } else { of_return(text, expected) }
}

fn wrong(description: impl Into<String>) -> Violation {
    Violation::new("sdk_result", description)
}

#[derive(Deserialize)]
struct AppReport {
    #[serde(rename = "resultStatus")]
    status: Value,
    result: Option<String>,
}

#[derive(Deserialize)]
struct AppNode {
    code: String,
    app_id: Option<String>,
    seller_id: Option<String>,
}

/// 9000 paid, 6001 given up; 8000, 5000, 6002, 6004, 4000 and all others tell nothing certain.
fn of_app(text: &str, expected: &Expected<'_>) -> Result<ClientResultHint, Violation> {
    let form =
        "must be the object that the SDK gave, such as {\"resultStatus\": \"9000\", \"result\": \"...\"}";
    let report: AppReport = serde_json::from_str(text).map_err(|_| wrong(form))?;
    let status = match &report.status {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(wrong(form)),
    };
    match status.as_str() {
        "9000" => app_result(report.result.as_deref().unwrap_or_default(), expected),
        "6001" => Ok(ClientResultHint::Cancelled),
        _ => Ok(ClientResultHint::Unclear),
    }
}

/// The signed text within a report of success.
fn app_result(result: &str, expected: &Expected<'_>) -> Result<ClientResultHint, Violation> {
    let envelope = Envelope::read(result.as_bytes(), &Operation::AppPay.node());
    let envelope = envelope.map_err(|error| wrong(format!("result is {error}")))?;
    let signature = envelope.signature.as_deref().unwrap_or_default();
    let signed = SignedNode { text: &envelope.node, signature, candidates: Candidates::All };
    let proven = verify::node(&signed, expected.keys, expected.now);
    let proven = proven.map_err(|unproven| wrong(format!("result is not Alipay's: {unproven}")))?;
    let node: AppNode = response::json(&proven.text).map_err(|error| wrong(format!("result is {error}")))?;
    require_payee(node.app_id.as_deref(), node.seller_id.as_deref(), expected.payee)?;
    let done = !envelope.generic && node.code == "10000";
    Ok(if done { ClientResultHint::Paid } else { ClientResultHint::Unclear })
}

/// The query of the return address, alone or with the address before it. The platform sends the browser there after paying;
/// there is no status in it.
fn of_return(text: &str, expected: &Expected<'_>) -> Result<ClientResultHint, Violation> {
    let query = text.rsplit_once('?').map_or(text, |(_, query)| query);
    let all = Form::read(query.as_bytes()).map_err(|error| wrong(format!("the return address {error}")))?;
    let platforms_own = all.only(&RETURN_PARAMETERS);
    let proof = verify::parameters(&all, expected.keys, expected.now)
        .or_else(|_| verify::parameters(&platforms_own, expected.keys, expected.now));
    proof.map_err(|unproven| wrong(format!("the return address is not Alipay's: {unproven}")))?;
    require_payee(platforms_own.get("app_id"), platforms_own.get("seller_id"), expected.payee)?;
    Ok(ClientResultHint::Paid)
}

fn require_payee(app_id: Option<&str>, seller_id: Option<&str>, expected: &Payee) -> Result<(), Violation> {
    let named = app_id.zip(seller_id).and_then(|(app_id, seller_id)| response::payee(app_id, seller_id));
    if named.as_ref() == Some(expected) {
        Ok(())
    } else {
        Err(wrong("is about another application or seller than this account's"))
    }
}
