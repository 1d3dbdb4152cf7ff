//! The binary: the command line with the channels that are built in.

use std::process::ExitCode;

use payment_core::identifiers::IdentifierError;
use payment_server::{channels::ChannelRegistry, command_line};

fn main() -> Result<ExitCode, IdentifierError> {
    Ok(command_line::run(std::env::args_os(), &ChannelRegistry::with_builtin()?))
}
