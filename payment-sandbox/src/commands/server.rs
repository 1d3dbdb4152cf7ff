//! `server`: a payment-server from its library, in a process of its own that ends with its parent.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use payment_core::ports::Ports;
use payment_server::{
    assemble,
    channels::ChannelRegistry,
    config::Config,
    lifecycle::Lifecycle,
    ports::{ReqwestHttp, SystemClock, SystemRandomness},
    serve::{Ended as ServerEnded, write_ready_file},
    telemetry,
};

use super::{Ended, Failure, runtime};
use crate::supervision::{EndSignals, end_with_parent};

/// What the server needs to know.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// Its configuration. The environment is not looked at.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Gets its addresses once it serves.
    #[arg(long, value_name = "FILE")]
    ready_file: PathBuf,
}

/// Serves until a signal comes or the parent ends, then finishes what was begun.
pub(crate) fn server(arguments: &ServerArguments) -> Ended {
    let registry = ChannelRegistry::with_builtin().map_err(Failure::new)?;
    let config = Config::load(&arguments.config, &BTreeMap::new()).map_err(Failure::new)?;
    registry.check(&config).map_err(Failure::new)?;
    telemetry::init(&config.log).map_err(Failure::new)?;
    runtime()?.block_on(serve(&config, &registry, arguments))
}

async fn serve(config: &Config, registry: &ChannelRegistry, arguments: &ServerArguments) -> Ended {
    let mut signals = EndSignals::listen().map_err(Failure::new)?;
    end_with_parent();
    let http = ReqwestHttp::new(&config.channel_http).map_err(Failure::new)?;
    let ports =
        Ports { clock: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness), http: Arc::new(http) };
    let starting = assemble::start(config, registry, &ports, Lifecycle::default());
    let running = tokio::select! {
        running = starting => running.map_err(Failure::new)?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    let ready_file = &arguments.ready_file;
    write_ready_file(ready_file, &running.addresses()).map_err(Failure::at(ready_file.display()))?;
    tokio::select! {
        () = signals.next() => {}
        () = running.draining() => {}
    }
    match running.shutdown().await {
        ServerEnded::Complete => Ok(ExitCode::SUCCESS),
        ServerEnded::GraceExpired { unfinished } => {
            Err(Failure::new(format!("{unfinished} tasks did not finish in time")))
        }
    }
}
