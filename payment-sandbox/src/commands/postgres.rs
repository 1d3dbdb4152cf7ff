//! `postgres`: the private database alone.

use std::{path::PathBuf, process::ExitCode};

use payment_sandbox::postgres::{
    Durability, Endpoint, Environment, PostgresOptions, PrivatePostgres, Storage,
};

use super::{Ended, Failure, runtime};
use crate::{supervision::EndSignals, terminal::Terminal};

/// A database as safe as PostgreSQL ships it, in `data` or in a temporary folder.
pub(crate) fn database_options(data: Option<PathBuf>) -> PostgresOptions {
    PostgresOptions {
        storage: data.map_or(Storage::Temporary, Storage::Kept),
        durability: Durability::Durable,
        endpoint: Endpoint::Socket,
        settings: Vec::new(),
        environment: Environment::read(),
    }
}

/// Runs a database until a signal comes.
pub(crate) fn postgres(data: Option<PathBuf>) -> Ended {
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { EndSignals::listen() }).map_err(Failure::new)?;
    let database = PrivatePostgres::start(database_options(data)).map_err(Failure::new)?;
    let terminal = Terminal::of_process();
    terminal.line(&format!("PostgreSQL {}, until Ctrl-C:\n", database.version()));
    terminal.line(&format!("  {}", database.url("postgres")));
    runtime.block_on(signals.next());
    database.stop().map_err(Failure::new)?;
    Ok(ExitCode::SUCCESS)
}
