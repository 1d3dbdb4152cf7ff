//! Clients that know nothing but the server's reflection pay orders: Python's `grpcio`, and `buf curl` as the demo prints it.
//!
//! Needs `python3` with pip and `npm`, and the network once: the pinned packages go into cargo's folder for test files and
//! stay there. Without a network set `PAYMENT_OFFLINE=1`, which leaves this test out and says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::process::{Running, http, left, temporary};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/independent");

/// The release of buf that was tried.
const BUF: &str = "@bufbuild/buf@1.75.0";

#[expect(clippy::disallowed_methods, reason = "a switch for people without a network")]
fn is_offline() -> bool {
    std::env::var("PAYMENT_OFFLINE").is_ok_and(|value| value == "1")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"))
}

fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let (text, trouble) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{trouble}", output.status);
    text.into_owned()
}

/// A folder that `install` fills, made on first use and named after all that it depends on. It gets its name only once it
/// is complete, so that test runs side by side never see half of it.
fn installed(name: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !folder.exists() {
        let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        install(unfinished.path());
        // A failure means that another test run was faster.
        if let Err(error) = fs::rename(unfinished.path(), &folder) {
            assert!(folder.exists(), "{} could not be named: {error}", folder.display());
        }
    }
    folder
}

fn python_packages() -> PathBuf {
    let requirements = format!("{FOLDER}/requirements.txt");
    let python =
        succeed(Command::new("python3").args(["-c", "import sys; print(sys.implementation.cache_tag)"]));
    let hash = hex::encode(Sha256::digest(fs::read(&requirements).unwrap()));
    installed(&format!("grpcio-{}-{}", python.trim(), hash.get(..12).unwrap()), |folder| {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        succeed(Command::new("python3").args(pip).arg(&requirements).arg("--target").arg(folder));
    })
}

fn buf() -> PathBuf {
    let version = BUF.rsplit('@').next().unwrap();
    let folder = installed(&format!("buf-{version}"), |folder| {
        let npm = ["install", "--silent", "--no-audit", "--no-fund", BUF, "--prefix"];
        succeed(Command::new("npm").args(npm).arg(folder));
    });
    folder.join("node_modules/.bin/buf")
}

/// The text at a JSON pointer.
fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    let value = document.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_else(|| panic!("no text at {pointer} in {document}"))
}

/// The arguments that the demo prints for `buf curl`, with this request in the place of its own.
fn buf_curl(buf: &Path, addresses: &Value, method: &str, request: &Value) -> Value {
    let bearer = format!("authorization: Bearer {}", text(addresses, "/api_key"));
    let url = format!("http://{}/payment.v1.{method}", text(addresses, "/grpc"));
    let arguments = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-H", &bearer, "-d"];
    let answer = succeed(Command::new(buf).args(arguments).arg(request.to_string()).arg(url));
    serde_json::from_str(&answer).unwrap()
}

/// The payer on the wallet page, as a browser sends its form.
async fn pay_on_wallet_page(addresses: &Value, payment_no: &str) {
    let page = format!("{}/{payment_no}", text(addresses, "/channels/wechat-main/page"));
    let form = http().post(page).header("content-type", "application/x-www-form-urlencoded");
    form.body("action=pay").send().await.unwrap().error_for_status().unwrap();
}

async fn pay_with_buf(buf: &Path, addresses: &Value) {
    let request = json!({
        "request_id": "buf-1", "description": "Order from buf", "wechat_pay": {"native": {}},
        "orders": [{"order_no": "buf-1", "amount": {"currency_code": "CNY", "minor_units": 100}}],
    });
    let created = buf_curl(buf, addresses, "PaymentService/CreatePayment", &request);
    assert!(text(&created, "/paymentData/qrCode").starts_with("weixin://"), "{created}");
    let number = text(&created, "/payment/paymentNo");
    pay_on_wallet_page(addresses, number).await;
    let synced = buf_curl(buf, addresses, "PaymentService/SyncPayment", &json!({"payment_no": number}));
    assert_eq!(text(&synced, "/payment/state"), "PAYMENT_STATE_SUCCEEDED");
    let order = buf_curl(buf, addresses, "OrderService/GetOrder", &json!({"order_no": "buf-1"}));
    assert_eq!(text(&order, "/order/state"), "ORDER_STATE_PAID");
    assert_eq!(text(&order, "/order/paidAmount/minorUnits"), "100");
}

#[tokio::test]
async fn grpcio_and_buf_curl_pay_orders_by_reflection_alone() {
    if is_offline() {
        eprintln!("left out: PAYMENT_OFFLINE=1, and the independent clients come over the network");
        return;
    }
    let (packages, buf) = (python_packages(), buf());
    let temporary = temporary();
    let mut demo = Running::start(temporary.path(), &["demo", "--stay"]);
    let file = demo.read_until("addresses ");
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages).arg(format!("{FOLDER}/grpc_client.py")).arg(&file);
    let steps = succeed(&mut python);
    assert!(steps.ends_with("order: ORDER_STATE_PAID 2550\n"), "{steps}");
    let addresses: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    pay_with_buf(&buf, &addresses).await;
    assert_eq!(demo.interrupt(), Some(0));
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}
