//! What the reader sees: each story with what was promised and what each channel showed, and the table at the end.

use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    promise::{Played, Unplayed},
    stories::Story,
};
use crate::terminal::{Terminal, Tone};

/// Width of the column that says what happens.
const ACTION_WIDTH: usize = 60;

/// Width of the column that says who does it.
const ACTOR_WIDTH: usize = 10;

/// Width of a channel's column in the table.
const CELL_WIDTH: usize = 17;

/// What a cell says of a story that ended as it must.
const AS_PROMISED: &str = "as promised";

/// What it says of one that did not.
const NOT_AS_PROMISED: &str = "NOT AS PROMISED";

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    /// The shop's backend, over gRPC.
    Shop,
    /// The person who pays, through the channel's app.
    Payer,
    /// The channel, over HTTP, or its books.
    Channel(&'static str),
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
            Self::Channel(name) => name,
            Self::Forger => "forger",
            Self::Server => "server",
            Self::Records => "records",
        }
    }
}

/// What a reader wants to see beside the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Only how each story ended.
    Ends,
    /// Every step of every story.
    Steps,
}

/// Something that is up: what, where, and how long it took.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) what: String,
    pub(super) took: Duration,
}

/// The steps of one story in one channel.
#[derive(Debug, Default)]
pub(super) struct Steps(Mutex<Vec<String>>);

impl Steps {
    /// A step that was done.
    pub(super) fn done(&self, took: Duration, actor: Actor, action: &str, seen: &str) {
        let (time, actor) = (milliseconds(took), actor.name());
        let line = format!("    {time:>10}  {actor:<ACTOR_WIDTH$}  {action:<ACTION_WIDTH$}  {seen}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// The end of the story.
    pub(super) fn end(&self, channel: &'static str, story: &Story, played: Played, took: Duration) -> Cell {
        let (verdict, seen) = match played {
            Ok(seen) if seen == story.promised => (Verdict::Kept, seen),
            Ok(seen) => (Verdict::Broken, seen),
            Err(Unplayed::NotHere(why)) => (Verdict::NotHere, why.to_owned()),
            Err(Unplayed::Broken(broken)) => (Verdict::Broken, broken.to_string()),
        };
        let steps = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Cell { channel, verdict, seen, took, steps }
    }
}

/// Whether a story ended as promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It did.
    Kept,
    /// It did not.
    Broken,
    /// The channel cannot play it.
    NotHere,
}

/// One story in one channel.
pub(super) struct Cell {
    channel: &'static str,
    verdict: Verdict,
    seen: String,
    took: Duration,
    steps: Vec<String>,
}

impl Cell {
    /// The cell of the table: words and their tone.
    fn words(&self) -> (&str, Tone) {
        match self.verdict {
            Verdict::Kept => (AS_PROMISED, Tone::Good),
            Verdict::Broken => (NOT_AS_PROMISED, Tone::Bad),
            Verdict::NotHere => (&self.seen, Tone::Faint),
        }
    }

    /// The line below a story.
    fn line(&self, terminal: Terminal) -> String {
        let (words, tone) = self.words();
        let words = terminal.toned(tone, &format!("{words:<CELL_WIDTH$}"));
        let end = match self.verdict {
            Verdict::Kept => milliseconds(self.took),
            Verdict::Broken => terminal.toned(Tone::Bad, &self.seen),
            Verdict::NotHere => String::new(),
        };
        format!("    {:<ACTOR_WIDTH$}  {words}  {end}", self.channel).trim_end().to_owned()
    }
}

/// One story in every channel.
pub(super) struct Row {
    pub(super) story: &'static Story,
    pub(super) cells: Vec<Cell>,
}

impl Row {
    /// The same row after it was told; the steps of what was broken are told whatever the reader wants.
    pub(super) fn told(self, terminal: Terminal, number: usize, detail: Detail) -> Self {
        terminal.line(&format!("\n{number:>2}  {}", terminal.toned(Tone::Bold, self.story.title)));
        terminal.line(&format!("    {}", terminal.toned(Tone::Faint, self.story.why)));
        terminal.line(&format!("    {:<ACTOR_WIDTH$}  {}", "promised", self.story.promised));
        for cell in &self.cells {
            terminal.line(&cell.line(terminal));
            if detail == Detail::Steps || cell.verdict == Verdict::Broken {
                cell.steps.iter().for_each(|step| terminal.line(step));
            }
        }
        self
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict == verdict).count()
    }
}

/// What is up, before the first story.
pub(super) fn parts(terminal: Terminal, parts: &[Part]) {
    for Part { name, what, took } in parts {
        let took = milliseconds(*took);
        terminal.line(&format!("  {took:>10}  {name:<ACTOR_WIDTH$}  {what}"));
    }
}

/// Writes the table of all stories and says whether all ended as promised.
pub(super) fn table(terminal: Terminal, rows: &[Row]) -> Verdict {
    let width = rows.iter().map(|row| row.story.title.chars().count()).max().unwrap_or(0);
    let names = rows.first().into_iter().flat_map(|row| &row.cells);
    let names: String = names.map(|cell| format!("{:<CELL_WIDTH$}", cell.channel)).collect();
    let heading = format!("    {:<width$}  {names}", "story");
    terminal.line(&format!("\n{}", terminal.toned(Tone::Bold, heading.trim_end())));
    for (number, row) in (1..).zip(rows) {
        let cells = row.cells.iter().map(|cell| {
            let (words, tone) = cell.words();
            terminal.toned(tone, &format!("{words:<CELL_WIDTH$}"))
        });
        let line = format!("{number:>2}  {:<width$}  {}", row.story.title, cells.collect::<String>());
        terminal.line(line.trim_end());
    }
    let count = |verdict| rows.iter().map(|row| row.count(verdict)).sum::<usize>();
    let (kept, broken, absent) = (count(Verdict::Kept), count(Verdict::Broken), count(Verdict::NotHere));
    let tone = if broken == 0 { Tone::Good } else { Tone::Bad };
    let sum = format!("{kept} of {} as promised", kept + broken);
    let rest = format!("; {absent} that a channel has no way to play");
    terminal.line(&format!("\n    {}{rest}", terminal.toned(tone, &sum)));
    if broken == 0 { Verdict::Kept } else { Verdict::Broken }
}

/// A duration such as `4.1 ms`.
pub(super) fn milliseconds(took: Duration) -> String {
    let tenths = took.as_micros().div_ceil(100);
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_without_floats() {
        assert_eq!(milliseconds(Duration::from_micros(4_100)), "4.1 ms");
        assert_eq!(milliseconds(Duration::from_micros(10)), "0.1 ms");
    }
}
