//! What the binary runs beside the demo: each part on its own.

mod postgres;
mod server;
mod wechat;

use std::{fmt::Display, process::ExitCode};

use tokio::runtime::Runtime;

pub(crate) use postgres::{database_options, postgres};
pub(crate) use server::{ServerArguments, server, server_files};
pub(crate) use wechat::{WechatArguments, wechat};

/// Why a command ended without success, as a sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    /// For `map_err`: the error's own words.
    pub(crate) fn new(error: impl Display) -> Self {
        Self(error.to_string())
    }

    /// For `map_err`: what was tried, then the error's own words.
    pub(crate) fn at<E: Display>(tried: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{tried}: {error}"))
    }
}

/// How a command ends.
pub(crate) type Ended = Result<ExitCode, Failure>;

/// The runtime that a command lives in.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)
}
