//! Every mistake in a configuration is told at once, each with its place, its key, what is wrong and what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "config_mistakes/doors.rs"]
mod doors;
#[path = "config_mistakes/merchants.rs"]
mod merchants;

use std::{collections::BTreeMap, fs, path::PathBuf};

use payment_server::config::{Config, ConfigError};

const VALID: &str = r#"
[database]
url = "postgres://payment:hunter2@db/payment"
[callbacks]
public_url = "https://pay.example.com/base/"
[merchants.acme]
api_keys = [{ id = "backend", sha256 = "00000000000000000000000000000000000000000000000000000000000000aa", scopes = ["pay"] }]
[merchants.acme.accounts.main]
channel = "wechat"
mchid = "1900000001"
api_v3_key = "top-secret-v3-key"
[merchants.acme.webhooks.shop]
url = "https://shop.example.com/hook"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
[operators.alice]
api_keys = [{ id = "laptop", sha256 = "00000000000000000000000000000000000000000000000000000000000000cc" }]
merchants = ["acme"]
"#;

struct Written {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

fn write(text: &str) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    fs::write(&file, text).unwrap();
    Written { _folder: folder, file }
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&write(text).file, &environment)
}

fn mistakes(text: &str, variables: &[(&str, &str)]) -> String {
    load(text, variables).expect_err("a mistake").to_string()
}

/// Each: a change to the valid file, the key that must be named, and words of the problem and of the remedy.
const TABLE: &[(&str, &str, &str, &str, &str)] = &[
    (
        "[database]\nurl = \"postgres://payment:hunter2@db/payment\"",
        "",
        "database.url",
        "is missing",
        "Write postgres://",
    ),
    (
        "postgres://payment:hunter2@db",
        "mysql://payment:hunter2@db",
        "database.url",
        "does not begin with",
        "Write postgres://",
    ),
    ("[database]", "[database]\nurl_file = \"x\"", "database.url", "stands beside url_file", "Keep one"),
    (
        "[database]",
        "[database]\nmax_connections = 0",
        "database.max_connections",
        "from 2 to 1000",
        "Leave it out for 8",
    ),
    (
        "[database]",
        "[database]\nmax_connections = \"8\"",
        "database.max_connections",
        "whole number",
        "Leave it out",
    ),
    (
        "[database]",
        "[database]\nmax_conections = 9",
        "database.max_conections",
        "is not a key",
        "max_connections",
    ),
    ("[database]", "[databse]\n[database]", "databse", "is not a key", "database, grpc"),
    (
        "[callbacks]",
        "[grpc]\nlisten = \"localhost:1\"\n[callbacks]",
        "grpc.listen",
        "is no address",
        "127.0.0.1:50051",
    ),
    (
        "[callbacks]",
        "[retention]\nraw_days = 1\n[callbacks]",
        "retention.raw_days",
        "from 30 to 36500",
        "Leave",
    ),
    ("[callbacks]", "grpc = 1\n[callbacks]", "database.grpc", "is not a key", "Known here"),
    (
        "https://pay.example.com/base/",
        "http://pay.example.com",
        "callbacks.public_url",
        "is not encrypted",
        "https://",
    ),
    (
        "https://pay.example.com/base/",
        "https://localhost",
        "callbacks.public_url",
        "no channel can reach",
        "https://",
    ),
    (
        "https://pay.example.com/base/",
        "https://10.0.0.7",
        "callbacks.public_url",
        "no channel can reach",
        "https://",
    ),
    (
        "https://pay.example.com/base/",
        "https://pay.example.com/?a=1",
        "callbacks.public_url",
        "has a query",
        "https://",
    ),
    (
        "https://pay.example.com/base/",
        "ftp://pay.example.com",
        "callbacks.public_url",
        "must begin with https",
        "https://",
    ),
    (
        "[callbacks]",
        "[callbacks]\ndeadline_seconds = 31",
        "callbacks.deadline_seconds",
        "from 1 to 30",
        "Leave it out for 4",
    ),
    (
        "[callbacks]",
        "[callbacks]\nallow_insecure = \"yes\"",
        "callbacks.allow_insecure",
        "true or false",
        "Leave it out",
    ),
    (
        "[callbacks]",
        "[log]\nformat = \"xml\"\n[callbacks]",
        "log.format",
        "\"xml\" is not known",
        "\"json\" or \"text\"",
    ),
    ("[callbacks]", "[log]\nfilter = \"a=b=c\"\n[callbacks]", "log.filter", "is no filter", "info"),
    (
        "[callbacks]",
        "[payments]\nearlier_attempt_policy = \"ask\"\n[callbacks]",
        "payments.earlier_attempt_policy",
        "not known",
        "refuse",
    ),
    (
        "[callbacks]",
        "[jobs]\nenabled = 1\n[callbacks]",
        "jobs.enabled",
        "true or false",
        "Leave it out for true",
    ),
    (
        "[callbacks]",
        "[cases]\napproval_above = { cny = 1 }\n[callbacks]",
        "cases.approval_above",
        "no currency",
        "{ CNY = 100000 }",
    ),
    (
        "[callbacks]",
        "[jobs]\nbatch = 1001\n[callbacks]",
        "jobs.batch",
        "from 1 to 1000",
        "Leave it out for 32",
    ),
    (
        "[callbacks]",
        "[jobs]\ninterval_milliseconds = 99\n[callbacks]",
        "jobs.interval_milliseconds",
        "from 100 to 60000",
        "Leave it out for 1000",
    ),
    (
        "[callbacks]",
        "[events]\nmax_streams = 0\n[callbacks]",
        "events.max_streams",
        "from 1 to 100000",
        "Leave it out for 10000",
    ),
    (
        "[callbacks]",
        "[nats]\nurl = \"nats://user:word@host\"\n[callbacks]",
        "nats.url",
        "holds credentials",
        "keys of their own",
    ),
    (
        "[callbacks]",
        "[nats]\nuser = \"u\"\n[callbacks]",
        "nats.user",
        "does not go with",
        "user with password",
    ),
    (
        "[callbacks]",
        "[nats]\nsubject_prefix = \"a..b\"\n[callbacks]",
        "nats.subject_prefix",
        "no beginning of a subject",
        "with dots between",
    ),
    ("[callbacks]", "[nats]\nstream = \"a.b\"\n[callbacks]", "nats.stream", "no name of a stream", "letters"),
    (
        "[callbacks]",
        "[channel_http]\nproxy = \"socks5://x\"\n[callbacks]",
        "channel_http.proxy",
        "no HTTP address",
        "http://",
    ),
    (
        "[callbacks]",
        "[webhooks]\nlease_seconds = 60\n[callbacks]",
        "webhooks.lease_seconds",
        "from 90 to 3600",
        "Leave it out for 120",
    ),
];

#[test]
fn each_mistake_names_file_key_problem_and_remedy() {
    assert!(load(VALID, &[]).is_ok(), "{:?}", load(VALID, &[]).err());
    for (from, to, key, problem, remedy) in TABLE.iter().chain(doors::TABLE).chain(merchants::TABLE) {
        assert!(VALID.contains(from), "the table is out of date: {from}");
        let written = write(&VALID.replacen(from, to, 1));
        let error = Config::load(&written.file, &BTreeMap::new()).expect_err(key).to_string();
        let line = error.lines().find(|line| line.contains(&format!("payment.toml: {key}: ")));
        let line = line.unwrap_or_else(|| panic!("{key} is not named in:\n{error}"));
        assert!(line.contains(written.file.to_str().unwrap()), "{line}");
        assert!(line.contains(problem), "no {problem:?} in: {line}");
        assert!(line.contains(remedy), "no {remedy:?} in: {line}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = load("[grpc]\nlisten = 1\nx = 1\n[log]\nformat = \"y\"\n", &[]).unwrap_err();
    let keys: Vec<_> = error.violations().iter().map(|violation| violation.key.as_str()).collect();
    assert_eq!(keys, ["database.url", "grpc.listen", "grpc.x", "callbacks.public_url", "log.format"]);
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_named() {
    let error = Config::load("/no/such/payment.toml".as_ref(), &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("/no/such/payment.toml: cannot be read"), "{error}");
    assert!(error.contains("--config"), "{error}");
    let error = mistakes("[database]\nurl = \"postgres://u:hunter2@h\n", &[]);
    assert!(error.contains("payment.toml: line 2: "), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_environment_replaces_the_file_and_is_named_in_mistakes() {
    let variables = [
        ("PAYMENT__GRPC__LISTEN", "127.0.0.1:7000"),
        ("PAYMENT__DATABASE__MAX_CONNECTIONS", "30"),
        ("PAYMENT__CALLBACKS__ALLOW_INSECURE", "true"),
        ("PAYMENT__CALLBACKS__PUBLIC_URL", "http://127.0.0.1:1234"),
        ("PAYMENT__MERCHANTS__ACME__ACCOUNTS__MAIN__API_V3_KEY", "12345678901234567890123456789012"),
        ("PAYMENT__MERCHANTS__ACME__ACCOUNTS__MAIN__APPIDS", "[\"wx1\", \"wx2\"]"),
        ("OTHER__GRPC__LISTEN", "nothing of ours"),
    ];
    let config = load(VALID, &variables).unwrap();
    assert_eq!(config.grpc.listen.to_string(), "127.0.0.1:7000");
    assert_eq!(config.database.max_connections, 30);
    assert_eq!(config.callbacks.public_url.as_str(), "http://127.0.0.1:1234/");
    let merchant = config.merchants.values().next().unwrap();
    let settings = &merchant.accounts.values().next().unwrap().settings.settings;
    assert_eq!(settings["api_v3_key"], "12345678901234567890123456789012");
    assert_eq!(settings["appids"], serde_json::json!(["wx1", "wx2"]));
    assert_eq!(settings["mchid"], "1900000001");

    let error = mistakes(VALID, &[("PAYMENT__GRPC__LISTEN", "here"), ("PAYMENT__GRPC__LISTN", "x")]);
    assert!(error.contains("environment variable PAYMENT__GRPC__LISTEN: grpc.listen: \"here\""), "{error}");
    assert!(error.contains("environment variable PAYMENT__GRPC__LISTN: grpc.listn: is not a key"), "{error}");
    let error = mistakes(VALID, &[("PAYMENT__DATABASE__URL__X", "1"), ("PAYMENT__", "1")]);
    assert!(
        error.contains("PAYMENT__DATABASE__URL__X: database.url.x: lies below a key that is no table"),
        "{error}"
    );
    assert!(error.contains("environment variable PAYMENT__: "), "{error}");
}

#[test]
fn the_environment_can_give_whole_keys_and_replace_files() {
    let without_keys: String =
        VALID.lines().filter(|line| !line.contains("\"backend\"")).map(|line| format!("{line}\n")).collect();
    let hash = "f".repeat(64);
    let keys = format!("[{{ id = \"from-env\", sha256 = \"{hash}\", scopes = [\"read\"] }}]");
    let config = load(&without_keys, &[("PAYMENT__MERCHANTS__ACME__API_KEYS", &keys)]).unwrap();
    assert_eq!(config.merchants.values().next().unwrap().api_keys[0].hash.to_string(), hash);

    let with_file = VALID.replace("url = \"postgres://payment:hunter2@db/payment\"", "url_file = \"gone\"");
    let error = mistakes(&with_file, &[]);
    assert!(error.contains("database.url_file: ") && error.contains("gone: No such file"), "{error}");
    assert!(load(&with_file, &[("PAYMENT__DATABASE__URL", "postgres://h/d")]).is_ok());
}

#[test]
fn r29_a_mistake_in_a_webhook_tells_neither_its_address_nor_its_secret() {
    let wrong = VALID
        .replace("https://shop.example.com/hook", "http://shop.example.com/hook/token-abc")
        .replace("LaLaSw", "LaLaSw-not-base64");
    let error = mistakes(&wrong, &[]);
    assert!(error.contains("webhooks.shop.url") && error.contains("webhooks.shop.secret"), "{error}");
    assert!(!error.contains("token-abc") && !error.contains("MfKQ"), "{error}");
}

#[test]
fn what_must_be_unique_is_refused_twice() {
    let (_, second) = VALID.split_once("[merchants.acme]").unwrap();
    let (second, _) = second.split_once("[operators").unwrap();
    let second = second.replace("merchants.acme", "merchants.bravo");
    let error = mistakes(&format!("{VALID}[merchants.bravo]{second}"), &[]);
    assert!(
        error.contains("merchants.bravo.api_keys[0].sha256: is the key of merchants.acme.api_keys[0]"),
        "{error}"
    );
    assert!(
        error.contains("merchants.bravo.accounts.main: has the callback URL of merchants.acme.accounts.main"),
        "{error}"
    );
    assert!(
        error.contains("merchants.bravo.webhooks.shop.secret: is the secret of merchants.acme.webhooks.shop"),
        "{error}"
    );
    let other_channel = second.replace("\"wechat\"", "\"alipay\"").replace("00aa", "00bb");
    let other_channel = other_channel.replace("LaLaSw", "LaLaSx");
    assert!(load(&format!("{VALID}[merchants.bravo]{other_channel}"), &[]).is_ok());

    let one = "{ id = \"backend\", sha256 = \"00000000000000000000000000000000000000000000000000000000000000aa\", scopes = [\"pay\"] }";
    let error = mistakes(&VALID.replace(one, &format!("{one}, {}", one.replace("aa\"", "ab\""))), &[]);
    assert!(error.contains("merchants.acme.api_keys[1].id: backend names another key already"), "{error}");
    let error = mistakes(&VALID.replace("00cc", "00aa"), &[]);
    assert!(error.contains("operators.alice.api_keys[0].sha256: is the key of merchants.acme"), "{error}");
}

#[test]
fn a_merchant_without_keys_or_accounts_is_refused() {
    let error = mistakes(&format!("{VALID}[merchants.bravo]\n"), &[]);
    assert!(error.contains("merchants.bravo.api_keys: must be a list of keys"), "{error}");
    assert!(error.contains("merchants.bravo.accounts: holds no channel account"), "{error}");
}

#[test]
fn r29_secrets_do_not_show_in_debug_or_in_mistakes() {
    let shown = format!("{:?}", load(VALID, &[]).unwrap());
    for secret in ["hunter2", "top-secret-v3-key", "00aa"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    for (from, to, ..) in TABLE.iter().chain(doors::TABLE).chain(merchants::TABLE) {
        let error = mistakes(&VALID.replacen(from, to, 1), &[]);
        assert!(!error.contains("hunter2") && !error.contains("top-secret-v3-key"), "{error}");
    }
}
