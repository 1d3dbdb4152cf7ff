//! The binary at a terminal: what it prints, and its exit codes 0, 1 and 2.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use payment_server::{config::ApiKeyHash, jobs::Job, webhooks::SigningSecret};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_payment-server"))
        .args(arguments)
        .env_clear()
        .env("PAYMENT__LOG__FORMAT", "text")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn write(folder: &Path, text: &str) -> String {
    let file = folder.join("payment.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn generate_api_key_prints_a_key_and_its_hash() {
    let output = run(&["generate-api-key", "--id", "shop"]);
    assert_eq!(output.status.code(), Some(0));
    let key = stdout(&output).lines().map(str::trim).find(|line| line.starts_with("payk_")).unwrap();
    let line = format!(
        "{{ id = \"shop\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }},",
        ApiKeyHash::of(key)
    );
    assert!(stdout(&output).contains(&line), "{}", stdout(&output));
    assert_ne!(run(&["generate-api-key", "--id", "shop"]).stdout, output.stdout);
    assert_eq!(run(&["generate-api-key", "--id", "Shop!"]).status.code(), Some(2));
}

#[test]
fn generate_webhook_secret_prints_a_secret_and_nothing_else() {
    let output = run(&["generate-webhook-secret"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(SigningSecret::parse(stdout(&output).trim_end()).is_ok());
    assert_ne!(run(&["generate-webhook-secret"]).stdout, output.stdout);
}

#[test]
fn check_config_tells_every_mistake_of_file_environment_and_channel() {
    let folder = tempfile::tempdir().unwrap();
    let hash = "a".repeat(64);
    let valid = "[database]\nurl = \"postgres://localhost/x\"\n[callbacks]\npublic_url = \"https://pay.example.com\"\n";
    let output = run(&["check-config", "--config", &write(folder.path(), valid)]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "The configuration is valid.\n"));

    let file = write(folder.path(), "[log]\nformat = \"xml\"\n");
    let output = run(&["--config", &file, "check-config"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&format!("{file}: database.url: is missing")), "{}", stderr(&output));

    let merchant =
        format!("[merchants.acme]\napi_keys = [{{ id = \"a\", sha256 = \"{hash}\", scopes = [\"pay\"] }}]\n");
    let account = "[merchants.acme.accounts.main]\nchannel = \"wechat\"\nmchid = \"x\"\n";
    let file = write(folder.path(), &format!("{valid}{merchant}{account}"));
    let output = run(&["check-config", "--config", &file]);
    assert_eq!(output.status.code(), Some(2));
    let key = format!("{file}: merchants.acme.accounts.main.");
    assert!(stderr(&output).contains(&format!("{key}mchid: must be")), "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("{key}api_v3_key: is required")), "{}", stderr(&output));
}

#[test]
fn a_wrong_command_line_is_2_and_names_what_is_missing() {
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["sevre"]).status.code(), Some(2));
    let output = run(&["run-job", "payments"]);
    assert_eq!(output.status.code(), Some(2));
    for job in Job::ALL {
        assert!(stderr(&output).contains(job.as_str()), "{}", stderr(&output));
    }
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--config FILE or PAYMENT_CONFIG"), "{}", stderr(&output));
}

#[test]
fn without_its_database_every_command_is_1_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // Port 1 of the loopback interface refuses.
    let text = "[database]\nurl = \"postgres://u:hunter2@127.0.0.1:1/x\"\ntls = \"disabled\"\nmigrate_at_start = true\n\
                [grpc]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
                [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://pay.example.com\"\n";
    let file = write(folder.path(), text);
    for command in [vec!["serve"], vec!["migrate"], vec!["verify"], vec!["run-job", "refund-success"]] {
        let output = run(&[command.clone(), vec!["--config", &file]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("payment-server: ") && stderr(&output).contains("database"),
            "{}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    }
}
