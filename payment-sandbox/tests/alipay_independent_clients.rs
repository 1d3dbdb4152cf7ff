//! The simulator held against Alipay clients that others wrote, in key mode and in certificate mode: `python-alipay-sdk`
//! from PyPI, and `alipay-sdk` from npm, which is Alipay's own.
//!
//! Needs `python3` with pip and `node` with npm, and the network once: the pinned packages go into cargo's folder for test
//! files and stay there. Without a network set `PAYMENT_OFFLINE=1`, which leaves these tests out and says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use payment_sandbox::alipay::{AlipaySimulator, SimulatorOptions};
use payment_sandbox::clock::SimulatorClock;
use sha2::{Digest, Sha256};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/alipay");

#[expect(clippy::disallowed_methods, reason = "a switch for people without a network")]
fn is_offline() -> bool {
    std::env::var("PAYMENT_OFFLINE").is_ok_and(|value| value == "1")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"))
}

/// The folder with a client, installed on first use and named after its interpreter and all that it depends on.
fn installed(name: &str, interpreter: &[&str], pins: &str, install: impl Fn(&Path) -> Command) -> PathBuf {
    let (program, arguments) = interpreter.split_first().unwrap();
    let version = run(Command::new(program).args(arguments));
    let pins = hex::encode(Sha256::digest(fs::read(format!("{TESTDATA}/{pins}")).unwrap()));
    let folder = format!("{name}-{}-{}", String::from_utf8_lossy(&version.stdout).trim(), &pins[..12]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    if folder.exists() {
        return folder;
    }
    // Installed beside the folder, which gets its name once it is complete: test runs side by side never see half of it.
    let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = run(&mut install(unfinished.path()));
    assert!(
        output.status.success(),
        "{name} could not be installed; without a network set PAYMENT_OFFLINE=1\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // A failure means that another test run was faster.
    if let Err(error) = fs::rename(unfinished.path(), &folder) {
        assert!(folder.exists(), "{} could not be named: {error}", folder.display());
    }
    folder
}

fn python_packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    let version = ["python3", "-c", "import sys; print(sys.implementation.cache_tag)"];
    PACKAGES.get_or_init(|| {
        installed("python-alipay-sdk", &version, "python/requirements.txt", |folder| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
            pip.arg(format!("{TESTDATA}/python/requirements.txt")).arg("--target").arg(folder);
            pip
        })
    })
}

fn node_packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        installed("alipay-sdk", &["node", "--version"], "node/package-lock.json", |folder| {
            for file in ["package.json", "package-lock.json"] {
                fs::copy(format!("{TESTDATA}/node/{file}"), folder.join(file)).unwrap();
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
            npm
        })
    })
}

/// Runs a client against a fresh simulator on the machine's clock.
async fn play(client: impl Fn() -> Command + Send + 'static, key_mode: &'static str, steps: &[&str]) {
    if is_offline() {
        eprintln!("PAYMENT_OFFLINE=1: the independent Alipay client was not run");
        return;
    }
    let simulator = AlipaySimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    let (control_url, gateway_url) = (simulator.control_url(), simulator.gateway_url());
    let played = tokio::task::spawn_blocking(move || {
        // Both clients stamp local time.
        run(client().env("TZ", "Asia/Shanghai").args([&*control_url, &*gateway_url, key_mode]))
    });
    let output = played.await.unwrap();
    let (done, trouble) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "stopped after {done:?}\n{trouble}");
    assert_eq!(done.lines().collect::<Vec<_>>(), steps);
}

fn python() -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", python_packages()).arg(format!("{TESTDATA}/python/independent_client.py"));
    python
}

fn node() -> Command {
    let mut node = Command::new("node");
    node.env("PACKAGES", node_packages()).arg(format!("{TESTDATA}/node/independent_client.mjs"));
    node
}

const PYTHON_STEPS: [&str; 7] =
    ["keys", "app", "notification", "browser", "face to face", "refund", "download"];

const NODE_STEPS: [&str; 8] =
    ["keys", "app", "notification", "browser", "face to face", "refund", "aes", "v3"];

#[tokio::test(flavor = "multi_thread")]
async fn python_alipay_sdk_pays_and_refunds_in_key_mode() {
    play(python, "public_key", &PYTHON_STEPS[..6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_alipay_sdk_pays_refunds_and_downloads_in_certificate_mode() {
    play(python, "certificate", &PYTHON_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sdk_pays_and_refunds_in_key_mode() {
    play(node, "public_key", &NODE_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sdk_pays_and_refunds_in_certificate_mode() {
    play(node, "certificate", &NODE_STEPS).await;
}
