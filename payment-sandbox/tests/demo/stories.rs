//! The demo as a newcomer meets it: it plays to the end, says so, and leaves nothing behind however it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use crate::process::{Running, left, logs, sandbox, temporary, wait_for_the_end};

/// Every row of the table at the end, and which of the four channels cannot play it.
const STORIES: [(&str, [&str; 4]); 18] = [
    ("An order is paid", PLAYED),
    ("Two orders in one payment", PLAYED),
    ("Five callbacks at once", ["", "", "", "no callbacks"]),
    ("The callback is lost, and asking finds the money", PLAYED),
    ("The channel denies that it was paid", PLAYED),
    ("The app says paid, but it is not", PLAYED),
    ("A forged callback, and a spoilt one", PLAYED),
    ("The channel says a wrong amount", PLAYED),
    ("The answer is lost after the channel accepted", ["", "no call to lose", "", ""]),
    ("An order is paid twice, by two channels", PLAYED),
    ("Two baskets share an order, and both are paid", PLAYED),
    ("The money comes after the close", ["", "", "never captured", "no callbacks"]),
    ("Money is held first, then taken or let go", ["holds no money", "holds no money", "", "holds no money"]),
    ("The server is killed while it gives back", PLAYED),
    ("A refund in two parts, and too much in between", PLAYED),
    ("The callback is lost, and nobody asks", PLAYED),
    ("A refund that is refused at first", PLAYED),
    ("The books agree", PLAYED),
];

/// Every channel plays it.
const PLAYED: [&str; 4] = [""; 4];

/// The rows of the table: number, story, a cell for each channel.
fn table(text: &str) -> Vec<&str> {
    let heading = |line: &&str| line.trim_start().starts_with("story ");
    text.lines().skip_while(|line| !heading(line)).skip(1).take_while(|line| !line.is_empty()).collect()
}

/// The cells of a row, from the first character after the story on.
fn cells<'a>(row: &'a str, story: &str) -> Vec<&'a str> {
    let (_, cells) = row.split_once(story).unwrap();
    cells.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn assert_all_as_promised(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}\n{text}", output.status);
    assert_eq!(errors, "");
    let rows = table(&text);
    assert_eq!(rows.len(), STORIES.len(), "{text}");
    for (row, (story, why_not)) in rows.iter().zip(STORIES) {
        let expected = why_not.map(|why| if why.is_empty() { "as promised" } else { why });
        assert_eq!(cells(row, story), expected, "{row}");
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
    assert!(left(temporary.path()).len() >= 5, "demo, server, database, and their folders");
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
    assert_eq!(logs.len(), 2, "server, database");
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
