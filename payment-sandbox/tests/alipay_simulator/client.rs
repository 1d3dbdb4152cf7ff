//! A tiny Alipay client, written from the protocol's reference: signs requests and order strings, verifies answers and
//! notifications.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use payment_sandbox::alipay::GeneratedMerchant;
use payment_sandbox::clock::SimulatorClock;
use reqwest::header::HeaderMap;
use serde_json::Value;
use time::macros::{format_description, offset};
use url::form_urlencoded;

pub(crate) type Pairs = BTreeMap<String, String>;

pub(crate) struct Client {
    pub(crate) gateway_url: String,
    pub(crate) merchant: GeneratedMerchant,
    pub(crate) clock: SimulatorClock,
    pub(crate) http: reqwest::Client,
    key: RsaKeyPair,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The value of the node, whatever its name.
    pub(crate) fn node(&self) -> Value {
        let json = self.json();
        let mut members = json.as_object().unwrap().iter();
        members.find(|(name, _)| name.ends_with("_response")).expect("a node").1.clone()
    }

    /// `code` and `sub_code`.
    pub(crate) fn refusal(&self) -> (String, String) {
        let node = self.node();
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("sub_code"))
    }

    /// The text of the node between its name and the members that follow.
    pub(crate) fn signed_text(&self) -> &str {
        let start = self.body.find("_response\":").expect("a node") + "_response\":".len();
        let rest = &self.body[start..];
        let end =
            rest.rfind(",\"alipay_cert_sn\":\"").or_else(|| rest.rfind(",\"sign\":\"")).expect("a sign");
        &rest[..end]
    }

    pub(crate) fn signature(&self) -> Option<String> {
        self.json()["sign"].as_str().map(str::to_owned)
    }
}

impl Client {
    pub(crate) fn new(gateway_url: &str, merchant: GeneratedMerchant, clock: SimulatorClock) -> Self {
        let key = RsaKeyPair::from_pkcs8(&pem_bytes(&merchant.app_private_key_pem)).unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { gateway_url: gateway_url.to_owned(), merchant, clock, http, key }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        BASE64.encode(signature)
    }

    /// The parameters of a request without `sign`.
    pub(crate) fn parameters(&self, method: &str, content: &Value) -> Pairs {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let timestamp = self.clock.now().to_offset(offset!(+8)).format(format).unwrap();
        let mut pairs: Pairs = [
            ("app_id", self.merchant.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("version", "1.0"),
            ("timestamp", &timestamp),
            ("biz_content", &content.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        if let Some(certificates) = &self.merchant.certificates {
            pairs.insert("app_cert_sn".to_owned(), certificates.app.sn.clone());
            pairs.insert("alipay_root_cert_sn".to_owned(), certificates.root.sn.clone());
        }
        pairs
    }

    /// Adds the signature over everything.
    pub(crate) fn signed(&self, mut pairs: Pairs) -> Pairs {
        let text = joined(&pairs, &["sign"]);
        pairs.insert("sign".to_owned(), self.sign(text.as_bytes()));
        pairs
    }

    /// Sends pairs as they are: protocol parameters in the query, the content in the body.
    pub(crate) async fn send(&self, pairs: &Pairs) -> Result<Answer, reqwest::Error> {
        let (body, query): (Pairs, Pairs) =
            pairs.clone().into_iter().partition(|(name, _)| name == "biz_content");
        let request = self
            .http
            .post(format!("{}?{}", self.gateway_url, encoded(&query)))
            .header("content-type", "application/x-www-form-urlencoded;charset=utf-8")
            .body(encoded(&body));
        answer(request.send().await?).await
    }

    /// A rightly signed call, whose answer must be rightly signed.
    pub(crate) async fn call(&self, method: &str, content: &Value) -> Answer {
        let answer = self.try_call(method, content).await.unwrap();
        assert_eq!(self.verify(&answer), Ok(()), "{}", answer.body);
        answer
    }

    /// A rightly signed call, whatever comes back.
    pub(crate) async fn try_call(&self, method: &str, content: &Value) -> Result<Answer, reqwest::Error> {
        self.send(&self.signed(self.parameters(method, content))).await
    }

    pub(crate) fn verify(&self, answer: &Answer) -> Result<(), &'static str> {
        let signature = answer.signature().ok_or("no signature")?;
        self.verify_text(answer.signed_text(), &signature)
    }

    pub(crate) fn verify_text(&self, text: &str, signature: &str) -> Result<(), &'static str> {
        let key = spki_key(&pem_bytes(&self.merchant.alipay_public_key_pem));
        let signature = BASE64.decode(signature).map_err(|_| "not base64")?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| "wrong signature")
    }

    /// Verifies a notification's body or a query of signed parameters; without `sign` and `sign_type`.
    pub(crate) fn verify_form(&self, form: &str) -> Result<Pairs, &'static str> {
        let pairs = decoded(form);
        if pairs.get("sign_type").map(String::as_str) != Some("RSA2") {
            return Err("sign_type");
        }
        let signature = pairs.get("sign").filter(|sign| !sign.is_empty()).ok_or("no signature")?;
        self.verify_text(&joined(&pairs, &["sign", "sign_type"]), signature)?;
        Ok(pairs)
    }

    /// An order string as a merchant's server makes it.
    pub(crate) fn order_string(&self, notify_url: &str, content: &Value) -> String {
        let mut pairs = self.parameters("alipay.trade.app.pay", content);
        pairs.insert("notify_url".to_owned(), notify_url.to_owned());
        encoded(&self.signed(pairs))
    }

    /// The address to which a browser is sent.
    pub(crate) fn page_url(
        &self,
        method: &str,
        notify_url: &str,
        return_url: &str,
        content: &Value,
    ) -> String {
        let mut pairs = self.parameters(method, content);
        pairs.insert("notify_url".to_owned(), notify_url.to_owned());
        pairs.insert("return_url".to_owned(), return_url.to_owned());
        format!("{}?{}", self.gateway_url, encoded(&self.signed(pairs)))
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        answer(self.http.get(url).send().await.unwrap()).await.unwrap()
    }
}

pub(crate) async fn answer(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(Answer { status, headers, body })
}

pub(crate) fn joined(pairs: &Pairs, left_out: &[&str]) -> String {
    let kept = pairs.iter().filter(|(name, value)| !left_out.contains(&name.as_str()) && !value.is_empty());
    kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

pub(crate) fn encoded(pairs: &Pairs) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(crate) fn decoded(form: &str) -> Pairs {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// The DER inside the first block of a PEM text.
pub(crate) fn pem_bytes(pem: &str) -> Vec<u8> {
    let block = pem.lines().skip(1).take_while(|line| !line.starts_with("-----"));
    BASE64.decode(block.collect::<String>()).unwrap()
}

/// The key inside a SubjectPublicKeyInfo.
fn spki_key(der: &[u8]) -> Vec<u8> {
    use x509_parser::prelude::FromDer as _;
    let (_, info) = x509_parser::x509::SubjectPublicKeyInfo::from_der(der).unwrap();
    info.subject_public_key.data.to_vec()
}
