//! Undoing a payment whose outcome nobody could find out: for a person to decide, so not in the gateway trait.
//!
//! Alipay's cancel closes an unpaid payment and gives a paid one back. A paid one that is given back so is a refund outside
//! of the refund ledger, so the trait's close never sends it.

use payment_core::{gateway::GatewayError, identifiers::PaymentNo};
use serde::Deserialize;

use crate::response::{self, Unreadable};

/// What a cancel did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// There was no trade. A QR code that is still out can make one until its payment's time is over.
    NoTrade,
    /// An unpaid trade was closed.
    Closed,
    /// A paid trade was given back whole.
    GivenBack,
}

#[derive(Deserialize)]
struct CancelNode {
    action: Option<String>,
    trade_no: Option<String>,
    retry_flag: Option<String>,
}

/// Reads the answer to a cancel of our payment.
pub(crate) fn read(node: &str, payment_no: &PaymentNo) -> Result<Cancelled, GatewayError> {
    response::require_payment(node, payment_no)?;
    let node: CancelNode = response::json(node)?;
    if node.retry_flag.as_deref() == Some("Y") {
        return Err(GatewayError::Unknown("retry_flag is Y: to be cancelled again".to_owned()));
    }
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    match (named(&node.action).as_deref(), named(&node.trade_no)) {
        (Some("close"), _) => Ok(Cancelled::Closed),
        (Some("refund"), _) => Ok(Cancelled::GivenBack),
        (None, None) => Ok(Cancelled::NoTrade),
        (Some(_), _) | (None, Some(_)) => Err(Unreadable("action is missing or new".to_owned()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NUMBER: &str = "P202601050000000000000000000000";

    fn outcome(node: &Value) -> Option<Cancelled> {
        let payment_no = PaymentNo::parse(NUMBER).expect("a number");
        read(&node.to_string(), &payment_no).ok()
    }

    #[test]
    fn section_5_10_a_cancel_says_what_it_did_or_decides_nothing() {
        let node = |action: Value, flag: &str| {
            json!({"code": "10000", "out_trade_no": NUMBER, "trade_no": "2026",
            "action": action, "retry_flag": flag})
        };
        assert_eq!(outcome(&node(json!("close"), "N")), Some(Cancelled::Closed));
        assert_eq!(outcome(&node(json!("refund"), "N")), Some(Cancelled::GivenBack));
        assert_eq!(
            outcome(&json!({"code": "10000", "out_trade_no": NUMBER, "retry_flag": "N"})),
            Some(Cancelled::NoTrade)
        );
        for unknown in [node(json!("close"), "Y"), node(Value::Null, "N"), node(json!("later"), "N")] {
            assert_eq!(outcome(&unknown), None, "{unknown}");
        }
        assert_eq!(outcome(&json!({"code": "10000", "out_trade_no": "other", "action": "close"})), None);
    }
}
