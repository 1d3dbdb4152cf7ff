//! Logs: structured, one line for each call, without secrets and payers (R29).

use std::{
    io,
    time::{Duration, Instant},
};

use tracing_subscriber::{EnvFilter, fmt, util::TryInitError};

use crate::config::{Log, LogFormat};

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none. The configuration refuses such filters before.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was set up already in this process.
    #[error("logging: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the process's log to standard error. To be called once, by `main`.
///
/// # Errors
/// See [`TelemetryError`].
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt;

    let filter = EnvFilter::builder().parse(&log.filter)?;
    let builder = fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).finish().try_init()?,
        LogFormat::Text => builder.with_ansi(false).finish().try_init()?,
    }
    Ok(())
}

/// Measures how long something took, for the log only: no decision reads it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "telemetry may measure; no decision depends on it")]
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The whole milliseconds since the start.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
