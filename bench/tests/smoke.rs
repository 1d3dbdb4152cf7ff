//! The bench measures: a short run in a debug build, for what it says and not for how fast it is.

use std::process::Command;

#[test]
fn a_short_run_tells_figures_for_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_payment-bench"))
        .args([
            "--rounds",
            "1",
            "--seconds",
            "1",
            "--clients",
            "2",
            "--only",
            "create-alipay-app,get-payment",
        ])
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(figures["durability"], "fsync on, synchronous_commit on");
    let measured = figures["measured"].as_array().unwrap();
    let operations: Vec<_> = measured.iter().map(|one| one["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["create-alipay-app", "get-payment"]);
    for one in measured {
        let round = &one["rounds"][0];
        assert!(round["ours"]["count"].as_u64().unwrap() > 0, "{one}");
        assert!(round["floor"]["count"].as_u64().unwrap() > 0, "{one}");
    }
}
