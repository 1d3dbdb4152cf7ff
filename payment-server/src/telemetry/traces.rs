//! Traces by OpenTelemetry: one for each payment, from the call that made it to the callbacks and looks that came later.
//!
//! A caller's `traceparent` (W3C Trace Context) is kept with the payment, so that what happens to it an hour later, in another
//! replica, is told as a part of the same trace. Spans name RPCs, verbs, channels and accounts; never a payer (R29).

use std::collections::HashMap;

use http::HeaderMap;
use opentelemetry::{
    KeyValue, global,
    propagation::{Extractor, TextMapPropagator as _},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use payment_core::trace::TraceParent;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config::Traces;

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
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint.as_str()).build();
    let exporter = exporter.map_err(|error| ExportError(error.to_string()))?;
    let resource = Resource::builder()
        .with_service_name("payment-server")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
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
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// The trace that a caller's request belongs to, if it says so in the standard's words.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get(TRACEPARENT)?.to_str().ok()?).ok()
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
