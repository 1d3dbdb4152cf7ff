//! What surrounds every call: authentication, scope, deadline, a reason in every refusal, and one line in the log.
//!
//! The line tells rpc, merchant, key id, payment, code, reason and duration; never a key, a payer or a message (R29).

#[cfg(test)]
pub(super) mod tests;

use std::{
    convert::Infallible,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use payment_core::trace::TraceParent;
use tonic::{Status, body::Body, codegen::Service, server::NamedService};
use tracing::{Instrument as _, Span, field::Empty};

use super::{
    authenticate::{ApiKeys, authenticate, authorize},
    call_log::{CallLine, CallNotes, Counted, LoggedBody},
    introduction::Introduction,
    rate::RateLimits,
    status::{self, EdgeRefusal},
};
use crate::{
    app::{
        acting_for,
        command::Caller,
        error::AppError,
        principal::{Principal, Scope},
    },
    metrics::Metrics,
    telemetry::traces,
};

/// What is kept of every deadline so that our answer, which has a reason, comes before the one of caller or transport.
const WAY_BACK: Duration = Duration::from_millis(10);

/// What every call is held to.
pub(super) struct Gate {
    /// Who may call.
    pub(super) keys: Arc<dyn ApiKeys>,
    /// How often each of those who may call may do so.
    pub(super) rates: RateLimits,
    /// What a key must be good for to call a path; none where there is no such RPC.
    pub(super) scope_of: fn(&str) -> Option<Scope>,
    /// How long a call may take until its answer begins.
    pub(super) deadline: Duration,
    /// Counts calls.
    pub(super) metrics: Arc<Metrics>,
}

/// A call as its handler sees it: a merchant's, or an operator's where its RPC operates.
#[derive(Debug, Clone)]
pub(super) struct Call<C = Caller> {
    /// Who calls.
    pub(super) caller: C,
    /// The time that the caller grants by `grpc-timeout`, if it does. Streams hold it themselves.
    pub(super) granted: Option<Duration>,
    /// Where in which trace this call stands: what becomes of a payment that it makes is told as a part of it.
    pub(super) trace_parent: Option<TraceParent>,
    /// What the handler adds to the log line.
    pub(super) notes: CallNotes,
}

impl<C: Clone + Send + Sync + 'static> Call<C> {
    /// Takes a request apart, as a merchant's (`C` is [`Caller`]) or as an operator's
    /// ([`Operator`](crate::app::principal::Operator)).
    ///
    /// # Errors
    /// As for no credentials, if the request did not come through the gate as one of that kind.
    pub(super) fn of<T>(mut request: tonic::Request<T>) -> Result<(Self, T), Status> {
        let call = request.extensions_mut().remove::<Self>();
        let call = call.ok_or_else(|| status::of_edge(EdgeRefusal::CredentialsInvalid))?;
        Ok((call, request.into_inner()))
    }

    /// Awaits a use case and answers with what it says.
    pub(super) async fn answer<T>(
        &self,
        use_case: impl Future<Output = Result<T, AppError>>,
    ) -> Result<tonic::Response<T>, Status> {
        use_case.await.map(tonic::Response::new).map_err(|error| self.notes.refuse(&error))
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> Guarded<S> {
    /// Puts a service behind the gate.
    pub(super) fn new(inner: S, gate: &Arc<Gate>) -> Self {
        Self { inner, gate: Arc::clone(gate) }
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone has not been polled ready; the one that has takes the call.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move { Ok(guard(&gate, ready, request).await) })
    }
}

async fn guard<S>(gate: &Gate, mut service: S, mut request: Request<Body>) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let notes = CallNotes::default();
    let path = request.uri().path();
    let counted = counted(gate, path);
    let span = span_of(&counted.rpc);
    let of_caller = traces::of_headers(request.headers());
    if let Some(parent) = &of_caller {
        traces::continue_trace(&span, parent);
    }
    let trace_parent = traces::of_span(&span).or(of_caller);
    let mut line = CallLine::start(path, notes.clone(), counted, span.clone());
    let principal = match admit(gate, &request, &mut line) {
        Ok(principal) => principal,
        Err(refusal) => return line.end_with(status::of_edge(refusal)),
    };
    let granted = granted_time(request.headers()).map(|granted| granted.saturating_sub(WAY_BACK));
    let longest = gate.deadline.saturating_sub(WAY_BACK);
    let acting = match &principal {
        Principal::Merchant(caller) => Some(caller.api_key_id.clone()),
        Principal::Operator(_) => None,
    };
    let extensions = request.extensions_mut();
    match principal {
        Principal::Merchant(caller) => drop(extensions.insert(Call { caller, granted, trace_parent, notes })),
        Principal::Operator(caller) => drop(extensions.insert(Call { caller, granted, trace_parent, notes })),
    }
    let deadline = granted.unwrap_or(longest).min(longest);
    let answered = acting_for(acting, service.call(request)).instrument(span);
    match tokio::time::timeout(deadline, answered).await {
        Ok(Ok(response)) => finish(line, response),
        Ok(Err(never)) => match never {},
        Err(_) => line.end_with(status::of_edge(EdgeRefusal::DeadlineExceeded)),
    }
}

/// The call's span. What became of it is noted with its line in the log.
fn span_of(rpc: &str) -> Span {
    tracing::info_span!(
        "rpc",
        otel.name = rpc,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.code = Empty,
        payment.no = Empty
    )
}

/// How the call is counted: what strangers make up is not counted by name.
fn counted(gate: &Gate, path: &str) -> Counted {
    let known = (gate.scope_of)(path).is_some();
    let rpc = if known { path.trim_start_matches('/') } else { "unknown" };
    Counted { rpc: rpc.to_owned(), metrics: Arc::clone(&gate.metrics) }
}

/// Who calls, if the key is known and good for what is called (R30). Strangers do not learn which RPCs there are.
fn admit(gate: &Gate, request: &Request<Body>, line: &mut CallLine) -> Result<Principal, EdgeRefusal> {
    let holder = authenticate(gate.keys.as_ref(), request.headers())?;
    line.caller(&holder);
    if let Some(introduction) = request.extensions().get::<Introduction>() {
        introduction.make();
    }
    gate.rates.count(&holder).map_err(EdgeRefusal::RateExceeded)?;
    let scope = (gate.scope_of)(request.uri().path()).ok_or(EdgeRefusal::MethodUnknown)?;
    authorize(&holder, scope)
}

/// An answer that is a status alone ends the line; otherwise the end of the body does.
fn finish(line: CallLine, response: Response<Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(refused) => line.end_with(status::with_reason(refused)),
        None => response.map(|body| Body::new(LoggedBody::new(body, line))),
    }
}

/// Reads `grpc-timeout`: up to 8 digits and a unit. A text that is none is no grant, so that the service's own
/// deadline holds.
fn granted_time(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let admitted = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount = digits.parse().ok().filter(|_| admitted)?;
    Some(match unit {
        "H" => Duration::from_secs(60 * 60 * amount),
        "M" => Duration::from_secs(60 * amount),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}
