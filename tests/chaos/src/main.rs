//! The chaos run: three replicas, PostgreSQL and four channels as processes and servers of their own, every fault that there
//! is between them, and a judge that shares no code with the server. docs/reliability.md tells what it shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a run that cannot go on fails as a test does"
)]

mod arguments;
mod caller;
mod channel_wire;
mod channels;
mod client;
mod consumer;
mod database;
mod database_wire;
mod faults;
mod judge;
mod pause;
mod post_office;
mod replica;
mod report;
mod run;
mod stage;
mod storm;
mod told;
mod vigil;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Replica(replica)) = &arguments.command {
        return replica::serve(replica);
    }
    let seed = arguments.run.seed.unwrap_or_else(rand::random);
    report::say(&format!("seed {seed}"));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().thread_stack_size(8 * 1024 * 1024).build().unwrap();
    let report = runtime.block_on(run::run(&arguments.run, seed));
    report.tell();
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
