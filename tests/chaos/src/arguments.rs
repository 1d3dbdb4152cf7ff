//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Lets three replicas, PostgreSQL and four channels suffer every fault there is, and judges what is left.
#[derive(Debug, Parser)]
#[command(name = "payment-chaos")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

/// How a run is.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// What everything that is left to chance comes from; drawn and told if none is given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How many orders callers make.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) orders: usize,
    /// How many callers make them at a time.
    #[arg(long, default_value_t = 48)]
    pub(crate) callers: usize,
    /// How many times as fast as the machine's clock the clocks of replicas and channels run.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) speed: u32,
    /// How often each fault must have been injected for the run to count.
    #[arg(long, default_value_t = 0)]
    pub(crate) least: u64,
    /// How many times slower than it should be the machine may be: what is due is then given so much more time.
    #[arg(long, default_value_t = 1)]
    pub(crate) slack: u32,
    /// Keeps configuration and logs in this folder.
    #[arg(long)]
    pub(crate) keep: Option<PathBuf>,
}

/// What this executable does beside running.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A replica of the server.
    #[command(hide = true)]
    Replica(ReplicaArguments),
}

/// A replica of the server.
#[derive(Debug, Args)]
pub(crate) struct ReplicaArguments {
    pub(crate) config: PathBuf,
    pub(crate) ready_file: PathBuf,
    /// When everybody's clock showed the machine's time, in seconds of Unix.
    pub(crate) since: i64,
    pub(crate) speed: u32,
    /// By how many seconds this clock is ahead of everybody's.
    #[arg(allow_negative_numbers = true)]
    pub(crate) ahead: i64,
}
