//! What the reader sees: each step as it happens, and the table at the end.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{promise::Kept, stories::Story};
use crate::terminal::{Terminal, Tone};

/// Width of the column that says what happens.
const ACTION_WIDTH: usize = 60;

/// Width of the column that says who does it.
const ACTOR_WIDTH: usize = 8;

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    /// The shop's backend, over gRPC.
    Shop,
    /// The person who pays, through WeChat's app.
    Payer,
    /// WeChat Pay, or somebody who claims to be it, over HTTP.
    Channel,
    /// Somebody who wants goods without paying.
    Forger,
    /// The service's process.
    Server,
    /// The service's records, read behind its back.
    Records,
}

impl Actor {
    const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Payer => "payer",
            Self::Channel => "WeChat",
            Self::Forger => "forger",
            Self::Server => "server",
            Self::Records => "records",
        }
    }
}

/// Whether a story ended as promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It did.
    Kept,
    /// It did not.
    Broken,
}

/// Tells each step as it happens, or keeps a story back that is played while others are told.
#[derive(Clone, Debug)]
pub(super) struct Report {
    terminal: Terminal,
    kept_back: Option<Arc<Mutex<Vec<String>>>>,
}

impl Report {
    /// A report to `terminal`.
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { terminal, kept_back: None }
    }

    /// A report whose lines wait for [`Report::tell_now`].
    pub(super) fn kept_back(terminal: Terminal) -> Self {
        Self { terminal, kept_back: Some(Arc::default()) }
    }

    /// Tells what was kept back.
    pub(super) fn tell_now(&self) {
        let Some(kept_back) = &self.kept_back else { return };
        let lines = mem::take(&mut *kept_back.lock().unwrap_or_else(PoisonError::into_inner));
        lines.iter().for_each(|line| self.terminal.line(line));
    }

    fn line(&self, line: String) {
        match &self.kept_back {
            None => self.terminal.line(&line),
            Some(kept_back) => kept_back.lock().unwrap_or_else(PoisonError::into_inner).push(line),
        }
    }

    /// A part of the stage that is up.
    pub(super) fn part(&self, name: &str, what: &str, took: Duration) {
        self.line(format!("  {:>10}  {name:<ACTOR_WIDTH$}  {what}", milliseconds(took)));
    }

    /// Something between two stories.
    pub(super) fn note(&self, what: &str) {
        self.line(format!("\n   {}", self.terminal.toned(Tone::Faint, what)));
    }

    /// The beginning of a story.
    pub(super) fn begin(&self, number: usize, story: &Story) {
        self.line(format!("\n{number}  {}", self.terminal.toned(Tone::Bold, story.title)));
        self.line(format!("   {}\n", self.terminal.toned(Tone::Faint, story.why)));
    }

    /// A step that was done.
    pub(super) fn step(&self, took: Duration, actor: Actor, action: &str, seen: &str) {
        let (time, actor) = (milliseconds(took), actor.name());
        self.line(format!("  {time:>10}  {actor:<ACTOR_WIDTH$}  {action:<ACTION_WIDTH$}  {seen}"));
    }

    /// The end of a story: what was seen, or what was broken.
    pub(super) fn end(&self, story: &Story, seen: Kept<String>, took: Duration) -> Line {
        let (verdict, seen) = match seen {
            Ok(seen) if seen == story.promised => (Verdict::Kept, seen),
            Ok(seen) => (Verdict::Broken, seen),
            Err(broken) => (Verdict::Broken, broken.to_string()),
        };
        let end = match verdict {
            Verdict::Kept => self.terminal.toned(Tone::Good, "as promised"),
            Verdict::Broken => self.terminal.toned(Tone::Bad, "NOT AS PROMISED"),
        };
        self.line(format!("  {:>10}  {end}: {seen}", milliseconds(took)));
        Line { title: story.title, promised: story.promised, seen, verdict, took }
    }
}

/// One story in the table.
pub(super) struct Line {
    title: &'static str,
    promised: &'static str,
    seen: String,
    verdict: Verdict,
    took: Duration,
}

/// Writes the table of all stories and says whether all ended as promised.
pub(super) fn table(terminal: Terminal, lines: &[Line]) -> Verdict {
    let width =
        |texts: fn(&Line) -> &str| lines.iter().map(|line| texts(line).chars().count()).max().unwrap_or(0);
    let (title, promised) = (width(|line| line.title), width(|line| line.promised));
    let heading =
        format!("{:>2}  {:<title$}  {:<promised$}  {:>8}  {}", "", "story", "promised", "ms", "seen");
    terminal.line(&format!("\n{}", terminal.toned(Tone::Bold, &heading)));
    for (number, line) in (1..).zip(lines) {
        let seen = match line.verdict {
            Verdict::Kept => terminal.toned(Tone::Good, "as promised"),
            Verdict::Broken => terminal.toned(Tone::Bad, &line.seen),
        };
        let (story, words, took) = (line.title, line.promised, tenths(line.took));
        terminal.line(&format!("{number:>2}  {story:<title$}  {words:<promised$}  {took:>8}  {seen}"));
    }
    let kept = lines.iter().all(|line| line.verdict == Verdict::Kept);
    if kept { Verdict::Kept } else { Verdict::Broken }
}

/// A duration such as `4.1 ms`.
pub(super) fn milliseconds(took: Duration) -> String {
    format!("{} ms", tenths(took))
}

/// Milliseconds with one decimal, without a float.
fn tenths(took: Duration) -> String {
    let tenths = took.as_micros().div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Fen as yuan, without a float.
pub(super) fn yuan(fen: i64) -> String {
    format!("¥{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_durations_are_written_without_floats() {
        assert_eq!(yuan(3_990), "¥39.90");
        assert_eq!(yuan(5), "¥0.05");
        assert_eq!(milliseconds(Duration::from_micros(4_100)), "4.1 ms");
        assert_eq!(milliseconds(Duration::from_micros(10)), "0.1 ms");
    }
}
