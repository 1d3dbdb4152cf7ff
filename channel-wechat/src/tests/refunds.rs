//! Refunding, asking about refunds, and abnormal ones.

use payment_core::{
    gateway::{Gateway, GatewayError, Reason, RefundQueryRequest, RefundRequest, RefundStatus},
    identifiers::{ChannelRefundNo, RefundNo},
    money::{Currency, Money},
    ports::HttpError,
};
use serde_json::{Value, json};

use super::{NUMBER, open, payment_no, signed, unsigned};
use crate::{
    AbnormalRefundDestination, AbnormalRefundRequest, WeChatGateway,
    test_channel::{PUBLIC_KEY_ID, World, done},
};

fn refund_no() -> RefundNo {
    RefundNo::parse("R-1").expect("a number")
}

fn request() -> RefundRequest {
    RefundRequest {
        refund_no: refund_no(),
        payment_no: payment_no(),
        channel_transaction_no: None,
        amount: Money::new(Currency::CNY, 40),
        paid_amount: Money::new(Currency::CNY, 100),
        reason: None,
        notify_url: "https://gw.example.com/v1/callbacks/wechat/main".parse().expect("a URL"),
    }
}

fn query(gateway: &WeChatGateway) -> Result<RefundStatus, GatewayError> {
    let request =
        RefundQueryRequest { refund_no: refund_no(), payment_no: payment_no(), channel_refund_no: None };
    done(gateway.query_refund(&request)).map(|answer| answer.finding.status)
}

fn answer(status: &str) -> Value {
    json!({"refund_id": "50302909102026010512345678901", "out_refund_no": "R-1", "out_trade_no": NUMBER,
        "transaction_id": "4200002900202601059999999999", "channel": "ORIGINAL", "status": status,
        "create_time": "2026-01-05T20:10:00+08:00", "user_received_account": "支付用户零钱",
        "amount": {"total": 100, "refund": 40, "payer_total": 90, "payer_refund": 36, "currency": "CNY"}})
}

#[test]
fn a_refund_is_accepted_with_its_status() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(200, &answer("PROCESSING")));
    let accepted = done(gateway.refund(&request())).expect("accepted");
    assert_eq!(accepted.finding.status, RefundStatus::Processing);
    assert_eq!(accepted.finding.amount, Some(Money::new(Currency::CNY, 40)));
    assert_eq!(world.http.request(0).url.path(), "/v3/refund/domestic/refunds");
}

#[test]
fn r05_f24_a_refund_without_an_answer_is_unknown() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unsigned(500, "SYSTEMERROR")).will(Err(HttpError::Unknown("timeout".to_owned())));
    let mut forged = answer("CLOSED");
    forged["out_refund_no"] = json!("R-2");
    world.http.will(signed(200, &forged));
    let mut foreign = answer("CLOSED");
    foreign["out_trade_no"] = json!("P202601050000000000000000000009");
    world.http.will(signed(200, &foreign)).will(unsigned(200, ""));
    for _ in 0..5 {
        assert!(matches!(done(gateway.refund(&request())), Err(GatewayError::Unknown(_))));
    }
    assert_eq!(world.http.request(0).body, world.http.request(1).body);
}

#[test]
fn a_refused_refund_says_why() {
    let table = [
        (403, "NOTENOUGH", Reason::MerchantBalanceInsufficient),
        (403, "USER_ACCOUNT_ABNORMAL", Reason::PayerAccountUnusable),
        (400, "INVALID_REQUEST", Reason::ChannelRejected),
        (404, "RESOURCE_NOT_EXISTS", Reason::NotFound),
        (404, "MCH_NOT_EXISTS", Reason::AccountMisconfigured),
    ];
    for (status, code, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(unsigned(status, code));
        match done(gateway.refund(&request())) {
            Err(GatewayError::Refused { reason, .. }) => assert_eq!(reason, expected, "{code}"),
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[test]
fn other_currencies_are_not_sent() {
    let world = World::new();
    let gateway = open(&world);
    let mut dollars = request();
    dollars.amount = Money::new(Currency::parse("USD").expect("a code"), 40);
    assert!(matches!(done(gateway.refund(&dollars)), Err(GatewayError::NotSent(_))));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn r17_only_wechats_own_word_makes_a_refund_dead() {
    let world = World::new();
    let gateway = open(&world);
    for (word, status) in [
        ("PROCESSING", RefundStatus::Processing),
        ("SUCCESS", RefundStatus::Succeeded),
        ("CLOSED", RefundStatus::Dead),
        ("ABNORMAL", RefundStatus::NeedsPerson),
    ] {
        world.http.will(signed(200, &answer(word)));
        assert_eq!(query(&gateway).expect("an answer"), status);
    }
    for code in ["RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS"] {
        world.http.will(unsigned(404, code));
        assert_eq!(query(&gateway).expect("an answer"), RefundStatus::NotFound);
    }
    world.http.will(unsigned(502, "")).will(unsigned(404, "INVENTED_LATER"));
    assert!(matches!(query(&gateway), Err(GatewayError::Unknown(_))));
    assert!(matches!(query(&gateway), Err(GatewayError::Unknown(_))));
    assert_eq!(world.http.request(0).url.path(), "/v3/refund/domestic/refunds/R-1");
    assert_eq!(world.http.request(0).url.query(), None);
}

fn abnormal(destination: AbnormalRefundDestination) -> AbnormalRefundRequest {
    let channel_refund_no = ChannelRefundNo::parse("50302909102026010512345678901").expect("a number");
    AbnormalRefundRequest { refund_no: refund_no(), payment_no: payment_no(), channel_refund_no, destination }
}

#[test]
fn r29_an_abnormal_refund_encrypts_card_and_name_and_says_for_which_key() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(signed(200, &answer("PROCESSING")));
    let request = abnormal(AbnormalRefundDestination::UserBankCard {
        bank_type: "ICBC_DEBIT".to_owned(),
        bank_account: "6214830100010001".into(),
        real_name: "张三".into(),
    });
    assert!(!format!("{request:?}").contains("6214830100010001"));
    let outcome = done(gateway.apply_abnormal_refund(&request)).expect("accepted");
    assert_eq!(outcome.finding.status, RefundStatus::Processing);
    let sent = world.http.request(0);
    assert!(sent.url.path().ends_with("/50302909102026010512345678901/apply-abnormal-refund"));
    assert!(sent.headers.contains(&("wechatpay-serial", PUBLIC_KEY_ID.to_owned())));
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    assert_eq!((&body["type"], &body["bank_type"]), (&json!("USER_BANK_CARD"), &json!("ICBC_DEBIT")));
    assert_eq!(body["bank_account"].as_str().map(str::len), Some(344));
    assert_eq!(body["real_name"].as_str().map(str::len), Some(344));
}

#[test]
fn an_abnormal_refund_to_the_merchant_needs_no_card() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(unsigned(400, "INVALID_REQUEST"));
    let refused = done(gateway.apply_abnormal_refund(&abnormal(AbnormalRefundDestination::MerchantBankCard)));
    assert!(matches!(refused, Err(GatewayError::Refused { reason: Reason::ChannelRejected, .. })));
    assert_eq!(world.http.request(0).body, br#"{"out_refund_no":"R-1","type":"MERCHANT_BANK_CARD"}"#);
}
