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
    /// Measures these only.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Operation>,
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
        let wanted = |operation: &Operation| self.only.is_empty() || self.only.contains(operation);
        Operation::ALL.into_iter().filter(wanted).collect()
    }
}
