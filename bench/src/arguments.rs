//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::operations::Operation;

/// Measures the service against the floor that PostgreSQL sets.
#[derive(Debug, Parser)]
#[command(name = "payment-bench")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How often floor and service are measured in turn; medians are told with the lowest and the highest.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) rounds: u32,
    /// How long one measurement takes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// How many clients at a time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    pub(crate) clients: Vec<usize>,
    /// Measures these only, and nothing that happens without a caller.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Operation>,
    /// Measures what happens without a caller, and no operation.
    #[arg(long, conflicts_with = "only")]
    pub(crate) background: bool,
    /// Measures beside so many finished payments, such as 0,1000000,10000000. A million takes about 3 GB and a minute.
    #[arg(long, value_delimiter = ',', default_values_t = [0])]
    pub(crate) growth: Vec<usize>,
    /// How many rows are due and how many events wait where that is measured.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,
    /// Writes the figures to this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// What this executable does beside measuring.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The server that is measured.
    #[command(hide = true)]
    Serve {
        /// Its configuration.
        #[arg(long)]
        config: PathBuf,
        /// Gets its addresses once it serves.
        #[arg(long)]
        ready_file: PathBuf,
    },
}

impl Arguments {
    /// What is to be measured.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let all = self.only.is_empty() && !self.background;
        let wanted = |operation: &Operation| all || self.only.contains(operation);
        Operation::ALL.into_iter().filter(wanted).collect()
    }

    /// Whether to measure what happens without a caller.
    pub(crate) const fn measures_background(&self) -> bool {
        self.only.is_empty()
    }

    /// Numbers of finished payments, fewest first, each once.
    pub(crate) fn levels(&self) -> Vec<usize> {
        let mut levels = self.growth.clone();
        levels.sort_unstable();
        levels.dedup();
        levels
    }

    /// How many rows are due, and how many events wait.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.rows).unwrap_or(usize::MAX)
    }
}
