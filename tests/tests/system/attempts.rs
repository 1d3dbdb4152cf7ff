//! `CreatePayment` over orders that somebody tried to pay before: refused, handed out again, or replaced.

use payment_proto::v1::{
    CreatePaymentRequest, EarlierAttemptPolicy, PaymentState, WeChatPayNative,
    create_payment_request::ChannelOptions, we_chat_pay_options::Product,
};
use payment_sandbox::wechat::{Execution, Fault, FaultRule, Operation, TradeState};
use payment_tests::{
    app::{TestApp, TestAppOptions},
    requests::{app_payment, app_payment_of, payment_no, sdk_parameters, wechat_payment},
};
use std::time::Duration;
use tonic::Code;

fn native(request_id: &str, order_no: &str, fen: i64) -> CreatePaymentRequest {
    wechat_payment(request_id, order_no, fen, Product::Native(WeChatPayNative {}))
}

fn channel_state(app: &TestApp, payment_no: &str) -> TradeState {
    app.wechat().order(app.mchid(), payment_no).unwrap().state
}

/// Every request of this operation breaks, until the faults are cleared.
fn out_of_reach(app: &TestApp, operation: Operation) {
    let fault = Fault::ConnectionDropped { execution: Execution::Skipped };
    app.wechat().add_fault(FaultRule { operation: Some(operation), out_trade_no: None, times: None, fault });
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_an_order_that_is_paid_is_refused_with_the_payment_that_paid_it() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    for request in [
        app_payment("r-2", "A", 100),
        app_payment("r-3", "A", 1),
        native("r-4", "A", 100),
        app_payment_of("r-5", &[("A", 100), ("B", 100)]),
    ] {
        let refusal = app.refuse(request).await;
        assert_eq!(refusal.kind(), (Code::FailedPrecondition, "ORDER_ALREADY_PAID"));
        assert_eq!(refusal.metadata["payment_no"], payment_no);
        assert_eq!(refusal.metadata["order_no"], "A");
    }
    assert_eq!(app.number("SELECT count(*) FROM payment").await, 1);
    app.open("r-6", "B", 100).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_the_same_attempt_is_handed_out_again_and_pays() {
    let app = TestApp::start().await;
    let first = app.create(app_payment("r-1", "A", 100)).await;
    app.advance(Duration::from_secs(60)).await;
    let second = app.create(app_payment("r-2", "A", 100)).await;
    assert_eq!(payment_no(&second), payment_no(&first));
    assert_eq!(app.wechat().order(app.mchid(), &payment_no(&first)).unwrap().prepays, 1);
    let parameters = sdk_parameters(second.payment_data.as_ref().unwrap());
    app.wechat().invoke(&parameters, &Default::default()).unwrap();
    app.wechat().settled().await;
    assert_eq!(app.state(&payment_no(&first)).await, PaymentState::Succeeded);
    // R14 holds for the request that was answered with an earlier payment, too.
    let again = app.create(app_payment("r-2", "A", 100)).await;
    assert_eq!(payment_no(&again), payment_no(&first));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_f28_f30_another_product_or_amount_is_a_new_number_after_the_old_one_is_closed_at_the_channel() {
    let app = TestApp::start().await;
    let mut last = app.open("r-0", "A", 100).await;
    let mut soon = app_payment("r-5", "A", 90);
    soon.time_to_pay = Some(prost_types::Duration { seconds: 61, nanos: 0 });
    for request in [
        native("r-1", "A", 100),
        native("r-2", "A", 90),
        app_payment_of("r-3", &[("A", 90), ("B", 10)]),
        app_payment("r-4", "A", 90),
        soon.clone(),
        // The same again, but too near to its end to be handed out.
        CreatePaymentRequest { request_id: "r-6".to_owned(), ..soon },
    ] {
        let shown = request.request_id.clone();
        let created = app.create(request).await;
        let number = payment_no(&created);
        assert_ne!(number, last, "{shown}");
        assert_eq!(created.payment.unwrap().state(), PaymentState::AwaitingPayer, "{shown}");
        assert_eq!(app.state(&last).await, PaymentState::Closed, "{shown}");
        assert_eq!(channel_state(&app, &last), TradeState::Closed, "{shown}: closed there, too");
        last = number;
    }
    let payable =
        app.wechat().ledger().orders.iter().filter(|order| order.state == TradeState::NotPay).count();
    assert_eq!(payable, 1, "one live attempt");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_an_attempt_that_turns_out_paid_refuses_the_new_one() {
    let app = TestApp::start().await;
    let first = app.open("r-1", "A", 100).await;
    app.pay_unheard(&first).await;
    let refusal = app.refuse(native("r-2", "A", 100)).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "ORDER_ALREADY_PAID"));
    assert_eq!(refusal.metadata["payment_no"], first);
    assert_eq!(app.state(&first).await, PaymentState::Succeeded);
    // Several attempts over several orders: each is asked, one is paid.
    let (b, c) = (app.open("r-3", "B", 100).await, app.open("r-4", "C", 100).await);
    app.pay_unheard(&c).await;
    let refusal = app.refuse(app_payment_of("r-5", &[("B", 100), ("C", 100), ("D", 100)])).await;
    assert_eq!(
        (refusal.reason.as_str(), refusal.metadata["payment_no"].as_str()),
        ("ORDER_ALREADY_PAID", c.as_str())
    );
    assert_eq!(app.state(&b).await, PaymentState::Closed);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_f29_a_payer_at_the_till_is_not_overtaken() {
    let app = TestApp::start().await;
    let first = app.open("r-1", "A", 100).await;
    app.wechat().begin_payment(app.mchid(), &first).unwrap();
    let refusal = app.refuse(native("r-2", "A", 100)).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "EARLIER_ATTEMPT_UNRESOLVED"));
    assert_eq!(refusal.metadata["payment_no"], first);
    assert_eq!(app.state(&first).await, PaymentState::AwaitingPayer);
    app.pay(&first).await;
    let refusal = app.refuse(native("r-2", "A", 100)).await;
    assert_eq!(refusal.reason, "ORDER_ALREADY_PAID");
    // A payer who gives up makes way.
    let second = app.open("r-3", "B", 100).await;
    app.wechat().begin_payment(app.mchid(), &second).unwrap();
    app.wechat().fail_payment(app.mchid(), &second).unwrap();
    app.create(native("r-4", "B", 100)).await;
    assert_eq!(app.state(&second).await, PaymentState::Closed);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_channel_out_of_reach_refuses_or_is_passed_by_as_the_request_says() {
    let app = TestApp::start().await;
    let first = app.open("r-1", "A", 100).await;
    out_of_reach(&app, Operation::QueryByOutTradeNo);
    let request = native("r-2", "A", 100);
    let refusal = app.refuse(request.clone()).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "EARLIER_ATTEMPT_UNRESOLVED"));
    let mut refuse = request.clone();
    refuse.earlier_attempt_policy = EarlierAttemptPolicy::Refuse.into();
    assert_eq!(app.refuse(refuse).await.reason, "EARLIER_ATTEMPT_UNRESOLVED");
    assert_eq!(app.number("SELECT count(*) FROM payment").await, 1, "nothing is kept of a refused request");
    let mut proceed = request;
    proceed.earlier_attempt_policy = EarlierAttemptPolicy::Proceed.into();
    let second = payment_no(&app.create(proceed).await);
    assert_ne!(second, first);
    app.wechat().clear_faults();
    // Both are paid: the second success is a duplicate, and in sight.
    app.pay(&second).await;
    app.pay(&first).await;
    assert_eq!(app.order("A").await.effective_payment_no, second);
    assert_eq!(app.number("SELECT count(*) FROM refund WHERE origin = 'DUPLICATE'").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_the_configured_policy_holds_where_the_request_is_silent_and_a_close_without_proof_is_no_close() {
    let options = TestAppOptions {
        more_config: "[payments]\nearlier_attempt_policy = \"proceed\"\n".to_owned(),
        ..TestAppOptions::usual()
    };
    let app = TestApp::start_with(options).await;
    let first = app.open("r-1", "A", 100).await;
    app.fault(Operation::Close, Fault::SystemError { execution: Execution::Skipped });
    let mut refuse = native("r-2", "A", 100);
    refuse.earlier_attempt_policy = EarlierAttemptPolicy::Refuse.into();
    assert_eq!(app.refuse(refuse).await.reason, "EARLIER_ATTEMPT_UNRESOLVED");
    assert_eq!(app.state(&first).await, PaymentState::AwaitingPayer);
    out_of_reach(&app, Operation::Close);
    let second = payment_no(&app.create(native("r-3", "A", 100)).await);
    assert_eq!(app.state(&first).await, PaymentState::AwaitingPayer);
    assert_eq!(app.state(&second).await, PaymentState::AwaitingPayer);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_slow_channel_is_waited_for_until_the_deadline_and_its_word_is_recorded_after_it() {
    let options = TestAppOptions {
        more_config: "[payments]\nearlier_attempts_deadline_seconds = 1\n".to_owned(),
        ..TestAppOptions::usual()
    };
    let app = TestApp::start_with(options).await;
    let first = app.open("r-1", "A", 100).await;
    app.pay_unheard(&first).await;
    app.fault(Operation::QueryByOutTradeNo, Fault::SlowAnswer { seconds: 1 });
    assert_eq!(app.refuse(native("r-2", "A", 100)).await.reason, "EARLIER_ATTEMPT_UNRESOLVED");
    app.clock().advance(Duration::from_secs(1)).unwrap();
    app.until_recorded("SELECT state = 'SUCCEEDED' FROM payment").await;
    app.finish().await;
}

/// The channel answers nobody before all have asked.
#[tokio::test(flavor = "multi_thread")]
async fn r11_all_earlier_attempts_are_asked_at_once() {
    let options = TestAppOptions {
        more_config: "[payments]\nearlier_attempts_deadline_seconds = 60\n".to_owned(),
        ..TestAppOptions::usual()
    };
    let app = TestApp::start_with(options).await;
    for order in ["A", "B", "C"] {
        app.open(&format!("r-{order}"), order, 100).await;
    }
    app.wechat().add_fault(FaultRule {
        operation: Some(Operation::QueryByOutTradeNo),
        out_trade_no: None,
        times: Some(3),
        fault: Fault::SlowAnswer { seconds: 1 },
    });
    let all_asked = async {
        app.until("all three are asked", || app.wechat().faults().is_empty()).await;
        app.clock().advance(Duration::from_secs(1)).unwrap();
    };
    let basket = app_payment_of("r-all", &[("A", 100), ("B", 100), ("C", 100)]);
    let (created, ()) = tokio::join!(app.create(basket), all_asked);
    assert_eq!(app.state(&payment_no(&created)).await, PaymentState::AwaitingPayer);
    assert_eq!(app.number("SELECT count(*) FROM payment WHERE state = 'CLOSED'").await, 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_the_same_request_gives_the_same_payment_with_fresh_payment_data() {
    let app = TestApp::start().await;
    let request = app_payment_of("r-1", &[("B", 40), ("A", 60)]);
    let first = app.create(request.clone()).await;
    let mut signatures = vec![sdk_parameters(first.payment_data.as_ref().unwrap())["sign"].clone()];
    let mut turned = request.clone();
    turned.orders.reverse();
    for repeat in [request.clone(), turned, request.clone()] {
        let again = app.create(repeat).await;
        assert_eq!(again.payment, first.payment);
        signatures.push(sdk_parameters(again.payment_data.as_ref().unwrap())["sign"].clone());
    }
    signatures.sort_by_key(ToString::to_string);
    signatures.dedup();
    assert_eq!(signatures.len(), 4, "each is signed anew");
    assert_eq!(app.wechat().order(app.mchid(), &payment_no(&first)).unwrap().prepays, 1);
    // After the prepay answer's life it is renewed under the same number.
    let mut long = app_payment("r-2", "C", 100);
    long.time_to_pay = Some(prost_types::Duration { seconds: 86_400, nanos: 0 });
    let number = payment_no(&app.create(long.clone()).await);
    app.advance(Duration::from_secs(2 * 3600)).await;
    let renewed = app.create(long).await;
    assert_eq!(payment_no(&renewed), number);
    assert_eq!(app.wechat().order(app.mchid(), &number).unwrap().prepays, 2);
    app.wechat()
        .invoke(&sdk_parameters(renewed.payment_data.as_ref().unwrap()), &Default::default())
        .unwrap();
    // A payment whose time is over has nothing to hand out.
    let over = app.create(request).await;
    assert_eq!(payment_no(&over), payment_no(&first));
    assert!(over.payment_data.is_none());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_the_same_request_id_with_other_content_names_the_field() {
    let app = TestApp::start().await;
    let mut base = app_payment("r-1", "A", 100);
    base.time_to_pay = Some(prost_types::Duration { seconds: 600, nanos: 0 });
    let number = payment_no(&app.create(base.clone()).await);
    let with = |change: fn(&mut CreatePaymentRequest)| {
        let mut changed = base.clone();
        change(&mut changed);
        changed
    };
    let table = [
        (with(|request| request.orders = app_payment("", "B", 100).orders), "orders"),
        (with(|request| request.orders = app_payment("", "A", 101).orders), "orders"),
        (with(|request| request.orders = app_payment_of("", &[("A", 50), ("B", 50)]).orders), "orders"),
        (
            with(|request| request.channel_options = native("", "A", 100).channel_options),
            "channel_options.product",
        ),
        (with(tagged), "channel_options"),
        (with(|request| request.description = "three books".to_owned()), "description"),
        (
            with(|request| request.time_to_pay = Some(prost_types::Duration { seconds: 601, nanos: 0 })),
            "time_to_pay",
        ),
    ];
    for (request, field) in table {
        let refusal = app.refuse(request).await;
        assert_eq!(refusal.kind(), (Code::AlreadyExists, "REQUEST_ID_REUSED"), "{field}");
        assert_eq!(refusal.metadata["differing_field"], field);
        assert_eq!(refusal.metadata["payment_no"], number);
    }
    // How to go about it is no content.
    let policy = with(|request| request.earlier_attempt_policy = EarlierAttemptPolicy::Proceed.into());
    assert_eq!(payment_no(&app.create(policy).await), number);
    let named = with(|request| request.channel_account = payment_tests::app::ACCOUNT.to_owned());
    assert_eq!(payment_no(&app.create(named).await), number);
    // Content is compared before the state: also when the order is paid.
    app.pay(&number).await;
    let refusal = app.refuse(with(|request| request.description = "three books".to_owned())).await;
    assert_eq!(refusal.reason, "REQUEST_ID_REUSED");
    let paid = app.create(base).await;
    assert_eq!(paid.payment.unwrap().state(), PaymentState::Succeeded);
    assert_eq!(app.number("SELECT count(*) FROM payment").await, 1);
    app.finish().await;
}

fn tagged(request: &mut CreatePaymentRequest) {
    if let Some(ChannelOptions::WechatPay(options)) = &mut request.channel_options {
        options.goods_tag = "SUMMER".to_owned();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_the_channel_refuses_is_failed_for_good_and_frees_its_orders() {
    let app = TestApp::start().await;
    let rejected = app.wechat();
    app.fault(Operation::Prepay, Fault::NotEnoughBalance);
    let refusal = app.refuse(app_payment("r-1", "A", 100)).await;
    assert_eq!(refusal.code, Code::FailedPrecondition, "{refusal:?}");
    assert_eq!(refusal.metadata["channel_code"], "NOT_ENOUGH");
    let failed = app.payment(&refusal.metadata["payment_no"]).await;
    assert_eq!(failed.state(), PaymentState::Failed);
    assert_eq!(failed.failure.unwrap().channel_code, "NOT_ENOUGH");
    assert_eq!(app.events(&failed.payment_no).await, ["payment.failed"]);
    let next = app.open("r-2", "A", 100).await;
    assert!(rejected.order(app.mchid(), &next).is_some());
    app.finish().await;
}
