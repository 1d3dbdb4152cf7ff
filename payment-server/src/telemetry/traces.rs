//! Traces by OpenTelemetry: one for each payment, from the call that made it to the callbacks and looks that came later.
//!
//! The call that makes a payment is a part of its caller's trace (`traceparent`, W3C Trace Context) or begins one, and is kept
//! with the payment, so that what happens to it an hour later, in another replica, is told as a part of the same trace. Spans
//! name RPCs, verbs, channels, accounts and numbers of payments; never a payer (R29).

use std::{collections::HashMap, time::Duration};

use http::HeaderMap;
use opentelemetry::{
    Context, KeyValue, TraceId, global,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use payment_core::trace::TraceParent;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config::Traces;

/// The most spans that wait for the collector. Beyond it they are dropped: it costs spans if it is slow or away, and nothing
/// else.
const MOST_WAITING: usize = 2048;

/// How long the collector may take for one delivery.
const EXPORT_DEADLINE: Duration = Duration::from_secs(5);

/// How long the end of the process waits for the last spans.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// The header that carries a trace from one process to the next.
const TRACEPARENT: &str = "traceparent";

/// Where spans go. Ending it sends what is gathered.
#[derive(Debug, Default)]
pub struct Exporting(Option<SdkTracerProvider>);

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces.otlp_endpoint: {0}")]
pub struct ExportError(String);

/// Begins to send spans, where the configuration says where to. Must be called inside of the runtime that sends them.
///
/// # Errors
/// [`ExportError`] if the address cannot be used. A collector that is away is no error: spans are dropped then.
pub(super) fn export(config: &Traces) -> Result<Exporting, ExportError> {
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(Exporting(None)) };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint.as_str());
    let exporter = exporter.with_timeout(EXPORT_DEADLINE).build();
    let exporter = exporter.map_err(|error| ExportError(error.to_string()))?;
    let batches = BatchConfigBuilder::default().with_max_queue_size(MOST_WAITING);
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
    let resource = Resource::builder()
        .with_service_name("payment-server")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(resource.build())
        // Who decided to trace a call decides for all of its trace.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sampled_share()))))
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(Exporting(Some(provider)))
}

impl Exporting {
    /// What makes spans of this process, if they are sent anywhere.
    pub(super) fn tracer(&self) -> Option<opentelemetry_sdk::trace::SdkTracer> {
        self.0.as_ref().map(|provider| provider.tracer("payment-server"))
    }

    /// Sends what is gathered. A collector that is away loses it; nothing else depends on it.
    pub fn end(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown_with_timeout(END_DEADLINE)
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// The trace that a caller's request belongs to, if it says so in the standard's words.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get(TRACEPARENT)?.to_str().ok()?).ok()
}

/// The same of a span of ours, for whatever is to become a part of it later; none where no spans are sent.
pub(crate) fn of_span(span: &Span) -> Option<TraceParent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let (context, flags) = (span.span_context(), span.span_context().trace_flags().to_u8());
    // Of one that is not valid the text is none either.
    TraceParent::parse(format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())).ok()
}

/// The trace that is told at this moment, on this thread.
pub(super) fn current_trace() -> Option<TraceId> {
    Context::map_current(|context| {
        let span = context.span();
        span.span_context().is_valid().then(|| span.span_context().trace_id())
    })
}

/// Makes `span` a part of the trace that `parent` names.
pub(crate) fn continue_trace(span: &Span, parent: &TraceParent) {
    let carrier = Carrier(HashMap::from([(TRACEPARENT, parent.as_str())]));
    // Fails where no spans are sent: then there is no trace to continue.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}

struct Carrier<'a>(HashMap<&'static str, &'a str>);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().copied().collect()
    }
}
