//! One test under one defect, in a process of its own with a time limit.

use std::{process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{process::Command, time::timeout};

use crate::{defect::Defect, failure::Failure, suite::Binary};

/// By which a process learns which defect is its own; servers that tests start inherit it.
const SWITCH: &str = "PAYMENT_MUTANT";

/// The stack that cargo gives to tests' threads (`.cargo/config.toml`), which are run without cargo here.
const STACK: (&str, &str) = ("RUST_MIN_STACK", "8388608");

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passed: nobody noticed anything.
    Passed,
    /// It failed, saying this first.
    Failed(String),
    /// It did not end in time: what it waits for does not happen under the defect.
    Hung,
    /// The binary has no such test, or died before it ran it.
    NotRun(String),
}

/// Runs a defect's test, with the defect seeded or without any.
///
/// # Errors
/// [`Failure::System`] if the binary cannot be run.
pub async fn run(
    binary: &Binary,
    defect: &Defect,
    seeded: bool,
    limit: Duration,
) -> Result<Verdict, Failure> {
    let mut command = Command::new(&binary.path);
    command.args([defect.test.as_str(), "--exact", "--nocapture", "--test-threads", "1"]);
    command.current_dir(&binary.folder).env(STACK.0, STACK.1).env_remove(SWITCH);
    if seeded {
        command.env(SWITCH, &defect.name);
    }
    // A group of its own, so that what the test started ends with it.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().map_err(Failure::system(binary.path.display().to_string()))?;
    let group = running.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let ended = timeout(limit, running.wait_with_output()).await;
    if let Some(group) = group {
        // Nobody may be left of it: that is no failure.
        let _ = killpg(group, Signal::SIGKILL);
    }
    let Ok(output) = ended else { return Ok(Verdict::Hung) };
    let output = output.map_err(Failure::system(defect.killer()))?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(verdict(&text, output.status.success(), &defect.test))
}

/// What the output of a test binary says about the one test that was asked for.
fn verdict(text: &str, succeeded: bool, test: &str) -> Verdict {
    if succeeded {
        let ran = text.contains("test result: ok. 1 passed");
        return if ran { Verdict::Passed } else { Verdict::NotRun(format!("there is no test {test}")) };
    }
    let began = text.contains(&format!("test {test} ..."));
    if began { Verdict::Failed(first_words(text)) } else { Verdict::NotRun(last_line(text)) }
}

/// The first line of the first panic's message.
fn first_words(text: &str) -> String {
    let after = text.split_once("panicked at ").map_or("", |(_, after)| after);
    let words = after.lines().skip(1).map(str::trim).find(|line| !line.is_empty());
    words.map_or_else(|| last_line(text), |words| words.chars().take(160).collect())
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_binary_says_is_read_as_it_is_meant() {
        let passed = "running 1 test\ntest a::b ... ok\n\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(verdict(passed, true, "a::b"), Verdict::Passed);
        let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed\n";
        assert!(matches!(verdict(none, true, "a::b"), Verdict::NotRun(_)));
        let failed = "test a::b ... \nthread 'a::b' panicked at x.rs:1:2:\nassertion failed: it holds\nnote: ...\nFAILED\n";
        assert_eq!(verdict(failed, false, "a::b"), Verdict::Failed("assertion failed: it holds".to_owned()));
        assert!(matches!(verdict("error: no such option", false, "a::b"), Verdict::NotRun(_)));
    }
}
