//! The one log line of a call: gathered while it runs, written when its answer has ended or its caller went away.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use payment_core::identifiers::PaymentNo;
use tonic::{Status, body::Body};
use tracing::Span;

use super::status;
use crate::{
    app::{error::AppError, principal::KeyHolder},
    metrics::Metrics,
    telemetry::Stopwatch,
};

/// What only the handler knows about its call.
#[derive(Debug, Clone, Default)]
pub(super) struct CallNotes(Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    payment_no: OnceLock<PaymentNo>,
    cause: OnceLock<String>,
}

impl CallNotes {
    /// The payment that the call is about; the first word stands.
    pub(super) fn payment_no(&self, payment_no: &PaymentNo) {
        let _ = self.0.payment_no.set(payment_no.clone());
    }

    /// Answers a use case's refusal; what the caller must not learn goes into the line.
    pub(super) fn refuse(&self, error: &AppError) -> Status {
        if let AppError::Internal(_) | AppError::StoreUnavailable(_) = error {
            let _ = self.0.cause.set(cause(error));
        }
        status::of(error)
    }
}

/// An error and what caused it, as one text.
fn cause(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// How a call is counted.
pub(super) struct Counted {
    /// The RPC's name, as the metrics have it.
    pub(super) rpc: String,
    /// Where it is counted.
    pub(super) metrics: Arc<Metrics>,
}

/// The line of one call. Dropped unwritten, it is written as cancelled.
pub(super) struct CallLine {
    rpc: String,
    caller: Option<KeyHolder>,
    notes: CallNotes,
    stopwatch: Stopwatch,
    counted: Counted,
    span: Span,
    written: bool,
}

impl CallLine {
    /// Begins the line of a call to `path`, such as `/payment.v1.PaymentService/GetPayment`, as a part of its span.
    pub(super) fn start(path: &str, notes: CallNotes, counted: Counted, span: Span) -> Self {
        let rpc = path.trim_start_matches('/').chars().take(100).collect();
        Self { rpc, caller: None, notes, stopwatch: Stopwatch::start(), counted, span, written: false }
    }

    /// Notes who calls.
    pub(super) fn caller(&mut self, holder: &KeyHolder) {
        self.caller = Some(holder.clone());
    }

    /// Ends the call with a status alone.
    pub(super) fn end_with(mut self, status: Status) -> http::Response<Body> {
        self.write(status::code_word(&status), status::reason(&status).as_deref());
        status.into_http()
    }

    /// The merchant or the operator who calls, and the key.
    fn names(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        match &self.caller {
            Some(KeyHolder::Merchant { caller, .. }) => {
                (Some(caller.merchant_id.as_str()), None, Some(caller.api_key_id.as_str()))
            }
            Some(KeyHolder::Operator(operator)) => {
                (None, Some(operator.name.as_str()), Some(operator.api_key_id.as_str()))
            }
            None => (None, None, None),
        }
    }

    /// Writes the line. A cause makes it an error, because somebody has to look.
    fn write(&mut self, code: &'static str, reason: Option<&str>) {
        if std::mem::replace(&mut self.written, true) {
            return;
        }
        self.counted.metrics.rpc(&self.counted.rpc, code, self.stopwatch.elapsed());
        let payment_no = self.notes.0.payment_no.get().map(PaymentNo::as_str);
        self.span.record("rpc.code", code);
        self.span.record("payment.no", payment_no);
        if self.notes.0.cause.get().is_some() {
            self.span.record("otel.status_code", "ERROR");
        }
        self.span.in_scope(|| self.tell(code, reason, payment_no));
    }

    fn tell(&self, code: &'static str, reason: Option<&str>, payment_no: Option<&str>) {
        let (merchant_id, operator, api_key_id) = self.names();
        let (rpc, duration_ms) = (self.rpc.as_str(), self.stopwatch.milliseconds());
        match self.notes.0.cause.get() {
            Some(cause) => {
                tracing::error!(
                    rpc,
                    merchant_id,
                    operator,
                    api_key_id,
                    payment_no,
                    code,
                    reason,
                    duration_ms,
                    cause,
                    "call"
                );
            }
            None => {
                tracing::info!(
                    rpc,
                    merchant_id,
                    operator,
                    api_key_id,
                    payment_no,
                    code,
                    reason,
                    duration_ms,
                    "call"
                )
            }
        }
    }
}

impl Drop for CallLine {
    fn drop(&mut self) {
        self.write("CANCELLED", None);
    }
}

/// The body of an answer, which ends the line by its trailers.
pub(super) struct LoggedBody {
    body: Body,
    line: CallLine,
}

impl LoggedBody {
    /// Follows `body` to its end.
    pub(super) const fn new(body: Body, line: CallLine) -> Self {
        Self { body, line }
    }
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(status) = frame.trailers_ref().and_then(Status::from_header_map)
        {
            self.line.write(status::code_word(&status), status::reason(&status).as_deref());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
