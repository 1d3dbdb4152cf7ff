//! WeChat Pay: callbacks as strangers would send them, the contents of signed ones, and signed answers.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use channel_wechat::WeChatFactory;
use payment_core::{
    gateway::{CallbackRejected, Gateway, GatewayError, GatewayFactory as _, RawCallback, VerifiedEvent},
    money::{Currency, Money},
    ports::{HttpResponse, Ports},
};
use serde_json::{Value, json};

use crate::{
    input,
    question::{PAYMENT_NO, Question, Subject, ask},
    signing::Signer,
    world::{NOW, account, done, in_turn, ports, response, verdict},
};

const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0112345678912025010100000000000001";
const NONCE: &str = "c5ac7061fccab6bf3e254dcf98995b8c";
const TRANSACTION: &str = "4200002900202601059999999999";

static WECHAT: LazyLock<Signer> =
    LazyLock::new(|| Signer::new(include_str!("../../channel-wechat/testdata/platform.key.pem")));

fn settings() -> Value {
    json!({"mchid": "1234567891", "app_id": "wxd678efh567hg6787", "api_v3_key": API_V3_KEY,
        "merchant_certificate_serial": "5F1C2A7C35D0B3E04F0D5C2B8A9E6D4C3B2A7115",
        "merchant_private_key": include_str!("../../channel-wechat/testdata/merchant.key.pem"),
        "wechatpay_public_key": include_str!("../../channel-wechat/testdata/platform.pub.pem"),
        "wechatpay_public_key_id": PUBLIC_KEY_ID})
}

fn open(settings: &Value, ports: &Ports) -> Option<Arc<dyn Gateway>> {
    let factory = WeChatFactory::new().expect("a channel");
    done(factory.open(&account(settings), ports)).ok()
}

fn gateway(answers: impl IntoIterator<Item = HttpResponse>) -> Arc<dyn Gateway> {
    open(&settings(), &ports(in_turn(answers))).expect("an account")
}

/// The headers under which WeChat signs `body` now.
fn signed_headers(body: &[u8]) -> Vec<(String, String)> {
    let timestamp = NOW.unix_timestamp().to_string();
    let message = [timestamp.as_bytes(), b"\n", NONCE.as_bytes(), b"\n", body, b"\n"].concat();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        header("wechatpay-timestamp", &timestamp),
        header("wechatpay-nonce", NONCE),
        header("wechatpay-signature", &WECHAT.sign(&message)),
        header("wechatpay-serial", PUBLIC_KEY_ID),
        header("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ]
}

fn signed_callback(body: Vec<u8>) -> RawCallback {
    let headers = signed_headers(&body).into_iter().map(|(name, value)| (name, value.into_bytes()));
    input::post(headers.collect(), body)
}

fn sealed(plaintext: &[u8], associated_data: &str) -> Value {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).expect("a key"));
    let nonce = "fdasflkja484";
    let unique = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("a nonce");
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(unique, Aad::from(associated_data), &mut sealed).expect("sealed");
    json!({"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": associated_data,
        "ciphertext": STANDARD.encode(sealed)})
}

fn envelope(event_type: &str, plaintext: &[u8]) -> Vec<u8> {
    let envelope = json!({"id": "a1b2c3d4-0000-5000-8000-000000000001", "create_time": "2027-01-05T20:00:00+08:00",
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "支付成功",
        "resource": sealed(plaintext, "transaction")});
    envelope.to_string().into_bytes()
}

fn transaction(state: &str) -> String {
    let transaction = json!({"appid": "wxd678efh567hg6787", "mchid": "1234567891", "out_trade_no": PAYMENT_NO,
        "transaction_id": TRANSACTION, "trade_type": "APP", "trade_state": state, "trade_state_desc": "",
        "success_time": "2027-01-05T20:00:00+08:00", "payer": {"openid": "oUpF8uMuAJO"},
        "amount": {"total": 100, "payer_total": 90, "currency": "CNY"}});
    transaction.to_string()
}

fn refund(state: &str) -> String {
    let refund = json!({"refund_id": "50302909102026010512345678901", "out_refund_no": "R-1",
        "out_trade_no": PAYMENT_NO, "transaction_id": TRANSACTION, "channel": "ORIGINAL", "status": state,
        "success_time": "2027-01-05T20:10:00+08:00", "user_received_account": "支付用户零钱",
        "amount": {"total": 100, "refund": 40, "payer_total": 90, "payer_refund": 36, "currency": "CNY"}});
    refund.to_string()
}

/// A callback that WeChat signed: a payment of one yuan.
#[must_use]
pub fn genuine() -> RawCallback {
    genuine_of(TRANSACTION)
}

/// A callback that WeChat signed: a payment by this transaction.
#[must_use]
pub fn genuine_of(transaction_no: &str) -> RawCallback {
    let transaction = transaction("SUCCESS").replace(TRANSACTION, transaction_no);
    signed_callback(envelope("TRANSACTION.SUCCESS", transaction.as_bytes()))
}

/// An account for many verdicts.
#[must_use]
pub fn verifier() -> Arc<dyn Gateway> {
    gateway([])
}

/// Headers and body as they come. Nobody else can sign, so what is accepted is what WeChat has signed, byte for byte.
pub fn callback(data: &[u8]) {
    static GATEWAY: LazyLock<Arc<dyn Gateway>> = LazyLock::new(verifier);
    let callback = input::callback(data);
    if verdict(GATEWAY.as_ref(), &callback).is_ok() {
        assert!(callback.body == genuine().body, "another body was accepted");
    }
}

/// Where [`callback`] begins.
#[must_use]
pub fn callback_seeds() -> Vec<(String, Vec<u8>)> {
    let genuine = genuine();
    let mut probe = genuine.clone();
    probe.headers[2].1 = b"WECHATPAY/SIGNTEST/bad".to_vec();
    vec![
        ("genuine".to_owned(), input::of_callback(&genuine)),
        ("probe".to_owned(), input::of_callback(&probe)),
        ("bare".to_owned(), b"\n{}".to_vec()),
    ]
}

/// What stands behind a good signature: the type of an event in the first line and its content, which is sealed; or, if the
/// first line is empty, a whole envelope.
pub fn event(data: &[u8]) {
    drop(read_event(data));
}

/// What becomes of an event.
///
/// # Errors
/// As [`Gateway::verify_callback`]; none for bytes that are no input.
pub fn read_event(data: &[u8]) -> Option<Result<VerifiedEvent, CallbackRejected>> {
    static GATEWAY: LazyLock<Arc<dyn Gateway>> = LazyLock::new(verifier);
    let (event_type, content) = input::line(data)?;
    let body = if event_type.is_empty() { content.to_vec() } else { envelope(event_type, content) };
    Some(verdict(GATEWAY.as_ref(), &signed_callback(body)))
}

/// Where [`event`] begins.
#[must_use]
pub fn event_seeds() -> Vec<(String, Vec<u8>)> {
    let of = |event_type: &str, content: &str| format!("{event_type}\n{content}").into_bytes();
    let whole = envelope("REFUND.SUCCESS", refund("SUCCESS").as_bytes());
    vec![
        ("paid".to_owned(), of("TRANSACTION.SUCCESS", &transaction("SUCCESS"))),
        ("refunded".to_owned(), of("REFUND.SUCCESS", &refund("SUCCESS"))),
        ("abnormal".to_owned(), of("REFUND.ABNORMAL", &refund("ABNORMAL"))),
        ("envelope".to_owned(), [b"\n", whole.as_slice()].concat()),
        ("other".to_owned(), [b"\n", envelope("COUPON.USE", b"{}").as_slice()].concat()),
    ]
}

/// A letter for what was asked (`Question::of`; `o` a payment by a browser, `k` for the list of certificates, `K` for one
/// certificate, `a` for what the app reports), a digit for the status, and the body of the answer, which is signed.
pub fn answer(data: &[u8]) {
    drop(read_answer(data));
}

/// What becomes of an answer.
///
/// # Errors
/// As the verbs of [`Gateway`]; none for bytes that are no input.
pub fn read_answer(data: &[u8]) -> Option<Result<(), GatewayError>> {
    let [letter, status, body @ ..] = data else { return None };
    let unknown = || GatewayError::Unknown("refused".to_owned());
    match letter {
        b'k' => return Some(open_with_certificates(body).ok_or_else(unknown)),
        b'K' => return Some(open_with_certificates(&listed(body)).ok_or_else(unknown)),
        b'a' => return Some(gateway([]).read_client_result(body).map(drop).map_err(|_| unknown())),
        _ => {}
    }
    let answer = HttpResponse { headers: signed_headers(body), ..response(status_of(*status), body) };
    let product = if *letter == b'o' { "h5" } else { "app" };
    let subject = Subject {
        product: if *status == b'0' { "native" } else { product },
        options: json!({}),
        amount: Money::new(Currency::CNY, 100),
        transaction_no: TRANSACTION,
        handle: String::new(),
    };
    Some(ask(gateway([answer]).as_ref(), &subject, Question::of(*letter)))
}

fn status_of(digit: u8) -> u16 {
    match digit {
        b'3' => 302,
        b'4' => 400,
        b'1' => 404,
        b'9' => 429,
        b'5' => 500,
        b'n' => 204,
        _ => 200,
    }
}

/// The download of certificates when an account is opened.
fn open_with_certificates(list: &[u8]) -> Option<()> {
    let mut settings = settings();
    settings["download_platform_certificates"] = json!(true);
    let answer = HttpResponse { headers: signed_headers(list), ..response(200, list) };
    open(&settings, &ports(in_turn([answer]))).map(drop)
}

/// A list of one certificate.
fn listed(pem: &[u8]) -> Vec<u8> {
    let entry = json!({"serial_no": "FF",
        "effective_time": "2026-01-01T00:00:00+08:00", "expire_time": "2031-01-01T00:00:00+08:00",
        "encrypt_certificate": sealed(pem, "certificate")});
    json!({"data": [entry]}).to_string().into_bytes()
}

/// Where [`answer`] begins.
#[must_use]
pub fn answer_seeds() -> Vec<(String, Vec<u8>)> {
    let error = r#"{"code":"ORDER_NOT_EXIST","message":"订单不存在","detail":{"field":"x"}}"#;
    let certificate = include_str!("../../channel-alipay/testdata/second.crt.pem");
    let list = String::from_utf8(listed(certificate.as_bytes())).expect("JSON");
    let of = |name: &str, head: &str, body: &str| (name.to_owned(), format!("{head}{body}").into_bytes());
    vec![
        of("created", "c2", r#"{"prepay_id":"wx0520"}"#),
        of("created_native", "c0", r#"{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}"#),
        of("paid", "q2", &transaction("SUCCESS")),
        of("unpaid", "q2", &transaction("NOTPAY")),
        of("paid_transaction", "t2", &transaction("REFUND")),
        of("not_found", "q1", error),
        of("closed", "xn", ""),
        of("refund", "r2", &refund("PROCESSING")),
        of("refund_asked", "R2", &refund("CLOSED")),
        of("broken", "q5", "<html>"),
        of("certificates", "k2", &list),
        of("certificate", "K2", certificate),
        of("report", "a2", r#"{"errCode":0,"errStr":""}"#),
    ]
}

/// The section of an account of merchant `acme` in a server's configuration.
pub(crate) fn account_section() -> String {
    let settings = settings();
    let settings = settings.as_object().expect("an object");
    let lines =
        settings.iter().map(|(key, value)| format!("{key} = '''{}'''", value.as_str().expect("a text")));
    let lines: Vec<_> = lines.collect();
    format!("[merchants.acme.accounts.main]\nchannel = \"wechat\"\n{}", lines.join("\n"))
}
