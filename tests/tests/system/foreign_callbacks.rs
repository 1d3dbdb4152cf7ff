//! Notifications that the channel signed and that are not ours, and those that somebody else made.

use payment_proto::v1::{AllocationState, CreatePaymentRequest, PaymentState};
use payment_sandbox::wechat::{AttemptResult, Fault, Forgery, GeneratedMerchant, Operation};
use payment_tests::{
    app::{ACCOUNT, MERCHANT, OTHER_ACCOUNT, TestApp, TestAppOptions},
    channel_hand::{self, ChannelHand},
    requests::{app_payment, payment_no},
};
use serde_json::{Value, json};

const NO_MONEY_MOVED: &str = "SELECT count(*) FROM payment_transition WHERE to_state = 'SUCCEEDED'";

#[tokio::test(flavor = "multi_thread")]
async fn r08_f04_f46_signed_but_foreign_money_opens_a_case_and_is_acknowledged() {
    let app = TestApp::start().await;
    let table = [
        (Forgery::WrongAmount { total: 1 }, "AMOUNT_MISMATCH"),
        (Forgery::ForeignMerchant, "PAYEE_MISMATCH"),
        (Forgery::UnknownOrder, "UNKNOWN_PAYMENT"),
    ];
    for (index, (forgery, kind)) in table.into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        let answer = app.wechat().forge_notification(app.mchid(), &payment_no, &forgery).await.unwrap();
        assert!(answer.is_acknowledged(), "{kind}: {answer:?}");
        let payment = app.payment(&payment_no).await;
        assert_eq!(payment.state(), PaymentState::AwaitingPayer, "{kind}");
        assert_eq!(payment.allocations[0].state(), AllocationState::Pending, "{kind}");
        let found = format!(
            "SELECT count(*) FROM payment_case WHERE kind = '{kind}' AND notification_id IS NOT NULL"
        );
        assert_eq!(app.number(&found).await, 1, "{kind}");
    }
    assert_eq!(app.number(NO_MONEY_MOVED).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM outbox_event WHERE event = 'case.opened'").await, 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_f36_an_answer_over_another_amount_payee_or_transaction_is_no_success() {
    let app = TestApp::start().await;
    let replaced = |pointer: &str, value: Value| Fault::ReplacedField { pointer: pointer.to_owned(), value };
    let table = [
        (replaced("/amount/total", json!(99)), "AMOUNT_MISMATCH"),
        (replaced("/amount/currency", json!("USD")), "AMOUNT_MISMATCH"),
        (replaced("/mchid", json!("1900000099")), "PAYEE_MISMATCH"),
        (replaced("/appid", json!("wx99")), "PAYEE_MISMATCH"),
    ];
    for (index, (lie, kind)) in table.into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        app.pay_unheard(&payment_no).await;
        app.fault(Operation::QueryByOutTradeNo, lie);
        assert_eq!(app.sync(&payment_no).await.0, PaymentState::AwaitingPayer, "{kind}");
        let opened = format!(
            "SELECT count(*) FROM payment_case WHERE kind = '{kind}' AND payment_no = '{payment_no}'"
        );
        assert_eq!(app.number(&opened).await, 1, "{kind}");
        // The same lie again opens nothing more, and the truth is taken.
        assert_eq!(app.sync(&payment_no).await.0, PaymentState::Succeeded, "{kind}");
        assert_eq!(app.events(&payment_no).await, ["case.opened", "payment.succeeded"], "{kind}");
    }
    // A second transaction for a payment that is paid.
    let payment_no = app.open("r-9", "order-9", 100).await;
    app.pay(&payment_no).await;
    app.fault(
        Operation::QueryByOutTradeNo,
        replaced("/transaction_id", json!("4200000000000000000000000099")),
    );
    assert_eq!(app.sync(&payment_no).await.0, PaymentState::Succeeded);
    assert!(app.cases().await.contains(&"TRANSACTION_MISMATCH".to_owned()));
    // An answer about another payment is no answer.
    let asked = app.open("r-10", "order-10", 100).await;
    app.fault(Operation::QueryByOutTradeNo, replaced("/out_trade_no", json!(payment_no)));
    assert_eq!(app.sync(&asked).await.1.as_str_name(), "CHANNEL_CONTACT_NOT_REACHED");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_f43_what_others_made_is_refused_and_moves_nothing() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    for (forgery, status) in [(Forgery::WrongKey, 401), (Forgery::WrongApiKey, 400)] {
        let answer = app.wechat().forge_notification(app.mchid(), &payment_no, &forgery).await.unwrap();
        match answer {
            AttemptResult::Answered { status: found, .. } => assert_eq!(found, status, "{forgery:?}"),
            AttemptResult::TimedOut | AttemptResult::Unreachable { .. } => panic!("{answer:?}"),
        }
    }
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_eq!(app.verdicts().await, ["SIGNATURE_INVALID 1", "UNREADABLE 1"]);
    assert!(app.cases().await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f43_signature_headers_missing_empty_doubled_or_strange_are_refused() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    let real = app.received(&payment_no).await;
    let address = app.callback_address();
    assert_eq!(real.send(address).await, 200, "unchanged it is a repeat");
    let rows = "SELECT count(*) FROM notification";
    let before = app.number(rows).await;
    let mut refused = 0;
    for name in ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial"] {
        let value = real.header(name);
        let bare = real.clone().without(name);
        let mut other = value.clone();
        other[0] = if other[0] == b'1' { b'2' } else { b'1' };
        for changed in [
            bare.clone(),
            bare.clone().with(name, b""),
            bare.clone().with(name, b" "),
            real.clone().with(name, &value),
            real.clone().with(name, b"x"),
            bare.clone().with(name, &other),
            bare.clone().with(name, &[0xff, 0xfe]),
            bare.clone().with(name, &[b'A'; 4096]),
        ] {
            let status = changed.send(address).await;
            assert!((400..500).contains(&status), "{name}: {status} {changed:?}");
            refused += 1;
        }
    }
    for kind in [b"".as_slice(), b"WECHATPAY2-SM2-WITH-SM3", b"WECHATPAY/SIGNTEST/"] {
        let changed = real.clone().without("wechatpay-signature-type").with("wechatpay-signature-type", kind);
        assert_eq!(changed.send(address).await, 400);
        refused += 1;
    }
    assert_eq!(app.number(rows).await, before + refused, "each is kept in the inbox");
    assert_eq!(app.number(NO_MONEY_MOVED).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f47_a_notification_for_one_account_is_no_proof_at_the_url_of_another() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    let mut misled = app.received(&payment_no).await;
    misled.target = format!("/v1/callbacks/wechat/{OTHER_ACCOUNT}");
    assert_eq!(misled.send(app.callback_address()).await, 401);
    assert_eq!(
        app.texts("SELECT merchant_id || ' ' || rejection FROM notification WHERE verdict = 'REJECTED'")
            .await,
        ["other UNKNOWN_KEY"]
    );
    for target in
        ["/v1/callbacks/wechat/nobody", "/v1/callbacks/alipay/acme-wechat", "/v1/callbacks/wechat", "/"]
    {
        misled.target = target.to_owned();
        assert_eq!(misled.send(app.callback_address()).await, 404, "{target}");
    }
    assert_eq!(app.number("SELECT count(*) FROM notification").await, 2, "an unknown account has no inbox");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f42_rightly_signed_hostile_envelopes_are_refused_and_kill_nobody() {
    let hand = ChannelHand::new();
    let app = TestApp::start_beside(TestAppOptions::usual(), |merchant| hand.config(merchant)).await;
    let (now, address) = (app.clock().now(), app.callback_address());
    let transaction = hand.transaction("P2026112300012345678901234567AB", 100);
    let good = hand.envelope(transaction.to_string().as_bytes());
    // What the hand signs is believed: rightly made it opens a case for money that nobody knows.
    assert_eq!(hand.signed(now, good.to_string().as_bytes()).send(address).await, 200);
    assert_eq!(app.cases().await, ["UNKNOWN_PAYMENT"]);

    let mut hostile = Vec::new();
    for (pointer, values) in [
        (
            "/resource/nonce",
            vec![
                json!(""),
                json!("x"),
                json!("0123456789abc"),
                json!("é23456789ab"),
                json!(null),
                json!(12),
                json!("n".repeat(100_000)),
            ],
        ),
        (
            "/resource/ciphertext",
            vec![json!(""), json!("A"), json!("===="), json!("AAAA"), json!("!"), json!([])],
        ),
        ("/resource/algorithm", vec![json!(""), json!("AEAD_SM4_GCM"), json!("none"), json!(null)]),
        ("/resource/associated_data", vec![json!("refund"), json!(7), json!({})]),
        ("/resource", vec![json!(null), json!("text"), json!([]), json!({})]),
        ("/id", vec![json!(""), json!(null), json!("i".repeat(1000)), json!("a\nb")]),
        ("/event_type", vec![json!(null), json!(1)]),
    ] {
        for value in values {
            let mut envelope = good.clone();
            *envelope.pointer_mut(pointer).unwrap() = value;
            hostile.push(envelope.to_string().into_bytes());
        }
    }
    for (pointer, value) in [
        ("/out_trade_no", json!("")),
        ("/amount/total", json!(1.5)),
        ("/amount/total", json!("100")),
        ("/amount/total", json!(u64::MAX)),
        ("/amount/currency", json!("yuan")),
        ("/transaction_id", json!("")),
        ("/transaction_id", json!("x".repeat(500))),
        ("/trade_state", json!(null)),
        ("/mchid", json!("a b")),
    ] {
        let mut lie = transaction.clone();
        *lie.pointer_mut(pointer).unwrap() = value;
        hostile.push(hand.envelope(lie.to_string().as_bytes()).to_string().into_bytes());
    }
    let nested = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [b"".as_slice(), b"null", b"[]", b"{}", b"\xff\xfe", b"{\"id\":", nested.as_bytes()] {
        hostile.push(body.to_vec());
        hostile.push(hand.envelope(body).to_string().into_bytes());
    }
    for body in &hostile {
        let status = hand.signed(now, body).send(address).await;
        assert_eq!(status, 400, "{}", String::from_utf8_lossy(&body[..body.len().min(600)]));
    }
    let inbox = format!(
        "SELECT count(*) FROM notification WHERE merchant_id = '{}' AND verdict = 'REJECTED'",
        channel_hand::ACCOUNT
    );
    assert_eq!(app.number(&inbox).await, i64::try_from(hostile.len()).unwrap());
    assert_eq!(app.cases().await, ["UNKNOWN_PAYMENT"], "nothing but inbox rows");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_f47_the_keys_of_one_account_prove_nothing_about_a_payment_of_another() {
    let hand = ChannelHand::new();
    let neighbour = |merchant: &GeneratedMerchant| hand.account_of(MERCHANT, merchant);
    let app = TestApp::start_beside(TestAppOptions::usual(), neighbour).await;
    // Two accounts at one channel: which one is meant must be said.
    let unsaid = app.refuse(app_payment("r-1", "A", 100)).await;
    assert_eq!(
        (unsaid.reason.as_str(), unsaid.fields),
        ("INVALID_FIELD", vec!["channel_account".to_owned()])
    );
    let named = CreatePaymentRequest { channel_account: ACCOUNT.to_owned(), ..app_payment("r-1", "A", 100) };
    let payment_no = payment_no(&app.create(named).await);
    // Signed by the other account's channel key, and otherwise right in every field.
    let mut lie = hand.transaction(&payment_no, 100);
    lie["mchid"] = json!(app.mchid());
    lie["appid"] = json!(app.wechat_merchant.appids[0]);
    let body = hand.envelope(lie.to_string().as_bytes()).to_string();
    let status = hand.signed(app.clock().now(), body.as_bytes()).send(app.callback_address()).await;
    assert_eq!(status, 200, "signed by a channel: kept in sight and acknowledged");
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_eq!(app.cases().await, ["UNKNOWN_PAYMENT"]);
    app.pay(&payment_no).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    app.finish().await;
}
