//! Logs: structured, one line for each call, without secrets and payers (R29), each with the trace that it is a part of.

mod lines;
pub(crate) mod traces;

use std::{
    io,
    time::{Duration, Instant},
};

use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, filter::FilterExt as _, filter::filter_fn, fmt, fmt::MakeWriter,
    layer::SubscriberExt as _, registry::LookupSpan, util::TryInitError,
};

use lines::TraceNamed;
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

    let (subscriber, exporting) = traced(log, traces, io::stderr)?;
    subscriber.try_init()?;
    Ok(exporting)
}

/// What writes the log to `writer` and sends spans to where the configuration says. To be called inside of the runtime.
///
/// # Errors
/// [`TelemetryError::Filter`], [`TelemetryError::Export`].
pub fn traced<W>(log: &Log, traces: &Traces, writer: W) -> Result<(Dispatch, Exporting), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let exporting = traces::export(traces)?;
    Ok((dispatch(log, writer, exporting.tracer())?, exporting))
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
    let filter = EnvFilter::builder().parse(&log.filter)?;
    let lines = fmt::layer().with_ansi(false).with_writer(writer);
    let lines = match log.format {
        LogFormat::Json => {
            let format = fmt::format().json().flatten_event(true);
            let format = format.with_current_span(false).with_span_list(false);
            lines.json().event_format(TraceNamed::as_first_member(format)).boxed()
        }
        LogFormat::Text => lines.event_format(TraceNamed::at_the_end(fmt::format())).boxed(),
    };
    let lines = lines.with_filter(filter.and(filter_fn(is_line)));
    let subscriber = Registry::default().with(filter_fn(is_discreet)).with(lines);
    Ok(subscriber.with(tracer.map(spans)).into())
}

/// What makes OpenTelemetry's spans of ours, whatever the log's filter says. Nothing is told of a span but what it names
/// itself: no thread, no line of the source, no line of the log.
fn spans<S>(tracer: SdkTracer) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    let spans =
        spans.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
    spans.with_filter(filter_fn(is_span_of_ours))
}

/// Lines show no spans: where none are sent, none are made.
fn is_line(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    let ours = ["payment_", "channel_"].iter().any(|crates| metadata.target().starts_with(crates));
    metadata.is_span() && ours && *metadata.level() <= Level::INFO
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
