//! What `--stay` leaves to try by hand: every address, and lines that can be pasted.

use std::{fs, path::Path};

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::stage::Addresses;
use crate::{
    commands::Failure,
    terminal::{Terminal, Tone},
};

/// The client in Python, from the repository's root.
const PYTHON_CLIENT: &str = "payment-sandbox/independent/grpc_client.py";

/// A request that makes a payment whose QR code the wallet page knows.
const REQUEST: &str = r#"{"request_id": "by-hand-1", "orders": [{"order_no": "by-hand-1", "amount": {"currency_code": "CNY", "minor_units": 100}}], "description": "By hand", "wechat_pay": {"native": {}}}"#;

/// A request that gives a part of it back, once it is paid.
const REFUND: &str = r#"{"refund_no": "by-hand-1", "order_no": "by-hand-1", "amount": {"currency_code": "CNY", "minor_units": 40}, "reason": "REFUND_REASON_RETURN"}"#;

/// Writes the addresses for other programs and prints them for people.
pub(super) fn tell(terminal: Terminal, folder: &Path, addresses: &Addresses) -> Result<(), Failure> {
    let file = folder.join("addresses.json");
    write(&file, addresses).map_err(Failure::at(file.display()))?;
    let (channel, server) = (&addresses.channel, &addresses.server);
    let heading = terminal.toned(Tone::Bold, "Everything stays up until Ctrl-C. By hand:");
    terminal.line(&format!("\n{heading}\n"));
    let rows = [
        ("gRPC", format!("{} (reflection is on)", server.grpc)),
        ("API key", addresses.api_key.expose_secret().to_owned()),
        ("wallet", format!("{} (pay or refuse in a browser)", channel.wallet_url)),
        ("callbacks", format!("http://{}/v1/callbacks/wechat/wechat-main", server.callbacks)),
        ("admin", format!("http://{}/readyz", server.admin)),
        ("control", format!("{} (what the channel can be told)", channel.control_url)),
        ("database", format!("psql '{}'", addresses.database_url.expose_secret())),
        ("server log", folder.join("server.log").display().to_string()),
        ("addresses", file.display().to_string()),
    ];
    rows.iter().for_each(|(name, value)| terminal.line(&format!("  {name:<10}  {value}")));
    terminal
        .line("\nCreate a payment, then pay it on the wallet page (buf: npm install -g @bufbuild/buf):\n");
    terminal.line(&buf_curl(addresses, "PaymentService/CreatePayment", REQUEST));
    terminal.line("\nOnce it is paid, give a part of it back:\n");
    terminal.line(&buf_curl(addresses, "RefundService/CreateRefund", REFUND));
    terminal.line("\nOr from Python, with nothing but reflection (pip install grpcio grpcio-reflection):\n");
    terminal.line(&format!("  python3 {PYTHON_CLIENT} {}", file.display()));
    Ok(())
}

/// A call that can be pasted.
fn buf_curl(addresses: &Addresses, method: &str, request: &str) -> String {
    format!(
        "  buf curl --protocol grpc --http2-prior-knowledge \\\n    -H 'authorization: Bearer {}' \\\n    -d '{request}' \\\n    http://{}/payment.v1.{method}",
        addresses.api_key.expose_secret(),
        addresses.server.grpc
    )
}

fn write(file: &Path, addresses: &Addresses) -> std::io::Result<()> {
    let text = json!({
        "grpc": addresses.server.grpc,
        "api_key": addresses.api_key.expose_secret(),
        "callbacks": addresses.server.callbacks,
        "admin": addresses.server.admin,
        "wallet_url": addresses.channel.wallet_url,
        "control_url": addresses.channel.control_url,
        "mchid": addresses.channel.mchid,
        "database_url": addresses.database_url.expose_secret(),
    });
    fs::write(file, serde_json::to_vec_pretty(&text)?)
}
