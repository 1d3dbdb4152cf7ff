//! `server`: payment-server's own command line, in a process of its own that ends with its parent.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use channel_bad_pay::BadPayFactory;
use clap::Args;
use payment_server::{channels::ChannelRegistry, command_line};

use super::{Ended, Failure};
use crate::supervision::end_with_parent;

/// Its configuration in the demo's folder.
const CONFIGURATION: &str = "server.toml";

/// The file in that folder that holds its addresses once it serves.
const READY: &str = "server.json";

/// What the server needs to know.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// The demo's folder, which holds the configuration, and which is removed when this ends in order: a demo that was
    /// killed cannot do that itself.
    #[arg(long, value_name = "DIR")]
    demo_folder: PathBuf,
}

impl ServerArguments {
    /// The arguments of the server of a demo.
    pub(crate) fn of_demo(folder: &Path) -> [String; 3] {
        ["server", "--demo-folder", &folder.to_string_lossy()].map(str::to_owned)
    }
}

/// Where the server of a demo has its configuration, and tells its addresses.
pub(crate) fn server_files(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join(CONFIGURATION), folder.join(READY))
}

/// Serves until a signal comes or the parent ends, then finishes what was begun.
pub(crate) fn server(arguments: &ServerArguments) -> Ended {
    let mut registry = ChannelRegistry::with_builtin().map_err(Failure::new)?;
    // A channel from outside takes one line.
    registry.register(Arc::new(BadPayFactory::new().map_err(Failure::new)?)).map_err(Failure::new)?;
    end_with_parent();
    let (configuration, ready_file) = server_files(&arguments.demo_folder);
    let words: [OsString; 6] = [
        "payment-server".into(),
        "--config".into(),
        configuration.into(),
        "serve".into(),
        "--ready-file".into(),
        ready_file.into(),
    ];
    let code = command_line::run(words, &registry);
    if code == ExitCode::SUCCESS {
        let folder = &arguments.demo_folder;
        fs::remove_dir_all(folder).map_err(Failure::at(folder.display()))?;
    }
    Ok(code)
}
