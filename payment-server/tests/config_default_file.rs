//! `default-config.toml` is the documentation of the configuration, so it must be valid and tell the truth.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{collections::BTreeMap, fs, path::Path};

use payment_server::{app::principal::Sight, channels::ChannelRegistry, config::Config};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

const DEFAULT_FILE: &str = include_str!("../default-config.toml");

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    fs::write(secrets.join("apiclient_key.pem"), key.serialize_pem()).unwrap();
    fs::write(secrets.join("pub_key.pem"), key.public_key_pem()).unwrap();
    fs::write(secrets.join("api_v3_key"), format!("{}\n", "k".repeat(32))).unwrap();
    fs::write(secrets.join("database-ca.pem"), "certificates").unwrap();
    let authority = rcgen::generate_simple_self_signed(["ca.example.com".to_owned()]).unwrap();
    fs::write(secrets.join("webhook-ca.pem"), authority.cert.pem()).unwrap();
    fs::write(secrets.join("webhook_shop"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let server = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["pay.internal".to_owned()]).unwrap().self_signed(&server).unwrap();
    fs::write(secrets.join("server.pem"), certificate.pem()).unwrap();
    fs::write(secrets.join("callers-ca.pem"), certificate.pem()).unwrap();
    fs::write(secrets.join("server.key"), server.serialize_pem()).unwrap();
    let file = folder.path().join("payment.toml");
    fs::write(&file, text).unwrap();
    Config::load(&file, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"))
}

/// What a configuration holds but for where it came from.
fn shown(config: &Config) -> String {
    let Config {
        database,
        grpc,
        callbacks,
        admin,
        log,
        payments,
        jobs,
        events,
        nats,
        cases,
        channel_http,
        webhooks,
        retention,
        shutdown,
        merchants,
        operators,
        ..
    } = config;
    format!(
        "{database:#?}{grpc:#?}{callbacks:#?}{admin:#?}{log:#?}{payments:#?}{jobs:#?}{events:#?}{nats:#?}{cases:#?}{channel_http:#?}{webhooks:#?}{retention:#?}{shutdown:#?}{merchants:#?}{operators:#?}"
    )
}

#[test]
fn the_default_file_is_valid_and_shows_the_built_in_defaults() {
    let required = r#"
        [database]
        url = "postgres://payment@localhost/payment"
        [callbacks]
        public_url = "https://pay.example.com"
    "#;
    assert_eq!(shown(&load(DEFAULT_FILE)), shown(&load(required)));
}

#[test]
fn the_examples_that_are_commented_out_are_valid_too() {
    let uncommented: Vec<_> = DEFAULT_FILE
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' ') || rest.contains("sha256 ="))
                .unwrap_or(line)
        })
        .collect();
    let config = load(&uncommented.join("\n"));
    assert_eq!(config.channel_http.proxy.as_ref().map(url::Url::as_str), Some("http://proxy.internal:3128/"));
    assert!(config.cases.approval_limits.demand_approval(None));
    let merchant = config.merchants.values().next().unwrap();
    assert_eq!(merchant.api_keys[0].id.as_str(), "shop-backend");
    let operator = config.operators.values().next().unwrap();
    assert_eq!((operator.api_keys[0].id.as_str(), &operator.sight), ("laptop", &Sight::All));
    let webhook = merchant.webhooks.values().next().unwrap();
    assert_eq!(webhook.url.as_str(), "https://shop.example.com/webhooks/payments");
    assert_eq!((webhook.events.len(), webhook.concurrency), (2, 8));
    let account = merchant.accounts.values().next().unwrap();
    assert_eq!(account.settings.settings["api_v3_key"], "k".repeat(32));
    assert!(!account.settings.settings.contains_key("api_v3_key_file"));
    ChannelRegistry::with_builtin().unwrap().check(&config).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_key_that_has_a_default_is_documented() {
    let minimal =
        "[database]\nurl = \"postgres://localhost\"\n[callbacks]\npublic_url = \"https://pay.example.com\"\n";
    // An unknown key's message lists every key of its section.
    for section in [
        "database",
        "grpc",
        "callbacks",
        "admin",
        "log",
        "payments",
        "jobs",
        "events",
        "nats",
        "cases",
        "channel_http",
        "webhooks",
        "retention",
        "shutdown",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("payment.toml");
        let environment =
            BTreeMap::from([(format!("PAYMENT__{}__NO_SUCH_KEY", section.to_uppercase()), "1".to_owned())]);
        fs::write(&file, minimal).unwrap();
        let error = Config::load(Path::new(&file), &environment).unwrap_err();
        let keys = error.violations()[0].remedy.strip_prefix("Known here: ").unwrap().to_owned();
        for key in keys.split(", ") {
            let documented = DEFAULT_FILE.contains(&format!("\n{key} = "))
                || DEFAULT_FILE.contains(&format!("\n#{key} = "))
                || DEFAULT_FILE.contains(&format!("{key} = \""));
            assert!(documented, "[{section}] {key} is not in default-config.toml");
        }
    }
}
