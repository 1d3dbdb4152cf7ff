//! Slow, broken, missing and lying answers.

use channel_bad_pay::{Accident, OrderState};
use payment_proto::v1::{ChannelContact, ClosePaymentRequest, PaymentState, SyncPaymentRequest};
use payment_tests::requests::payment_no;
use serde_json::json;
use tonic::Code;

use super::stage::{SHOP, Stage, payment};

const NOT_REACHED: (PaymentState, ChannelContact) = (PaymentState::AwaitingPayer, ChannelContact::NotReached);

/// Answers that prove nothing, whether or not anything was done.
fn unproven() -> [Accident; 6] {
    [
        Accident::BrokenOff,
        Accident::BrokenOffAfterwards,
        Accident::Unsigned,
        Accident::ForeignSignature,
        Accident::Broken,
        Accident::Lie("number", json!("P2026112300AAAAAAAAAAAAAAAAAAAA")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_f21_an_unproven_answer_to_a_create_keeps_the_payment_and_its_number() {
    let stage = Stage::set().await;
    for (index, accident) in unproven().into_iter().enumerate() {
        let request = payment(&format!("r-{index}"), &format!("order-{index}"), "app");
        stage.bad.accident(accident.clone());
        let first = stage.app.create(request.clone()).await;
        assert_eq!(first.payment.as_ref().unwrap().state(), PaymentState::Initiating, "{accident:?}");
        stage.advance(3).await;
        let again = stage.app.create(request).await;
        assert_eq!(payment_no(&again), payment_no(&first), "{accident:?}");
        assert_eq!(again.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer, "{accident:?}");
        stage.bad.pay(SHOP, &payment_no(&again));
        assert_eq!(stage.app.sync(&payment_no(&again)).await.0, PaymentState::Succeeded);
    }
    assert_eq!(stage.bad.orders(SHOP).len(), unproven().len());
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_an_unproven_answer_to_a_question_changes_nothing_and_the_next_one_finds_the_truth() {
    let stage = Stage::set().await;
    for (index, accident) in unproven().into_iter().chain([Accident::Busy]).enumerate() {
        let number = stage.open(&format!("r-{index}"), &format!("order-{index}")).await;
        stage.bad.pay(SHOP, &number);
        stage.bad.accident(accident.clone());
        assert_eq!(stage.app.sync(&number).await, NOT_REACHED, "{accident:?}");
        assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded, "{accident:?}");
    }
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_lost_answer_to_a_close_is_cleared_up_by_asking() {
    let stage = Stage::set().await;
    for (index, accident) in [Accident::BrokenOff, Accident::BrokenOffAfterwards].into_iter().enumerate() {
        let number = stage.open(&format!("r-{index}"), &format!("order-{index}")).await;
        // The first request is the question before the close, which is answered.
        stage.bad.accident(Accident::NotYet);
        stage.bad.accident(accident.clone());
        let done = accident == Accident::BrokenOffAfterwards;
        let expected = if done { PaymentState::Closed } else { PaymentState::AwaitingPayer };
        assert_eq!(stage.app.close(&number).await, expected, "{accident:?}");
        assert_eq!(stage.bad.state(SHOP, &number) == OrderState::Closed, done);
        assert_eq!(stage.app.close(&number).await, PaymentState::Closed, "{accident:?}");
    }
    assert_eq!(stage.bad.accidents_left(), 0);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_waited_for_and_counts() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.bad.pay(SHOP, &number);
    stage.bad.accident(Accident::Held);
    let mut client = stage.app.payments();
    let request = SyncPaymentRequest { payment_no: number.clone() };
    let asking = tokio::spawn(async move { client.sync_payment(request).await });
    stage.app.until("the question is on its way", || stage.bad.unanswered() == 1).await;
    assert_eq!(stage.app.state(&number).await, PaymentState::AwaitingPayer);
    stage.advance(5).await;
    stage.bad.answer_held();
    let synced = asking.await.unwrap().unwrap().into_inner();
    assert_eq!(synced.payment.unwrap().state(), PaymentState::Succeeded);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_payment_that_races_a_slow_close_wins() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.bad.accident(Accident::Held);
    let mut client = stage.app.payments();
    let request = ClosePaymentRequest { payment_no: number.clone() };
    let closing = tokio::spawn(async move { client.close_payment(request).await });
    stage.app.until("the question is on its way", || stage.bad.unanswered() == 1).await;
    stage.bad.pay(SHOP, &number);
    stage.advance(5).await;
    stage.bad.answer_held();
    let closed = closing.await.unwrap().unwrap().into_inner().payment.unwrap();
    assert_eq!(closed.state(), PaymentState::Succeeded);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_silence_ends_at_the_accounts_own_deadline_with_an_unknown_outcome() {
    let stage = Stage::set_with("request_timeout_milliseconds = 1500\n").await;
    stage.bad.accident(Accident::Silence);
    let request = payment("r-1", "A", "app");
    let first = stage.app.create(request.clone()).await;
    assert_eq!(first.payment.as_ref().unwrap().state(), PaymentState::Initiating);
    let number = payment_no(&first);
    // It was done all the same, and is paid by a payer who got the ticket elsewhere.
    stage.bad.pay(SHOP, &number);
    stage.advance(3).await;
    let again = stage.app.create(request).await;
    assert_eq!(again.payment.unwrap().state(), PaymentState::Succeeded);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_an_app_that_certainly_did_nothing_is_told_as_unavailable() {
    let stage = Stage::set().await;
    stage.bad.accident(Accident::Busy);
    let refusal = stage.app.refuse(payment("r-1", "A", "app")).await;
    assert_eq!(refusal.kind(), (Code::Unavailable, "CHANNEL_UNAVAILABLE"));
    assert!(stage.bad.orders(SHOP).is_empty());
    stage.advance(3).await;
    assert_eq!(stage.open("r-1", "A").await, refusal.metadata["payment_no"]);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_money_that_it_signs_for_in_other_figures_is_no_success_but_a_case() {
    let stage = Stage::set().await;
    for (index, (word, value, case)) in [
        ("minor_units", json!(1), "AMOUNT_MISMATCH"),
        ("currency", json!("USD"), "AMOUNT_MISMATCH"),
        ("shop", json!("elsewhere"), "PAYEE_MISMATCH"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = stage.open(&format!("r-{index}"), &format!("order-{index}")).await;
        stage.bad.pay(SHOP, &number);
        stage.bad.accident(Accident::Lie(word, value));
        assert_ne!(stage.app.sync(&number).await.0, PaymentState::Succeeded, "{word}");
        let sql = format!("SELECT kind FROM payment_case WHERE payment_no = '{number}'");
        assert_eq!(stage.app.texts(&sql).await, [case], "{word}");
        assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded, "{word}");
    }
    stage.app.finish().await;
}
