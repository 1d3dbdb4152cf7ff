//! The bench measures: a short run in a debug build, for what it says and not for how fast it is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

use std::process::Command;

/// Runs the bench and reads what it wrote.
fn figures(arguments: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_payment-bench"));
    let output = command.args(arguments).arg("--json").arg(&json).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(figures["durability"], "fsync on, synchronous_commit on");
    figures
}

#[test]
fn a_short_run_tells_figures_for_what_was_asked_for() {
    let only = "create-alipay-app,get-payment";
    let figures =
        figures(&["--rounds", "1", "--seconds", "1", "--clients", "2", "--growth", "0,500", "--only", only]);
    let grown = figures["grown"].as_array().unwrap();
    let beside: Vec<_> = grown.iter().map(|grown| grown["finished_payments"].as_u64().unwrap()).collect();
    assert_eq!(beside, [0, 500]);
    for grown in grown {
        let measured = grown["measured"].as_array().unwrap();
        let operations: Vec<_> = measured.iter().map(|one| one["operation"].as_str().unwrap()).collect();
        assert_eq!(operations, ["create-alipay-app", "get-payment"]);
        for one in measured {
            let round = &one["rounds"][0];
            assert!(round["ours"]["count"].as_u64().unwrap() > 0, "{one}");
            assert!(round["floor"]["count"].as_u64().unwrap() > 0, "{one}");
        }
    }
    assert!(figures["background"].is_null());
}

#[test]
fn a_short_run_tells_what_happens_without_a_caller() {
    let figures = figures(&["--background", "--rows", "100"]);
    let background = &figures["background"];
    assert!(background["due_rows_per_second"].as_f64().unwrap() > 0.0, "{background}");
    assert!(background["events_per_second"].as_f64().unwrap() > 0.0, "{background}");
    assert_eq!(
        background["first_attempt"]["count"], 200,
        "every payment that was notified of, the slowest too"
    );
    let judged: Vec<_> = figures["verdicts"].as_array().unwrap().iter().map(|one| &one["what"]).collect();
    assert!(judged.iter().any(|what| *what == "due rows a second"), "{judged:?}");
    assert!(judged.iter().all(|what| *what != "MiB under load"), "there was none: {judged:?}");
}
