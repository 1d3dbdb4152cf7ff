//! The demo as a newcomer meets it: it plays to the end, says so, and leaves nothing behind however it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use crate::process::{Running, left, logs, sandbox, temporary, wait_for_the_end};

/// Every row of the table at the end.
const STORIES: [&str; 16] = [
    "An order is paid, and WeChat calls back",
    "Two orders in one payment",
    "Five callbacks at once",
    "The callback is lost, and asking finds the money",
    "The app says paid, but it is not",
    "A forged callback, and WeChat's own signature probe",
    "A callback with a wrong amount",
    "The answer is lost after WeChat accepted",
    "A refund in two parts, and too much in between",
    "An order is paid twice",
    "Two baskets share an order, and both are paid",
    "The money comes after the close",
    "The server is killed while it gives back",
    "The callback is lost, and nobody asks",
    "A refund that WeChat refuses at first",
    "The books agree",
];

/// The rows of the table: number, story, words, verdict.
fn table(text: &str) -> Vec<&str> {
    let heading = |line: &&str| line.trim_start().starts_with("story ");
    text.lines().skip_while(|line| !heading(line)).skip(1).take_while(|line| !line.is_empty()).collect()
}

fn assert_all_as_promised(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}\n{text}", output.status);
    assert_eq!(errors, "");
    let rows = table(&text);
    assert_eq!(rows.len(), STORIES.len(), "{text}");
    for (row, story) in rows.iter().zip(STORIES) {
        assert!(row.contains(story) && row.ends_with("as promised"), "{row}");
    }
}

/// The server's peak in tenths of MiB, as the demo tells it.
fn peak_memory(text: &str) -> u32 {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("server memory at its peak")).unwrap();
    let (whole, tenth) = line.split_whitespace().next().unwrap().split_once('.').unwrap();
    whole.parse::<u32>().unwrap() * 10 + tenth.parse::<u32>().unwrap()
}

#[test]
fn every_story_ends_as_promised_and_nothing_is_left() {
    let temporary = temporary();
    let output = sandbox(temporary.path(), &["demo"]).output().unwrap();
    assert_all_as_promised(&output);
    assert_eq!(left(temporary.path()), Vec::<String>::new());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains('\x1b'), "colours where there is no terminal");
    if Path::new("/proc").exists() {
        assert!(peak_memory(&text) <= 640, "the server took more than 64 MiB:\n{text}");
    }
}

#[test]
fn a_demo_plays_again_on_the_data_that_an_earlier_one_kept() {
    let temporary = temporary();
    let kept = tempfile::tempdir().unwrap();
    fs::set_permissions(kept.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = kept.path().join("data");
    for _ in 0..2 {
        let output = sandbox(temporary.path(), &["demo", "--data", data.to_str().unwrap()]).output().unwrap();
        assert_all_as_promised(&output);
        assert_eq!(left(temporary.path()), Vec::<String>::new());
    }
    assert!(data.read_dir().unwrap().count() > 0);
}

#[test]
fn a_demo_that_stays_ends_whole_at_ctrl_c() {
    let temporary = temporary();
    let mut demo = Running::start(temporary.path(), &["demo", "--stay"]);
    demo.read_until("addresses ");
    assert!(left(temporary.path()).len() >= 5, "demo, channel, server, database, and their folders");
    assert_eq!(demo.interrupt(), Some(0));
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[test]
fn ctrl_c_in_the_middle_of_a_story_ends_everything_too() {
    let temporary = temporary();
    let mut demo = Running::start(temporary.path(), &["demo"]);
    demo.read_until("3  Five callbacks at once");
    assert_eq!(demo.interrupt(), Some(130));
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[test]
fn kill_9_of_a_demo_leaves_nothing() {
    let temporary = temporary();
    let mut demo = Running::start(temporary.path(), &["demo", "--stay"]);
    demo.read_until("2  Two orders in one payment");
    let logs = logs(temporary.path());
    assert_eq!(logs.len(), 3, "channel, server, database");
    demo.kill();
    wait_for_the_end(logs);
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[test]
fn what_cannot_be_started_is_said_in_one_line() {
    let temporary = temporary();
    let mut command: Command = sandbox(temporary.path(), &["demo"]);
    let output = command.env("PAYMENT_PG_BIN", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(errors.starts_with("payment-sandbox: PAYMENT_PG_BIN is /nowhere"), "{errors}");
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}
