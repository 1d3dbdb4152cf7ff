//! The REST protocol.

use payment_sandbox::alipay::{Fault, KeyMode, MerchantOptions};
use serde_json::{Value, json};

use crate::client::{Answer, answer};
use crate::stage::Stage;

const QUERY: &str = "/v3/alipay/trade/query";

/// A request before it is sent; tests bend single parts of it.
struct Bent<'a> {
    path: &'a str,
    nonce: &'a str,
    /// Milliseconds from the simulator's clock.
    skew: i64,
    signed_body: Option<&'a str>,
    names_certificates: bool,
}

impl Bent<'_> {
    fn right() -> Self {
        Self { path: QUERY, nonce: "n-1", skew: 0, signed_body: None, names_certificates: true }
    }
}

async fn send(stage: &Stage, bent: Bent<'_>, body: &Value) -> Answer {
    let client = &stage.client;
    let body = body.to_string();
    let timestamp = client.clock.now().unix_timestamp() * 1000 + bent.skew;
    let certificates = client.merchant.certificates.as_ref().filter(|_| bent.names_certificates);
    let sn = certificates.map(|files| format!(",app_cert_sn={}", files.app.sn)).unwrap_or_default();
    let members = format!("app_id={}{sn},nonce={},timestamp={timestamp}", stage.app_id(), bent.nonce);
    let text = format!("{members}\nPOST\n{}\n{}\n", bent.path, bent.signed_body.unwrap_or(&body));
    let sign = client.sign(text.as_bytes());
    let mut request = client
        .http
        .post(format!("{}{}", stage.simulator.base_url(), bent.path))
        .header("authorization", format!("ALIPAY-SHA256withRSA {members},sign={sign}"))
        .header("content-type", "application/json");
    if let Some(files) = certificates {
        request = request.header("alipay-root-cert-sn", &files.root.sn);
    }
    answer(request.body(body).send().await.unwrap()).await.unwrap()
}

fn verify(stage: &Stage, answer: &Answer) -> Result<(), &'static str> {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let (timestamp, nonce) = (header("alipay-timestamp").unwrap(), header("alipay-nonce").unwrap());
    let signature = header("alipay-signature").ok_or("no signature")?;
    stage.client.verify_text(&format!("{timestamp}\n{nonce}\n{}\n", answer.body), signature)
}

#[tokio::test]
async fn an_answer_is_the_node_without_its_codes_signed_in_headers() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let trade_no = stage.paid_order("ORDER1").await;
    let answer = send(&stage, Bent::right(), &json!({"out_trade_no": "ORDER1"})).await;
    assert_eq!((answer.status, verify(&stage, &answer)), (200, Ok(())));
    assert_eq!(answer.headers["alipay-sn"], *stage.client.merchant.certificates.as_ref().unwrap().alipay.sn);
    let node = answer.json();
    assert_eq!((&node["trade_no"], node.get("code")), (&json!(trade_no), None));
    assert_eq!(node["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn every_refusal_is_a_400_without_a_signature() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let body = json!({"out_trade_no": "NOTHING"});
    for (bent, code) in [
        (Bent { nonce: "n-1", ..Bent::right() }, "ACQ.TRADE_NOT_EXIST"),
        (Bent { nonce: "n-1", ..Bent::right() }, "invalid-parameter"),
        (Bent { nonce: "n-2", signed_body: Some("{}"), ..Bent::right() }, "invalid-signature"),
        (Bent { nonce: "n-3", skew: -600_001, ..Bent::right() }, "illegal-timestamp"),
        (Bent { nonce: "n-4", skew: 600_001, ..Bent::right() }, "illegal-timestamp"),
        (Bent { nonce: "n-5", skew: -600_000, ..Bent::right() }, "ACQ.TRADE_NOT_EXIST"),
        (Bent { nonce: "n-6", path: "/v3/alipay/trade/nothing", ..Bent::right() }, "invalid-method"),
        (Bent { nonce: "n-7", path: "/v3/alipay/trade/app/pay", ..Bent::right() }, "invalid-method"),
        (Bent { nonce: "n-8", names_certificates: false, ..Bent::right() }, "missing-app-cert-sn"),
    ] {
        let nonce = bent.nonce.to_owned();
        let answer = send(&stage, bent, &body).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some(code)), "{nonce}");
        assert!(answer.headers.get("alipay-signature").is_none());
    }
    let bare = stage.client.http.post(format!("{}{QUERY}", stage.simulator.base_url())).body("{}");
    let bare = answer(bare.send().await.unwrap()).await.unwrap();
    assert_eq!((bare.status, bare.json()["code"].as_str()), (400, Some("missing-timestamp")));
}

#[tokio::test]
async fn signatures_can_be_spoiled_and_left_out() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    for (nonce, fault, verdict) in
        [("n-1", Fault::WrongKey, "wrong signature"), ("n-2", Fault::MissingSignature, "no signature")]
    {
        stage.control.add_order_fault("ORDER1", 1, fault);
        let bent = Bent { nonce, ..Bent::right() };
        let answer = send(&stage, bent, &json!({"out_trade_no": "ORDER1"})).await;
        assert_eq!((answer.status, verify(&stage, &answer)), (200, Err(verdict)));
    }
}
