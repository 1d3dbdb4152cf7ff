//! The payment service from a terminal: a client of its gRPC contract for people, and for scripts by `--json` and exit codes.
//!
//! A library, so that tests run commands in their own process. What comes from outside (arguments, environment, time) is
//! handed in, and what is said goes through `Terminal` alone.

mod arguments;
mod commands;
mod connection;
mod failure;
mod json;
mod profile;
mod table;
mod terminal;
mod words;

use std::{collections::BTreeMap, ffi::OsString, io::Write};

use clap::{CommandFactory as _, Parser as _};
use time::OffsetDateTime;

pub use failure::Ending;

use self::{
    arguments::{Arguments, Command},
    failure::Failure,
    profile::Settings,
    terminal::Terminal,
};

/// What a command gets from outside.
pub struct World<'a> {
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// The present instant, for times that are told as "in two hours".
    pub now: OffsetDateTime,
    /// Whether a person reads the output.
    pub is_terminal: bool,
    /// Where answers go.
    pub out: &'a mut (dyn Write + Send),
    /// Where refusals go.
    pub error: &'a mut (dyn Write + Send),
}

/// Runs the command that `arguments` ask for, the first of them being the program's name. How it ended is its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, world: &mut World<'_>) -> Ending {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // Help and version come this way too.
        Err(told) => {
            let text = told.render().to_string();
            return if told.use_stderr() {
                // A text that cannot be written changes nothing about how the command ended.
                let _ = world.error.write_all(text.as_bytes());
                Ending::Usage
            } else {
                let _ = world.out.write_all(text.as_bytes());
                Ending::Done
            };
        }
    };
    let as_json = arguments.json;
    match execute(arguments, world) {
        Ok(()) => Ending::Done,
        Err(failure) => {
            failure.tell(world.error, as_json);
            failure.ending()
        }
    }
}

/// Whether [`run`] would understand these arguments: what documents tell people to type is held to it.
///
/// # Errors
/// What a person would be told instead.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    Arguments::try_parse_from(arguments).map(drop).map_err(|told| told.render().to_string())
}

fn execute(arguments: Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    if let Command::Completion { shell } = arguments.command {
        // Into memory first: the library panics where its reader goes away.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "paymentctl", &mut script);
        return terminal::write(world.out, &script);
    }
    let mut settings = Settings::resolve(&arguments.connection, &world.environment)?;
    if arguments.command.follows() {
        settings.timeout_seconds = None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut terminal =
        Terminal::new(world.out, arguments.json, table::width(&world.environment, world.is_terminal));
    runtime.block_on(commands::execute(arguments.command, &settings, world.now, &mut terminal))
}
