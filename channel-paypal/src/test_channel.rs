//! The other end for tests: PayPal's certificates, deliveries and answers, a network that answers from a script, and a
//! clock that stands.

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
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, SanType,
};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

pub(crate) const CLIENT_ID: &str = "AbCdEfClientId";
pub(crate) const CLIENT_SECRET: &str = "EsEcReTvalue123";
pub(crate) const TOKEN: &str = "A21AAtoken";
pub(crate) const MERCHANT_ID: &str = "ABCDEFGH23456";
pub(crate) const WEBHOOK_ID: &str = "5GP028458E2496506";
pub(crate) const PAYPAL_KEY: &str = include_str!("../testdata/paypal.key.pem");
pub(crate) const OTHER_KEY: &str = include_str!("../testdata/other.key.pem");
pub(crate) const SANDBOX_NAME: &str = "messageverificationcerts.sandbox.paypal.com";
pub(crate) const CERTIFICATE_URL: &str =
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb";

/// The instant at which every test begins.
pub(crate) const NOW: OffsetDateTime = datetime!(2027-01-05 12:00 UTC);

/// Every promise here is kept at once: nothing in a test waits.
pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a test's future waits for something"),
    }
}

fn der(pem: &str) -> Vec<u8> {
    pem::parse(pem).expect("PEM").into_contents()
}

fn sign(key: &str, message: &[u8]) -> String {
    let pair = RsaKeyPair::from_pkcs8(&der(key)).expect("a key");
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("signed");
    STANDARD.encode(signature)
}

/// An authority that issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, rcgen::KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    fn parameters(name: &str) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (parameters.not_before, parameters.not_after) =
            (NOW - Duration::days(900), NOW + Duration::days(9000));
        parameters
    }

    fn key() -> rcgen::KeyPair {
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key")
    }

    pub(crate) fn root() -> Self {
        let (key, parameters) = (Self::key(), Self::parameters("Test Root"));
        let pem = parameters.self_signed(&key).expect("a root").pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    pub(crate) fn intermediate(&self) -> Self {
        let (key, parameters) = (Self::key(), Self::parameters("Test Intermediate"));
        let pem = parameters.signed_by(&key, &self.issuer).expect("an intermediate").pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    pub(crate) fn issue(&self, leaf: &Leaf) -> String {
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = vec![SanType::DnsName(leaf.name.try_into().expect("a name"))];
        parameters.key_usages = vec![leaf.usage];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (parameters.not_before, parameters.not_after) = (leaf.from, leaf.from + leaf.life);
        let key = rcgen::KeyPair::try_from(der(leaf.key).as_slice()).expect("a key");
        parameters.signed_by(&key, &self.issuer).expect("a certificate").pem()
    }
}

/// A certificate to be issued.
pub(crate) struct Leaf {
    pub(crate) name: &'static str,
    pub(crate) key: &'static str,
    pub(crate) usage: KeyUsagePurpose,
    pub(crate) from: OffsetDateTime,
    pub(crate) life: Duration,
}

impl Leaf {
    pub(crate) fn paypals() -> Self {
        Self {
            name: SANDBOX_NAME,
            key: PAYPAL_KEY,
            usage: KeyUsagePurpose::DigitalSignature,
            from: NOW - Duration::DAY,
            life: Duration::days(365),
        }
    }
}

/// A delivery as PayPal makes one.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) time: String,
    pub(crate) webhook_id: String,
    pub(crate) certificate_url: String,
    pub(crate) algorithm: String,
    pub(crate) key: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    pub(crate) fn of(event_type: &str, resource: &Value) -> Self {
        let event = json!({"id": "WH-58D329510W468432D-8HN650336L201105X", "event_version": "1.0",
            "create_time": "2020-01-01T00:00:00Z", "event_type": event_type, "resource": resource});
        Self {
            id: "1c6772d0-5106-11ef-9b66-89f3f924d48a".to_owned(),
            time: "2027-01-05T11:59:35Z".to_owned(),
            webhook_id: WEBHOOK_ID.to_owned(),
            certificate_url: CERTIFICATE_URL.to_owned(),
            algorithm: "SHA256withRSA".to_owned(),
            key: PAYPAL_KEY,
            body: event.to_string().into_bytes(),
        }
    }

    pub(crate) fn signed(&self) -> RawCallback {
        let checksum = crc32fast::hash(&self.body);
        let signature =
            sign(self.key, format!("{}|{}|{}|{checksum}", self.id, self.time, self.webhook_id).as_bytes());
        let headers = [
            ("paypal-transmission-id", self.id.as_str()),
            ("paypal-transmission-time", &self.time),
            ("paypal-transmission-sig", &signature),
            ("paypal-cert-url", &self.certificate_url),
            ("paypal-auth-algo", &self.algorithm),
        ];
        RawCallback {
            method: "POST".to_owned(),
            target: "/v1/callbacks/paypal/main".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
            body: self.body.clone(),
        }
    }
}

/// Answers in turn, and remembers what was asked. Tokens are answered aside, unless a test scripts them.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    tokens: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    requests: Mutex<Vec<HttpRequest>>,
    token_requests: Mutex<Vec<HttpRequest>>,
}

impl Script {
    pub(crate) fn will(&self, answer: Result<HttpResponse, HttpError>) -> &Self {
        self.answers.lock().expect("a lock").push_back(answer);
        self
    }

    pub(crate) fn will_for_token(&self, answer: Result<HttpResponse, HttpError>) -> &Self {
        self.tokens.lock().expect("a lock").push_back(answer);
        self
    }

    pub(crate) fn request(&self, index: usize) -> HttpRequest {
        self.requests.lock().expect("a lock")[index].clone()
    }

    pub(crate) fn token_request(&self, index: usize) -> HttpRequest {
        self.token_requests.lock().expect("a lock")[index].clone()
    }

    /// Method and path of every request but those for tokens.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("a lock");
        requests.iter().map(|request| format!("{} {}", request.method.as_str(), request.url.path())).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().expect("a lock").len()
    }

    pub(crate) fn token_count(&self) -> usize {
        self.token_requests.lock().expect("a lock").len()
    }

    pub(crate) fn left(&self) -> usize {
        self.answers.lock().expect("a lock").len()
    }
}

#[async_trait::async_trait]
impl Http for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.url.path() == "/v1/oauth2/token" {
            self.token_requests.lock().expect("a lock").push(request);
            return self.tokens.lock().expect("a lock").pop_front().unwrap_or_else(|| token(TOKEN, 32_400));
        }
        self.requests.lock().expect("a lock").push(request);
        self.answers.lock().expect("a lock").pop_front().expect("the script has an answer")
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Result<HttpResponse, HttpError> {
    raw(status, body.to_string().as_bytes())
}

pub(crate) fn raw(status: u16, body: &[u8]) -> Result<HttpResponse, HttpError> {
    let headers = vec![("paypal-debug-id".to_owned(), "f1a2b3c4d5e6f".to_owned())];
    Ok(HttpResponse { status, headers, body: body.to_vec() })
}

pub(crate) fn token(text: &str, seconds: i64) -> Result<HttpResponse, HttpError> {
    answer(200, &json!({"scope": "x", "access_token": text, "token_type": "Bearer", "expires_in": seconds}))
}

pub(crate) fn issue(status: u16, name: &str, issue: &str) -> Result<HttpResponse, HttpError> {
    answer(status, &json!({"name": name, "message": "m", "debug_id": "d", "details": [{"issue": issue}]}))
}

pub(crate) fn unprocessable(name: &str) -> Result<HttpResponse, HttpError> {
    issue(422, "UNPROCESSABLE_ENTITY", name)
}

pub(crate) fn gone() -> Result<HttpResponse, HttpError> {
    issue(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
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

/// F25: nothing in this channel may be made by chance.
struct NoChance;

impl Randomness for NoChance {
    fn fill(&self, _: &mut [u8]) {
        panic!("PayPal's requests must be the same each time")
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

pub(crate) fn settings() -> Map<String, Value> {
    let settings = json!({"environment": "sandbox", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "merchant_id": MERCHANT_ID, "webhook_ids": [WEBHOOK_ID]});
    settings.as_object().expect("an object").clone()
}

pub(crate) fn account(settings: Map<String, Value>) -> AccountSettings {
    AccountSettings { account: ChannelAccountId::parse("main").expect("an account"), settings }
}
