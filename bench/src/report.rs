//! The figures as a table for people, and as JSON for programs.

use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

use crate::{
    failure::Failure,
    round::{Figures, Measured, Round},
};

/// Prints the table, and writes the JSON where it is wanted.
#[expect(clippy::print_stdout, reason = "the person at the terminal reads it there")]
pub(crate) fn write(figures: &Figures, json: Option<&Path>) -> Result<(), Failure> {
    print!("{}", table(figures));
    let Some(json) = json else { return Ok(()) };
    let text = serde_json::to_string_pretty(figures).map_err(Failure::new)?;
    fs::write(json, text).map_err(Failure::at(json.display()))
}

/// Says why there are no figures.
#[expect(clippy::print_stderr, reason = "the person at the terminal reads it there")]
pub(crate) fn tell_failure(failure: &Failure) -> ExitCode {
    eprintln!("payment-bench: {failure}");
    ExitCode::FAILURE
}

fn table(figures: &Figures) -> String {
    let mut text = format!(
        "PostgreSQL: {}\none RSA-2048 signature: {}\nserver: ready after {}, {} idle, {} at most\n\n",
        figures.durability,
        shown(figures.signature),
        shown(figures.start_time),
        kibibytes(figures.idle_memory),
        kibibytes(figures.peak_memory),
    );
    text += &format!(
        "{:<18} {:>3} {:>9} {:>9} {:>17} {:>9} {:>9} {:>8} {:>8} {:>9} {:>9}\n",
        "operation",
        "at",
        "floor/s",
        "ours/s",
        "ratio (min-max)",
        "p50",
        "p99",
        "p99 rat.",
        "commits",
        "cpu ours",
        "cpu pg"
    );
    for one in &figures.measured {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line(one));
    }
    text
}

fn line(one: &Measured) -> String {
    let operation = format!("{:?}", one.operation);
    let ratios = spread(one, |round| round.ours.per_second / round.floor.per_second);
    let p99 = spread(one, |round| round.ours.p99.as_secs_f64() / round.floor.p99.as_secs_f64());
    let duration = |of: fn(&Round) -> Duration| {
        shown(Duration::from_secs_f64(spread(one, |round| of(round).as_secs_f64()).median))
    };
    format!(
        "{operation:<18} {:>3} {:>9.0} {:>9.0} {:>6.2} ({:.2}-{:.2}) {:>9} {:>9} {:>8.1} {:>8.2} {:>9} {:>9}",
        one.clients,
        spread(one, |round| round.floor.per_second).median,
        spread(one, |round| round.ours.per_second).median,
        ratios.median,
        ratios.lowest,
        ratios.highest,
        duration(|round| round.ours.median),
        duration(|round| round.ours.p99),
        p99.median,
        spread(one, |round| round.cost.commits).median,
        duration(|round| round.cost.server),
        duration(|round| round.cost.postgres),
    )
}

/// The middle of a few rounds, and how far they are apart.
struct Spread {
    lowest: f64,
    median: f64,
    highest: f64,
}

fn spread(one: &Measured, of: impl Fn(&Round) -> f64) -> Spread {
    let mut values: Vec<f64> = one.rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let at = |position: usize| values.get(position).copied().unwrap_or_default();
    Spread { lowest: at(0), median: at(values.len() / 2), highest: at(values.len().saturating_sub(1)) }
}

fn shown(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

fn kibibytes(memory: Option<u64>) -> String {
    memory.map_or_else(|| "memory unknown".to_owned(), |memory| format!("{} MiB", memory / 1024))
}
