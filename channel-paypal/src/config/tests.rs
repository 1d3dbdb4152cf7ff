//! Every key of an account, right and wrong.

use super::*;
use crate::test_channel::{Authority, CLIENT_SECRET, PAYPAL_KEY, settings};
use serde_json::json;

fn with(changes: &[(&str, Value)]) -> Map<String, Value> {
    let mut settings = settings();
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
fn an_account_talks_to_the_hosts_of_its_environment() {
    let sandbox = Config::read(&settings()).expect("a configuration");
    assert_eq!(sandbox.hosts.api.as_str(), "https://api-m.sandbox.paypal.com/");
    assert_eq!(sandbox.proof.as_str(), "tls:api-m.sandbox.paypal.com");
    assert_eq!(sandbox.order_lifetime, time::Duration::hours(3));
    assert_eq!(sandbox.timeout, Duration::from_secs(30));
    assert_eq!(sandbox.webhook_verification, WebhookVerification::Local);
    let live = Config::read(&with(&[("environment", json!("live"))])).expect("a configuration");
    assert_eq!(live.hosts.api.as_str(), "https://api-m.paypal.com/");
    assert!(live.hosts.certificate_origins.iter().all(|origin| !origin.contains("sandbox")));
}

#[test]
fn a_simulator_takes_the_place_of_every_host_and_never_beside_real_money() {
    let simulated =
        Config::read(&with(&[("base_url", json!("http://127.0.0.1:9000"))])).expect("a configuration");
    assert_eq!(simulated.hosts.certificate_origins, ["http://127.0.0.1:9000"]);
    assert_eq!(simulated.proof.as_str(), "loopback:127.0.0.1:9000");
    let page = |text: &str| simulated.hosts.is_buyer_page(&Url::parse(text).expect("a URL"));
    assert_eq!(page("http://127.0.0.1:9000/checkoutnow?token=A"), Ok(()));
    assert_eq!(page("https://www.sandbox.paypal.com/checkoutnow?token=A"), Err(NotPaypals));
    let live = with(&[("base_url", json!("http://127.0.0.1:9000")), ("environment", json!("live"))]);
    assert_eq!(wrong(&live), ["base_url"]);
}

#[test]
fn payers_are_sent_to_paypal_only() {
    let config = Config::read(&settings()).expect("a configuration");
    let page = |text: &str| config.hosts.is_buyer_page(&Url::parse(text).expect("a URL"));
    assert_eq!(page("https://www.sandbox.paypal.com/checkoutnow?token=A"), Ok(()));
    for wrong in [
        "http://www.sandbox.paypal.com/checkoutnow",
        "https://www.paypal.com/checkoutnow",
        "https://www.sandbox.paypal.com.evil.example/",
        "https://www.sandbox.paypal.com:8443/",
        "https://www.sandbox.paypal.com@evil.example/",
        "https://user@www.sandbox.paypal.com/",
        "javascript:alert(1)",
    ] {
        assert_eq!(page(wrong), Err(NotPaypals), "{wrong}");
    }
}

#[test]
fn every_violation_is_told_at_once() {
    let required = ["client_id", "client_secret", "environment", "merchant_id", "webhook_ids"];
    assert_eq!(wrong(&Map::new()), required);
    let all = with(&[
        ("environment", json!("production")),
        ("client_id", json!("a:b")),
        ("client_secret", json!("")),
        ("merchant_id", json!("abcdefgh23456")),
        ("webhook_ids", json!([])),
        ("webhook_verification", json!("none")),
        ("webhook_certificate_authorities", json!(PAYPAL_KEY)),
        ("order_lifetime_hours", json!(72)),
        ("request_timeout_seconds", json!("30")),
        ("mode", json!("sandbox")),
    ]);
    let expected = [
        "client_id",
        "client_secret",
        "environment",
        "merchant_id",
        "mode",
        "order_lifetime_hours",
        "request_timeout_seconds",
        "webhook_certificate_authorities",
        "webhook_ids",
        "webhook_verification",
    ];
    assert_eq!(wrong(&all), expected);
    for address in
        ["https://simulator.example", "http://127.0.0.1:1/x", "http://10.0.0.1", "ftp://127.0.0.1", ""]
    {
        assert_eq!(wrong(&with(&[("base_url", json!(address))])), ["base_url"], "{address}");
    }
}

#[test]
fn pitfall_17_the_dashboard_s_literal_is_no_webhook_id() {
    assert_eq!(wrong(&with(&[("webhook_ids", json!(["WEBHOOK_ID"]))])), ["webhook_ids"]);
    assert_eq!(wrong(&with(&[("webhook_ids", json!("WEBHOOK_ID"))])), ["webhook_ids"]);
    let several = Config::read(&with(&[("webhook_ids", json!(["1AB", "2CD"]))])).expect("a configuration");
    assert_eq!(several.webhook_ids, ["1AB", "2CD"]);
}

#[test]
fn authorities_are_added_to_those_of_the_public_web() {
    let root = Authority::root();
    let text = format!("{}{}", root.pem, root.intermediate().pem);
    assert!(Config::read(&with(&[("webhook_certificate_authorities", json!(text))])).is_ok());
    for text in ["", "root.pem"] {
        let field = ["webhook_certificate_authorities"];
        assert_eq!(wrong(&with(&[("webhook_certificate_authorities", json!(text))])), field);
    }
}

#[test]
fn r29_neither_debug_nor_violations_show_a_secret() {
    let config = Config::read(&settings()).expect("a configuration");
    assert!(!format!("{config:?}").contains(CLIENT_SECRET));
    let broken =
        with(&[("client_secret", json!(format!("{CLIENT_SECRET}:x"))), ("client_id", json!(CLIENT_SECRET))]);
    let violations: String =
        Config::read(&broken).expect_err("violations").iter().map(ToString::to_string).collect();
    assert!(!violations.contains(CLIENT_SECRET), "{violations}");
}
