//! `server`: payment-server's own command line, in a process of its own that ends with its parent.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;
use payment_server::{channels::ChannelRegistry, command_line};

use super::{Ended, Failure};
use crate::supervision::end_with_parent;

/// What the server needs to know.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// Its configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Gets its addresses once it serves.
    #[arg(long, value_name = "FILE")]
    ready_file: PathBuf,
}

/// Serves until a signal comes or the parent ends, then finishes what was begun.
pub(crate) fn server(arguments: &ServerArguments) -> Ended {
    let registry = ChannelRegistry::with_builtin().map_err(Failure::new)?;
    end_with_parent();
    let words: [OsString; 6] = [
        "payment-server".into(),
        "--config".into(),
        arguments.config.clone().into(),
        "serve".into(),
        "--ready-file".into(),
        arguments.ready_file.clone().into(),
    ];
    Ok(command_line::run(words, &registry))
}
