//! `cargo run -p payment-mutants`: seeds each defect in its turn and expects that its test fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use futures::{StreamExt as _, stream};
use payment_mutants::{
    copy::SeededCopy,
    defect::{Defect, Defects},
    failure::Failure,
    root,
    suite::Suite,
    table::{self, Took},
    trial::{self, Verdict},
};

/// Seeds defects one at a time into a copy of the workspace, and expects for each that its test fails.
#[derive(Debug, Parser)]
#[command(name = "payment-mutants")]
struct Arguments {
    /// Only defects whose name contains one of these, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many seconds a test may take before it counts as hung.
    #[arg(long, default_value_t = 180)]
    limit: u64,
    /// How many tests run at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only makes the copy, with every defect in it, in target/mutants/tree.
    #[arg(long)]
    copy_only: bool,
    /// Writes the table of a whole run to docs/mutants.md.
    #[arg(long, conflicts_with = "only")]
    record: bool,
}

impl Arguments {
    fn wants(&self, defect: &Defect) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| defect.name.contains(part))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            say(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

/// What came of one defect.
enum Outcome {
    /// Its test failed, after so many tenths of a second.
    Noticed(u64),
    /// Its test passed.
    Survived,
    /// Its test says nothing: it does not pass without the defect, or is not there.
    Untried,
}

/// How many defects were not noticed.
async fn run(arguments: &Arguments) -> Result<usize, Failure> {
    let root = root();
    let defects = Defects::of(&root)?;
    let copy = SeededCopy::refresh(&root, &defects)?;
    if arguments.copy_only {
        return Ok(0);
    }
    let tried: Vec<&Defect> = defects.defects.iter().filter(|defect| arguments.wants(defect)).collect();
    let suite = Suite::build(&copy, &tried)?;
    let trials = Trials { suite: &suite, limit: Duration::from_secs(arguments.limit), jobs: arguments.jobs };
    let sound = trials.sound(&tried).await?;
    let (mut took, mut survivors, mut untried) = (Took::new(), Vec::new(), Vec::new());
    let mut outcomes = stream::iter(&tried).map(|defect| trials.seed(defect, &sound)).buffered(trials.jobs);
    let mut names = tried.iter().map(|defect| defect.name.as_str());
    while let (Some(outcome), Some(name)) = (outcomes.next().await, names.next()) {
        match outcome? {
            Outcome::Noticed(tenths) => drop(took.insert(name.to_owned(), tenths)),
            Outcome::Survived => survivors.push(name),
            Outcome::Untried => untried.push(name),
        }
    }
    say(&format!("\n{} of {} defects were noticed", took.len(), tried.len()));
    for (what, names) in [("Tests are missing for", &survivors), ("Tests say nothing about", &untried)] {
        if !names.is_empty() {
            say(&format!("{what}: {}", names.join(", ")));
        }
    }
    let unnoticed = survivors.len() + untried.len();
    if arguments.record && unnoticed == 0 {
        table::write(&root.join("docs/mutants.md"), &table::table(&defects, &took))?;
    }
    Ok(unnoticed)
}

/// How tests are run.
struct Trials<'a> {
    suite: &'a Suite,
    limit: Duration,
    jobs: usize,
}

impl Trials<'_> {
    /// The tests that pass without any defect: only these say anything about one.
    async fn sound(&self, tried: &[&Defect]) -> Result<BTreeSet<String>, Failure> {
        let tests: BTreeMap<String, &Defect> =
            tried.iter().map(|defect| (defect.killer(), *defect)).collect();
        let passes = async |(name, defect): (String, &Defect)| {
            let binary = self.suite.binary(&defect.stands_in())?;
            let verdict = trial::run(binary, defect, false, self.limit).await?;
            if verdict != Verdict::Passed {
                say(&format!("without any defect: {name}: {verdict:?}"));
            }
            Ok((verdict == Verdict::Passed).then_some(name))
        };
        let passed = stream::iter(tests).map(passes).buffer_unordered(self.jobs);
        let passed: Vec<Result<_, Failure>> = passed.collect().await;
        passed.into_iter().filter_map(Result::transpose).collect()
    }

    /// Runs a defect's test with the defect.
    async fn seed(&self, defect: &Defect, sound: &BTreeSet<String>) -> Result<Outcome, Failure> {
        if !sound.contains(&defect.killer()) {
            return Ok(Outcome::Untried);
        }
        let begun = tokio::time::Instant::now();
        let binary = self.suite.binary(&defect.stands_in())?;
        let verdict = trial::run(binary, defect, true, self.limit).await?;
        let tenths = u64::try_from(begun.elapsed().as_millis() / 100).unwrap_or(u64::MAX);
        let (outcome, words) = match verdict {
            Verdict::Failed(words) => (Outcome::Noticed(tenths), words),
            Verdict::Hung => (Outcome::Noticed(tenths), format!("no end within {} s", self.limit.as_secs())),
            Verdict::Passed => (Outcome::Survived, "NOTICED BY NOBODY".to_owned()),
            Verdict::NotRun(why) => (Outcome::Untried, format!("SAYS NOTHING: {why}")),
        };
        say(&format!("{:<44} {:>5}.{} s  {words}", defect.name, tenths / 10, tenths % 10));
        Ok(outcome)
    }
}

/// Writes a line for whoever watches.
#[expect(clippy::print_stdout, reason = "a report is read at the terminal")]
fn say(line: &str) {
    println!("{line}");
}
