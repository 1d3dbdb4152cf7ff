//! Orders, captures and authorizations in every state that PayPal documents, and what is found in them.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::datetime;

fn capture(status: &str) -> Value {
    json!({"id": "7AB1", "status": status, "amount": {"currency_code": "EUR", "value": "24.90"},
        "create_time": "2027-01-05T11:00:00Z", "update_time": "2027-01-05T11:30:00Z"})
}

fn order(status: &str, payments: Value) -> Value {
    json!({"id": "4TX1", "status": status, "intent": "CAPTURE", "purchase_units": [{"custom_id": "P1",
        "payee": {"merchant_id": "ABCDEFGH23456"}, "payments": payments}]})
}

fn finding(order: Value) -> Result<Finding, Unreadable> {
    serde_json::from_value::<Order>(order).expect("an order").finding()
}

#[test]
fn pitfall_21_each_order_status_known_or_new_has_its_finding() {
    let table = [
        ("CREATED", Finding::AwaitingPayer),
        ("SAVED", Finding::AwaitingPayer),
        ("PAYER_ACTION_REQUIRED", Finding::AwaitingPayer),
        ("APPROVED", Finding::Approved(Approval::Capture)),
        ("VOIDED", Finding::Closed),
        ("COMPLETED", Finding::Pending),
        ("INVENTED_LATER", Finding::AwaitingPayer),
    ];
    for (status, expected) in table {
        assert_eq!(finding(order(status, json!({}))), Ok(expected), "{status}");
    }
}

#[test]
fn f37_pitfall_01_a_completed_order_is_paid_by_a_completed_capture_only() {
    for status in ["PENDING", "INVENTED_LATER"] {
        let pending = order("COMPLETED", json!({"captures": [capture(status)]}));
        assert_eq!(finding(pending), Ok(Finding::Pending), "{status}");
    }
    for status in ["COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"] {
        let Ok(Finding::Paid(paid)) = finding(order("COMPLETED", json!({"captures": [capture(status)]})))
        else {
            panic!("{status}")
        };
        assert_eq!((paid.transaction_no.as_str(), paid.payee.as_str()), ("7AB1", "ABCDEFGH23456"));
        assert_eq!(paid.amount.minor_units(), 2490);
    }
}

#[test]
fn f37_a_declined_capture_ends_a_completed_order_and_no_other() {
    for (status, code) in [("DECLINED", "CAPTURE_DECLINED"), ("FAILED", "CAPTURE_FAILED")] {
        let captures = json!({"captures": [capture(status)]});
        let Ok(Finding::Failed(failure)) = finding(order("COMPLETED", captures.clone())) else {
            panic!("{status}")
        };
        assert_eq!((failure.reason, failure.channel_code.as_str()), (Reason::PayerAccountUnusable, code));
        assert_eq!(finding(order("APPROVED", captures)), Ok(Finding::Approved(Approval::Capture)));
    }
    let mut risky = capture("DECLINED");
    risky["status_details"] = json!({"reason": "DECLINED_BY_RISK_FRAUD_FILTERS"});
    let risky = finding(order("COMPLETED", json!({"captures": [risky]})));
    assert!(matches!(risky, Ok(Finding::Failed(failure)) if failure.reason == Reason::ForbiddenByChannel));
}

#[test]
fn f05_money_that_came_outlives_every_later_word() {
    for status in ["COMPLETED", "VOIDED", "CREATED", "INVENTED_LATER"] {
        let captures = json!({"captures": [capture("DECLINED"), capture("COMPLETED")]});
        assert!(matches!(finding(order(status, captures)), Ok(Finding::Paid(_))), "{status}");
    }
}

#[test]
fn captures_are_told_as_their_sum() {
    let Ok(Finding::Paid(paid)) =
        finding(order("COMPLETED", json!({"captures": [capture("COMPLETED"), capture("COMPLETED")]})))
    else {
        panic!("paid")
    };
    assert_eq!(paid.amount.minor_units(), 4980);
}

fn authorization(status: &str) -> Value {
    json!({"id": "0AW1", "status": status, "amount": {"currency_code": "EUR", "value": "24.90"},
        "create_time": "2027-01-05T11:00:00Z", "expiration_time": "2027-02-03T11:00:00Z"})
}

#[test]
fn held_money_is_held_and_let_go_money_is_closed() {
    let held = |statuses: &[&str]| {
        let all: Vec<_> = statuses.iter().map(|status| authorization(status)).collect();
        finding(order("COMPLETED", json!({"authorizations": all})))
    };
    for one in [&["CREATED"][..], &["VOIDED", "CREATED"], &["DENIED", "CREATED"]] {
        let Ok(Finding::Held(finding)) = held(one) else { panic!("{one:?}") };
        assert_eq!((finding.hold_no.as_str(), finding.amount.minor_units()), ("0AW1", 2490));
        assert_eq!(finding.honour_end_time, datetime!(2027-01-08 11:00 UTC));
        assert_eq!(finding.expire_time, datetime!(2027-02-03 11:00 UTC));
    }
    for pending in ["PENDING", "CAPTURED", "INVENTED_LATER"] {
        assert_eq!(held(&[pending]), Ok(Finding::Pending), "{pending}");
    }
    for over in [&["VOIDED"][..], &["EXPIRED"], &["VOIDED", "EXPIRED"]] {
        assert_eq!(held(over), Ok(Finding::Closed), "{over:?}");
    }
    assert!(matches!(held(&["DENIED"]), Ok(Finding::Failed(_))));
    let pending = json!({"authorizations": [authorization("CAPTURED")], "captures": [capture("PENDING")]});
    assert_eq!(finding(order("COMPLETED", pending)), Ok(Finding::Pending));
    let declined = |authorizations: &[&str]| {
        let all: Vec<_> = authorizations.iter().map(|status| authorization(status)).collect();
        let payments = json!({"authorizations": all, "captures": [capture("DECLINED")]});
        finding(order("COMPLETED", payments))
    };
    assert!(matches!(declined(&["CREATED"]), Ok(Finding::Held(_))));
    assert!(matches!(declined(&["VOIDED", "CAPTURED"]), Ok(Finding::Failed(_))), "nothing is left to take");
    assert_eq!(declined(&["VOIDED"]), Ok(Finding::Closed));
    for more_may_come in ["PARTIALLY_CAPTURED", "PENDING", "INVENTED_LATER"] {
        assert_eq!(declined(&["CAPTURED", more_may_come]), Ok(Finding::Pending), "{more_may_come}");
    }
}

#[test]
fn f48_a_hold_without_its_figures_is_unreadable_and_its_end_is_29_days_after_its_beginning() {
    let without = |field: &str| {
        let mut one = authorization("CREATED");
        one.as_object_mut().expect("an object").remove(field);
        finding(order("COMPLETED", json!({"authorizations": [one]})))
    };
    assert!(without("amount").is_err());
    for field in ["create_time", "expiration_time"] {
        let Ok(Finding::Held(held)) = without(field) else { panic!("{field}") };
        assert_eq!(held.expire_time, datetime!(2027-02-03 11:00 UTC), "{field}");
    }
}

#[test]
fn what_was_approved_is_told_by_the_intent_and_never_guessed() {
    let approved = |intent: Value| {
        let mut approved = order("APPROVED", json!({}));
        approved["intent"] = intent;
        finding(approved)
    };
    assert_eq!(approved(json!("CAPTURE")), Ok(Finding::Approved(Approval::Capture)));
    assert_eq!(approved(json!("AUTHORIZE")), Ok(Finding::Approved(Approval::Hold)));
    assert!(approved(json!("INVENTED_LATER")).is_err() && approved(Value::Null).is_err());
}

#[test]
fn f48_a_success_without_its_figures_is_unreadable_and_not_guessed() {
    let mut no_amount = capture("COMPLETED");
    no_amount.as_object_mut().expect("an object").remove("amount");
    assert!(finding(order("COMPLETED", json!({"captures": [no_amount]}))).is_err());
    let mut odd = capture("COMPLETED");
    odd["amount"] = json!({"currency_code": "JPY", "value": "24.90"});
    assert!(finding(order("COMPLETED", json!({"captures": [odd]}))).is_err());
    let mut no_payee = order("COMPLETED", json!({"captures": [capture("COMPLETED")]}));
    no_payee["purchase_units"][0].as_object_mut().expect("an object").remove("payee");
    assert!(finding(no_payee).is_err());
    assert!(finding(json!({"id": "4TX1", "status": "COMPLETED"})).is_err());
    assert_eq!(finding(json!({"id": "4TX1", "status": "CREATED"})), Ok(Finding::AwaitingPayer));
}

#[test]
fn pitfall_20_orders_of_several_units_are_not_ours() {
    let mut several = order("COMPLETED", json!({"captures": [capture("COMPLETED")]}));
    let unit = several["purchase_units"][0].clone();
    several["purchase_units"] = json!([unit, unit]);
    assert!(finding(several).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(text in r#"\{"id":"[A-Z]{0,3}","status":"(COMPLETED|APPROVED|x)","purchase_units":.{0,60}\}?"#) {
        if let Ok(order) = serde_json::from_str::<Order>(&text) {
            let _ = order.finding();
        }
    }
}
