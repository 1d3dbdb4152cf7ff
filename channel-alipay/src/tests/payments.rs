//! Creating, handing out and asking.

use payment_core::{
    gateway::{
        CaptureRequest, CreateCapability, Finding, Gateway, GatewayFactory, PaymentData, QueryRequest,
        RepeatedCreate, TransactionReference,
    },
    identifiers::ChannelTransactionNo,
    payment::ChannelHandle,
    ports::{HttpError, HttpMethod, HttpResponse},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::Duration;

use super::{
    NUMBER, TRADE_NO, certainty, cny, create_request, open, open_with, paid_trade, payment_no, product,
    refused, signed, trade,
};
use crate::{
    AlipayFactory, AlipayGateway,
    codes::Operation,
    form::Form,
    sign,
    test_channel::{
        APP_ID, APP_KEY, CONTENT_KEY, NOW, OTHER_KEY, PLATFORM_KEY, SELLER_ID, World, account, answer, body,
        done, ok, settings, signature,
    },
};

pub(super) fn query_request() -> QueryRequest {
    QueryRequest {
        reference: TransactionReference::PaymentNo(payment_no()),
        product: product("app"),
        handle: None,
    }
}

fn found(world: &World, answer: Result<HttpResponse, HttpError>) -> Result<Finding, String> {
    let gateway = open(world);
    world.http.will(answer);
    let outcome = done(gateway.query(&query_request()));
    outcome.map(|answer| answer.finding).map_err(|error| certainty::<()>(Err(error)).expect_err("an error"))
}

/// The wallet's view of an order string: decoded once, and its signature checked by signing again.
fn wallet(order_string: &str) -> Form {
    let form = Form::read(order_string.as_bytes()).expect("a form");
    let text = sign::content(form.iter().filter(|(name, _)| *name != "sign"));
    assert_eq!(form.get("sign"), Some(signature(APP_KEY, &text).as_str()), "over {text}");
    form
}

fn sdk_text(data: PaymentData) -> String {
    match data {
        PaymentData::SdkText(text) | PaymentData::RedirectUrl(text) | PaymentData::QrCode(text) => text,
        PaymentData::SdkParameters(_) => panic!("parameters"),
    }
}

#[test]
fn section_5_2_an_app_payment_is_signed_without_any_call() {
    let world = World::new();
    let gateway = open(&world);
    let created = done(gateway.create(&create_request("app", json!({})))).expect("created");
    assert_eq!((created.evidence, created.handle.expire_time), (None, NOW + Duration::minutes(15)));
    let data = gateway.payment_data(&product("app"), &created.handle).expect("payment data");
    let PaymentData::SdkText(text) = data else { panic!("{data:?}") };
    assert!(text.contains("biz_content=%7B%22out_trade_no%22") && !text.contains(' '), "{text}");
    let seen = wallet(&text);
    let outer: Vec<_> = seen.iter().filter(|(name, _)| !["sign", "biz_content"].contains(name)).collect();
    let expected = [
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("format", "JSON"),
        ("method", "alipay.trade.app.pay"),
        ("notify_url", "https://gw.example.com/v1/callbacks/alipay/main"),
        ("sign_type", "RSA2"),
        ("timestamp", "2027-03-01 12:30:45"),
        ("version", "1.0"),
    ];
    assert_eq!(outer, expected);
    let content: Value = serde_json::from_str(seen.get("biz_content").expect("a content")).expect("JSON");
    let expected = json!({"out_trade_no": NUMBER, "total_amount": "88.88", "subject": "测试订单 A+B 50%",
        "product_code": "QUICK_MSECURITY_PAY", "seller_id": SELLER_ID, "time_expire": "2027-03-01 12:45:45"});
    assert_eq!(content, expected);
    assert_eq!(world.http.count(), 0);
}

#[test]
fn section_6_2_each_hand_out_is_one_trade_signed_for_its_moment_and_a_handle_alone_pays_nothing() {
    let world = World::new();
    let gateway = open(&world);
    let handle = done(gateway.create(&create_request("app", json!({})))).expect("created").handle;
    assert!(!handle.value.contains("sign"), "{}", handle.value);
    let first = sdk_text(gateway.payment_data(&product("app"), &handle).expect("payment data"));
    world.clock.advance(Duration::MINUTE);
    let second = sdk_text(gateway.payment_data(&product("app"), &handle).expect("payment data"));
    assert_eq!(wallet(&second).get("timestamp"), Some("2027-03-01 12:31:45"));
    assert_eq!(wallet(&first).get("biz_content"), wallet(&second).get("biz_content"));
    let foreign = ChannelHandle { value: "prepay_id".to_owned(), expire_time: NOW };
    assert!(gateway.payment_data(&product("app"), &foreign).is_err());
}

#[test]
fn sections_5_3_5_4_pages_are_addresses_that_the_payers_browser_opens() {
    let world = World::new();
    let gateway = open(&world);
    let wap = json!({"quit_url": "https://shop.example/quit", "return_url": "https://shop.example/done/1"});
    for (name, options, method) in
        [("wap", wap, "alipay.trade.wap.pay"), ("page", json!({"qr_pay_mode": "2"}), "alipay.trade.page.pay")]
    {
        let mut request = create_request(name, options);
        request.payer_ip = Some("203.0.113.9".parse().expect("an address"));
        let handle = done(gateway.create(&request)).expect("created").handle;
        let data = gateway.payment_data(&product(name), &handle).expect("payment data");
        let PaymentData::RedirectUrl(url) = data else { panic!("{data:?}") };
        let query = url.strip_prefix("https://openapi.alipay.com/gateway.do?").expect("the gateway");
        let seen = wallet(query);
        assert_eq!(seen.get("method"), Some(method));
        assert_eq!(seen.get("return_url"), (name == "wap").then_some("https://shop.example/done/1"));
        let content: Value = serde_json::from_str(seen.get("biz_content").expect("a content")).expect("JSON");
        assert_eq!(content["business_params"], json!({"mc_create_trade_ip": "203.0.113.9"}));
        assert!(content.get("return_url").is_none());
    }
    assert_eq!(world.http.count(), 0);
}

#[test]
fn what_the_payers_side_sends_is_not_encrypted_and_our_own_calls_are() {
    let world = World::new();
    let mut encrypted = settings();
    encrypted.insert("content_encryption_key".to_owned(), json!(CONTENT_KEY));
    let gateway = open_with(&world, encrypted);
    let handle = done(gateway.create(&create_request("app", json!({})))).expect("created").handle;
    let text = sdk_text(gateway.payment_data(&product("app"), &handle).expect("payment data"));
    assert_eq!(wallet(&text).get("encrypt_type"), None);

    let key = crate::encryption::ContentKey::parse(&CONTENT_KEY.into()).expect("a key");
    let ciphertext = key.encrypt(&paid_trade("TRADE_SUCCESS").to_string()).expect("encrypted");
    let node = format!("\"{}\"", ciphertext.replace('/', "\\/"));
    let sign = signature(PLATFORM_KEY, &node);
    world.http.will(ok(body(&Operation::Query.node(), &node, None, Some(&sign))));
    let answered = done(gateway.query(&query_request())).expect("an answer");
    assert!(matches!(answered.finding, Finding::Paid(_)));
    let sent = world.http.parameters(0);
    assert_eq!(sent.get("encrypt_type"), Some("AES"));
    let content = key.decrypt(sent.get("biz_content").expect("a content")).expect("encrypted with the key");
    assert_eq!(content, format!("{{\"out_trade_no\":\"{NUMBER}\"}}"));
    let text = sign::content(sent.iter().filter(|(name, _)| *name != "sign"));
    assert_eq!(sent.get("sign"), Some(signature(APP_KEY, &text).as_str()), "the ciphertext is signed");

    // Failures come back plain; a ciphertext of somebody else's decides nothing.
    world.http.will(refused(Operation::Query, "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(done(gateway.query(&query_request())).expect("an answer").finding, Finding::NotFound);
    let sign = signature(PLATFORM_KEY, "\"AAAA\"");
    world.http.will(ok(body(&Operation::Query.node(), "\"AAAA\"", None, Some(&sign))));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
}

#[test]
fn section_5_5_a_qr_code_is_asked_for_and_lives_two_hours_at_most() {
    let node = json!({"code": "10000", "msg": "Success", "out_trade_no": NUMBER, "qr_code": "https://qr.alipay.com/bax0"});
    for (minutes, life) in [(15, 15), (600, 120)] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(signed(Operation::Precreate, &node));
        let mut request = create_request("precreate", json!({}));
        request.expire_time = NOW + Duration::minutes(minutes);
        let created = done(gateway.create(&request)).expect("created");
        assert_eq!(created.handle.expire_time, NOW + Duration::minutes(life));
        assert!(created.evidence.expect("evidence").verified_by.is_some());
        let data = gateway.payment_data(&product("precreate"), &created.handle).expect("payment data");
        assert_eq!(data, PaymentData::QrCode("https://qr.alipay.com/bax0".to_owned()));
        let sent = world.http.request(0);
        assert_eq!((sent.method, sent.url.path()), (HttpMethod::Post, "/gateway.do"));
        assert!(sent.body.starts_with(b"biz_content=") && !sent.url.as_str().contains("biz_content"));
        assert_eq!(world.http.parameters(0).get("method"), Some("alipay.trade.precreate"));
        assert_eq!(world.http.content(0)["product_code"], json!("FACE_TO_FACE_PAYMENT"));
    }
}

#[test]
fn an_answer_about_another_payment_is_no_answer() {
    let world = World::new();
    let gateway = open(&world);
    let node = json!({"code": "10000", "out_trade_no": "P2", "qr_code": "https://qr.alipay.com/bax0"});
    world.http.will(signed(Operation::Precreate, &node));
    assert_eq!(
        certainty(done(gateway.create(&create_request("precreate", json!({}))))),
        Err("unknown".to_owned())
    );
    let mut other = paid_trade("TRADE_SUCCESS");
    other["out_trade_no"] = json!("P2");
    assert_eq!(found(&World::new(), signed(Operation::Query, &other)), Err("unknown".to_owned()));
}

#[test]
fn r05_f21_section_6_3_a_create_that_fails_says_how_certainly() {
    let table = [
        (refused(Operation::Precreate, "ACQ.INVALID_PARAMETER"), "refused: CHANNEL_REJECTED"),
        (refused(Operation::Precreate, "ACQ.TRADE_HAS_SUCCESS"), "refused: CHANNEL_ALREADY_PAID"),
        (refused(Operation::Precreate, "ACQ.CONTEXT_INCONSISTENT"), "refused: CHANNEL_NUMBER_REUSED"),
        (refused(Operation::Precreate, "ACQ.SYSTEM_ERROR"), "unknown"),
        (refused(Operation::Precreate, "ACQ.INVENTED_LATER"), "unknown"),
        (signed(Operation::Precreate, &json!({"code": "20000", "sub_code": "isp.unknow-error"})), "unknown"),
        (
            signed(Operation::Precreate, &json!({"code": "40005", "sub_code": "isv.app-call-limited"})),
            "not sent",
        ),
        (Err(HttpError::NotSent("refused".to_owned())), "not sent"),
        (Err(HttpError::Unknown("timeout".to_owned())), "unknown"),
        (Ok(HttpResponse { status: 502, headers: Vec::new(), body: b"<html>".to_vec() }), "unknown"),
        (ok(b"<html>".to_vec()), "unknown"),
        (ok(Vec::new()), "unknown"),
    ];
    for (index, (answer, expected)) in table.into_iter().enumerate() {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer);
        let outcome = certainty(done(gateway.create(&create_request("precreate", json!({})))));
        assert_eq!(outcome, Err(expected.to_owned()), "{index}");
    }
}

#[test]
fn r04_unsigned_answers_decide_nothing() {
    let unsigned = |node: &str, code: &str, sub_code: &str| {
        ok(body(
            node,
            &json!({"code": code, "sub_code": sub_code, "out_trade_no": NUMBER}).to_string(),
            None,
            None,
        ))
    };
    let own = Operation::Query.node();
    let mut success = trade("TRADE_CLOSED").to_string();
    for (answer, expected) in [
        (unsigned(&own, "40002", "isv.invalid-app-id"), "not sent"),
        (unsigned("error_response", "40002", "isv.invalid-method"), "not sent"),
        (unsigned(&own, "40004", "ACQ.TRADE_NOT_EXIST"), "unknown"),
        (unsigned(&own, "20000", "aop.ACQ.SYSTEM_ERROR"), "unknown"),
        (unsigned(&own, "10003", ""), "unknown"),
        (ok(body(&own, &std::mem::take(&mut success), None, None)), "unknown"),
        (ok(body(&own, &trade("TRADE_SUCCESS").to_string(), None, Some(""))), "unknown"),
    ] {
        assert_eq!(found(&World::new(), answer), Err(expected.to_owned()));
    }
}

#[test]
fn f43_f44_an_answer_is_its_own_bytes_under_alipays_signature() {
    let node = paid_trade("TRADE_SUCCESS");
    let good = answer(Operation::Query, &node, PLATFORM_KEY, None);
    assert!(matches!(found(&World::new(), ok(good.clone())), Ok(Finding::Paid(_))));
    let text = String::from_utf8(good).expect("UTF-8");
    let name = Operation::Query.node();
    let twice = text.replacen('{', &format!("{{\"{name}\":{node},"), 1);
    let both = text.replacen('{', "{\"error_response\":{\"code\":\"10000\"},", 1);
    let generic = text.replace(&name, "error_response");
    for forged in [text.replace("88.88", "88.89"), text.replace("88.88\"", "88.88\" "), twice, both, generic]
    {
        assert_eq!(found(&World::new(), ok(forged.into_bytes())), Err("unknown".to_owned()));
    }
    let foreign = answer(Operation::Query, &node, OTHER_KEY, None);
    assert_eq!(found(&World::new(), ok(foreign)), Err("unknown".to_owned()));
    let spaced = text.replacen("\":{", "\" : {", 1);
    assert!(matches!(found(&World::new(), ok(spaced.into_bytes())), Ok(Finding::Paid(_))));
}

#[test]
fn f07_f31_section_6_1_every_status_of_a_query_has_its_finding() {
    let finding = |node: &Value| found(&World::new(), signed(Operation::Query, node)).expect("a finding");
    for status in ["TRADE_SUCCESS", "TRADE_FINISHED"] {
        let Finding::Paid(paid) = finding(&paid_trade(status)) else { panic!("{status}") };
        assert_eq!((paid.amount, paid.transaction_no.as_str()), (cny(8888), TRADE_NO), "the order's amount");
        assert_eq!(paid.payee.as_str(), format!("{APP_ID}/{SELLER_ID}"));
        assert_eq!(paid.paid_time, Some(NOW + Duration::seconds(25)));
    }
    assert_eq!(finding(&trade("WAIT_BUYER_PAY")), Finding::AwaitingPayer);
    assert_eq!(finding(&trade("INVENTED_LATER")), Finding::AwaitingPayer);
    assert_eq!(finding(&trade("TRADE_CLOSED")), Finding::Closed);
    let absent = found(&World::new(), refused(Operation::Query, "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(absent, Ok(Finding::NotFound));
}

#[test]
fn f06_section_6_1_a_trade_closed_by_its_full_refund_was_paid() {
    let finding = |node: &Value| found(&World::new(), signed(Operation::Query, node)).expect("a finding");
    assert!(matches!(finding(&paid_trade("TRADE_CLOSED")), Finding::Paid(_)));
    for (field, value) in
        [("send_pay_date", "2027-03-01 12:31:10"), ("receipt_amount", "0.01"), ("buyer_pay_amount", "1")]
    {
        let mut node = trade("TRADE_CLOSED");
        node[field] = json!(value);
        assert!(matches!(finding(&node), Finding::Paid(_)), "{field}");
    }
    let mut zeros = trade("TRADE_CLOSED");
    zeros["send_pay_date"] = json!("");
    assert_eq!(finding(&zeros), Finding::Closed, "a failed trade has the amounts too, as zeros");
}

#[test]
fn f48_a_success_without_its_figures_is_unreadable_and_not_guessed() {
    for field in ["trade_no", "total_amount", "out_trade_no", "trade_status"] {
        let mut sparse = paid_trade("TRADE_SUCCESS");
        sparse.as_object_mut().expect("an object").remove(field);
        assert_eq!(
            found(&World::new(), signed(Operation::Query, &sparse)),
            Err("unknown".to_owned()),
            "{field}"
        );
    }
    for field in ["receipt_amount", "buyer_pay_amount", "send_pay_date", "buyer_user_id"] {
        let mut sparse = paid_trade("TRADE_SUCCESS");
        sparse.as_object_mut().expect("an object").remove(field);
        assert!(
            matches!(found(&World::new(), signed(Operation::Query, &sparse)), Ok(Finding::Paid(_))),
            "{field}"
        );
    }
}

#[test]
fn f46_a_query_that_names_another_seller_names_another_payee() {
    let mut node = paid_trade("TRADE_SUCCESS");
    node["seller_id"] = json!("2088999999999999");
    let Ok(Finding::Paid(paid)) = found(&World::new(), signed(Operation::Query, &node)) else {
        panic!("unpaid")
    };
    assert_eq!(paid.payee.as_str(), format!("{APP_ID}/2088999999999999"));
}

#[test]
fn queries_by_alipays_number_are_held_to_it() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(Operation::Query, &paid_trade("TRADE_SUCCESS")));
    let reference =
        TransactionReference::ChannelTransactionNo(ChannelTransactionNo::parse("other").expect("a number"));
    let request = QueryRequest { reference, product: product("app"), handle: None };
    assert_eq!(certainty(done(gateway.query(&request))), Err("unknown".to_owned()));
    assert_eq!(world.http.content(0), json!({"trade_no": "other"}));
}

#[test]
fn section_5_1_check_create_names_everything_at_once_by_the_contracts_names() {
    let world = World::new();
    let gateway = open(&world);
    let fields = |change: &dyn Fn(&mut payment_core::gateway::CreateRequest)| {
        let mut request = create_request("app", json!({}));
        change(&mut request);
        gateway.check_create(&request).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
    };
    assert!(fields(&|_| {}).is_empty());
    for wrong in ["", "  ", "a/b", "a=b", "a&b", "cake 🎂", "a\nb", &"商".repeat(86)] {
        assert_eq!(fields(&|request| request.description = wrong.to_owned()), ["description"], "{wrong:?}");
    }
    for fen in [0, -1, 10_000_000_001] {
        assert_eq!(fields(&|request| request.amount = cny(fen)), ["orders"], "{fen}");
    }
    assert!(fields(&|request| request.amount = cny(10_000_000_000)).is_empty());
    for minutes in [0, 15 * 24 * 60 + 1] {
        assert_eq!(
            fields(&|request| request.expire_time = NOW + Duration::minutes(minutes)),
            ["time_to_pay"]
        );
    }
    let all = fields(&|request| {
        request.description = "a/b".to_owned();
        request.amount = cny(0);
        request.options = json!({"attach": 1});
        request.expire_time = NOW;
    });
    assert_eq!(all, ["description", "orders", "channel_options.attach", "time_to_pay"]);
    assert_eq!(fields(&|request| request.product = product("jsapi")), ["channel_options.product"]);
}

#[test]
fn capabilities_say_what_the_account_can_do() {
    let world = World::new();
    let mut some = settings();
    some.insert("products".to_owned(), json!(["app", "barcode"]));
    some.insert("refund_window_days".to_owned(), json!(90));
    let gateway = open_with(&world, some);
    let capabilities = gateway.capabilities();
    let products: Vec<_> =
        capabilities.products.iter().map(|ability| (ability.product.to_string(), ability.create)).collect();
    let expected = [
        ("app".to_owned(), CreateCapability::SignsLocally),
        ("barcode".to_owned(), CreateCapability::CallsChannel),
    ];
    assert_eq!(products, expected);
    assert_eq!(
        (capabilities.repeated_create, capabilities.refund.window),
        (RepeatedCreate::Safe, Duration::days(90))
    );
    assert_eq!(gateway.payee(&product("app")).as_str(), format!("{APP_ID}/{SELLER_ID}"));
    assert_eq!(gateway.check_create(&create_request("page", json!({}))).len(), 1);
    let handle = ChannelHandle { value: String::new(), expire_time: NOW };
    assert!(gateway.payment_data(&product("page"), &handle).is_err());
    let capture = CaptureRequest {
        payment_no: payment_no(),
        product: product("app"),
        handle,
        amount: cny(1),
        intend_time: NOW,
    };
    assert_eq!(certainty(done(gateway.capture(&capture))), Err("not sent".to_owned()));
}

#[test]
fn the_factory_opens_what_it_finds_nothing_wrong_with() {
    let (world, factory) = (World::new(), AlipayFactory::new().expect("a name"));
    assert_eq!(factory.channel().as_str(), "alipay");
    assert!(factory.check(&account(settings())).is_empty());
    assert!(done(factory.open(&account(settings()), &world.ports())).is_ok());
    let empty = account(serde_json::Map::new());
    assert!(!factory.check(&empty).is_empty() && done(factory.open(&empty, &world.ports())).is_err());
}

#[test]
fn r29_nothing_that_can_be_paid_with_is_shown() {
    let world = World::new();
    let gateway: AlipayGateway = open(&world);
    let shown = format!("{gateway:?}");
    let secret_line = APP_KEY.lines().nth(1).expect("a line");
    assert!(shown.contains(APP_ID) && !shown.contains(secret_line), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn r28_f49_every_amount_arrives_as_text_with_two_places(fen in 1_i64..=10_000_000_000) {
        let gateway = open(&World::new());
        let mut request = create_request("app", json!({}));
        request.amount = cny(fen);
        prop_assert!(gateway.check_create(&request).is_empty());
        let handle = done(gateway.create(&request)).expect("created").handle;
        let form = Form::read(handle.value.as_bytes()).expect("a form");
        let content: Value = serde_json::from_str(form.get("biz_content").expect("a content")).expect("JSON");
        let text = content["total_amount"].as_str().expect("text");
        prop_assert_eq!(text, format!("{}.{:02}", fen / 100, fen % 100));
        prop_assert_eq!(crate::response::yuan(text), Some(cny(fen)));
    }

    #[test]
    fn f45_every_description_reaches_the_wallet_unharmed(description in "[ -~\u{a1}-\u{2fff}\u{4e00}-\u{9fff}&&[^/=&]]{1,60}") {
        let gateway = open(&World::new());
        let mut request = create_request("app", json!({}));
        request.description = description.clone();
        prop_assume!(gateway.check_create(&request).is_empty());
        let handle = done(gateway.create(&request)).expect("created").handle;
        let text = sdk_text(gateway.payment_data(&product("app"), &handle).expect("payment data"));
        let content = wallet(&text).get("biz_content").expect("a content").to_owned();
        let content: Value = serde_json::from_str(&content).expect("JSON");
        prop_assert_eq!(content["subject"].as_str(), Some(description.as_str()));
    }
}
