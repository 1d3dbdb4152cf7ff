//! The figures as a table for people, and as JSON for programs.

use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

use crate::{
    failure::Failure,
    round::{Figures, Measured, Round},
    targets::{Target, Verdict},
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
        "machine: load {}\nPostgreSQL: {}\none RSA-2048 signature: {}\nserver: first answer after {}, {} idle, {} at most\n",
        figures.load,
        figures.durability,
        shown(figures.signature),
        shown(figures.start_time),
        kibibytes(figures.idle_memory),
        kibibytes(figures.peak_memory),
    );
    // Writing to a String cannot fail.
    for grown in &figures.grown {
        let _ = write!(text, "\nbeside {} finished payments: ", grown.finished_payments);
        let _ = writeln!(
            text,
            "a look of all four jobs with nothing due takes {}\n{}",
            shown(grown.tick),
            head()
        );
        for one in &grown.measured {
            let _ = writeln!(text, "{}", line(one));
        }
    }
    if let Some(background) = &figures.background {
        let _ = writeln!(
            text,
            "\nwithout a caller: {:.0} due rows a second, {:.0} events a second, first attempt of a webhook after {} (p99 {})",
            background.due_rows_per_second,
            background.events_per_second,
            shown(background.first_attempt.median),
            shown(background.first_attempt.p99),
        );
    }
    text += "\n";
    for verdict in &figures.verdicts {
        let _ = writeln!(text, "{}", judged(verdict));
    }
    text
}

fn judged(verdict: &Verdict) -> String {
    let (word, bound) = match verdict.target {
        Target::AtLeast(bound) => ("at least", bound),
        Target::AtMost(bound) => ("at most", bound),
    };
    let met = if verdict.met { "met   " } else { "MISSED" };
    format!("{met} {}: {:.2} ({word} {bound})", verdict.what, verdict.figure)
}

fn head() -> String {
    format!(
        "{:<18} {:>3} {:>8} {:>8} {:>17} {:>9} {:>9} {:>8} {:>7} {:>10} {:>6} {:>6} {:>9} {:>9} {:>10}",
        "operation",
        "at",
        "floor/s",
        "ours/s",
        "ratio (min-max)",
        "p50",
        "p99",
        "p99 rat.",
        "commits",
        "statements",
        "KB WAL",
        "fsyncs",
        "cpu ours",
        "cpu pg",
        "cpu client"
    )
}

fn line(one: &Measured) -> String {
    let operation = format!("{:?}", one.operation);
    let shares = one.spread(Round::share_of_floor);
    let median = |of: fn(&Round) -> f64| one.spread(of).median;
    let duration = |of: fn(&Round) -> Duration| {
        shown(Duration::from_secs_f64(one.spread(|round| of(round).as_secs_f64()).median))
    };
    let statements = one.rounds.iter().all(|round| round.cost.statements.is_some());
    let statements = if statements {
        format!("{:.1}", median(|round| round.cost.statements.unwrap_or_default()))
    } else {
        "unknown".to_owned()
    };
    format!(
        "{operation:<18} {:>3} {:>8.0} {:>8.0} {:>6.2} ({:.2}-{:.2}) {:>9} {:>9} {:>8.1} {:>7.2} {statements:>10} {:>6.1} {:>6.2} \
         {:>9} {:>9} {:>10}",
        one.clients,
        median(|round| round.floor.per_second),
        median(|round| round.ours.per_second),
        shares.median,
        shares.lowest,
        shares.highest,
        duration(|round| round.ours.median),
        duration(|round| round.ours.p99),
        median(Round::p99_of_floor),
        median(|round| round.cost.commits),
        median(|round| round.cost.wal_bytes / 1000.0),
        median(|round| round.cost.forced_writes),
        duration(|round| round.cost.server),
        duration(|round| round.cost.postgres),
        duration(|round| round.cost.client),
    )
}

fn shown(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

fn kibibytes(memory: Option<u64>) -> String {
    memory.map_or_else(|| "memory unknown".to_owned(), |memory| format!("{} MiB", memory / 1024))
}
