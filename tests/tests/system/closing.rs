//! `ClosePayment` and `ConfirmPayment`: what callers say, and what the channel makes of it.

use payment_proto::v1::{ClientResult, ClosePaymentRequest, ConfirmPaymentRequest, PaymentState};
use payment_sandbox::wechat::{Execution, Fault, Landing, Operation, PayOptions, TradeState};
use payment_tests::{
    app::TestApp,
    refusal::Refusal,
    requests::{app_payment, payment_no},
};
use std::time::Duration;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn a_close_ends_at_the_channel_first_and_repeats_are_the_same() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    assert_eq!(app.confirm(&payment_no, ClientResult::Paid).await, PaymentState::ClientReported);
    assert_eq!(app.close(&payment_no).await, PaymentState::Closed);
    assert_eq!(app.wechat().order(app.mchid(), &payment_no).unwrap().state, TradeState::Closed);
    assert_eq!(app.close(&payment_no).await, PaymentState::Closed);
    assert_eq!(app.events(&payment_no).await, ["payment.closed"]);
    assert_eq!(
        app.confirm(&payment_no, ClientResult::Paid).await,
        PaymentState::Closed,
        "a hint opens nothing"
    );
    assert_eq!(app.order("A").await.state().as_str_name(), "ORDER_STATE_UNPAID");
    let paid = app.open("r-2", "A", 100).await;
    app.pay_unheard(&paid).await;
    assert_eq!(app.close(&paid).await, PaymentState::Succeeded, "what is paid is told as paid");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_payment_that_races_the_close_wins() {
    let app = TestApp::start().await;
    // Paid after our question was answered and before the close arrives.
    let first = app.open("r-1", "A", 100).await;
    app.wechat().suppress_notifications(None);
    app.fault(Operation::QueryByOutTradeNo, Fault::SlowAnswer { seconds: 1 });
    let mut client = app.payments();
    let request = ClosePaymentRequest { payment_no: first.clone() };
    let closing = tokio::spawn(async move { client.close_payment(request).await });
    app.until("the question is on its way", || app.wechat().faults().is_empty()).await;
    app.wechat().pay(app.mchid(), &first, &PayOptions::default()).unwrap();
    app.clock().advance(Duration::from_secs(1)).unwrap();
    let closed = closing.await.unwrap().unwrap().into_inner().payment.unwrap();
    assert_eq!(closed.state(), PaymentState::Succeeded);
    // At the till: nothing is closed, and nothing is said to be.
    let second = app.open("r-2", "B", 100).await;
    app.wechat().begin_payment(app.mchid(), &second).unwrap();
    assert_eq!(app.close(&second).await, PaymentState::AwaitingPayer);
    app.fault(Operation::Close, Fault::PayerIsPaying);
    assert_eq!(app.close(&second).await, PaymentState::AwaitingPayer);
    app.wechat().fail_payment(app.mchid(), &second).unwrap();
    assert_eq!(app.close(&second).await, PaymentState::Closed);
    app.finish().await;
}

/// The channel says that it closed, and then the money lands, unheard: one more question finds it before we say closed too.
#[tokio::test(flavor = "multi_thread")]
async fn r20_f29_money_that_lands_while_the_close_is_being_answered_wins() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.wechat().suppress_notifications(None);
    app.fault(Operation::Close, Fault::SlowAnswer { seconds: 1 });
    let mut client = app.payments();
    let request = ClosePaymentRequest { payment_no: payment_no.clone() };
    let closing = tokio::spawn(async move { client.close_payment(request).await });
    let at_channel = || app.wechat().order(app.mchid(), &payment_no).unwrap().state;
    app.until("the channel closed it", || at_channel() == TradeState::Closed).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &payment_no, &late).unwrap();
    app.clock().advance(Duration::from_secs(1)).unwrap();
    let closed = closing.await.unwrap().unwrap().into_inner().payment.unwrap();
    assert_eq!(closed.state(), PaymentState::Succeeded);
    assert_eq!(app.events(&payment_no).await, ["payment.succeeded"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_a_payment_that_the_channel_does_not_know_is_made_known_before_it_is_closed() {
    let app = TestApp::start().await;
    for (request_id, order_no, execution) in [("r-1", "A", Execution::Skipped), ("r-2", "B", Execution::Done)]
    {
        app.fault(Operation::Prepay, Fault::ConnectionDropped { execution });
        let created = app.create(app_payment(request_id, order_no, 100)).await;
        assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::Initiating);
        let payment_no = payment_no(&created);
        assert_eq!(app.sync(&payment_no).await.0, PaymentState::Initiating, "not found proves nothing");
        assert_eq!(app.close(&payment_no).await, PaymentState::Closed);
        // A create that was still on its way would find a closed number.
        assert_eq!(app.wechat().order(app.mchid(), &payment_no).unwrap().state, TradeState::Closed);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_time_is_over_is_closed_by_the_channels_own_word() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let unheard = app.create(app_payment("r-2", "B", 100)).await;
    app.fault(Operation::Prepay, Fault::ConnectionDropped { execution: Execution::Skipped });
    let initiating = app.create(app_payment("r-3", "C", 100)).await;
    app.advance(Duration::from_secs(1801)).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer, "time alone ends nothing");
    assert_eq!(app.sync(&payment_no).await.0, PaymentState::Closed);
    assert_eq!(app.close(&self::payment_no(&unheard)).await, PaymentState::Closed);
    // The channel never heard of this one and takes it no more: it can end without money.
    let ended = app.close(&self::payment_no(&initiating)).await;
    assert!(matches!(ended, PaymentState::Closed | PaymentState::Failed), "{ended:?}");
    app.open("r-4", "C", 100).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_says_is_read_kept_and_never_believed() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let said = |sdk_result: &[u8], result: ClientResult| ConfirmPaymentRequest {
        payment_no: payment_no.clone(),
        result: result.into(),
        sdk_result: sdk_result.to_vec(),
    };
    let mut payments = app.payments();
    // The SDK's own words count more than what the app makes of them.
    for words in [br#"{"errCode": -2}"#.as_slice(), br#"{"errCode": -1}"#] {
        let confirmed = payments.confirm_payment(said(words, ClientResult::Paid)).await.unwrap().into_inner();
        assert_eq!(confirmed.payment.unwrap().state(), PaymentState::AwaitingPayer);
    }
    assert_eq!(app.confirm(&payment_no, ClientResult::Unclear).await, PaymentState::AwaitingPayer);
    assert_eq!(app.confirm(&payment_no, ClientResult::Cancelled).await, PaymentState::AwaitingPayer);
    let garbage: [&[u8]; 7] = [
        b"\xff",
        b"paid",
        b"{}",
        b"[0]",
        br#"{"errCode": "0"}"#,
        br#"{"errCode": 0"#,
        &[b'x'; 64 * 1024 + 1],
    ];
    for words in garbage {
        let refused = payments.confirm_payment(said(words, ClientResult::Paid)).await.unwrap_err();
        let refusal = Refusal::of(&refused);
        assert_eq!(refusal.kind(), (Code::InvalidArgument, "INVALID_FIELD"));
        assert_eq!(refusal.fields.len(), 1);
        assert!(refusal.fields[0].starts_with("sdk_result"), "{refusal:?}");
    }
    let silent = payments.confirm_payment(said(b"", ClientResult::Unspecified)).await.unwrap_err();
    assert_eq!(Refusal::of(&silent).fields, ["result"]);
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    let confirmed = payments.confirm_payment(said(br#"{"errCode": 0}"#, ClientResult::Unspecified)).await;
    assert_eq!(confirmed.unwrap().into_inner().payment.unwrap().state(), PaymentState::ClientReported);
    let kept = "SELECT convert_from(evidence, 'UTF8') FROM payment_transition WHERE source = 'CLIENT_RESULT'";
    assert_eq!(app.texts(kept).await, [r#"{"errCode": 0}"#]);
    app.finish().await;
}
