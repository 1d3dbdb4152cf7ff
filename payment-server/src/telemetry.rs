//! Logs: structured, one line for each call, without secrets and payers (R29).

use std::{
    io,
    time::{Duration, Instant},
};

use payment_core::identifiers::{MerchantId, PaymentNo};
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

/// The one log line of one call to us. It is written even if the caller goes away: then its outcome is `ABANDONED`.
#[derive(Debug)]
pub struct CallLine {
    rpc: &'static str,
    merchant: Option<MerchantId>,
    payment: Option<PaymentNo>,
    outcome: &'static str,
    stopwatch: Stopwatch,
}

impl CallLine {
    /// Begins the line of a call to `rpc`.
    #[must_use]
    pub fn begin(rpc: &'static str) -> Self {
        Self { rpc, merchant: None, payment: None, outcome: "ABANDONED", stopwatch: Stopwatch::start() }
    }

    /// Names the caller, once known.
    pub fn merchant(&mut self, merchant: &MerchantId) {
        self.merchant = Some(merchant.clone());
    }

    /// Names the payment, once known.
    pub fn payment(&mut self, payment: &PaymentNo) {
        self.payment = Some(payment.clone());
    }

    /// Writes the line; `outcome` is `OK` or the word of an error's reason.
    pub fn finish(mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for CallLine {
    fn drop(&mut self) {
        tracing::info!(
            rpc = self.rpc,
            merchant.id = self.merchant.as_ref().map(MerchantId::as_str),
            payment.no = self.payment.as_ref().map(PaymentNo::as_str),
            duration_ms = self.stopwatch.milliseconds(),
            outcome = self.outcome,
            "call"
        );
    }
}
