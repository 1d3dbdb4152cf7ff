//! A tiny WeChat Pay client, written from the protocol's reference: signs requests, verifies answers, opens envelopes.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::wechat::GeneratedMerchant;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use x509_parser::pem::parse_x509_pem;

/// Which key a client wants answers to be signed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Certificate,
    PublicKey,
}

pub(crate) struct Client {
    pub(crate) base_url: String,
    pub(crate) merchant: GeneratedMerchant,
    pub(crate) clock: SimulatorClock,
    pub(crate) wants: Wants,
    http: reqwest::Client,
    key: RsaKeyPair,
}

/// A request before it is sent; tests bend single parts of it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Request {
    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    /// Puts another value into a header.
    pub(crate) fn with(self, name: &'static str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name, value.to_owned()));
        request
    }

    /// The `Authorization` header as it stands.
    pub(crate) fn authorization(&self) -> String {
        self.headers.iter().find(|(name, _)| *name == "authorization").unwrap().1.clone()
    }
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

    /// Status and error code.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The numeric result code.
    pub(crate) fn sub_code(&self) -> String {
        self.headers["request-id"].to_str().unwrap().rsplit('-').next().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn new(
        base_url: &str,
        merchant: GeneratedMerchant,
        clock: SimulatorClock,
        wants: Wants,
    ) -> Self {
        let key = RsaKeyPair::from_pkcs8(&pem_bytes(&merchant.merchant_private_key_pem)).unwrap();
        Self { base_url: base_url.to_owned(), merchant, clock, wants, http: reqwest::Client::new(), key }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        BASE64.encode(signature)
    }

    /// A rightly signed request at the clock's time.
    pub(crate) fn request(&self, method: &'static str, target: &str, body: &[u8]) -> Request {
        self.request_at(method, target, body, self.clock.now().unix_timestamp())
    }

    /// A rightly signed request with another timestamp.
    pub(crate) fn request_at(
        &self,
        method: &'static str,
        target: &str,
        body: &[u8],
        timestamp: i64,
    ) -> Request {
        let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
        let head = format!("{method}\n{target}\n{timestamp}\n{nonce}\n");
        let signature = self.sign(&[head.as_bytes(), body, b"\n"].concat());
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{}\",signature=\"{signature}\"",
            self.merchant.mchid, self.merchant.merchant_serial
        );
        let mut headers = vec![
            ("authorization", authorization),
            ("accept", "application/json".to_owned()),
            ("user-agent", "wechat-simulator-test".to_owned()),
        ];
        if !body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if self.wants == Wants::PublicKey {
            headers.push(("wechatpay-serial", self.merchant.public_key.as_ref().unwrap().id.clone()));
        }
        Request { method, target: target.to_owned(), body: body.to_vec(), headers }
    }

    /// Sends a request as it stands.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{}", self.base_url, request.target);
        let mut builder = self.http.request(request.method.parse().unwrap(), url).body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Sends a rightly signed request; a 2xx answer must be rightly signed too.
    pub(crate) async fn call(&self, method: &'static str, target: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(&self.request(method, target, &body)).await.unwrap();
        if answer.status < 300 {
            let key_id = self.verify(&answer.headers, &answer.body).unwrap();
            assert_eq!(key_id.starts_with("PUB_KEY_ID_"), self.wants == Wants::PublicKey);
        }
        answer
    }

    pub(crate) async fn query(&self, out_trade_no: &str) -> Answer {
        let target =
            format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={}", self.merchant.mchid);
        self.call("GET", &target, &Value::Null).await
    }

    pub(crate) async fn close(&self, out_trade_no: &str) -> Answer {
        let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}/close");
        self.call("POST", &target, &json!({"mchid": self.merchant.mchid})).await
    }

    pub(crate) async fn refund(&self, body: &Value) -> Answer {
        self.call("POST", "/v3/refund/domestic/refunds", body).await
    }

    /// Verifies the `Wechatpay-*` headers over a body; returns the id of the key that did it, or what is wrong.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(timestamp), Some(nonce), Some(signature), Some(serial)) = (
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            header("wechatpay-signature"),
            header("wechatpay-serial"),
        ) else {
            return Err("header missing");
        };
        if header("wechatpay-signature-type") != Some("WECHATPAY2-SHA256-RSA2048") {
            return Err("signature type");
        }
        let age = self.clock.now().unix_timestamp() - timestamp.parse::<i64>().map_err(|_| "timestamp")?;
        if age.abs() > 300 {
            return Err("stale");
        }
        let key = self.channel_key(serial).ok_or("unknown serial")?;
        let signature = BASE64.decode(signature).map_err(|_| "not base64")?;
        let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(&message, &signature)
            .map_err(|_| "wrong signature")?;
        Ok(serial.to_owned())
    }

    fn channel_key(&self, serial: &str) -> Option<Vec<u8>> {
        if let Some(public) = self.merchant.public_key.as_ref().filter(|key| key.id == serial) {
            return Some(pem_bytes(&public.pem));
        }
        let certificate = self.merchant.platform_certificates.iter().find(|c| c.serial == serial)?;
        let (_, pem) = parse_x509_pem(certificate.pem.as_bytes()).unwrap();
        let parsed = pem.parse_x509().unwrap();
        assert_eq!(format!("{:X}", parsed.serial), serial, "the certificate has the serial that it goes by");
        Some(parsed.public_key().subject_public_key.data.to_vec())
    }

    /// Opens `{"nonce", "associated_data", "ciphertext"}` with the APIv3 key.
    pub(crate) fn open(&self, resource: &Value) -> Vec<u8> {
        let key = UnboundKey::new(&AES_256_GCM, self.merchant.apiv3_key.as_bytes()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(resource["nonce"].as_str().unwrap().as_bytes()).unwrap();
        let aad = Aad::from(resource["associated_data"].as_str().unwrap_or_default().as_bytes());
        let mut sealed = BASE64.decode(resource["ciphertext"].as_str().unwrap()).unwrap();
        LessSafeKey::new(key).open_in_place(nonce, aad, &mut sealed).unwrap().to_vec()
    }

    /// The plaintext of a notification body.
    pub(crate) fn open_notification(&self, body: &[u8]) -> Value {
        let envelope: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(envelope["resource_type"], "encrypt-resource");
        serde_json::from_slice(&self.open(&envelope["resource"])).unwrap()
    }
}

/// The DER inside a PEM text.
pub(crate) fn pem_bytes(pem: &str) -> Vec<u8> {
    BASE64.decode(pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).unwrap()
}
