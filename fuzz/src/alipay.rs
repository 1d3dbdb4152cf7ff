//! Alipay: callbacks as strangers would send them, the contents of signed ones, and signed answers.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use channel_alipay::AlipayFactory;
use payment_core::{
    gateway::{CallbackRejected, Gateway, GatewayError, GatewayFactory as _, RawCallback, VerifiedEvent},
    money::{Currency, Money},
    ports::HttpResponse,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    input,
    question::{PAYMENT_NO, Question, Subject, ask},
    signing::Signer,
    world::{account, done, in_turn, ports, response, verdict},
};

const APP_ID: &str = "2021000000000001";
const SELLER_ID: &str = "2088000000000001";
const TRADE_NO: &str = "2027030122001400000000000001";

static ALIPAY: LazyLock<Signer> =
    LazyLock::new(|| Signer::new(include_str!("../../channel-alipay/testdata/platform.key.pem")));

/// Parameters of a form, in the order in which they are signed.
type Parameters = BTreeMap<String, String>;

fn settings() -> Value {
    json!({"app_id": APP_ID, "seller_id": SELLER_ID, "content_encryption_key": "Y29udGVudC1rZXktMDAwMQ==",
        "app_private_key": include_str!("../../channel-alipay/testdata/app.key.pem"),
        "alipay_public_key": include_str!("../../channel-alipay/testdata/platform.pub.pem")})
}

/// Settings in certificate mode, where an unknown serial leads to a download.
fn certificate_settings() -> Value {
    json!({"app_id": APP_ID, "seller_id": SELLER_ID,
        "app_private_key": include_str!("../../channel-alipay/testdata/app.key.pem"),
        "app_certificate": include_str!("../../channel-alipay/testdata/app.crt.pem"),
        "alipay_certificate": include_str!("../../channel-alipay/testdata/platform.chain.pem"),
        "alipay_root_certificates": include_str!("../../channel-alipay/testdata/roots.pem")})
}

fn open(settings: &Value, answers: impl IntoIterator<Item = HttpResponse>) -> Arc<dyn Gateway> {
    let factory = AlipayFactory::new().expect("a channel");
    done(factory.open(&account(settings), &ports(in_turn(answers)))).expect("an account")
}

fn written(parameters: &Parameters) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn read(form: &[u8]) -> Parameters {
    form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The form that Alipay would send of these parameters.
fn signed_form(mut parameters: Parameters) -> String {
    parameters.retain(|name, _| !matches!(name.as_str(), "sign" | "sign_type"));
    let signed = parameters.iter().filter(|(_, value)| !value.is_empty());
    let content: Vec<_> = signed.map(|(name, value)| format!("{name}={value}")).collect();
    let sign = ALIPAY.sign(content.join("&").as_bytes());
    parameters.extend([("sign_type".to_owned(), "RSA2".to_owned()), ("sign".to_owned(), sign)]);
    written(&parameters)
}

fn raw(body: Vec<u8>) -> RawCallback {
    let content_type = b"application/x-www-form-urlencoded; charset=utf-8".to_vec();
    let headers = vec![("content-type".to_owned(), content_type)];
    input::post(headers, body)
}

fn paid() -> Parameters {
    let pairs = [
        ("charset", "utf-8"),
        ("subject", "测试 A+B 50% <&\"'> %2B"),
        ("notify_id", "2027030100222123110012345678901234"),
        ("notify_type", "trade_status_sync"),
        ("fund_bill_list", r#"[{"amount":"88.88","fundChannel":"ALIPAYACCOUNT"}]"#),
        ("trade_status", "TRADE_SUCCESS"),
        ("receipt_amount", "80.00"),
        ("total_amount", "88.88"),
        ("app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("gmt_payment", "2027-01-05 20:00:00"),
        ("notify_time", "2027-01-05 20:00:00"),
        ("out_trade_no", PAYMENT_NO),
        ("trade_no", TRADE_NO),
        ("version", "1.0"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn changed(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut parameters = paid();
    for (name, value) in changes {
        parameters.insert((*name).to_owned(), (*value).to_owned());
    }
    written(&parameters).into_bytes()
}

/// A callback that Alipay signed: a payment of 88.88 yuan.
#[must_use]
pub fn genuine() -> RawCallback {
    genuine_of(TRADE_NO)
}

/// A callback that Alipay signed: a payment by this trade.
#[must_use]
pub fn genuine_of(trade_no: &str) -> RawCallback {
    let mut parameters = paid();
    parameters.insert("trade_no".to_owned(), trade_no.to_owned());
    raw(signed_form(parameters).into_bytes())
}

/// What a form says, by another reader than ours. Empty values say nothing, and which certificate signed is a hint that
/// Alipay's own libraries leave out of what is signed.
#[must_use]
pub fn meaning(form: &[u8]) -> BTreeMap<String, String> {
    let mut parameters = read(form);
    parameters.retain(|name, value| !value.is_empty() && name != "alipay_cert_sn");
    parameters
}

/// An account for many verdicts.
#[must_use]
pub fn verifier() -> Arc<dyn Gateway> {
    open(&settings(), [])
}

/// A body as it comes. Nobody else can sign, so what is accepted says what Alipay has signed.
pub fn callback(data: &[u8]) {
    static GATEWAY: LazyLock<Arc<dyn Gateway>> = LazyLock::new(verifier);
    if verdict(GATEWAY.as_ref(), &raw(data.to_vec())).is_ok() {
        assert_eq!(meaning(data), meaning(&genuine().body), "another form was accepted");
    }
}

/// Where [`callback`] begins.
#[must_use]
pub fn callback_seeds() -> Vec<(String, Vec<u8>)> {
    vec![
        ("genuine".to_owned(), genuine().body),
        ("unsigned".to_owned(), written(&paid()).into_bytes()),
        ("named".to_owned(), b"charset=utf-8&sign_type=RSA2&sign=AAAA&alipay_cert_sn=00".to_vec()),
    ]
}

/// A form without its signature, which it is given.
pub fn event(data: &[u8]) {
    drop(read_event(data));
}

/// What becomes of a form.
///
/// # Errors
/// As [`Gateway::verify_callback`].
pub fn read_event(data: &[u8]) -> Result<VerifiedEvent, CallbackRejected> {
    static GATEWAY: LazyLock<Arc<dyn Gateway>> = LazyLock::new(verifier);
    verdict(GATEWAY.as_ref(), &raw(signed_form(read(data)).into_bytes()))
}

/// Where [`event`] begins.
#[must_use]
pub fn event_seeds() -> Vec<(String, Vec<u8>)> {
    let refund = [("refund_fee", "8.88"), ("gmt_refund", "2027-01-05 20:10:00.421"), ("out_biz_no", "R-1")];
    let closed = ("trade_status", "TRADE_CLOSED");
    let seeds: [(&str, Vec<u8>); 5] = [
        ("paid", changed(&[])),
        ("refunded", changed(&refund)),
        ("refunded_whole", changed(&[closed, ("refund_fee", "88.88"), ("refund_status", "REFUND_SUCCESS")])),
        ("closed", changed(&[closed, ("gmt_payment", "")])),
        ("other", changed(&[("notify_type", "dut_user_sign"), ("auth_app_id", "2021000000000009")])),
    ];
    seeds.map(|(name, seed)| (name.to_owned(), seed)).to_vec()
}

/// A letter for what was asked (`Question::of`; `b` a payment by a code, `a` for what the app reports), one for how the
/// answer comes (`s` a signed node, `g` one under the general name, `d` one signed by a certificate that must be downloaded
/// first, `r` as it is, `f` a signed form), and the text of the node, or of the certificate.
pub fn answer(data: &[u8]) {
    drop(read_answer(data));
}

/// What becomes of an answer.
///
/// # Errors
/// As the verbs of [`Gateway`]; none for bytes that are no input.
pub fn read_answer(data: &[u8]) -> Option<Result<(), GatewayError>> {
    let [letter, way, text @ ..] = data else { return None };
    if *letter == b'a' {
        let read = open(&settings(), []).read_client_result(&report(*way, text));
        return Some(read.map(drop).map_err(|_| GatewayError::Unknown("refused".to_owned())));
    }
    let barcode = *letter == b'b';
    let subject = Subject {
        product: if barcode { "barcode" } else { "precreate" },
        options: if barcode { json!({"auth_code": "280000000000000001"}) } else { json!({}) },
        amount: Money::new(Currency::CNY, 8888),
        transaction_no: TRADE_NO,
        handle: String::new(),
    };
    let question = if barcode { Question::Create } else { Question::of(*letter) };
    let gateway = if *way == b'd' {
        open(&certificate_settings(), downloaded(question, text))
    } else {
        open(&settings(), answers(node_of(question, barcode), *way, text))
    };
    Some(ask(gateway.as_ref(), &subject, question))
}

/// The name of an answer's node.
const fn node_of(question: Question, barcode: bool) -> &'static str {
    match question {
        Question::Create if barcode => "alipay_trade_pay_response",
        Question::Create => "alipay_trade_precreate_response",
        Question::Close => "alipay_trade_close_response",
        Question::Refund => "alipay_trade_refund_response",
        Question::QueryRefund => "alipay_trade_fastpay_refund_query_response",
        Question::Query
        | Question::QueryTransaction
        | Question::Hold
        | Question::Capture
        | Question::Release => "alipay_trade_query_response",
    }
}

fn signed_node(name: &str, node: &[u8]) -> Vec<u8> {
    let sign = ALIPAY.sign(node);
    [b"{\"", name.as_bytes(), b"\":", node, b",\"sign\":\"", sign.as_bytes(), b"\"}"].concat()
}

/// The same words twice: a refused payment by a code is asked about.
fn answers(node: &str, way: u8, text: &[u8]) -> [HttpResponse; 2] {
    let body = match way {
        b'r' => text.to_vec(),
        b'g' => signed_node("error_response", text),
        _ => signed_node(node, text),
    };
    let asked = signed_node("alipay_trade_query_response", text);
    [response(200, &body), response(200, &asked)]
}

/// An answer that names a certificate nobody knows, and the download of that certificate.
fn downloaded(question: Question, pem: &[u8]) -> [HttpResponse; 2] {
    let name = node_of(question, false);
    let serial = "0123456789abcdef0123456789abcdef";
    let node = json!({"code": "10000", "out_trade_no": PAYMENT_NO}).to_string();
    let sign = ALIPAY.sign(node.as_bytes());
    let body = format!(r#"{{"{name}":{node},"alipay_cert_sn":"{serial}","sign":"{sign}"}}"#);
    let content = json!({"code": "10000", "alipay_cert_content": STANDARD.encode(pem)}).to_string();
    let download = signed_node("alipay_open_app_alipaycert_download_response", content.as_bytes());
    [response(200, body.as_bytes()), response(200, &download)]
}

/// What an app or a browser brings back.
fn report(way: u8, text: &[u8]) -> Vec<u8> {
    match way {
        b's' => {
            let result = signed_node("alipay_trade_app_pay_response", text);
            let result = String::from_utf8_lossy(&result);
            json!({"resultStatus": "9000", "result": result, "memo": ""}).to_string().into_bytes()
        }
        b'f' => signed_form(read(text)).into_bytes(),
        _ => text.to_vec(),
    }
}

fn trade(status: &str) -> String {
    let trade = json!({"code": "10000", "msg": "Success", "buyer_pay_amount": "0.00", "out_trade_no": PAYMENT_NO,
        "send_pay_date": "2027-01-05 20:00:00", "receipt_amount": "80.00", "total_amount": "88.88",
        "trade_no": TRADE_NO, "trade_status": status, "gmt_payment": "2027-01-05 20:00:00"});
    trade.to_string()
}

/// Where [`answer`] begins.
#[must_use]
pub fn answer_seeds() -> Vec<(String, Vec<u8>)> {
    let numbers = format!(r#""out_trade_no":"{PAYMENT_NO}","trade_no":"{TRADE_NO}""#);
    let precreated = format!(
        r#"{{"code":"10000",{numbers},"qr_code":"https:\/\/qr.alipay.com\/bax03431ljhokirwl38f00a7"}}"#
    );
    let refused =
        format!(r#"{{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST",{numbers}}}"#);
    let refund = format!(
        r#"{{"code":"10000","fund_change":"Y","gmt_refund_pay":"2027-01-05 20:10:00",{numbers},"refund_fee":"88.88","send_back_fee":"8.88"}}"#
    );
    let refund_asked = format!(
        r#"{{"code":"10000",{numbers},"out_request_no":"R-1","refund_amount":"8.88","refund_status":"REFUND_SUCCESS"}}"#
    );
    let report = format!(
        r#"{{"code":"10000","app_id":"{APP_ID}","seller_id":"{SELLER_ID}",{numbers},"total_amount":"88.88"}}"#
    );
    let returned = format!("app_id={APP_ID}&seller_id={SELLER_ID}&charset=utf-8&out_trade_no={PAYMENT_NO}");
    let encrypted = format!("\"{}\"", include_str!("../../channel-alipay/testdata/content.aes").trim());
    let of = |name: &str, head: &str, text: &str| (name.to_owned(), format!("{head}{text}").into_bytes());
    vec![
        of("paid", "qs", &trade("TRADE_SUCCESS")),
        of("unpaid", "qs", &trade("WAIT_BUYER_PAY")),
        of("paid_transaction", "ts", &trade("TRADE_FINISHED")),
        of("precreated", "cs", &precreated),
        of("paid_by_code", "bs", &trade("TRADE_SUCCESS")),
        of("refused_by_code", "bs", &refused),
        of("not_found", "qs", &refused),
        of("closed", "xs", &format!("{{\"code\":\"10000\",{numbers}}}")),
        of("refund", "rs", &refund),
        of("refund_asked", "Rs", &refund_asked),
        of("encrypted", "qs", &encrypted),
        of("general", "qg", r#"{"code":"20000","sub_code":"isp.unknow-error"}"#),
        of("unsigned", "qr", r#"{"error_response":{"code":"40001","sub_code":"isv.missing-method"}}"#),
        of("certificate", "qd", include_str!("../../channel-alipay/testdata/platform.chain.pem")),
        of("report", "as", &report),
        of("returned", "af", &returned),
        of("cancelled", "ar", r#"{"resultStatus":"6001","result":"","memo":""}"#),
    ]
}
