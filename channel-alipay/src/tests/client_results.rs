//! What comes back through the payer's hands: verified, held to this account, and a hint at most.

use payment_core::gateway::{ClientResultHint, Gateway};
use serde_json::{Value, json};

use super::{NUMBER, TRADE_NO, open};
use crate::{
    form, sign,
    test_channel::{APP_ID, OTHER_KEY, PLATFORM_KEY, SELLER_ID, World, signature},
};

fn read(report: &str) -> Result<ClientResultHint, String> {
    let read = open(&World::new()).read_client_result(report.as_bytes());
    read.map_err(|violations| {
        assert!(violations.iter().all(|violation| violation.field == "sdk_result"), "{violations:?}");
        violations.into_iter().map(|violation| violation.description).collect()
    })
}

fn node(changes: &[(&str, &str)]) -> String {
    let mut node = json!({"code": "10000", "msg": "Success", "app_id": APP_ID, "auth_app_id": APP_ID, "charset": "utf-8",
        "timestamp": "2027-03-01 12:32:00", "out_trade_no": NUMBER, "total_amount": "88.88", "trade_no": TRADE_NO,
        "seller_id": SELLER_ID});
    for (field, value) in changes {
        node[*field] = json!(value);
    }
    node.to_string()
}

fn report(status: Value, node: &str, signature: &str) -> String {
    let result =
        format!(r#"{{"alipay_trade_app_pay_response":{node},"sign":"{signature}","sign_type":"RSA2"}}"#);
    json!({"resultStatus": status, "result": result, "memo": ""}).to_string()
}

#[test]
fn section_9_1_a_signed_success_of_the_app_is_a_hint_of_payment() {
    let node = node(&[]);
    let signed = signature(PLATFORM_KEY, &node);
    assert_eq!(read(&report(json!("9000"), &node, &signed)), Ok(ClientResultHint::Paid));
    assert_eq!(read(&report(json!(9000), &node, &signed)), Ok(ClientResultHint::Paid));
}

#[test]
fn f43_section_9_1_a_success_that_alipay_did_not_sign_for_this_account_is_refused() {
    let good = node(&[]);
    let signed = signature(PLATFORM_KEY, &good);
    let (foreign_app, foreign_seller) =
        (node(&[("app_id", "1")]), node(&[("seller_id", "2088999999999999")]));
    for wrong in [
        report(json!("9000"), &good, ""),
        report(json!("9000"), &good, &signature(OTHER_KEY, &good)),
        report(json!("9000"), &good.replace("88.88", "0.01"), &signed),
        report(json!("9000"), &foreign_app, &signature(PLATFORM_KEY, &foreign_app)),
        report(json!("9000"), &foreign_seller, &signature(PLATFORM_KEY, &foreign_seller)),
        json!({"resultStatus": "9000", "result": "", "memo": ""}).to_string(),
        json!({"resultStatus": "9000"}).to_string(),
        "{}".to_owned(),
        "{\"resultStatus\":null}".to_owned(),
        String::new(),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
    let failed = node(&[("code", "40004")]);
    let failed = report(json!("9000"), &failed, &signature(PLATFORM_KEY, &failed));
    assert_eq!(read(&failed), Ok(ClientResultHint::Unclear));
}

#[test]
fn r01_section_9_1_every_other_status_tells_nothing_certain() {
    let status = |status: &str| read(&json!({"resultStatus": status, "result": "", "memo": "x"}).to_string());
    assert_eq!(status("6001"), Ok(ClientResultHint::Cancelled));
    for unclear in ["8000", "4000", "5000", "6002", "6004", "1", ""] {
        assert_eq!(status(unclear), Ok(ClientResultHint::Unclear), "{unclear}");
    }
}

fn return_query(changes: &[(&str, &str)], key: &str, merchants_own: &[(&str, &str)]) -> String {
    let mut parameters = std::collections::BTreeMap::from([
        ("charset", "utf-8"),
        ("out_trade_no", NUMBER),
        ("method", "alipay.trade.page.pay.return"),
        ("total_amount", "88.88"),
        ("trade_no", TRADE_NO),
        ("auth_app_id", APP_ID),
        ("version", "1.0"),
        ("app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("timestamp", "2027-03-01 12:32:00"),
    ]);
    parameters.extend(changes.iter().copied());
    let sign = signature(key, &sign::content(parameters.clone()));
    let all = parameters.into_iter().chain([("sign_type", "RSA2"), ("sign", sign.as_str())]);
    form::write(all.chain(merchants_own.iter().copied()))
}

#[test]
fn section_9_2_a_signed_return_address_is_a_hint_of_payment_whatever_the_merchant_put_into_it() {
    let query = return_query(&[], PLATFORM_KEY, &[]);
    for form in [query.clone(), format!("?{query}"), format!("https://shop.example/done?{query}")] {
        assert_eq!(read(&form), Ok(ClientResultHint::Paid), "{form}");
    }
    assert_eq!(read(&return_query(&[], PLATFORM_KEY, &[("tenant", "a")])), Ok(ClientResultHint::Paid));
}

#[test]
fn f43_section_9_2_a_return_address_that_alipay_did_not_sign_for_this_account_is_refused() {
    for wrong in [
        return_query(&[], OTHER_KEY, &[]),
        return_query(&[("app_id", "1")], PLATFORM_KEY, &[]),
        return_query(&[("seller_id", "2088999999999999")], PLATFORM_KEY, &[]),
        return_query(&[], PLATFORM_KEY, &[]).replace("88.88", "0.01"),
        return_query(&[], PLATFORM_KEY, &[("app_id", APP_ID)]),
        return_query(&[], PLATFORM_KEY, &[]).replace("sign_type=RSA2", "sign_type=RSA"),
        "status=paid".to_owned(),
    ] {
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}
