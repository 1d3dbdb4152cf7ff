//! The binary `payment-sandbox`: the demo, and its parts one by one.

mod cli;
mod commands;
mod demo;
mod supervision;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
