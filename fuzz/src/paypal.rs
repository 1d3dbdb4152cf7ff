//! PayPal: callbacks as strangers would send them, the contents of signed ones with what is read again, and answers.

use std::sync::{Arc, LazyLock};

use channel_paypal::PaypalFactory;
use payment_core::{
    gateway::{CallbackRejected, Gateway, GatewayError, GatewayFactory as _, RawCallback, VerifiedEvent},
    money::{Currency, Money},
    ports::{HttpRequest, HttpResponse, Ports},
};
use serde_json::{Value, json};

use crate::{
    input,
    question::{PAYMENT_NO, Question, Subject, ask},
    signing::Signer,
    world::{account, done, in_turn, ports, response, verdict},
};

const ORDER: &str = "4TX1234567890123A";
const CAPTURE: &str = "7AB12345CD678901E";
const WEBHOOK_ID: &str = "5GP028458E2496506";
const TRANSMISSION_ID: &str = "1c6772d0-5106-11ef-9b66-89f3f924d48a";
const TRANSMISSION_TIME: &str = "2027-01-05T11:59:35Z";
const CERTIFICATE_URL: &str =
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb";
const CERTIFICATE: &str = include_str!("../../channel-paypal/testdata/leaf.crlf.pem");

static PAYPAL: LazyLock<Signer> =
    LazyLock::new(|| Signer::new(include_str!("../../channel-paypal/testdata/paypal.key.pem")));

fn settings() -> Value {
    json!({"environment": "sandbox", "client_id": "AbCdEfClientId", "client_secret": "EsEcReTvalue123",
        "merchant_id": "ABCDEFGH23456", "webhook_ids": [WEBHOOK_ID],
        "webhook_certificate_authorities": include_str!("../../channel-paypal/testdata/root.pem")})
}

fn open(answers: impl IntoIterator<Item = HttpResponse>) -> Arc<dyn Gateway> {
    open_with(&ports(in_turn(answers)))
}

fn open_with(ports: &Ports) -> Arc<dyn Gateway> {
    let factory = PaypalFactory::new().expect("a channel");
    done(factory.open(&account(&settings()), ports)).expect("an account")
}

fn token() -> HttpResponse {
    let token =
        json!({"scope": "x", "access_token": "A21AAtoken", "token_type": "Bearer", "expires_in": 32_400});
    response(200, token.to_string().as_bytes())
}

fn signed_callback(body: Vec<u8>) -> RawCallback {
    let checksum = crc32fast::hash(&body);
    let message = format!("{TRANSMISSION_ID}|{TRANSMISSION_TIME}|{WEBHOOK_ID}|{checksum}");
    let signature = PAYPAL.sign(message.as_bytes());
    let headers = [
        ("paypal-transmission-id", TRANSMISSION_ID),
        ("paypal-transmission-time", TRANSMISSION_TIME),
        ("paypal-transmission-sig", &signature),
        ("paypal-cert-url", CERTIFICATE_URL),
        ("paypal-auth-algo", "SHA256withRSA"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
    input::post(headers, body)
}

fn webhook(event_type: &str, resource: &Value) -> String {
    let event = json!({"id": "WH-58D329510W468432D-8HN650336L201105X", "event_version": "1.0",
        "create_time": "2027-01-05T11:59:00Z", "event_type": event_type, "resource": resource});
    event.to_string()
}

fn capture(status: &str) -> Value {
    json!({"id": CAPTURE, "status": status, "amount": {"currency_code": "EUR", "value": "24.90"},
        "custom_id": PAYMENT_NO, "invoice_id": PAYMENT_NO, "create_time": "2027-01-05T11:50:00Z",
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
        "links": [{"rel": "up", "method": "GET",
            "href": format!("https://api-m.sandbox.paypal.com/v2/checkout/orders/{ORDER}")}]})
}

fn order(status: &str, payments: &Value) -> Value {
    json!({"id": ORDER, "intent": "CAPTURE", "status": status,
        "links": [{"rel": "payer-action", "href": format!("https://www.sandbox.paypal.com/checkoutnow?token={ORDER}")}],
        "purchase_units": [{"reference_id": "default", "custom_id": PAYMENT_NO, "invoice_id": PAYMENT_NO,
            "amount": {"currency_code": "EUR", "value": "24.90"}, "payee": {"merchant_id": "ABCDEFGH23456"},
            "payments": payments}]})
}

fn captured() -> Value {
    order("COMPLETED", &json!({"captures": [capture("COMPLETED")]}))
}

fn held() -> Value {
    let authorization = json!({"id": "0AW1", "status": "CREATED", "amount": {"currency_code": "EUR", "value": "24.90"},
        "custom_id": PAYMENT_NO, "create_time": "2027-01-05T11:50:00Z", "expiration_time": "2027-02-03T11:50:00Z"});
    let mut order = order("COMPLETED", &json!({"authorizations": [authorization]}));
    order["intent"] = json!("AUTHORIZE");
    order
}

fn refund(status: &str) -> Value {
    json!({"id": "1RF2", "status": status, "custom_id": "R-1", "invoice_id": "R-1",
        "amount": {"currency_code": "EUR", "value": "0.40"}, "update_time": "2027-01-05T03:59:00-08:00",
        "links": [{"rel": "up", "href": format!("https://api.paypal.com/v2/payments/captures/{CAPTURE}")}]})
}

/// A callback that PayPal signed: an order was approved.
#[must_use]
pub fn genuine() -> RawCallback {
    genuine_of(ORDER)
}

/// A callback that PayPal signed: this order was approved.
#[must_use]
pub fn genuine_of(order: &str) -> RawCallback {
    signed_callback(webhook("CHECKOUT.ORDER.APPROVED", &json!({"id": order})).into_bytes())
}

/// An account at a PayPal that serves its certificate at its own address only and knows every order as approved.
#[must_use]
pub fn verifier() -> Arc<dyn Gateway> {
    open_with(&ports(Box::new(|request: &HttpRequest| {
        let path = request.url.path();
        Some(if request.url.as_str() == CERTIFICATE_URL {
            response(200, CERTIFICATE.as_bytes())
        } else if path == "/v1/oauth2/token" {
            token()
        } else if let Some(id) = path.strip_prefix("/v2/checkout/orders/") {
            let mut order = order("APPROVED", &json!({}));
            order["id"] = json!(id);
            response(200, order.to_string().as_bytes())
        } else {
            response(404, b"{}")
        })
    })))
}

/// Headers and body as they come. Nobody else can sign, so what is accepted is what PayPal has signed, byte for byte.
pub fn callback(data: &[u8]) {
    let callback = input::callback(data);
    if verdict(verifier().as_ref(), &callback).is_ok() {
        assert!(callback.body == genuine().body, "another body was accepted");
    }
}

/// Where [`callback`] begins.
#[must_use]
pub fn callback_seeds() -> Vec<(String, Vec<u8>)> {
    let genuine = genuine();
    let mut elsewhere = genuine.clone();
    elsewhere.headers[3].1 =
        b"https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1".to_vec();
    vec![
        ("genuine".to_owned(), input::of_callback(&genuine)),
        ("elsewhere".to_owned(), input::of_callback(&elsewhere)),
        ("bare".to_owned(), b"\n{}".to_vec()),
    ]
}

/// A webhook's body, which is signed, and what PayPal's API answers when it is asked about it.
pub fn event(data: &[u8]) {
    drop(read_event(data));
}

/// What becomes of a webhook.
///
/// # Errors
/// As [`Gateway::verify_callback`].
pub fn read_event(data: &[u8]) -> Result<VerifiedEvent, CallbackRejected> {
    let mut texts = input::texts(data);
    let body = texts.next().unwrap_or_default().to_vec();
    let answers = texts.map(|text| response(200, text));
    let served = [response(200, CERTIFICATE.as_bytes()), token()];
    verdict(open(served.into_iter().chain(answers)).as_ref(), &signed_callback(body))
}

/// Where [`event`] begins.
#[must_use]
pub fn event_seeds() -> Vec<(String, Vec<u8>)> {
    let of = |name: &str, event: String, answers: &[Value]| {
        let answers = answers.iter().map(Value::to_string);
        let texts: Vec<_> = std::iter::once(event).chain(answers).collect();
        (name.to_owned(), input::joined(&texts.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let dispute =
        json!({"dispute_id": "PP-D-1", "disputed_transactions": [{"seller_transaction_id": CAPTURE}]});
    let reversal = json!({"id": "1RV2", "links": [{"rel": "up",
        "href": format!("https://api.paypal.com/v2/payments/captures/{CAPTURE}")}]});
    let mut taken = refund("COMPLETED");
    (taken["id"], taken["custom_id"], taken["invoice_id"]) = (json!("1RV2"), Value::Null, Value::Null);
    let authorization = json!({"id": "0AW1", "status": "CREATED",
        "supplementary_data": {"related_ids": {"order_id": ORDER}}});
    vec![
        of(
            "approved",
            webhook("CHECKOUT.ORDER.APPROVED", &json!({"id": ORDER})),
            &[order("APPROVED", &json!({}))],
        ),
        of(
            "captured",
            webhook("PAYMENT.CAPTURE.COMPLETED", &json!({"id": CAPTURE})),
            &[capture("COMPLETED"), captured()],
        ),
        of(
            "pending",
            webhook("PAYMENT.CAPTURE.PENDING", &json!({"id": CAPTURE})),
            &[capture("PENDING"), captured()],
        ),
        of(
            "refunded",
            webhook("PAYMENT.CAPTURE.REFUNDED", &json!({"id": "1RF2"})),
            &[refund("COMPLETED"), capture("REFUNDED")],
        ),
        of(
            "reversed",
            webhook("PAYMENT.CAPTURE.REVERSED", &reversal),
            &[taken, capture("REFUNDED"), captured()],
        ),
        of("disputed", webhook("CUSTOMER.DISPUTE.CREATED", &dispute), &[capture("COMPLETED")]),
        of(
            "held",
            webhook("PAYMENT.AUTHORIZATION.CREATED", &authorization),
            &[authorization.clone(), held()],
        ),
        of("other", webhook("INVENTED.LATER", &json!({})), &[]),
    ]
}

/// A letter for what was asked (`Question::of`; `P` a capture of held money, `o` for a token, `a` for what the app reports, `k` for the certificate of a webhook), a digit
/// for the status of the first answer, and the bodies of all.
pub fn answer(data: &[u8]) {
    drop(read_answer(data));
}

/// What becomes of answers.
///
/// # Errors
/// As the verbs of [`Gateway`]; none for bytes that are no input.
pub fn read_answer(data: &[u8]) -> Option<Result<(), GatewayError>> {
    let [letter, status, bodies @ ..] = data else { return None };
    let unknown = |error: CallbackRejected| GatewayError::Unknown(error.to_string());
    match letter {
        b'k' => {
            let order = order("APPROVED", &json!({})).to_string();
            let served = [response(200, bodies), token(), response(200, order.as_bytes())];
            return Some(verdict(open(served).as_ref(), &genuine()).map(drop).map_err(unknown));
        }
        b'a' => {
            let read = open([]).read_client_result(bodies).map(drop);
            return Some(read.map_err(|_| GatewayError::Unknown("refused".to_owned())));
        }
        b'o' => return Some(ask_with([response(200, bodies)], "CAPTURE", Question::Query)),
        _ => {}
    }
    let mut status = Some(status_of(*status));
    let answers = input::texts(bodies).map(|body| response(status.take().unwrap_or(200), body));
    let answers: Vec<_> = std::iter::once(token()).chain(answers).collect();
    let question = if *letter == b'P' { Question::Capture } else { Question::of(*letter) };
    let intent = if matches!(letter, b'h' | b'l' | b'P') { "AUTHORIZE" } else { "CAPTURE" };
    Some(ask_with(answers, intent, question))
}

fn ask_with(
    answers: impl IntoIterator<Item = HttpResponse>,
    intent: &str,
    question: Question,
) -> Result<(), GatewayError> {
    let handle = json!({"order_id": ORDER, "intent": intent,
        "approve_url": format!("https://www.sandbox.paypal.com/checkoutnow?token={ORDER}")});
    let subject = Subject {
        product: "sdk",
        options: json!({}),
        amount: Money::new(Currency::parse("EUR").expect("a code"), 2490),
        transaction_no: CAPTURE,
        handle: handle.to_string(),
    };
    ask(open(answers).as_ref(), &subject, question)
}

fn status_of(digit: u8) -> u16 {
    match digit {
        b'c' => 201,
        b'n' => 204,
        b'3' => 302,
        b'4' => 422,
        b'1' => 404,
        b'9' => 429,
        b'5' => 500,
        _ => 200,
    }
}

/// Where [`answer`] begins.
#[must_use]
pub fn answer_seeds() -> Vec<(String, Vec<u8>)> {
    let of = |name: &str, head: &str, bodies: &[Value]| {
        let bodies: Vec<_> = bodies.iter().map(Value::to_string).collect();
        let bodies = input::joined(&bodies.iter().map(String::as_str).collect::<Vec<_>>());
        (name.to_owned(), [head.as_bytes(), &bodies].concat())
    };
    let issue =
        |name: &str, issue: &str| json!({"name": name, "debug_id": "d", "details": [{"issue": issue}]});
    let declined = issue("UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED");
    let already = issue("UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED");
    vec![
        of("created", "cc", &[order("PAYER_ACTION_REQUIRED", &json!({}))]),
        of("paid", "q2", &[captured()]),
        of("approved", "q2", &[order("APPROVED", &json!({}))]),
        of("held", "q2", &[held()]),
        of("not_found", "q1", &[issue("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")]),
        of("paid_transaction", "t2", &[capture("COMPLETED"), captured()]),
        of("capture_of_held", "P2", &[held(), capture("COMPLETED"), captured()]),
        of("capture", "p2", &[order("APPROVED", &json!({})), captured()]),
        of("capture_declined", "p2", &[order("APPROVED", &json!({})), declined]),
        of("capture_repeated", "p4", &[already, captured()]),
        of("hold", "h2", &[held(), held()]),
        of("release", "l2", &[held(), json!({}), order("VOIDED", &json!({}))]),
        of("refund", "r2", &[capture("COMPLETED"), refund("PENDING")]),
        of(
            "refund_asked",
            "R2",
            &[order(
                "COMPLETED",
                &json!({"captures": [capture("REFUNDED")], "refunds": [refund("COMPLETED")]}),
            )],
        ),
        of("token", "o2", &[json!({"access_token": "A21AAtoken", "token_type": "Bearer", "expires_in": 1})]),
        ("certificate".to_owned(), [b"k2", CERTIFICATE.as_bytes()].concat()),
        ("report".to_owned(), format!(r#"a2{{"orderID":"{ORDER}","payerID":"7E7MGXCWTTKK2"}}"#).into_bytes()),
        ("returned".to_owned(), format!("a2?token={ORDER}&PayerID=7E7MGXCWTTKK2").into_bytes()),
    ]
}
