//! Logs: structured, one line for each call, without secrets and payers (R29).

pub(crate) mod traces;

use std::{
    io,
    time::{Duration, Instant},
};

use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, fmt::MakeWriter, util::TryInitError};

pub use traces::{ExportError, Exporting};

use crate::config::{Log, LogFormat, Traces};

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none. The configuration refuses such filters before.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Spans cannot be sent.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Logging was set up already in this process.
    #[error("logging: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the process's log to standard error, and its spans to where the configuration says. To be called once, by `main`,
/// inside of the runtime.
///
/// # Errors
/// See [`TelemetryError`].
pub fn init(log: &Log, traces: &Traces) -> Result<Exporting, TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt;

    let exporting = traces::export(traces)?;
    dispatch(log, io::stderr, exporting.tracer())?.try_init()?;
    Ok(exporting)
}

/// What writes the log to `writer`.
///
/// # Errors
/// [`TelemetryError::Filter`].
pub fn subscriber<W>(log: &Log, writer: W) -> Result<Dispatch, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    dispatch(log, writer, None)
}

fn dispatch<W>(log: &Log, writer: W, tracer: Option<SdkTracer>) -> Result<Dispatch, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    use tracing_subscriber::layer::SubscriberExt;

    let filter = EnvFilter::builder().parse(&log.filter)?;
    let builder = fmt().with_env_filter(filter).with_writer(writer);
    let discreet = filter_fn(is_discreet);
    Ok(match log.format {
        LogFormat::Json => {
            let lines = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            let spans = tracer.map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer));
            lines.finish().with(discreet).with(spans).into()
        }
        LogFormat::Text => {
            let spans = tracer.map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer));
            builder.with_ansi(false).finish().with(discreet).with(spans).into()
        }
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
