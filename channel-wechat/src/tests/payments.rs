//! Creating, handing out, asking and closing.

use payment_core::{
    gateway::{
        CloseRequest, CreateRequest, Finding, Gateway, GatewayError, PaymentData, QueryRequest, Reason,
        TransactionReference,
    },
    identifiers::{ChannelTransactionNo, Product},
    money::{Currency, Money},
    payment::ChannelHandle,
    ports::{HttpError, HttpMethod, HttpRequest},
};
use serde_json::{Value, json};
use time::Duration;

use super::{NUMBER, open, open_with, payment_no, signed, transaction, unsigned};
use crate::test_channel::{
    MCHID, MERCHANT_SERIAL, NOW, PUBLIC_KEY_ID, Signer, World, bare_settings, done, settings,
};

fn product(name: &str) -> Product {
    Product::parse(name).expect("a product")
}

fn create_request(name: &str, options: Value) -> CreateRequest {
    CreateRequest {
        payment_no: payment_no(),
        product: product(name),
        amount: Money::new(Currency::CNY, 100),
        description: "Monthly plan".to_owned(),
        expire_time: NOW + Duration::minutes(30),
        notify_url: "https://gw.example.com/v1/callbacks/wechat/main".parse().expect("a URL"),
        options,
        payer_ip: None,
    }
}

fn query_request() -> QueryRequest {
    QueryRequest {
        reference: TransactionReference::PaymentNo(payment_no()),
        product: product("app"),
        handle: None,
    }
}

fn close_request() -> CloseRequest {
    CloseRequest { payment_no: payment_no(), product: product("app"), handle: None }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_create_is_signed_complete_and_gives_a_handle_with_its_life() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(200, &json!({"prepay_id": "wx0520"})));
    let created = done(gateway.create(&create_request("app", json!({})))).expect("created");
    assert_eq!(created.handle.value, "wx0520");
    assert_eq!(created.handle.expire_time, NOW + Duration::minutes(30));
    let evidence = created.evidence.expect("evidence");
    assert_eq!(evidence.verified_by.map(|serial| serial.to_string()).as_deref(), Some(PUBLIC_KEY_ID));
    let sent = world.http.request(0);
    assert_eq!(sent.url.as_str(), "https://api.mch.weixin.qq.com/v3/pay/transactions/app");
    assert_eq!((sent.method, sent.timeout), (HttpMethod::Post, std::time::Duration::from_secs(10)));
    assert_eq!(header(&sent, "accept"), Some("application/json"));
    assert_eq!(header(&sent, "content-type"), Some("application/json"));
    assert_eq!(header(&sent, "wechatpay-serial"), Some(PUBLIC_KEY_ID));
    assert!(header(&sent, "user-agent").is_some_and(|agent| !agent.is_empty()));
    let authorization = header(&sent, "authorization").expect("an authorization");
    let start = format!("WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"");
    assert!(authorization.starts_with(&start) && authorization.contains(MERCHANT_SERIAL), "{authorization}");
}

#[test]
fn handles_live_as_long_as_wechat_honours_them_and_no_longer_than_the_payment() {
    let life = |name: &str, body: &Value, options: Value, minutes: i64| {
        let world = World::new();
        let gateway = open(&world);
        let mut request = create_request(name, options);
        request.expire_time = NOW + Duration::minutes(minutes);
        request.payer_ip = Some("203.0.113.9".parse().expect("an address"));
        world.http.will(signed(200, body));
        done(gateway.create(&request)).expect("created").handle.expire_time - NOW
    };
    let prepay = json!({"prepay_id": "wx0520"});
    assert_eq!(life("app", &prepay, json!({}), 600), Duration::hours(2));
    assert_eq!(life("jsapi", &prepay, json!({"openid": "o1"}), 600), Duration::hours(2));
    assert_eq!(life("native", &json!({"code_url": "weixin://wxpay/x"}), json!({}), 600), Duration::hours(2));
    let h5 = json!({"h5_url": "https://wx.tenpay.com/x"});
    assert_eq!(life("h5", &h5, json!({"type": "Wap"}), 600), Duration::minutes(5));
    assert_eq!(life("h5", &h5, json!({"type": "Wap"}), 2), Duration::minutes(2));
}

#[test]
fn a_repeated_create_has_the_same_body_under_a_fresh_signature() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(Err(HttpError::Unknown("timeout".to_owned())))
        .will(signed(200, &json!({"prepay_id": "wx"})));
    let request = create_request("app", json!({}));
    assert!(matches!(done(gateway.create(&request)), Err(GatewayError::Unknown(_))));
    assert!(done(gateway.create(&request)).is_ok());
    let (first, second) = (world.http.request(0), world.http.request(1));
    assert_eq!(first.body, second.body);
    assert_ne!(header(&first, "authorization"), header(&second, "authorization"));
}

/// A name for each certainty, so that tables can be compared.
fn certainty<T>(outcome: Result<T, GatewayError>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| match error {
        GatewayError::NotSent(_) => "not sent".to_owned(),
        GatewayError::Unknown(_) => "unknown".to_owned(),
        GatewayError::Refused { reason, .. } => format!("refused: {}", reason.as_str()),
    })
}

#[test]
fn r05_a_create_that_fails_says_how_certainly() {
    let table = [
        (401, "SIGN_ERROR", "not sent"),
        (429, "FREQUENCY_LIMITED", "not sent"),
        (400, "PARAM_ERROR", "refused: CHANNEL_REJECTED"),
        (400, "ORDERPAID", "refused: CHANNEL_ALREADY_PAID"),
        (400, "ORDER_CLOSED", "refused: CHANNEL_ALREADY_CLOSED"),
        (403, "OUT_TRADE_NO_USED", "refused: CHANNEL_NUMBER_REUSED"),
        (500, "SYSTEM_ERROR", "unknown"),
        (502, "", "unknown"),
        (202, "USERPAYING", "unknown"),
        (302, "", "unknown"),
        (400, "INVENTED_LATER", "unknown"),
    ];
    for (status, code, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(unsigned(status, code));
        let outcome = certainty(done(gateway.create(&create_request("app", json!({})))));
        assert_eq!(outcome, Err(expected.to_owned()), "{status} {code}");
    }
}

#[test]
fn r05_f39_a_success_that_nothing_proves_is_unknown() {
    let body = json!({"prepay_id": "wx0520"});
    let good = || Signer::public_key().answer(NOW, 200, body.to_string().as_bytes());
    let mut probe = good();
    probe.headers[2].1 = format!("WECHATPAY/SIGNTEST/{}", &probe.headers[2].1[19..]);
    let mut bare = good();
    bare.headers.clear();
    let mut altered = good();
    altered.body = body.to_string().replace("wx", "wy").into_bytes();
    let stale = Signer::public_key().answer(NOW - Duration::seconds(301), 200, body.to_string().as_bytes());
    let foreign =
        Signer::certificate("440024045C4A427599D09BB4E3DE0279F2E813FD", crate::test_channel::OTHER_KEY);
    let foreign = foreign.answer(NOW, 200, body.to_string().as_bytes());
    let empty = Signer::public_key().answer(NOW, 204, b"");
    for answer in [probe, bare, altered, stale, foreign, empty] {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(Ok(answer));
        let outcome = certainty(done(gateway.create(&create_request("app", json!({})))));
        assert_eq!(outcome, Err("unknown".to_owned()));
        assert_eq!(world.http.count(), 1, "public-key accounts download nothing");
    }
}

#[test]
fn r05_the_backup_host_takes_over_only_when_nothing_was_sent() {
    let not_sent = || Err(HttpError::NotSent("connection refused".to_owned()));
    let world = World::new();
    let gateway = open(&world);
    world.http.will(not_sent()).will(signed(200, &json!({"prepay_id": "wx0520"})));
    assert!(done(gateway.create(&create_request("app", json!({})))).is_ok());
    let (main, backup) = (world.http.request(0), world.http.request(1));
    assert_eq!(main.url.host_str(), Some("api.mch.weixin.qq.com"));
    assert_eq!(backup.url.as_str(), "https://api2.mch.weixin.qq.com/v3/pay/transactions/app");
    assert_eq!((main.headers, main.body), (backup.headers, backup.body));

    world.http.will(not_sent()).will(not_sent());
    assert_eq!(
        certainty(done(gateway.create(&create_request("app", json!({}))))),
        Err("not sent".to_owned())
    );
    world.http.will(not_sent()).will(Err(HttpError::Unknown("reset".to_owned())));
    assert_eq!(certainty(done(gateway.create(&create_request("app", json!({}))))), Err("unknown".to_owned()));
    let before = world.http.count();
    world.http.will(Err(HttpError::Unknown("timeout".to_owned())));
    assert_eq!(certainty(done(gateway.create(&create_request("app", json!({}))))), Err("unknown".to_owned()));
    assert_eq!(world.http.count(), before + 1);
}

#[test]
fn check_create_names_everything_at_once_by_the_contracts_names() {
    let world = World::new();
    let gateway = open(&world);
    let fields = |request: &CreateRequest| {
        gateway.check_create(request).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(&create_request("app", json!({}))), Vec::<String>::new());
    let mut wrong = create_request("h5", json!({"attach": "x"}));
    wrong.description = "会员".repeat(22);
    wrong.amount = Money::new(Currency::parse("USD").expect("a code"), 0);
    wrong.expire_time = NOW + Duration::seconds(59);
    wrong.notify_url = "https://gw.example.com/?a=1".parse().expect("a URL");
    let expected = [
        "description",
        "orders",
        "orders",
        "payer_client_ip",
        "notify_url",
        "channel_options.attach",
        "channel_options.type",
        "time_to_pay",
    ];
    assert_eq!(fields(&wrong), expected);
    assert_eq!(fields(&create_request("jsapi", json!({}))), ["channel_options.openid"]);
    assert_eq!(fields(&create_request("micropay", json!({}))), ["channel_options.product"]);
    let mut long = create_request("app", Value::Null);
    long.expire_time = NOW + Duration::days(90) + Duration::SECOND;
    assert_eq!(fields(&long), ["time_to_pay"]);
    assert_eq!(world.http.count(), 0);
}

#[test]
fn a_create_that_would_be_refused_is_not_sent() {
    let world = World::new();
    let gateway = open(&world);
    let outcome = certainty(done(gateway.create(&create_request("jsapi", json!({})))));
    assert_eq!((outcome, world.http.count()), (Err("not sent".to_owned()), 0));
}

#[test]
fn payment_data_is_signed_anew_each_time() {
    let world = World::new();
    let gateway = open(&world);
    let handle = ChannelHandle { value: "weixin://wx0520".to_owned(), expire_time: NOW };
    let data = |name: &str| gateway.payment_data(&product(name), &handle).expect("payment data");
    let (PaymentData::SdkParameters(first), PaymentData::SdkParameters(second)) = (data("app"), data("app"))
    else {
        panic!("no parameters")
    };
    assert_eq!(first.len(), 7);
    assert_ne!(first["noncestr"], second["noncestr"]);
    assert_ne!(first["sign"], second["sign"]);
    assert_eq!(first["noncestr"].len(), 32);
    assert!(matches!(data("jsapi"), PaymentData::SdkParameters(six) if six.len() == 6));
    assert_eq!(data("native"), PaymentData::QrCode(handle.value.clone()));
    assert_eq!(data("h5"), PaymentData::RedirectUrl(handle.value.clone()));
    assert!(gateway.payment_data(&product("micropay"), &handle).is_err());
}

#[test]
fn a_query_tells_a_proven_success_with_payee_and_price() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(200, &transaction("SUCCESS")));
    let answer = done(gateway.query(&query_request())).expect("an answer");
    let Finding::Paid(paid) = answer.finding else { panic!("{:?}", answer.finding) };
    assert_eq!(paid.payee, gateway.payee(&product("app")));
    assert_eq!(paid.amount, Money::new(Currency::CNY, 100));
    assert!(answer.evidence.verified_by.is_some());
    let sent = world.http.request(0);
    let expected =
        format!("https://api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={MCHID}");
    assert_eq!(sent.url.as_str(), expected);
    assert_eq!((sent.method, sent.body.len(), header(&sent, "content-type")), (HttpMethod::Get, 0, None));
}

#[test]
fn a_query_by_wechats_number_must_be_answered_for_it() {
    let world = World::new();
    let gateway = open(&world);
    let ask = |number: &str| {
        world.http.will(signed(200, &transaction("SUCCESS")));
        let number = ChannelTransactionNo::parse(number).expect("a number");
        let reference = TransactionReference::ChannelTransactionNo(number);
        certainty(done(gateway.query(&QueryRequest { reference, product: product("app"), handle: None })))
    };
    assert_eq!(ask("4200002900202601059999999999"), Ok(()));
    assert_eq!(ask("4200002900202601059999999998"), Err("unknown".to_owned()));
}

#[test]
fn an_answer_about_another_payment_is_unknown() {
    let world = World::new();
    let gateway = open(&world);
    let mut other = transaction("SUCCESS");
    other["out_trade_no"] = json!("P202601050000000000000000000009");
    world.http.will(signed(200, &other));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
}

#[test]
fn r04_not_found_is_an_answer_that_proves_nothing() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unsigned(404, "ORDERNOTEXIST"));
    let answer = done(gateway.query(&query_request())).expect("an answer");
    assert_eq!(answer.finding, Finding::NotFound);
    assert_eq!(answer.evidence.verified_by, None);
    assert!(answer.evidence.bytes.starts_with(b"{"));
}

#[test]
fn r05_f32_a_query_that_fails_finds_nothing() {
    let table = [
        (500, "SYSTEM_ERROR", "unknown"),
        (202, "USERPAYING", "unknown"),
        (429, "FREQUENCY_LIMITED", "not sent"),
        (403, "RULE_LIMIT", "refused: FORBIDDEN_BY_CHANNEL"),
    ];
    for (status, code, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(unsigned(status, code));
        assert_eq!(certainty(done(gateway.query(&query_request()))), Err(expected.to_owned()), "{code}");
    }
}

#[test]
fn r05_an_unsigned_success_moves_no_money() {
    let world = World::new();
    let gateway = open(&world);
    let mut answer = Signer::public_key().answer(NOW, 200, transaction("SUCCESS").to_string().as_bytes());
    answer.headers.clear();
    world.http.will(Ok(answer));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
    world.http.will(Ok(Signer::public_key().answer(NOW, 400, transaction("SUCCESS").to_string().as_bytes())));
    assert_eq!(certainty(done(gateway.query(&query_request()))), Err("unknown".to_owned()));
}

#[test]
fn r04_a_close_is_proven_by_a_signed_204() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(Ok(Signer::public_key().answer(NOW, 204, b"")));
    let closed = done(gateway.close(&close_request())).expect("closed");
    assert!(closed.evidence.verified_by.is_some() && closed.evidence.bytes.is_empty());
    let sent = world.http.request(0);
    assert!(sent.url.path().ends_with("/close"));
    assert_eq!(sent.body, format!(r#"{{"mchid":"{MCHID}"}}"#).into_bytes());
    let mut unsigned = Signer::public_key().answer(NOW, 204, b"");
    unsigned.headers.clear();
    world.http.will(Ok(unsigned));
    assert_eq!(certainty(done(gateway.close(&close_request()))), Err("unknown".to_owned()));
}

#[test]
fn r04_a_close_that_is_refused_says_why() {
    let table = [
        (400, "ORDER_PAID", Reason::AlreadyPaid),
        (400, "ORDERCLOSED", Reason::AlreadyClosed),
        (404, "ORDER_NOT_EXIST", Reason::NotFound),
        (202, "USERPAYING", Reason::PayerIsPaying),
        (429, "FREQUENCY_LIMITED", Reason::PayerIsPaying),
    ];
    for (status, code, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(unsigned(status, code));
        match done(gateway.close(&close_request())) {
            Err(GatewayError::Refused { reason, channel_code }) => {
                assert_eq!((reason, channel_code.as_str()), (expected, code));
            }
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[test]
fn f47_accounts_share_nothing() {
    let world = World::new();
    let mut second = settings();
    second.insert("mchid".to_owned(), json!("9876543210"));
    second.insert("app_ids".to_owned(), json!({"native": "wxnative"}));
    let (one, two) = (open(&world), open_with(&world, second));
    assert_eq!(one.payee(&product("app")).as_str(), "1234567891/wxd678efh567hg6787");
    assert_eq!(two.payee(&product("app")).as_str(), "9876543210/wxd678efh567hg6787");
    assert_eq!(two.payee(&product("native")).as_str(), "9876543210/wxnative");
    assert_eq!(two.payee(&product("micropay")).as_str(), "9876543210/-");
    world.http.will(unsigned(500, "SYSTEM_ERROR")).will(unsigned(500, "SYSTEM_ERROR"));
    assert!(done(one.query(&query_request())).is_err() && done(two.query(&query_request())).is_err());
    assert_eq!(world.http.request(0).url.query(), Some("mchid=1234567891"));
    assert_eq!(world.http.request(1).url.query(), Some("mchid=9876543210"));
}

#[test]
fn only_products_with_an_appid_are_offered() {
    let mut only = bare_settings();
    only.extend(settings());
    only.remove("app_id");
    only.insert("app_ids".to_owned(), json!({"native": "wxnative"}));
    let world = World::new();
    let gateway = open_with(&world, only);
    let offered: Vec<_> =
        gateway.capabilities().products.iter().map(|offer| offer.product.to_string()).collect();
    assert_eq!(offered, ["native"]);
    let violations = gateway.check_create(&create_request("app", json!({})));
    assert_eq!(violations.first().map(|violation| violation.field.as_str()), Some("channel_options.product"));
}
