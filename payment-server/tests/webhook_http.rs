//! What goes to a webhook endpoint and what comes of it, over real sockets: where nothing may go, nothing goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use payment_core::webhook::AttemptResult;
use payment_server::webhooks::{Answer, Attempt, HttpSettings, Names, Reach, SystemNames, WebhookHttp};
use time::{OffsetDateTime, macros::datetime};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use url::Url;

const NOW: OffsetDateTime = datetime!(2026-11-27 08:00 UTC);

/// An endpoint that answers each request with the same bytes and then does nothing more, and tells what it was sent.
struct Endpoint {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
}

impl Endpoint {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let (answer, counted) = (answer.into(), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, answer.clone(), sender.clone()));
            }
        });
        Self { address, requests, connections }
    }

    fn url(&self) -> Url {
        format!("http://{}/hook?token=abc", self.address).parse().unwrap()
    }

    /// The URL by a name instead of an address.
    fn url_at(&self, host: &str) -> Url {
        format!("http://{host}:{}/hook", self.address.port()).parse().unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn converse(mut stream: TcpStream, answer: Vec<u8>, sender: mpsc::UnboundedSender<String>) {
    let mut bytes = Vec::new();
    while let Ok(read) = stream.read_buf(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if read == 0 {
            return;
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            drop(sender.send(text));
            drop(stream.write_all(&answer).await);
            // Stays open until the other side closes.
            bytes.clear();
        }
    }
}

/// A resolver that the test commands, and how often it was asked.
struct Commanded {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Commanded {
    /// The answers in turn; the last one for ever.
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        let answers = answers.iter().map(|answer| answer.iter().map(address).collect()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

#[async_trait::async_trait]
impl Names for Commanded {
    async fn lookup(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[asked.min(self.answers.len() - 1)].clone())
    }
}

fn http_with(names: Arc<dyn Names>, authorities: Option<String>) -> WebhookHttp {
    let settings = HttpSettings {
        connect_timeout: Duration::from_secs(10),
        certificate_authorities: authorities,
        excerpt_bytes: 20,
    };
    WebhookHttp::new(&settings, &names, [Reach::Public, Reach::Anywhere]).unwrap()
}

fn http() -> WebhookHttp {
    http_with(Arc::new(SystemNames), None)
}

async fn send(http: &WebhookHttp, url: &Url, reach: Reach, timeout: Duration) -> Answer {
    let attempt = Attempt {
        url,
        reach,
        timeout,
        id: "0193-event",
        time: NOW,
        signature: "v1,one v1,two".to_owned(),
        body: br#"{"type":"payment.succeeded"}"#.as_slice().into(),
    };
    http.send(attempt).await
}

/// To an endpoint on the loopback interface, with a time limit that no busy machine reaches.
async fn answer_to(endpoint: &Endpoint) -> Answer {
    send(&http(), &endpoint.url(), Reach::Anywhere, Duration::from_secs(60)).await
}

fn answering(status: &str, more: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn a_delivery_has_the_headers_of_the_specification_and_the_bytes_that_were_signed() {
    let mut endpoint = Endpoint::answering(answering("204 No Content", "", "")).await;
    let answer = answer_to(&endpoint).await;
    assert_eq!((answer.result, answer.status), (AttemptResult::Delivered, Some(204)));
    let request = endpoint.requests.recv().await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?token=abc HTTP/1.1\r\n"), "{head}");
    for header in [
        "webhook-id: 0193-event",
        "webhook-timestamp: 1795766400",
        "webhook-signature: v1,one v1,two",
        "content-type: application/json",
        concat!("user-agent: payment-server/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.lines().any(|line| line == header), "{header} is not in {head}");
    }
    assert_eq!(body, r#"{"type":"payment.succeeded"}"#);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let elsewhere = Endpoint::answering(answering("200 OK", "", "")).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let location = format!("location: {}\r\n", elsewhere.url());
        let endpoint = Endpoint::answering(answering(status, &location, "go there")).await;
        let answer = answer_to(&endpoint).await;
        assert_eq!(answer.result, AttemptResult::Redirected, "{status}");
        assert_eq!(answer.excerpt, "go there");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_endpoint_that_asks_to_be_left_alone_is_heard() {
    let endpoint = Endpoint::answering(answering("503 Busy", "retry-after: 90\r\n", "")).await;
    let answer = answer_to(&endpoint).await;
    assert_eq!(answer.result, AttemptResult::Throttled);
    assert_eq!(answer.retry_after, Some(time::Duration::seconds(90)));
}

#[tokio::test]
async fn addresses_of_the_inside_are_refused_before_anything_is_sent() {
    let endpoint = Endpoint::answering(answering("200 OK", "", "")).await;
    let port = endpoint.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "localhost",
    ] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let answer = send(&http(), &url, Reach::Public, Duration::from_secs(60)).await;
        assert_eq!(answer.result, AttemptResult::AddressForbidden, "{host}: {answer:?}");
        assert_eq!(answer.status, None);
    }
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_whatever_else_it_leads_to() {
    let endpoint = Endpoint::answering(answering("200 OK", "", "")).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "127.0.0.1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["fd00:ec2::254", "1.1.1.1"],
    ] {
        let names = Commanded::new(&[addresses]);
        let http = http_with(names.clone(), None);
        let url = endpoint.url_at("shop.example");
        let answer = send(&http, &url, Reach::Public, Duration::from_secs(60)).await;
        assert_eq!(answer.result, AttemptResult::AddressForbidden, "{addresses:?}: {answer:?}");
        assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(endpoint.connections(), 0);
}

/// DNS rebinding: the first look passes a check, a second one would lead inside. There is no second look: the connection goes
/// to what was checked.
#[tokio::test]
async fn a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked() {
    let mut checked = Endpoint::answering(answering("200 OK", "", "")).await;
    let names = Commanded::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let http = http_with(names.clone(), None);
    let url = checked.url_at("shop.example");
    let answer = send(&http, &url, Reach::Anywhere, Duration::from_secs(60)).await;
    assert_eq!(answer.result, AttemptResult::Delivered, "{answer:?}");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    let request = checked.requests.recv().await.unwrap();
    assert!(request.contains(&format!("host: shop.example:{}", checked.address.port())), "{request}");
}

/// A name that was fine when it was configured and leads inside now is refused at that attempt.
#[tokio::test]
async fn a_name_that_moves_inside_is_refused_from_then_on() {
    let endpoint = Endpoint::answering(answering("200 OK", "", "")).await;
    let names = Commanded::new(&[&["127.0.0.1"]]);
    let http = http_with(names, None);
    let url = endpoint.url_at("shop.example");
    for _ in 0..3 {
        let answer = send(&http, &url, Reach::Public, Duration::from_secs(60)).await;
        assert_eq!(answer.result, AttemptResult::AddressForbidden);
    }
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn no_connection_no_answer_and_half_an_answer_are_told_apart() {
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let url = format!("http://{refused}/secret").parse().unwrap();
    let answer = send(&http(), &url, Reach::Anywhere, Duration::from_secs(60)).await;
    assert_eq!(answer.result, AttemptResult::NotConnected, "{answer:?}");
    assert!(!answer.description.is_empty() && !answer.description.contains("secret"), "R29: {answer:?}");

    let mute = Endpoint::answering("").await;
    let answer = send(&http(), &mute.url(), Reach::Anywhere, Duration::from_millis(200)).await;
    assert_eq!((answer.result, answer.status), (AttemptResult::TimedOut, None), "{answer:?}");
    assert!(!answer.description.contains("abc"), "R29: {answer:?}");

    let babble = Endpoint::answering("SSH-2.0-OpenSSH\r\n\r\n").await;
    assert_eq!(answer_to(&babble).await.result, AttemptResult::Broken);
}

#[tokio::test]
async fn a_status_is_believed_however_slowly_its_body_comes() {
    let slow = Endpoint::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nnever more").await;
    assert_eq!(answer_to(&slow).await.result, AttemptResult::Delivered);
    let slow = Endpoint::answering("HTTP/1.1 500 Oops\r\ncontent-length: 1000\r\n\r\nnever more").await;
    let answer = answer_to(&slow).await;
    assert_eq!((answer.result, answer.excerpt.as_str()), (AttemptResult::Refused, "never more"));
}

#[tokio::test]
async fn a_huge_body_is_not_read() {
    let body = "x".repeat(8 * 1024 * 1024);
    let huge = Endpoint::answering(answering("500 Oops", "", &body)).await;
    let answer = answer_to(&huge).await;
    assert_eq!((answer.result, answer.excerpt.len()), (AttemptResult::Refused, 20));
    let huge = Endpoint::answering(answering("200 OK", "", &body)).await;
    let answer = answer_to(&huge).await;
    assert_eq!((answer.result, answer.excerpt.as_str()), (AttemptResult::Delivered, ""));
}

#[tokio::test]
async fn certificates_are_verified_and_private_ones_trusted_where_they_are_configured() {
    let certified = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let address = tls_endpoint(&certificate, &key).await;
    let url = format!("https://shop.example:{}/", address.port()).parse().unwrap();
    let names = || Commanded::new(&[&["127.0.0.1"]]);
    let trusting = http_with(names(), Some(certificate));
    let answer = send(&trusting, &url, Reach::Anywhere, Duration::from_secs(60)).await;
    assert_eq!(answer.result, AttemptResult::Delivered, "{answer:?}");
    let answer = send(&http_with(names(), None), &url, Reach::Anywhere, Duration::from_secs(60)).await;
    assert_eq!(answer.result, AttemptResult::NotConnected, "{answer:?}");
    let other = format!("https://other.example:{}/", address.port()).parse().unwrap();
    let answer = send(&trusting, &other, Reach::Anywhere, Duration::from_secs(60)).await;
    assert_eq!(answer.result, AttemptResult::NotConnected, "another name: {answer:?}");
}

async fn tls_endpoint(certificate: &str, key: &str) -> SocketAddr {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut bytes = Vec::new();
                while !String::from_utf8_lossy(&bytes).contains("payment.succeeded") {
                    if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                drop(stream.write_all(&answering("200 OK", "", "")).await);
                drop(stream.read_buf(&mut bytes).await);
            });
        }
    });
    address
}
