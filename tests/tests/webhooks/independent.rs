//! Our deliveries in the hands of the official Standard Webhooks libraries for Python and JavaScript: real events of real
//! payments, verified from the raw requests.
//!
//! Needs `python3` with pip and `node` with npm, and the network once: the pinned packages go into cargo's folder for test
//! files and stay there. Without a network set `PAYMENT_OFFLINE=1`, which leaves these tests out and says so.

#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "a switch for people without a network")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use payment_sandbox::clock::SimulatorClock;
use payment_server::{ports::SystemRandomness, webhooks::SigningSecret};
use payment_tests::webhook_receiver::Received;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::scene::{SECRET, Scene};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/webhooks");

fn is_offline() -> bool {
    std::env::var("PAYMENT_OFFLINE").is_ok_and(|value| value == "1")
}

/// The folder with a library, installed on first use and named after what it holds.
fn installed(name: &str, install: impl Fn(&Path) -> Command) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        return folder;
    }
    // Installed beside the folder, which gets its name once it is complete: test runs side by side never see half of it.
    let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = install(unfinished.path()).output().unwrap();
    let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}; without a network set PAYMENT_OFFLINE=1\n{trouble}");
    // A failure means that another test run was faster.
    if let Err(error) = fs::rename(unfinished.path(), &folder) {
        assert!(folder.exists(), "{} could not be named: {error}", folder.display());
    }
    folder
}

fn python() -> Command {
    let packages = installed("standardwebhooks-python-1.1.0", |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        pip.arg(format!("{TESTDATA}/requirements.txt")).arg("--target").arg(folder);
        pip
    });
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages).arg(format!("{TESTDATA}/verify.py"));
    python
}

fn node() -> Command {
    let packages = installed("standardwebhooks-node-1.1.1", |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(format!("{TESTDATA}/{file}"), folder.join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
        npm
    });
    let mut node = Command::new("node");
    node.env("PACKAGES", packages).arg(format!("{TESTDATA}/verify.mjs"));
    node
}

/// What a library says of each delivery with this secret: the event that it verified, or "refused".
fn verdicts(library: fn() -> Command, secret: &str, deliveries: &[Received]) -> Vec<String> {
    let deliveries: Vec<_> = deliveries
        .iter()
        .map(|one| {
            let body = std::str::from_utf8(&one.body).unwrap();
            json!({"id": one.id, "timestamp": one.timestamp.to_string(), "signature": one.signature, "body": body})
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deliveries.json");
    fs::write(&file, json!({"secret": secret, "deliveries": deliveries}).to_string()).unwrap();
    let output = library().arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn new_secret() -> String {
    SigningSecret::generate(&SystemRandomness).expose_secret().to_owned()
}

/// A payment that is paid, and what its endpoint got of it.
async fn paid_and_delivered(secret: &str, of_endpoint: &str) -> Vec<Received> {
    let scene = Scene::on(SimulatorClock::real(), secret, of_endpoint, "").await;
    let payment_no = scene.app.open("r-1", "SO-1", 100).await;
    scene.app.pay(&payment_no).await;
    scene.receiver.until(1).await;
    scene.receiver.received()
}

async fn verify_by(library: fn() -> Command) {
    if is_offline() {
        eprintln!("PAYMENT_OFFLINE=1: the official Standard Webhooks library was not run");
        return;
    }
    let (secret, previous, foreign) = (new_secret(), SECRET, new_secret());
    let rotating = paid_and_delivered(&secret, &format!("previous_secret = \"{previous}\"\n")).await;
    let rotated = paid_and_delivered(&secret, "").await;
    assert_eq!(rotating[0].json()["type"], "payment.succeeded");
    let mut forged = rotating.clone();
    forged[0].body.push(b' ');
    let mut late = rotating.clone();
    late[0].timestamp -= 600;
    tokio::task::spawn_blocking(move || {
        let id = |deliveries: &[Received]| {
            let data = deliveries[0].json()["data"].clone();
            vec![format!("payment.succeeded {}", data["eventId"].as_str().unwrap())]
        };
        let refused = vec!["refused".to_owned()];
        assert_eq!(verdicts(library, &secret, &rotating), id(&rotating), "the present secret");
        assert_eq!(verdicts(library, previous, &rotating), id(&rotating), "the old one during a rotation");
        assert_eq!(verdicts(library, &secret, &rotated), id(&rotated), "the present secret");
        assert_eq!(verdicts(library, previous, &rotated), refused, "the old one after it");
        assert_eq!(verdicts(library, &foreign, &rotating), refused, "a secret of nobody's");
        assert_eq!(verdicts(library, &secret, &forged), refused, "a body that was changed");
        assert_eq!(verdicts(library, &secret, &late), refused, "an attempt of long ago");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_library_for_python_verifies_our_deliveries() {
    verify_by(python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_library_for_javascript_verifies_our_deliveries() {
    verify_by(node).await;
}
