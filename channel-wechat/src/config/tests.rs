//! Every key of an account, right and wrong.

use super::*;
use crate::test_channel::{
    API_V3_KEY, APP_ID, MCHID, MERCHANT_KEY, PLATFORM_PUBLIC_KEY, Root, bare_settings, settings,
};
use serde_json::json;

fn with(changes: &[(&str, Value)]) -> Map<String, Value> {
    let mut settings = settings();
    settings.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    settings
}

fn wrong(settings: &Map<String, Value>) -> Vec<String> {
    let violations = Config::read(settings).expect_err("violations");
    violations.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn a_public_key_account_talks_to_the_real_hosts_unless_told_otherwise() {
    let config = Config::read(&settings()).expect("a configuration");
    assert_eq!(config.mchid, MCHID);
    assert_eq!(config.hosts.main.as_str(), "https://api.mch.weixin.qq.com/");
    assert_eq!(config.hosts.backup.map(String::from).as_deref(), Some("https://api2.mch.weixin.qq.com/"));
    assert_eq!(config.timeout, Duration::from_secs(10));
    assert!(config.channel_keys.public_key.is_some() && config.channel_keys.certificates.is_none());
}

#[test]
fn a_simulators_account_never_falls_over_to_the_real_backup() {
    let config =
        Config::read(&with(&[("base_url", json!("http://127.0.0.1:9000"))])).expect("a configuration");
    assert_eq!(config.hosts.backup, None);
    let both = [("base_url", json!("http://[::1]:1")), ("backup_base_url", json!("http://localhost:2"))];
    let config = Config::read(&with(&both)).expect("a configuration");
    assert_eq!(config.hosts.backup.map(String::from).as_deref(), Some("http://localhost:2/"));
}

#[test]
fn products_have_their_own_appids() {
    let config = Config::read(&with(&[("app_ids", json!({"jsapi": "wxaaa"}))])).expect("a configuration");
    assert_eq!(config.app_ids[&WeChatProduct::Jsapi], "wxaaa");
    assert_eq!(config.app_ids[&WeChatProduct::App], APP_ID);
    let mut only = with(&[("app_ids", json!({"native": "wxbbb"}))]);
    only.remove("app_id");
    let config = Config::read(&only).expect("a configuration");
    assert_eq!(config.app_ids.keys().collect::<Vec<_>>(), [&WeChatProduct::Native]);
}

#[test]
fn every_violation_is_told_at_once() {
    let mut missing = wrong(&Map::new());
    missing.sort();
    let required = [
        "api_v3_key",
        "app_id",
        "mchid",
        "merchant_certificate_serial",
        "merchant_private_key",
        "wechatpay_public_key",
    ];
    assert_eq!(missing, required);
    let all = with(&[
        ("mchid", json!("12ab")),
        ("app_ids", json!({"micropay": "wx1", "app": 7})),
        ("merchant_certificate_serial", json!("5F:1C")),
        ("merchant_private_key", json!(PLATFORM_PUBLIC_KEY)),
        ("api_v3_key", json!("short")),
        ("wechatpay_public_key", json!(MERCHANT_KEY)),
        ("wechatpay_public_key_id", json!("440024045C4A")),
        ("download_platform_certificates", json!("yes")),
        ("platform_root_certificates", json!(MERCHANT_KEY)),
        ("base_url", json!("http://pay.example.com")),
        ("backup_base_url", json!("https://pay.example.com/v3")),
        ("request_timeout_seconds", json!(0)),
        ("private_key", json!("x")),
    ]);
    let mut named = wrong(&all);
    named.sort();
    let expected = [
        "api_v3_key",
        "app_ids.app",
        "app_ids.micropay",
        "backup_base_url",
        "base_url",
        "download_platform_certificates",
        "mchid",
        "merchant_certificate_serial",
        "merchant_private_key",
        "platform_root_certificates",
        "private_key",
        "request_timeout_seconds",
        "wechatpay_public_key",
        "wechatpay_public_key_id",
    ];
    assert_eq!(named, expected);
}

#[test]
fn f40_either_kind_of_key_or_both_but_not_neither() {
    assert_eq!(wrong(&bare_settings()), ["wechatpay_public_key"]);
    let root = json!(Root::new("root").pem);
    let config = Config::read(&with(&[("platform_root_certificates", root.clone())])).expect("both kinds");
    assert!(matches!(config.channel_keys.certificates, Some(Trust::Roots(roots)) if roots.len() == 1));
    let mut certificates = bare_settings();
    certificates.insert("download_platform_certificates".to_owned(), json!(true));
    let config = Config::read(&certificates).expect("certificates");
    assert!(matches!(config.channel_keys.certificates, Some(Trust::SealOnly)));
    certificates.insert("download_platform_certificates".to_owned(), json!(false));
    assert_eq!(wrong(&certificates), ["wechatpay_public_key"]);
    certificates.insert("platform_root_certificates".to_owned(), root);
    assert_eq!(wrong(&certificates), ["download_platform_certificates"]);
    let mut half = settings();
    half.remove("wechatpay_public_key_id");
    assert_eq!(wrong(&half), ["wechatpay_public_key_id"]);
}

#[test]
fn keys_come_as_pkcs8_or_pkcs1() {
    let pkcs1 = include_str!("../../testdata/other.pkcs1.key.pem");
    assert!(Config::read(&with(&[("merchant_private_key", json!(pkcs1))])).is_ok());
}

#[test]
fn r29_neither_debug_nor_violations_show_a_secret() {
    let config = Config::read(&settings()).expect("a configuration");
    let secret_line = MERCHANT_KEY.lines().nth(1).expect("a line");
    let shown = format!("{config:?}");
    assert!(shown.contains(MCHID) && !shown.contains(API_V3_KEY) && !shown.contains(secret_line), "{shown}");
    let broken = with(&[
        ("merchant_private_key", json!(MERCHANT_KEY.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED"))),
        ("api_v3_key", json!(format!("{API_V3_KEY}x"))),
        ("mchid", json!(format!("1{API_V3_KEY}"))),
    ]);
    let violations: String =
        Config::read(&broken).expect_err("violations").iter().map(ToString::to_string).collect();
    assert!(!violations.contains(API_V3_KEY) && !violations.contains(secret_line), "{violations}");
}
