//! What `--stay` leaves to try by hand: every address, and lines that can be pasted.

use std::{fs, path::Path};

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::{channels::Channel, stage::Addresses};
use crate::{
    commands::Failure,
    terminal::{Terminal, Tone},
};

/// The client in Python, from the repository's root.
const PYTHON_CLIENT: &str = "payment-sandbox/independent/grpc_client.py";

/// A request that gives a part of it back, once it is paid.
const REFUND: &str = r#"{"refund_no": "by-hand-1", "order_no": "by-hand-1", "amount": {"currency_code": "CNY", "minor_units": 40}, "reason": "REFUND_REASON_RETURN"}"#;

/// Writes the addresses for other programs and prints them for people.
pub(super) fn tell(terminal: Terminal, folder: &Path, addresses: &Addresses) -> Result<(), Failure> {
    let file = folder.join("addresses.json");
    write(&file, addresses).map_err(Failure::at(file.display()))?;
    let server = &addresses.server;
    let heading = terminal.toned(Tone::Bold, "Everything stays up until Ctrl-C. By hand:");
    terminal.line(&format!("\n{heading}\n"));
    let rows = [
        ("gRPC", format!("{} (reflection is on)", server.grpc)),
        ("API key", addresses.api_key.expose_secret().to_owned()),
        ("callbacks", format!("http://{}/v1/callbacks/{{channel}}/{{account}}", server.callbacks)),
        ("admin", format!("http://{}/readyz", server.admin)),
        ("database", format!("psql '{}'", addresses.database_url.expose_secret())),
        ("server log", folder.join("server.log").display().to_string()),
        ("addresses", file.display().to_string()),
    ];
    rows.iter().for_each(|(name, value)| terminal.line(&format!("  {name:<10}  {value}")));
    terminal
        .line("\nCreate a payment, then pay it on the channel's page (buf: npm install -g @bufbuild/buf):");
    for (number, channel) in (1..).zip(&addresses.channels.all) {
        tell_channel(terminal, addresses, channel.as_ref(), number);
    }
    terminal.line("\nOnce the first is paid, give a part of it back:\n");
    terminal.line(&buf_curl(addresses, "RefundService/CreateRefund", REFUND));
    terminal.line("\nOr from Python, with nothing but reflection (pip install grpcio grpcio-reflection):\n");
    terminal.line(&format!("  python3 {PYTHON_CLIENT} {}", file.display()));
    Ok(())
}

/// A payment by hand in one channel: where to pay, and the request.
fn tell_channel(terminal: Terminal, addresses: &Addresses, channel: &dyn Channel, number: u32) {
    let by_hand = channel.by_hand();
    let name = terminal.toned(Tone::Bold, channel.name());
    terminal.line(&format!("\n  {name}: {} ({})", by_hand.page, by_hand.how));
    if let Some(control) = &by_hand.control_url {
        terminal.line(&format!("  what it can be told: {control}"));
    }
    terminal.line("");
    let number = format!("by-hand-{number}");
    let amount = json!({"currency_code": channel.currency(), "minor_units": 100});
    let orders = json!([{"order_no": number, "amount": amount}]);
    let mut request = json!({"request_id": number, "orders": orders, "description": "By hand"});
    if let (Some(request), Value::Object(more)) = (request.as_object_mut(), by_hand.request) {
        request.extend(more);
    }
    terminal.line(&buf_curl(addresses, "PaymentService/CreatePayment", &request.to_string()));
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
    let channels = addresses.channels.all.iter().map(|channel| {
        let by_hand = channel.by_hand();
        let urls = json!({"page": by_hand.page, "control_url": by_hand.control_url});
        (channel.account().to_owned(), urls)
    });
    let text = json!({
        "grpc": addresses.server.grpc,
        "api_key": addresses.api_key.expose_secret(),
        "callbacks": addresses.server.callbacks,
        "admin": addresses.server.admin,
        "channels": channels.collect::<Map<_, _>>(),
        "database_url": addresses.database_url.expose_secret(),
    });
    fs::write(file, serde_json::to_vec_pretty(&text)?)
}
