//! Measures the service against the floor that PostgreSQL sets: the same machine, the same database server, the same run.

#![allow(clippy::float_arithmetic, reason = "figures for people: no money is counted here")]

mod arguments;
mod background;
mod caller;
mod captured;
mod channels;
mod cost;
mod failure;
mod floor;
mod instant;
mod load;
mod operations;
mod process;
mod receiver;
mod report;
mod round;
mod rows;
mod server;
mod signature;
mod stage;
mod targets;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    arguments::{Arguments, Command},
    failure::Failure,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        // The server that is measured is a process of its own: its memory and processor time are its own too.
        Some(Command::Serve { config, ready_file }) => server::serve(&config, &ready_file),
        None => match measure(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => report::tell_failure(&failure),
        },
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::new)?;
    let figures = runtime.block_on(round::all(arguments))?;
    report::write(&figures, arguments.json.as_deref())
}
