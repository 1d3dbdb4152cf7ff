//! Logs: structured, one line for each call, without secrets and payers (R29).

use std::{
    io,
    time::{Duration, Instant},
};

use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, fmt::MakeWriter, util::TryInitError};

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

    Ok(subscriber(log, io::stderr)?.try_init()?)
}

/// What writes the log to `writer`.
///
/// # Errors
/// [`TelemetryError::Filter`].
pub fn subscriber<W>(log: &Log, writer: W) -> Result<Dispatch, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    use tracing_subscriber::layer::SubscriberExt;

    let filter = EnvFilter::builder().parse(&log.filter)?;
    let builder = fmt().with_env_filter(filter).with_writer(writer);
    let discreet = filter_fn(is_discreet);
    Ok(match log.format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(false).finish().with(discreet).into()
        }
        LogFormat::Text => builder.with_ansi(false).finish().with(discreet).into(),
    })
}

/// PostgreSQL's driver writes every parameter of every statement at `debug`: payers, and what pays. No filter gets it to.
fn is_discreet(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || !metadata.target().starts_with("tokio_postgres")
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
