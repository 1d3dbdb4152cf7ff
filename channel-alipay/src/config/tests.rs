//! Every key of an account, right and wrong.

use super::*;
use crate::test_channel::{
    APP_ID, APP_KEY, APP_PUBLIC_KEY, CONTENT_KEY, OTHER_KEY, PLATFORM_CERTIFICATE, PLATFORM_PUBLIC_KEY,
    SELLER_ID, bare_settings, certificate_settings, settings,
};
use serde_json::json;

fn with(settings: Map<String, Value>, changes: &[(&str, Value)]) -> Map<String, Value> {
    let mut settings = settings;
    settings.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    settings
}

fn wrong(settings: &Map<String, Value>) -> Vec<String> {
    let violations = Config::read(settings).expect_err("violations");
    let mut fields: Vec<_> = violations.into_iter().map(|violation| violation.field).collect();
    fields.sort();
    fields
}

#[test]
fn an_account_talks_to_the_real_gateway_unless_told_otherwise() {
    let config = Config::read(&settings()).expect("a configuration");
    assert_eq!(config.gateway.as_str(), "https://openapi.alipay.com/gateway.do");
    assert_eq!((config.timeout, config.refund_window), (Duration::from_secs(15), time::Duration::days(365)));
    assert_eq!(config.payee.as_str(), format!("{APP_ID}/{SELLER_ID}"));
    assert_eq!(config.products.len(), 5);
    assert!(config.trust.is_none() && config.identity.certificates.is_none() && config.content_key.is_none());
    for simulator in ["http://127.0.0.1:9000/gateway.do", "http://[::1]:1/gateway.do", "http://localhost:2/g"]
    {
        let config = Config::read(&with(settings(), &[("gateway_url", json!(simulator))])).expect("loopback");
        assert_eq!(config.gateway.as_str(), simulator);
    }
}

#[test]
fn contracts_decide_on_products_and_their_codes() {
    let changes =
        [("products", json!(["wap", "precreate"])), ("product_codes", json!({"wap": "QUICK_WAP_PAY"}))];
    let config = Config::read(&with(settings(), &changes)).expect("a configuration");
    let expected = BTreeMap::from([
        (AlipayProduct::Wap, "QUICK_WAP_PAY".to_owned()),
        (AlipayProduct::Precreate, "FACE_TO_FACE_PAYMENT".to_owned()),
    ]);
    assert_eq!(config.products, expected);
}

#[test]
fn every_violation_is_told_at_once() {
    assert_eq!(wrong(&Map::new()), ["alipay_public_key", "app_id", "app_private_key", "seller_id"]);
    let all = with(
        settings(),
        &[
            ("app_id", json!("wx12")),
            ("seller_id", json!("2088")),
            ("app_private_key", json!(PLATFORM_PUBLIC_KEY)),
            ("alipay_public_key", json!(APP_KEY)),
            ("app_certificate", json!("x")),
            ("alipay_certificate", json!(APP_KEY)),
            ("alipay_root_certificates", json!("")),
            ("content_encryption_key", json!("short")),
            ("products", json!(["jsapi"])),
            ("product_codes", json!({"jsapi": "X", "app": "lower"})),
            ("gateway_url", json!("http://pay.example.com/gateway.do")),
            ("request_timeout_seconds", json!(0)),
            ("refund_window_days", json!("90")),
            ("sign_type", json!("RSA")),
        ],
    );
    let expected = [
        "alipay_certificate",
        "alipay_public_key",
        "alipay_root_certificates",
        "app_certificate",
        "app_id",
        "app_private_key",
        "content_encryption_key",
        "gateway_url",
        "product_codes.app",
        "product_codes.jsapi",
        "products",
        "refund_window_days",
        "request_timeout_seconds",
        "seller_id",
        "sign_type",
    ];
    assert_eq!(wrong(&all), expected);
}

#[test]
fn f40_either_mode_or_both_but_not_half_a_mode() {
    assert_eq!(wrong(&bare_settings()), ["alipay_public_key"]);
    let config = Config::read(&certificate_settings()).expect("certificate mode");
    assert!(config.identity.certificates.is_some() && config.trust.is_some());
    let both = with(certificate_settings(), &[("alipay_public_key", json!(PLATFORM_PUBLIC_KEY))]);
    assert_eq!(Config::read(&both).expect("both").keys.current(crate::test_channel::NOW).count(), 2);
    for key in CERTIFICATE_KEYS {
        let mut half = certificate_settings();
        half.remove(key);
        assert_eq!(wrong(&half), [key]);
    }
}

#[test]
fn the_two_usual_mistakes_with_keys_are_named() {
    let own = with(settings(), &[("alipay_public_key", json!(APP_PUBLIC_KEY))]);
    let violations = Config::read(&own).expect_err("violations");
    assert!(violations[0].description.contains("application's own public key"), "{violations:?}");
    let unfit = with(certificate_settings(), &[("app_certificate", json!(PLATFORM_CERTIFICATE))]);
    let violations = Config::read(&unfit).expect_err("violations");
    assert!(violations[0].description.contains("another key than app_private_key"), "{violations:?}");
}

#[test]
fn alipays_key_comes_as_pem_or_bare() {
    let bare: String = PLATFORM_PUBLIC_KEY.lines().filter(|line| !line.starts_with("---")).collect();
    let one = Config::read(&settings()).expect("PEM");
    let other = Config::read(&with(settings(), &[("alipay_public_key", json!(bare))])).expect("bare");
    assert_eq!(format!("{:?}", one.keys), format!("{:?}", other.keys));
}

#[test]
fn r29_neither_debug_nor_violations_show_a_secret() {
    let config = Config::read(&with(settings(), &[("content_encryption_key", json!(CONTENT_KEY))]));
    let shown = format!("{:?}", config.expect("a configuration"));
    let secret_line = APP_KEY.lines().nth(1).expect("a line");
    assert!(
        shown.contains(APP_ID) && !shown.contains(CONTENT_KEY) && !shown.contains(secret_line),
        "{shown}"
    );
    let broken = with(
        settings(),
        &[
            ("app_private_key", json!(OTHER_KEY.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED"))),
            ("content_encryption_key", json!(format!("{CONTENT_KEY}x"))),
            ("seller_id", json!(format!("1{CONTENT_KEY}"))),
        ],
    );
    let violations: String =
        Config::read(&broken).expect_err("violations").iter().map(ToString::to_string).collect();
    let secret_line = OTHER_KEY.lines().nth(1).expect("a line");
    assert!(!violations.contains(CONTENT_KEY) && !violations.contains(secret_line), "{violations}");
}
