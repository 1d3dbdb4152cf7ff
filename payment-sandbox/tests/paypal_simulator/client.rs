//! A tiny PayPal client, written from the protocol's reference: token, request ids, verification of webhooks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::paypal::GeneratedMerchant;
use reqwest::header::HeaderMap;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;
use tokio::sync::Mutex;
use x509_parser::pem::Pem;

pub(crate) struct Client {
    pub(crate) base_url: String,
    pub(crate) merchant: GeneratedMerchant,
    clock: SimulatorClock,
    http: reqwest::Client,
    token: Mutex<Option<String>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Status and the first issue, or the name when there is none.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let debug_id = self.headers["paypal-debug-id"].to_str().unwrap();
        if body.get("debug_id").is_some() {
            assert_eq!(body["debug_id"], debug_id, "header and body name the same id");
        }
        let first =
            body.pointer("/details/0/issue").or_else(|| body.get("name")).or_else(|| body.get("error"));
        (self.status, first.and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// The target of the link with this relation.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        link(&self.json(), rel)
    }
}

pub(crate) fn link(body: &Value, rel: &str) -> Option<String> {
    let mut links = body["links"].as_array()?.iter();
    Some(links.find(|link| link["rel"] == rel)?["href"].as_str()?.to_owned())
}

/// What goes with a request beside its body.
#[derive(Clone, Copy, Default)]
pub(crate) struct With<'a> {
    pub(crate) request_id: Option<&'a str>,
    pub(crate) headers: &'a [(&'static str, &'a str)],
}

pub(crate) const PLAIN: With<'static> = With { request_id: None, headers: &[] };
pub(crate) const WHOLE: With<'static> =
    With { request_id: None, headers: &[("prefer", "return=representation")] };

pub(crate) fn key(request_id: &str) -> With<'_> {
    With { request_id: Some(request_id), headers: &[] }
}

impl Client {
    pub(crate) fn new(base_url: &str, merchant: GeneratedMerchant, clock: SimulatorClock) -> Self {
        let token = Mutex::new(None);
        Self { base_url: base_url.to_owned(), merchant, clock, http: reqwest::Client::new(), token }
    }

    pub(crate) async fn ask_token(&self, secret: &str, form: &str) -> Answer {
        let credentials = BASE64.encode(format!("{}:{secret}", self.merchant.client_id));
        let request = self
            .http
            .post(format!("{}/v1/oauth2/token", self.base_url))
            .header("authorization", format!("Basic {credentials}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        answer(request.send().await.unwrap()).await
    }

    /// The cached token, fetched when there is none.
    pub(crate) async fn token(&self) -> String {
        let mut cached = self.token.lock().await;
        if cached.is_none() {
            let answer = self.ask_token(&self.merchant.client_secret, "grant_type=client_credentials").await;
            *cached = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
        }
        cached.clone().unwrap()
    }

    pub(crate) async fn forget_token(&self) {
        *self.token.lock().await = None;
    }

    /// Sends a request with the cached token, whatever comes back.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        with: With<'_>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.base_url))
            .header("authorization", format!("Bearer {}", self.token().await))
            .header("content-type", "application/json")
            .body(body.to_vec());
        if let Some(id) = with.request_id {
            request = request.header("paypal-request-id", id);
        }
        for (name, value) in with.headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, b"", PLAIN).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value, with: With<'_>) -> Answer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send("POST", path, &body, with).await.unwrap()
    }

    pub(crate) async fn show(&self, order_id: &str) -> Value {
        let answer = self.get(&format!("/v2/checkout/orders/{order_id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }

    pub(crate) async fn capture(&self, order_id: &str, request_id: &str) -> Answer {
        self.post(&format!("/v2/checkout/orders/{order_id}/capture"), &Value::Null, key(request_id)).await
    }

    pub(crate) async fn refund(&self, capture_id: &str, body: &Value, request_id: &str) -> Answer {
        let with = With { request_id: Some(request_id), headers: WHOLE.headers };
        self.post(&format!("/v2/payments/captures/{capture_id}/refund"), body, with).await
    }

    /// Verifies a webhook as the reference says; returns the transmission id, or the step that failed.
    pub(crate) async fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(time), Some(signature), Some(url), Some(algorithm)) = (
            header("paypal-transmission-id"),
            header("paypal-transmission-time"),
            header("paypal-transmission-sig"),
            header("paypal-cert-url"),
            header("paypal-auth-algo"),
        ) else {
            return Err("header missing");
        };
        if algorithm != "SHA256withRSA" {
            return Err("algorithm");
        }
        let allowed = format!("{}/v1/notifications/certs/CERT-", self.merchant.certificate_origin);
        if !url.starts_with(&allowed) {
            return Err("certificate url");
        }
        let leaf = self.leaf(&self.http.get(url).send().await.unwrap().text().await.unwrap())?;
        let text = format!("{id}|{time}|{}|{}", self.merchant.webhook_id, crc32(body));
        let signature = BASE64.decode(signature).map_err(|_| "base64")?;
        let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).unwrap();
        let key = leaf.public_key().subject_public_key.data.as_ref();
        aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, key)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| "signature")?;
        Ok(id.to_owned())
    }

    /// The served certificate, once its chain to the root, its time and its name have been checked.
    fn leaf(&self, pem: &str) -> Result<Vec<u8>, &'static str> {
        assert!(pem.contains("-----BEGIN CERTIFICATE-----\r\n"), "CRLF line ends");
        let der = |pem: &str| Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap().contents;
        let leaf = CertificateDer::from(der(pem));
        let root = CertificateDer::from(der(&self.merchant.root_certificate_pem));
        let intermediate = CertificateDer::from(der(&self.merchant.intermediate_certificate_pem));
        let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
        let certificate = webpki::EndEntityCert::try_from(&leaf).map_err(|_| "certificate")?;
        let now = u64::try_from(self.clock.now().unix_timestamp()).unwrap();
        certificate
            .verify_for_usage(
                &[webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256],
                &[anchor],
                &[intermediate],
                UnixTime::since_unix_epoch(Duration::from_secs(now)),
                webpki::KeyUsage::server_auth(),
                None,
                None,
            )
            .map_err(|_| "chain")?;
        let name = ServerName::try_from(self.merchant.certificate_name.as_str()).unwrap();
        certificate.verify_is_valid_for_subject_name(&name).map_err(|_| "name")?;
        Ok(leaf.to_vec())
    }
}

async fn answer(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// CRC-32 as zlib has it, by a table: written apart from the simulator's.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|index| (0..8).fold(index, |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 }))
        .collect();
    let register = bytes.iter().fold(u32::MAX, |register, byte| {
        table[((register ^ u32::from(*byte)) & 0xFF) as usize] ^ (register >> 8)
    });
    register ^ u32::MAX
}
