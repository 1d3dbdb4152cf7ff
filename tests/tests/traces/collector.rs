//! A collector: OTLP's gRPC service, which keeps every span, and may take its time. And telemetry that tells it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use payment_server::{
    config::{Log, LogFormat, Traces},
    telemetry::{self, Exporting},
};
use payment_tests::{
    app::{TestApp, TestAppOptions},
    kept_log::KeptLog,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tonic::{Request, Response, Status, transport::server::TcpIncoming};
use tracing::dispatcher::DefaultGuard;

/// How long something may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came, and how much more is taken.
struct Inner {
    spans: Mutex<Vec<Span>>,
    resource: Mutex<BTreeMap<String, String>>,
    /// A permit for each delivery that is answered.
    answers: Semaphore,
    came: Notify,
}

/// A collector, which ends with the runtime.
#[derive(Clone)]
pub(crate) struct Collector {
    inner: Arc<Inner>,
    pub(crate) address: SocketAddr,
}

impl Collector {
    /// One that answers at once.
    pub(crate) async fn start() -> Self {
        Self::answering(Semaphore::MAX_PERMITS).await
    }

    /// One that answers so many deliveries, and lets the others wait until [`Collector::answer_all`].
    pub(crate) async fn answering(deliveries: usize) -> Self {
        let inner = Arc::new(Inner {
            spans: Mutex::default(),
            resource: Mutex::default(),
            answers: Semaphore::new(deliveries),
            came: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self { inner, address: listener.local_addr().unwrap() };
        let service = TraceServiceServer::new(collector.clone()).max_decoding_message_size(1 << 26);
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        collector
    }

    /// Answers everything from now on.
    pub(crate) fn answer_all(&self) {
        self.inner.answers.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// Every span that came.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.inner.spans.lock().unwrap().clone()
    }

    /// Waits until some came.
    pub(crate) async fn until_some_came(&self) {
        let waiting = async {
            loop {
                let came = self.inner.came.notified();
                if !self.spans().is_empty() {
                    return;
                }
                came.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("no span came");
    }

    /// What the sender said of itself.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        self.inner.resource.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.inner.answers.acquire().await.unwrap().forget();
        for of_resource in request.into_inner().resource_spans {
            let resource = of_resource.resource.unwrap_or_default();
            *self.inner.resource.lock().unwrap() = named(&resource.attributes);
            let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
            self.inner.spans.lock().unwrap().extend(spans);
        }
        self.inner.came.notify_waiters();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Attributes by name, as text.
pub(crate) fn named(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone().and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(other) => format!("{other:?}"),
        None => String::new(),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

/// A service that knows that its spans are sent.
pub(crate) async fn app_of(collector: SocketAddr) -> TestApp {
    let more_config = format!("[traces]\notlp_endpoint = \"http://{collector}\"\n");
    TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await
}

/// The telemetry of this thread, which is that of the whole test: its runtime has no other.
pub(crate) struct Telemetry {
    exporting: Exporting,
    guard: DefaultGuard,
    pub(crate) log: KeptLog,
}

impl Telemetry {
    /// Begins to tell.
    pub(crate) fn begin(collector: SocketAddr, format: LogFormat, filter: &str) -> Self {
        Self::at(&format!("http://{collector}"), format, filter)
    }

    /// The same, with a collector at this address.
    pub(crate) fn at(collector: &str, format: LogFormat, filter: &str) -> Self {
        let otlp_endpoint = Some(collector.parse().unwrap());
        let traces = Traces { otlp_endpoint, sampled_per_thousand: 1000 };
        let (kept, log) = (KeptLog::default(), Log { filter: filter.to_owned(), format });
        let (subscriber, exporting) = telemetry::traced(&log, &traces, kept.clone()).unwrap();
        Self { exporting, guard: tracing::dispatcher::set_default(&subscriber), log: kept }
    }

    /// Sends what is gathered, as the end of a server does.
    pub(crate) async fn end(self) -> KeptLog {
        drop(self.guard);
        let exporting = self.exporting;
        tokio::task::spawn_blocking(move || exporting.end()).await.unwrap();
        self.log
    }
}
