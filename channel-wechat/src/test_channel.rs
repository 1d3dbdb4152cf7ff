//! The other end for tests: WeChat's keys and envelopes, a network that answers from a script, and a clock that stands.

use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{
    gateway::{AccountSettings, RawCallback},
    identifiers::ChannelAccountId,
    ports::{Clock, Http, HttpError, HttpRequest, HttpResponse, Ports, Randomness},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, SerialNumber};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

pub(crate) const MCHID: &str = "1234567891";
pub(crate) const APP_ID: &str = "wxd678efh567hg6787";
pub(crate) const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
pub(crate) const MERCHANT_SERIAL: &str = "5F1C2A7C35D0B3E04F0D5C2B8A9E6D4C3B2A7115";
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0112345678912025010100000000000001";
pub(crate) const MERCHANT_KEY: &str = include_str!("../testdata/merchant.key.pem");
pub(crate) const PLATFORM_KEY: &str = include_str!("../testdata/platform.key.pem");
pub(crate) const PLATFORM_PUBLIC_KEY: &str = include_str!("../testdata/platform.pub.pem");
pub(crate) const OTHER_KEY: &str = include_str!("../testdata/other.key.pem");

/// The instant at which every test begins; Unix 1767614400.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-05 12:00 UTC);

/// Every promise here is kept at once: nothing in a test waits.
pub(crate) fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a test's future waits for something"),
    }
}

pub(crate) fn seal(nonce: &str, associated_data: &str, plaintext: &[u8]) -> Value {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).expect("a key"));
    let mut sealed = plaintext.to_vec();
    let unique = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("a nonce");
    key.seal_in_place_append_tag(unique, Aad::from(associated_data), &mut sealed).expect("sealed");
    json!({"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": associated_data,
        "ciphertext": STANDARD.encode(sealed)})
}

/// A key that WeChat signs with.
pub(crate) struct Signer {
    pub(crate) serial: String,
    pem: &'static str,
}

impl Signer {
    pub(crate) fn public_key() -> Self {
        Self { serial: PUBLIC_KEY_ID.to_owned(), pem: PLATFORM_KEY }
    }

    pub(crate) fn certificate(serial: &str, pem: &'static str) -> Self {
        Self { serial: serial.to_owned(), pem }
    }

    fn der(&self) -> Vec<u8> {
        pem::parse(self.pem).expect("PEM").into_contents()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let pair = RsaKeyPair::from_pkcs8(&self.der()).expect("a key");
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("signed");
        STANDARD.encode(signature)
    }

    /// The headers over `body` as signed at `at`.
    pub(crate) fn headers(&self, at: OffsetDateTime, body: &[u8]) -> Vec<(String, String)> {
        let timestamp = at.unix_timestamp().to_string();
        let message = [timestamp.as_bytes(), b"\nc5ac7061fccab6bf3e254dcf98995b8c\n", body, b"\n"].concat();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            header("wechatpay-timestamp", &timestamp),
            header("wechatpay-nonce", "c5ac7061fccab6bf3e254dcf98995b8c"),
            header("wechatpay-signature", &self.sign(&message)),
            header("wechatpay-serial", &self.serial),
            header("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
        ]
    }

    pub(crate) fn answer(&self, at: OffsetDateTime, status: u16, body: &[u8]) -> HttpResponse {
        HttpResponse { status, headers: self.headers(at, body), body: body.to_vec() }
    }

    /// A notification with this content, signed at `at`.
    pub(crate) fn callback(&self, at: OffsetDateTime, event_type: &str, content: &Value) -> RawCallback {
        self.callback_of(at, &envelope(event_type, content))
    }

    pub(crate) fn callback_of(&self, at: OffsetDateTime, envelope: &Value) -> RawCallback {
        let body = envelope.to_string().into_bytes();
        let headers = self.headers(at, &body);
        RawCallback {
            method: "POST".to_owned(),
            target: "/v1/callbacks/wechat/main".to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect(),
            body,
        }
    }

    fn rcgen_key(&self) -> rcgen::KeyPair {
        rcgen::KeyPair::try_from(self.der().as_slice()).expect("a key")
    }

    /// A certificate for this key under `root`, in PEM.
    pub(crate) fn issue(&self, root: &Root, from: OffsetDateTime, life: Duration) -> String {
        let mut parameters = CertificateParams::default();
        let serial: Vec<u8> = (0..self.serial.len() / 2)
            .map(|index| u8::from_str_radix(&self.serial[index * 2..index * 2 + 2], 16).expect("hex"))
            .collect();
        parameters.serial_number = Some(SerialNumber::from(serial));
        (parameters.not_before, parameters.not_after) = (from, from + life);
        parameters.signed_by(&self.rcgen_key(), &root.issuer).expect("a certificate").pem()
    }

    /// The certificate's entry in a download.
    pub(crate) fn entry(&self, pem: &str) -> Value {
        json!({"serial_no": self.serial, "effective_time": "2026-01-01T00:00:00+08:00",
            "expire_time": "2031-01-01T00:00:00+08:00",
            "encrypt_certificate": seal("61f9c719728a", "certificate", pem.as_bytes())})
    }
}

pub(crate) fn envelope(event_type: &str, content: &Value) -> Value {
    let mut resource = seal("fdasflkja484", "transaction", content.to_string().as_bytes());
    resource["original_type"] = json!("transaction");
    json!({"id": "a1b2c3d4-0000-5000-8000-000000000001", "create_time": "2026-01-05T20:00:00+08:00",
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "支付成功", "resource": resource})
}

/// An authority that issues certificates.
pub(crate) struct Root {
    issuer: Issuer<'static, rcgen::KeyPair>,
    pub(crate) pem: String,
}

impl Root {
    pub(crate) fn new(name: &str) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (parameters.not_before, parameters.not_after) =
            (NOW - Duration::days(900), NOW + Duration::days(9000));
        let pem = parameters.self_signed(&key).expect("a root").pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }
}

/// Answers in turn, and remembers what was asked.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    pub(crate) requests: Mutex<Vec<HttpRequest>>,
}

impl Script {
    pub(crate) fn will(&self, answer: Result<HttpResponse, HttpError>) -> &Self {
        self.answers.lock().expect("a lock").push_back(answer);
        self
    }

    pub(crate) fn request(&self, index: usize) -> HttpRequest {
        self.requests.lock().expect("a lock")[index].clone()
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

/// Chance that never repeats and is the same in each run.
struct Counter(AtomicU8);

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
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
        let randomness = Arc::new(Counter(AtomicU8::new(1)));
        Ports { clock: self.clock.clone(), randomness, http: self.http.clone() }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

/// Settings without any of WeChat's keys.
pub(crate) fn bare_settings() -> Map<String, Value> {
    let settings = json!({"mchid": MCHID, "app_id": APP_ID, "merchant_certificate_serial": MERCHANT_SERIAL,
        "merchant_private_key": MERCHANT_KEY, "api_v3_key": API_V3_KEY});
    settings.as_object().expect("an object").clone()
}

/// Settings of a merchant with the WeChat Pay public key.
pub(crate) fn settings() -> Map<String, Value> {
    let mut settings = bare_settings();
    settings.insert("wechatpay_public_key".to_owned(), json!(PLATFORM_PUBLIC_KEY));
    settings.insert("wechatpay_public_key_id".to_owned(), json!(PUBLIC_KEY_ID));
    settings
}

pub(crate) fn account(settings: Map<String, Value>) -> AccountSettings {
    AccountSettings { account: ChannelAccountId::parse("main").expect("an account"), settings }
}
