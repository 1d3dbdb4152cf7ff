//! A short chaos run with every test run: few orders, every kind of process, the same judge. A busy machine may be slow.

use std::process::Command;

/// One of those with which the long run was made.
const SEED: &str = "20261127";

#[test]
fn r01_to_r27_hold_when_replicas_database_and_channels_fail_at_random() {
    let output = Command::new(env!("CARGO_BIN_EXE_payment-chaos"))
        .args(["--seed", SEED, "--orders", "60", "--callers", "16", "--slack", "15"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told.matches("holds ").count(), 9, "{told}");
}
