//! The other end for tests: Alipay's keys, answers and notifications, a network that answers from a script, and a clock
//! that stands.

use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{
    gateway::{AccountSettings, RawCallback},
    identifiers::ChannelAccountId,
    ports::{Clock, Http, HttpError, HttpRequest, HttpResponse, Ports, Randomness},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SerialNumber};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{codes::Operation, form, sign};

pub(crate) const APP_ID: &str = "2021000000000001";
pub(crate) const SELLER_ID: &str = "2088000000000001";
pub(crate) const CONTENT_KEY: &str = "Y29udGVudC1rZXktMDAwMQ==";
pub(crate) const APP_KEY: &str = include_str!("../testdata/app.key.pem");
pub(crate) const APP_PUBLIC_KEY: &str = include_str!("../testdata/app.pub.pem");
pub(crate) const PLATFORM_KEY: &str = include_str!("../testdata/platform.key.pem");
pub(crate) const PLATFORM_PUBLIC_KEY: &str = include_str!("../testdata/platform.pub.pem");
pub(crate) const SUCCESSOR_KEY: &str = include_str!("../testdata/successor.key.pem");
pub(crate) const OTHER_KEY: &str = include_str!("../testdata/other.key.pem");
pub(crate) const APP_CERTIFICATE: &str = include_str!("../testdata/app.crt.pem");
pub(crate) const PLATFORM_CERTIFICATE: &str = include_str!("../testdata/platform.chain.pem");
pub(crate) const ROOTS: &str = include_str!("../testdata/roots.pem");

/// The instant at which every test begins: 2027-03-01 12:30:45 in Beijing.
pub(crate) const NOW: OffsetDateTime = datetime!(2027-03-01 04:30:45 UTC);

/// Every promise here is kept at once: nothing in a test waits.
pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a test's future waits for something"),
    }
}

/// Base64 of the signature by a PEM key.
pub(crate) fn signature(key: &str, text: &str) -> String {
    let der = pem::parse(key).expect("PEM").into_contents();
    let pair = RsaKeyPair::from_pkcs8(&der).expect("a key");
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
    STANDARD.encode(signature)
}

/// An answer as it comes: slashes escaped, the node first.
pub(crate) fn answer(operation: Operation, node: &Value, key: &str, serial: Option<&str>) -> Vec<u8> {
    let node = node.to_string().replace('/', "\\/");
    let sign = signature(key, &node);
    body(&operation.node(), &node, serial, Some(&sign))
}

/// The top level of an answer with a raw node.
pub(crate) fn body(name: &str, node: &str, serial: Option<&str>, sign: Option<&str>) -> Vec<u8> {
    let serial = serial.map(|serial| format!(r#","alipay_cert_sn":"{serial}""#)).unwrap_or_default();
    let sign = sign.map(|sign| format!(r#","sign":"{sign}""#)).unwrap_or_default();
    format!(r#"{{"{name}":{node}{serial}{sign}}}"#).into_bytes()
}

pub(crate) fn ok(body: Vec<u8>) -> Result<HttpResponse, HttpError> {
    let headers = vec![("trace_id".to_owned(), "21c4e5f917723394451234567".to_owned())];
    Ok(HttpResponse { status: 200, headers, body })
}

/// A notification with these parameters, signed by `key`.
pub(crate) fn notification(parameters: &[(&str, &str)], key: &str) -> RawCallback {
    let sorted: std::collections::BTreeMap<_, _> = parameters.iter().copied().collect();
    let sign = signature(key, &sign::content(sorted));
    let all = parameters.iter().copied().chain([("sign_type", "RSA2"), ("sign", sign.as_str())]);
    raw(form::write(all).into_bytes())
}

pub(crate) fn raw(body: Vec<u8>) -> RawCallback {
    RawCallback {
        method: "POST".to_owned(),
        target: "/v1/callbacks/alipay/main".to_owned(),
        headers: vec![(
            "content-type".to_owned(),
            b"application/x-www-form-urlencoded; charset=utf-8".to_vec(),
        )],
        body,
    }
}

/// An RSA root with an intermediate that issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) root_pem: String,
    pub(crate) intermediate_pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let root_key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
        let root = authority_parameters(name);
        let root_pem = root.self_signed(&root_key).expect("a root").pem();
        let root = Issuer::new(root, root_key);
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let parameters = authority_parameters("intermediate");
        let intermediate_pem = parameters.signed_by(&key, &root).expect("an intermediate").pem();
        Self { issuer: Issuer::new(parameters, key), root_pem, intermediate_pem }
    }

    /// A certificate for a key, valid from the day before `from` for five years, in PEM.
    pub(crate) fn leaf(&self, serial: &[u8], organization: &str, key: &str, from: OffsetDateTime) -> String {
        let mut parameters = CertificateParams::default();
        parameters.serial_number = Some(SerialNumber::from(serial.to_vec()));
        parameters.distinguished_name.push(DnType::OrganizationName, organization);
        (parameters.not_before, parameters.not_after) = (from - Duration::DAY, from + Duration::days(1825));
        let der = pem::parse(key).expect("PEM").into_contents();
        let key = KeyPair::try_from(der.as_slice()).expect("a key");
        parameters.signed_by(&key, &self.issuer).expect("a certificate").pem()
    }
}

fn authority_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (parameters.not_before, parameters.not_after) = (NOW - Duration::days(900), NOW + Duration::days(9000));
    parameters
}

/// Answers in turn, and remembers what was asked.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    requests: Mutex<Vec<HttpRequest>>,
}

impl Script {
    pub(crate) fn will(&self, answer: Result<HttpResponse, HttpError>) -> &Self {
        self.answers.lock().expect("a lock").push_back(answer);
        self
    }

    pub(crate) fn request(&self, index: usize) -> HttpRequest {
        self.requests.lock().expect("a lock")[index].clone()
    }

    /// The parameters of a request, query and body together, each once.
    pub(crate) fn parameters(&self, index: usize) -> form::Form {
        let request = self.request(index);
        let query = request.url.query().expect("a query").as_bytes();
        form::Form::read(&[query, b"&", &request.body].concat()).expect("a form")
    }

    /// The business content of a request.
    pub(crate) fn content(&self, index: usize) -> Value {
        let parameters = self.parameters(index);
        serde_json::from_str(parameters.get("biz_content").expect("a content")).expect("JSON")
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().expect("a lock").len()
    }
}

#[async_trait::async_trait]
impl Http for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests.lock().expect("a lock").push(request);
        self.answers.lock().expect("a lock").pop_front().expect("the script has an answer")
    }
}

/// A clock that moves when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.whole_seconds(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// This channel needs no chance.
struct NoChance;

impl Randomness for NoChance {
    fn fill(&self, _: &mut [u8]) {
        panic!("nothing in this protocol is random");
    }
}

/// Everything that a gateway is given, within a test's reach.
pub(crate) struct World {
    pub(crate) http: Arc<Script>,
    pub(crate) clock: Arc<TestClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { http: Arc::default(), clock: Arc::new(TestClock(AtomicI64::new(0))) }
    }

    pub(crate) fn ports(&self) -> Ports {
        Ports { clock: self.clock.clone(), randomness: Arc::new(NoChance), http: self.http.clone() }
    }
}

/// Settings without any of Alipay's keys.
pub(crate) fn bare_settings() -> Map<String, Value> {
    let settings = json!({"app_id": APP_ID, "seller_id": SELLER_ID, "app_private_key": APP_KEY});
    settings.as_object().expect("an object").clone()
}

/// Settings in key mode.
pub(crate) fn settings() -> Map<String, Value> {
    let mut settings = bare_settings();
    settings.insert("alipay_public_key".to_owned(), json!(PLATFORM_PUBLIC_KEY));
    settings
}

/// Settings in certificate mode.
pub(crate) fn certificate_settings() -> Map<String, Value> {
    let mut settings = bare_settings();
    settings.insert("app_certificate".to_owned(), json!(APP_CERTIFICATE));
    settings.insert("alipay_certificate".to_owned(), json!(PLATFORM_CERTIFICATE));
    settings.insert("alipay_root_certificates".to_owned(), json!(ROOTS));
    settings
}

pub(crate) fn account(settings: Map<String, Value>) -> AccountSettings {
    AccountSettings { account: ChannelAccountId::parse("main").expect("an account"), settings }
}
