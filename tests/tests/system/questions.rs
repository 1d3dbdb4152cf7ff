//! What we ask the channel: negative, ambiguous, unproven and absent answers, and what asking finds.

use payment_proto::v1::{ChannelContact, ClientResult, PaymentState};
use payment_sandbox::wechat::{Execution, Fault, Operation};
use payment_tests::{
    app::TestApp,
    requests::{app_payment, payment_no},
};
use serde_json::json;
use std::time::Duration;
use tonic::Code;

/// Answers that no key of the channel's proves, or that are none.
fn unbelievable() -> [Fault; 11] {
    [
        Fault::SignatureProbe,
        Fault::WrongKey,
        Fault::UnknownSerial,
        Fault::MissingSignatureHeaders,
        Fault::StaleTimestamp,
        Fault::AlteredBody,
        Fault::ConnectionDropped { execution: Execution::Skipped },
        Fault::ConnectionDropped { execution: Execution::Done },
        Fault::SystemError { execution: Execution::Skipped },
        Fault::SystemError { execution: Execution::Done },
        Fault::BadGateway,
    ]
}

fn trade_state(word: &str) -> Fault {
    Fault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!(word) }
}

#[tokio::test(flavor = "multi_thread")]
async fn r01_the_payers_app_proves_nothing() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    assert_eq!(app.confirm(&payment_no, ClientResult::Paid).await, PaymentState::ClientReported);
    assert_eq!(app.confirm(&payment_no, ClientResult::Paid).await, PaymentState::ClientReported);
    assert_eq!(app.confirm(&payment_no, ClientResult::Cancelled).await, PaymentState::ClientReported);
    assert!(app.events(&payment_no).await.is_empty());
    assert_eq!(app.order("A").await.state().as_str_name(), "ORDER_STATE_PAYMENT_OPEN");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_f31_f32_not_found_not_paid_and_ambiguous_words_end_nothing() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    for word in ["NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT", "WORD_OF_TOMORROW"] {
        app.fault(Operation::QueryByOutTradeNo, trade_state(word));
        assert_eq!(
            app.sync(&payment_no).await,
            (PaymentState::AwaitingPayer, ChannelContact::Answered),
            "{word}"
        );
    }
    app.fault(Operation::QueryByOutTradeNo, Fault::NotVisibleYet { seconds: 60 });
    assert_eq!(app.sync(&payment_no).await, (PaymentState::AwaitingPayer, ChannelContact::Answered));
    for fault in [Fault::RateLimited, Fault::PayerIsPaying] {
        let shown = format!("{fault:?}");
        app.fault(Operation::QueryByOutTradeNo, fault);
        assert_eq!(
            app.sync(&payment_no).await,
            (PaymentState::AwaitingPayer, ChannelContact::NotReached),
            "{shown}"
        );
    }
    app.pay_unheard(&payment_no).await;
    assert_eq!(app.sync(&payment_no).await.0, PaymentState::Succeeded);
    assert_eq!(app.events(&payment_no).await, ["payment.succeeded"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_f21_f39_an_unproven_answer_to_a_query_changes_nothing_and_the_next_one_finds_the_truth() {
    let app = TestApp::start().await;
    for (index, fault) in unbelievable().into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        app.pay_unheard(&payment_no).await;
        let shown = format!("{fault:?}");
        app.fault(Operation::QueryByOutTradeNo, fault);
        let unproven = (PaymentState::AwaitingPayer, ChannelContact::NotReached);
        assert_eq!(app.sync(&payment_no).await, unproven, "{shown}");
        assert_eq!(app.sync(&payment_no).await.0, PaymentState::Succeeded, "{shown}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_f21_f25_an_unproven_answer_to_a_create_keeps_the_payment_and_its_number() {
    let app = TestApp::start().await;
    for (index, fault) in unbelievable().into_iter().enumerate() {
        let (request_id, order_no) = (format!("r-{index}"), format!("order-{index}"));
        let request = app_payment(&request_id, &order_no, 100);
        let shown = format!("{fault:?}");
        app.fault(Operation::Prepay, fault);
        let first = app.create(request.clone()).await;
        assert_eq!(first.payment.as_ref().unwrap().state(), PaymentState::Initiating, "{shown}");
        assert!(first.payment_data.is_none(), "{shown}");
        // Past the time that a living task would be left to finish.
        app.advance(Duration::from_secs(3)).await;
        let again = app.create(request).await;
        assert_eq!(payment_no(&again), payment_no(&first), "{shown}: no new number is made (F25)");
        assert_eq!(again.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer, "{shown}");
        assert!(again.payment_data.is_some(), "{shown}");
    }
    assert_eq!(app.wechat().ledger().orders.len(), unbelievable().len());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_f21_f29_an_unproven_answer_to_a_close_leaves_the_payment_open_until_proof() {
    let app = TestApp::start().await;
    for (index, fault) in unbelievable().into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        let shown = format!("{fault:?}");
        let carried_out = app.wechat();
        app.fault(Operation::Close, fault);
        let state = app.close(&payment_no).await;
        let at_channel = format!("{:?}", carried_out.order(app.mchid(), &payment_no).unwrap().state);
        // After an unknown outcome the channel is asked: its own signed CLOSED is proof, the lost answer was not.
        let expected =
            if at_channel == "Closed" { PaymentState::Closed } else { PaymentState::AwaitingPayer };
        assert_eq!(state, expected, "{shown}");
        assert_eq!(app.close(&payment_no).await, PaymentState::Closed, "{shown}");
        assert_eq!(app.events(&payment_no).await, ["payment.closed"], "{shown}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_channel_that_certainly_did_not_act_is_told_as_unavailable_and_the_request_goes_on() {
    let app = TestApp::start().await;
    app.fault(Operation::Prepay, Fault::RateLimited);
    let request = app_payment("r-1", "A", 100);
    let refusal = app.refuse(request.clone()).await;
    assert_eq!(refusal.kind(), (Code::Unavailable, "CHANNEL_UNAVAILABLE"));
    app.advance(Duration::from_secs(3)).await;
    let again = app.create(request).await;
    assert_eq!(payment_no(&again), refusal.metadata["payment_no"]);
    assert_eq!(again.payment.unwrap().state(), PaymentState::AwaitingPayer);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_f35_a_success_whose_notification_never_comes_is_found_by_each_way_of_asking() {
    let app = TestApp::start().await;
    let synced = app.open("r-1", "A", 100).await;
    app.pay_unheard(&synced).await;
    assert_eq!(app.sync(&synced).await, (PaymentState::Succeeded, ChannelContact::Answered));

    let confirmed = app.open("r-2", "B", 100).await;
    app.pay_unheard(&confirmed).await;
    assert_eq!(app.confirm(&confirmed, ClientResult::Paid).await, PaymentState::Succeeded);
    let cancelled = app.open("r-3", "C", 100).await;
    app.pay_unheard(&cancelled).await;
    assert_eq!(app.confirm(&cancelled, ClientResult::Cancelled).await, PaymentState::Succeeded);

    let asked_anew = app.open("r-4", "D", 100).await;
    app.pay_unheard(&asked_anew).await;
    let refusal = app.refuse(app_payment("r-5", "D", 100)).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "ORDER_ALREADY_PAID"));
    assert_eq!(refusal.metadata["payment_no"], asked_anew);

    // The same request again, after its prepay answer has run out: the channel says ORDERPAID and is asked.
    let mut long = app_payment("r-6", "E", 100);
    long.time_to_pay = Some(prost_types::Duration { seconds: 86_400, nanos: 0 });
    let replayed = payment_no(&app.create(long.clone()).await);
    app.pay_unheard(&replayed).await;
    app.advance(Duration::from_secs(2 * 3600 + 1)).await;
    let again = app.create(long).await;
    assert_eq!(payment_no(&again), replayed);
    assert_eq!(again.payment.unwrap().state(), PaymentState::Succeeded);
    assert!(again.payment_data.is_none());

    let closed = app.open("r-7", "F", 100).await;
    app.pay_unheard(&closed).await;
    assert_eq!(app.close(&closed).await, PaymentState::Succeeded);
    app.finish().await;
}
