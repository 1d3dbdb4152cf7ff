//! Calls through the gate to a small service, as they come over HTTP/2 and as they go back.

use std::future::pending;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use std::collections::BTreeSet;

use payment_core::identifiers::{ApiKeyId, MerchantId};
use tonic_health::{
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use super::*;
use crate::{app::principal::KeyHolder, grpc::KeyRefused};

/// `payk_right` pays and does nothing else.
pub(in crate::grpc) struct OneKey;

impl ApiKeys for OneKey {
    fn authenticate(&self, presented: &str) -> Result<KeyHolder, KeyRefused> {
        let caller = || Caller {
            merchant_id: MerchantId::parse("acme").expect("a merchant"),
            api_key_id: ApiKeyId::parse("shop").expect("a key"),
        };
        match presented {
            "payk_right" => {
                Ok(KeyHolder::Merchant { caller: caller(), scopes: BTreeSet::from([Scope::Pay]) })
            }
            "payk_unknowable" => Err(KeyRefused::Unknowable),
            _ => Err(KeyRefused::Invalid),
        }
    }
}

/// Watching needs more than the key is good for; every other method of the small service is open to it.
fn scope_of(path: &str) -> Option<Scope> {
    Some(if path.ends_with("/Watch") { Scope::Refund } else { Scope::Pay })
}

fn gate_with(scope_of: fn(&str) -> Option<Scope>) -> Arc<Gate> {
    let metrics = Arc::default();
    let (keys, rates, deadline) = (Arc::new(OneKey), RateLimits::none(), Duration::from_secs(30));
    Arc::new(Gate { keys, rates, scope_of, deadline, metrics })
}

fn gate() -> Arc<Gate> {
    gate_with(scope_of)
}

/// Any service of tonic's will do; this one needs no application.
fn health() -> HealthServer<HealthService> {
    HealthServer::new(HealthService::from_health_reporter(HealthReporter::new()))
        .max_decoding_message_size(64)
}

fn request(method: &str, key: &str, message: &[u8]) -> Request<Body> {
    let length = u32::try_from(message.len()).expect("small").to_be_bytes();
    let framed = [&[0], length.as_slice(), message].concat();
    Request::post(format!("/grpc.health.v1.Health/{method}"))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {key}"))
        .body(Body::new(Full::new(Bytes::from(framed))))
        .expect("a request")
}

/// Code and reason of a call's answer, from its head or from its trailers.
async fn answer<S>(service: S, request: Request<Body>) -> (&'static str, Option<String>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let Ok(response) = Guarded::new(service, &gate()).call(request).await;
    let head = Status::from_header_map(response.headers());
    let trailers = response.into_body().collect().await.expect("a body").trailers().cloned();
    let status = head.or_else(|| Status::from_header_map(&trailers?)).expect("a status");
    (status::code_word(&status), status::reason(&status))
}

#[tokio::test]
async fn r30_no_call_passes_without_a_key() {
    let refused = ("UNAUTHENTICATED", Some("CREDENTIALS_INVALID".to_owned()));
    assert_eq!(answer(health(), request("Check", "payk_wrong", b"")).await, refused);
    // A stranger learns nothing of which methods there are.
    assert_eq!(answer(health(), request("NoSuchMethod", "payk_wrong", b"")).await, refused);
    assert_eq!(answer(health(), request("Check", "payk_right", b"")).await, ("OK", None));
}

#[tokio::test]
async fn r30_a_key_opens_only_what_its_scopes_open() {
    let refused = ("PERMISSION_DENIED", Some("SCOPE_MISSING".to_owned()));
    assert_eq!(answer(health(), request("Watch", "payk_right", b"")).await, refused);
    let unknowable = ("UNAVAILABLE", Some("STORE_UNAVAILABLE".to_owned()));
    assert_eq!(answer(health(), request("Check", "payk_unknowable", b"")).await, unknowable);
    let closed = gate_with(|_| None);
    let Ok(response) = Guarded::new(health(), &closed).call(request("Check", "payk_right", b"")).await;
    let status = Status::from_header_map(response.headers()).expect("a status");
    assert_eq!(status::reason(&status).as_deref(), Some("METHOD_UNKNOWN"), "without a line no RPC is open");
}

#[tokio::test]
async fn refusals_of_the_transport_have_a_reason() {
    let malformed = answer(health(), request("Check", "payk_right", &[0xff; 8])).await;
    assert_eq!(malformed, ("INVALID_ARGUMENT", Some("MESSAGE_MALFORMED".to_owned())));
    let large = answer(health(), request("Check", "payk_right", &[0; 65])).await;
    assert_eq!(large, ("RESOURCE_EXHAUSTED", Some("MESSAGE_TOO_LARGE".to_owned())));
    let unknown = answer(health(), request("NoSuchMethod", "payk_right", b"")).await;
    assert_eq!(unknown, ("UNIMPLEMENTED", Some("METHOD_UNKNOWN".to_owned())));
    let mut compressed = request("Check", "payk_right", b"");
    compressed.headers_mut().insert("grpc-encoding", "gzip".parse().expect("a header"));
    let compressed = answer(health(), compressed).await;
    assert_eq!(compressed, ("UNIMPLEMENTED", Some("ENCODING_UNSUPPORTED".to_owned())));
}

/// Never answers.
#[derive(Clone)]
struct Silent;

impl Service<Request<Body>> for Silent {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_the_shorter_of_both_deadlines_before_the_caller_gives_up() {
    for (granted, seconds) in [(None, 30), (Some("2S"), 2), (Some("1H"), 30)] {
        let mut request = request("Check", "payk_right", b"");
        if let Some(granted) = granted {
            request.headers_mut().insert("grpc-timeout", granted.parse().expect("a header"));
        }
        let started = tokio::time::Instant::now();
        let ended = answer(Silent, request).await;
        assert_eq!(ended, ("DEADLINE_EXCEEDED", Some("DEADLINE_EXCEEDED".to_owned())));
        let took = started.elapsed();
        let deadline = Duration::from_secs(seconds);
        assert!(took < deadline && took > deadline - Duration::from_millis(20), "{granted:?}: {took:?}");
    }
}

#[test]
fn grpc_timeout_is_read_as_the_specification_says() {
    let read = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().expect("a header"));
        granted_time(&headers)
    };
    assert_eq!(read("2S"), Some(Duration::from_secs(2)));
    assert_eq!(read("500m"), Some(Duration::from_millis(500)));
    assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
    assert_eq!(read("1n"), Some(Duration::from_nanos(1)));
    for wrong in ["", "S", "1", "1s", "-1S", "+1S", "123456789S", "1.5S"] {
        assert_eq!(read(wrong), None, "{wrong:?}");
    }
}
