//! Creating, handing out and asking.

use payment_core::{
    gateway::{
        Approval, CloseCapability, CompletionCapability, CreateRequest, Finding, Gateway, GatewayFactory,
        PaymentData, QueryRequest, TransactionReference,
    },
    identifiers::ChannelTransactionNo,
    money::{Currency, Money},
    ports::{HttpError, HttpMethod},
};
use serde_json::{Value, json};
use time::Duration;

use super::{
    CAPTURE, LINK, NUMBER, ORDER, ORDER_PATH, capture_body, captured, certainty, create_request, handle,
    header, open, open_with, order, product, query_request,
};
use crate::{
    PaypalFactory,
    test_channel::{
        MERCHANT_ID, NOW, TOKEN, World, account, answer, done, gone, issue, raw, settings, unprocessable,
    },
};

fn created(status: &str, rel: &str, link: &str) -> Value {
    json!({"id": ORDER, "status": status, "links": [
        {"href": "https://api-m.sandbox.paypal.com/v2/checkout/orders/4TX1234567890123A", "rel": "self"},
        {"href": link, "rel": rel, "method": "GET"}]})
}

fn urls() -> Value {
    json!({"return_url": "https://shop.example/paid", "cancel_url": "https://shop.example/no"})
}

#[test]
fn a_create_is_authorized_complete_and_gives_a_handle_with_its_life() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(201, &created("PAYER_ACTION_REQUIRED", "payer-action", LINK)));
    let made = done(gateway.create(&create_request("checkout", urls()))).expect("created");
    let json = |text: &str| text.parse::<Value>().expect("JSON");
    assert_eq!(json(&made.handle.value), json(&handle("CAPTURE").value));
    assert_eq!(made.handle.expire_time, NOW + Duration::hours(1));
    let proof = made.evidence.and_then(|evidence| evidence.verified_by).map(|serial| serial.to_string());
    assert_eq!(proof.as_deref(), Some("tls:api-m.sandbox.paypal.com"));
    let sent = world.http.request(0);
    assert_eq!(sent.url.as_str(), "https://api-m.sandbox.paypal.com/v2/checkout/orders");
    assert_eq!(sent.method, HttpMethod::Post);
    assert_eq!(header(&sent, "authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(header(&sent, "content-type"), Some("application/json"));
    assert_eq!(header(&sent, "paypal-request-id"), Some(format!("o-{NUMBER}").as_str()));
    let data = gateway.payment_data(&product("checkout"), &made.handle).expect("data");
    assert_eq!(data, PaymentData::RedirectUrl(LINK.to_owned()));
}

#[test]
fn pitfall_06_both_names_of_the_payer_s_link_are_known() {
    for (status, rel) in [("PAYER_ACTION_REQUIRED", "payer-action"), ("CREATED", "approve")] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &created(status, rel, LINK)));
        let made = done(gateway.create(&create_request("sdk", json!({})))).expect("created");
        let data = gateway.payment_data(&product("sdk"), &made.handle).expect("data");
        let PaymentData::SdkParameters(parameters) = data else { panic!("{data:?}") };
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("approve_url", LINK),
            ("client_id", "AbCdEfClientId"),
            ("environment", "sandbox"),
            ("order_id", ORDER),
        ];
        assert_eq!(pairs, expected);
    }
}

#[test]
fn payers_are_not_sent_anywhere_else() {
    for (status, rel, link) in [
        ("PAYER_ACTION_REQUIRED", "payer-action", "https://www.sandbox.paypal.com.evil.example/checkoutnow"),
        ("CREATED", "approve", "javascript:alert(1)"),
        ("CREATED", "self", LINK),
    ] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(201, &created(status, rel, link)));
        assert_eq!(
            certainty(done(gateway.create(&create_request("sdk", json!({}))))),
            Err("unknown".to_owned())
        );
    }
}

#[test]
fn f25_a_repeated_create_is_the_same_request_and_may_find_the_order_approved() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(Err(HttpError::Unknown("cut".to_owned())))
        .will(answer(200, &created("APPROVED", "self", LINK)));
    let request = create_request("sdk", json!({}));
    assert_eq!(certainty(done(gateway.create(&request))), Err("unknown".to_owned()));
    let made = done(gateway.create(&request)).expect("created");
    let (first, second) = (world.http.request(0), world.http.request(1));
    assert_eq!((&first.body, &first.headers), (&second.body, &second.headers));
    assert!(gateway.payment_data(&product("checkout"), &made.handle).is_err());
    assert!(gateway.payment_data(&product("sdk"), &made.handle).is_ok());
}

#[test]
fn pitfall_04_a_create_after_the_payment_s_time_would_be_a_second_order() {
    let world = World::new();
    let gateway = open(&world);
    world.clock.advance(Duration::hours(1));
    assert_eq!(
        certainty(done(gateway.create(&create_request("sdk", json!({}))))),
        Err("not sent".to_owned())
    );
    assert_eq!(world.http.count() + world.http.token_count(), 0);
}

#[test]
fn everything_that_paypal_would_refuse_is_told_before_it_is_asked() {
    let world = World::new();
    let gateway = open(&world);
    let wrong = CreateRequest {
        amount: Money::new(Currency::parse("KWD").expect("a code"), 1),
        description: "x".repeat(128),
        expire_time: NOW + Duration::hours(3) + Duration::SECOND,
        ..create_request("checkout", json!({"vault": 1}))
    };
    let mut fields: Vec<_> =
        gateway.check_create(&wrong).into_iter().map(|violation| violation.field).collect();
    fields.sort();
    let expected = [
        "channel_options.cancel_url",
        "channel_options.return_url",
        "channel_options.vault",
        "description",
        "orders",
        "time_to_pay",
    ];
    assert_eq!(fields, expected);
    assert_eq!(certainty(done(gateway.create(&wrong))), Err("not sent".to_owned()));
    assert_eq!(gateway.check_create(&create_request("card", urls()))[0].field, "channel_options.product");
    assert_eq!(gateway.check_create(&create_request("checkout", urls())), []);
    assert_eq!(world.http.count(), 0);
}

#[test]
fn a_query_tells_where_the_order_is() {
    let table = [
        (order("PAYER_ACTION_REQUIRED"), Finding::AwaitingPayer),
        (order("APPROVED"), Finding::Approved(Approval::Capture)),
        (captured("PENDING"), Finding::Pending),
        (order("VOIDED"), Finding::Closed),
    ];
    for (body, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &body));
        let found = done(gateway.query(&query_request())).expect("an answer");
        assert_eq!((found.finding, found.evidence.bytes), (expected, body.to_string().into_bytes()));
        assert_eq!(world.http.asked(), [format!("GET {ORDER_PATH}")]);
    }
}

#[test]
fn pitfall_23_a_success_comes_with_the_channel_s_own_figures() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(200, &captured("COMPLETED")));
    let found = done(gateway.query(&query_request())).expect("an answer");
    let Finding::Paid(paid) = found.finding else { panic!("{:?}", found.finding) };
    assert_eq!((paid.transaction_no.as_str(), paid.payee.as_str()), (CAPTURE, MERCHANT_ID));
    assert_eq!((paid.amount.minor_units(), paid.paid_time), (2490, Some(NOW - Duration::minutes(10))));
    assert_eq!(gateway.payee(&product("sdk")), paid.payee);
    assert!(found.evidence.verified_by.is_some());
}

#[test]
fn f46_an_order_with_another_number_is_no_answer() {
    for (place, value) in
        [("custom_id", json!("P202701050000000000000000000009")), ("custom_id", Value::Null)]
    {
        let world = World::new();
        let gateway = open(&world);
        let mut foreign = order("APPROVED");
        foreign["purchase_units"][0][place] = value;
        world.http.will(answer(200, &foreign));
        assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
    }
    let world = World::new();
    let gateway = open(&world);
    let mut other = order("APPROVED");
    other["id"] = json!("OTHER");
    world.http.will(answer(200, &other));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
}

#[test]
fn pitfall_07_an_order_that_is_gone_is_not_found_which_ends_nothing() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(gone());
    let found = done(gateway.query(&query_request())).expect("an answer");
    assert_eq!((found.finding, found.evidence.verified_by), (Finding::NotFound, None));
    world.http.will(raw(404, b"<html>not here</html>"));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
}

#[test]
fn r04_pitfall_07_an_order_that_is_gone_is_closed_once_paypal_cannot_know_it_any_more() {
    let world = World::new();
    let gateway = open(&world);
    world.clock.advance(Duration::hours(145));
    world.http.will(gone());
    let young = done(gateway.query(&query_request())).expect("an answer");
    assert_eq!(young.finding, Finding::NotFound);
    world.clock.advance(Duration::SECOND);
    world.http.will(gone()).will(answer(200, &captured("COMPLETED")));
    assert_eq!(done(gateway.query(&query_request())).expect("an answer").finding, Finding::Closed);
    let paid = done(gateway.query(&query_request())).expect("an answer");
    assert!(matches!(paid.finding, Finding::Paid(_)), "what was carried out is kept");
}

#[test]
fn f21_r05_a_query_that_fails_finds_nothing() {
    let table = [
        (raw(500, b""), "unknown"),
        (raw(503, b"<html>"), "unknown"),
        (raw(302, b""), "unknown"),
        (raw(200, b"{\"id\":"), "unknown"),
        (Err(HttpError::Unknown("timed out".to_owned())), "unknown"),
        (Err(HttpError::NotSent("refused".to_owned())), "not sent"),
        (issue(429, "RATE_LIMIT_REACHED", ""), "not sent"),
        (issue(403, "NOT_AUTHORIZED", "PERMISSION_DENIED"), "refused: CHANNEL_ACCOUNT_MISCONFIGURED"),
        (unprocessable("INVENTED_LATER"), "unknown"),
    ];
    for (reply, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(reply);
        assert_eq!(certainty(done(gateway.query(&query_request()))), Err(expected.to_owned()));
    }
}

#[test]
fn a_query_by_the_capture_s_number_is_answered_by_the_capture_or_by_its_order() {
    let number = ChannelTransactionNo::parse(CAPTURE).expect("a number");
    let request = QueryRequest {
        reference: TransactionReference::ChannelTransactionNo(number),
        handle: None,
        ..query_request()
    };
    let mut whole = capture_body("REFUNDED");
    whole["payee"] = json!({"merchant_id": MERCHANT_ID});
    let table = [
        (vec![whole], true),
        (vec![capture_body("COMPLETED"), captured("COMPLETED")], true),
        (vec![capture_body("PENDING"), captured("PENDING")], false),
    ];
    for (bodies, paid) in table {
        let world = World::new();
        let gateway = open(&world);
        for body in &bodies {
            world.http.will(answer(200, body));
        }
        let found = done(gateway.query(&request)).expect("an answer");
        assert_eq!(matches!(found.finding, Finding::Paid(_)), paid);
        assert_eq!(world.http.count(), bodies.len());
    }
}

#[test]
fn without_a_handle_there_is_nothing_to_ask_about() {
    let world = World::new();
    let gateway = open(&world);
    let request = QueryRequest { handle: None, ..query_request() };
    let found = done(gateway.query(&request)).expect("an answer");
    assert_eq!((found.finding, found.evidence.verified_by), (Finding::NotFound, None));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn the_channel_declares_what_it_cannot_do() {
    let world = World::new();
    let gateway = open(&world);
    let capabilities = gateway.capabilities();
    assert_eq!(capabilities.completion, CompletionCapability::ByCapture);
    assert_eq!(capabilities.close, CloseCapability::Never);
    assert_eq!(capabilities.time_to_pay, Duration::MINUTE..=Duration::hours(3));
    assert_eq!(capabilities.refund.window, Duration::days(180));
    let offered: Vec<_> = capabilities.products.iter().map(|offer| offer.product.to_string()).collect();
    assert_eq!(offered, ["checkout", "sdk"]);
}

#[test]
fn f47_accounts_share_nothing() {
    let world = World::new();
    let mut second = settings();
    second.insert("merchant_id".to_owned(), json!("ZZZZZZZZZZZZZ"));
    second.insert("client_id".to_owned(), json!("Second"));
    let (one, two) = (open(&world), open_with(&world, second));
    assert_ne!(one.payee(&product("sdk")), two.payee(&product("sdk")));
    world.http.will(gone()).will(gone());
    assert!(done(one.query(&query_request())).is_ok() && done(two.query(&query_request())).is_ok());
    assert_eq!(world.http.token_count(), 2);
    let basic = |index| header(&world.http.token_request(index), "authorization").map(str::to_owned);
    assert_ne!(basic(0), basic(1));
}

#[test]
fn the_factory_checks_and_opens_without_a_call() {
    let world = World::new();
    let factory = PaypalFactory::new().expect("a factory");
    assert_eq!(factory.channel().as_str(), "paypal");
    assert_eq!(factory.check(&account(settings())), []);
    assert_eq!(factory.check(&account(serde_json::Map::new())).len(), 5);
    assert!(done(factory.open(&account(settings()), &world.ports())).is_ok());
    assert_eq!(world.http.count() + world.http.token_count(), 0);
}
