//! How Bad Pay comes in: by registration, a name in the configuration, and options that only it knows.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use channel_bad_pay::BadPayFactory;
use payment_server::{channels::ChannelRegistry, config::Config};
use tonic::Code;

use super::stage::{Stage, payment, payment_with, text_option};

/// Crates that must not know Bad Pay.
const OTHERS: [&str; 7] = [
    "proto",
    "payment-core",
    "payment-store",
    "payment-server",
    "channel-wechat",
    "channel-alipay",
    "channel-paypal",
];

fn registry() -> ChannelRegistry {
    let mut registry = ChannelRegistry::with_builtin().unwrap();
    registry.register(Arc::new(BadPayFactory::new().unwrap())).unwrap();
    registry
}

/// A configuration with one account at Bad Pay that has these keys, and what is said against it.
fn complaints(registry: &ChannelRegistry, account_lines: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text = format!(
        "[database]\nurl = \"postgres://nobody@127.0.0.1/none\"\ntls = \"disabled\"\n[grpc]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://pay.example\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [merchants.acme]\napi_keys = [{{ id = \"key\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n\
         [merchants.acme.accounts.bad]\nchannel = \"bad-pay\"\n{account_lines}",
        "0f".repeat(32),
    );
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
    match registry.check(&config) {
        Ok(()) => Vec::new(),
        Err(error) => error.violations().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_name_that_nobody_registered_is_refused_with_the_names_that_are_known() {
    let complaints = complaints(&ChannelRegistry::with_builtin().unwrap(), "");
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].contains("\"bad-pay\" is no channel of this server"), "{complaints:?}");
    assert!(complaints[0].contains("alipay, paypal, wechat"), "{complaints:?}");
}

#[test]
fn two_channels_of_one_name_are_refused() {
    let again = registry().register(Arc::new(BadPayFactory::new().unwrap()));
    assert_eq!(again.unwrap_err().to_string(), "a channel named bad-pay is registered already");
}

#[test]
fn everything_wrong_with_its_account_is_told_at_once_by_key_and_without_the_key_itself() {
    let wrong = "shop = \"Corner Shop\"\nkey = \"too-short-a-key\"\nbase_url = \"http://bad.example\"\n\
                 request_timeout_milliseconds = 0\ncolour = \"red\"\n";
    let complaints = complaints(&registry(), wrong).join("\n");
    for key in ["shop", "key", "base_url", "request_timeout_milliseconds", "colour"] {
        assert!(complaints.contains(&format!("merchants.acme.accounts.bad.{key}")), "{key}: {complaints}");
    }
    assert!(!complaints.contains("too-short-a-key"), "{complaints}");
}

#[test]
fn a_right_account_is_admitted_and_its_key_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "k".repeat(32)).unwrap();
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, permissions).unwrap();
    let lines = format!(
        "shop = \"corner\"\nkey_file = \"{}\"\nbase_url = \"https://bad.example\"\n",
        file.to_str().unwrap()
    );
    assert_eq!(complaints(&registry(), &lines), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_products_that_it_does_not_know_are_refused_by_name_and_reach_nobody() {
    let stage = Stage::set().await;
    for (options, field) in [
        (text_option("colour", "red"), "channel_options.colour"),
        (text_option("greeting", ""), "channel_options.greeting"),
        (text_option("greeting", &"x".repeat(33)), "channel_options.greeting"),
    ] {
        let refusal = stage.app.refuse(payment_with("r-1", "A", "app", options)).await;
        assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELD"), "{field}");
        assert_eq!(refusal.fields, [field]);
    }
    let refusal = stage.app.refuse(payment("r-1", "A", "telepathy")).await;
    assert_eq!(refusal.kind(), (Code::Unimplemented, "CAPABILITY_UNSUPPORTED"));
    assert_eq!(stage.app.number("SELECT count(*) FROM payment").await, 0);
    stage.app.finish().await;
}

#[test]
fn no_other_crate_knows_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut read = 0;
    let mut folders: Vec<_> = OTHERS.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, Some("rs" | "proto" | "toml" | "sql")) {
                read += 1;
                let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
                let named = ["bad-pay", "bad_pay", "badpay"].iter().any(|name| text.contains(name));
                assert!(!named, "{}", path.display());
            }
        }
    }
    assert!(read > 100, "{read} files were read");
}
