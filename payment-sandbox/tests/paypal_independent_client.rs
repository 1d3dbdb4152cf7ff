//! The simulator held against the client that PayPal wrote: `paypal-server-sdk` from PyPI.
//!
//! Needs `python3` with pip, and the network once: the pinned packages go into cargo's folder for test files and stay
//! there. Without a network set `PAYMENT_OFFLINE=1`, which leaves this test out and says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::paypal::{PaypalSimulator, SimulatorOptions};
use sha2::{Digest, Sha256};

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/paypal/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/paypal/independent_client.py");
const STEPS: [&str; 6] = ["token", "order", "capture", "refund", "authorization", "negative_test"];

#[expect(clippy::disallowed_methods, reason = "a switch for people without a network")]
fn is_offline() -> bool {
    std::env::var("PAYMENT_OFFLINE").is_ok_and(|value| value == "1")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"))
}

/// The folder with the client, installed on first use and named after all that it depends on.
fn installed_client() -> PathBuf {
    let python = run(Command::new("python3").args(["-c", "import sys; print(sys.implementation.cache_tag)"]));
    let requirements = hex::encode(Sha256::digest(fs::read(REQUIREMENTS).unwrap()));
    let name = format!(
        "paypal-server-sdk-{}-{}",
        String::from_utf8_lossy(&python.stdout).trim(),
        &requirements[..12]
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    if !folder.exists() {
        install_client(&folder);
    }
    folder
}

/// Installs beside `folder` and gives it its name only once it is complete, so that test runs side by side never see
/// half of it.
fn install_client(folder: &Path) {
    let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let pip = run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
            REQUIREMENTS,
        ])
        .arg("--target")
        .arg(unfinished.path()));
    assert!(
        pip.status.success(),
        "pip could not install the packages of {REQUIREMENTS}; without a network set PAYMENT_OFFLINE=1\n{}",
        String::from_utf8_lossy(&pip.stderr)
    );
    // A failure means that another test run was faster.
    if let Err(error) = fs::rename(unfinished.path(), folder) {
        assert!(folder.exists(), "{} could not be named: {error}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paypals_own_sdk_pays_holds_and_refunds() {
    if is_offline() {
        eprintln!("PAYMENT_OFFLINE=1: PayPal's SDK was not run");
        return;
    }
    let packages = installed_client();
    let simulator = PaypalSimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    let (control_url, base_url) = (simulator.control_url(), simulator.base_url().to_owned());
    let played = tokio::task::spawn_blocking(move || {
        run(Command::new("python3").env("PYTHONPATH", packages).args([SCRIPT, &control_url, &base_url]))
    });
    let output = played.await.unwrap();
    let (steps, trouble) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "stopped after {steps:?}\n{trouble}");
    assert_eq!(steps.lines().collect::<Vec<_>>(), STEPS);
}
