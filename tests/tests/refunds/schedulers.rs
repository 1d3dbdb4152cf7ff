//! Payments that nobody paid are closed by the schedulers alone, and money that comes meanwhile is found. How soon a lost
//! callback is found is measured at all channels in `model/found.rs`.

use std::time::Duration;

use payment_proto::v1::PaymentState;
use payment_sandbox::wechat::{Execution, Fault, Landing, Operation, PayOptions, TradeState};
use payment_server::jobs::Job;
use payment_tests::app::TestApp;

use super::scene::{faults, finish};

async fn look_until_ended(app: &TestApp, payment_no: &str, most: usize) -> PaymentState {
    for _ in 0..most {
        app.run_job(Job::PaymentSuccess).await;
        app.run_job(Job::PaymentClose).await;
        let state = app.state(payment_no).await;
        if matches!(state, PaymentState::Succeeded | PaymentState::Closed | PaymentState::Failed) {
            return state;
        }
        app.advance(Duration::from_secs(60)).await;
    }
    app.state(payment_no).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_payment_whose_time_is_over_is_closed_at_the_channel_and_then_here() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    app.advance(Duration::from_secs(29 * 60)).await;
    app.run_job(Job::PaymentSuccess).await;
    app.run_job(Job::PaymentClose).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer, "its time is not over");
    app.advance(Duration::from_secs(61)).await;
    app.run_job(Job::PaymentClose).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Closed, "at once when it is over");
    assert_eq!(app.wechat().order(app.mchid(), &payment_no).unwrap().state, TradeState::Closed);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_f29_a_success_found_on_the_way_to_closing_wins() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    app.pay_unheard(&payment_no).await;
    app.advance(Duration::from_secs(31 * 60)).await;
    app.run_job(Job::PaymentClose).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    finish(app).await;
}

/// The payer's money lands after everything was closed: it is recorded, and it pays the order.
#[tokio::test(flavor = "multi_thread")]
async fn r06_r20_money_that_lands_after_the_close_is_recorded() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    app.advance(Duration::from_secs(31 * 60)).await;
    app.run_job(Job::PaymentClose).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &payment_no, &late).unwrap();
    app.wechat().settled().await;
    assert_eq!(app.order("A").await.effective_payment_no, payment_no);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_channel_that_does_not_close_at_first_is_asked_until_it_does() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    faults(&app, Operation::Close, Some(3), Fault::SystemError { execution: Execution::Skipped });
    // The channel must not close it by its own clock, or the query alone would end it.
    app.advance(Duration::from_secs(30 * 60)).await;
    assert_eq!(look_until_ended(&app, &payment_no, 12).await, PaymentState::Closed);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_r20_f02_a_payment_whose_create_got_no_answer_ends_one_way_or_the_other() {
    for execution in [Execution::Done, Execution::Skipped] {
        let app = TestApp::start().await;
        faults(&app, Operation::Prepay, None, Fault::ConnectionDropped { execution });
        let request = payment_tests::requests::app_payment("r", "A", 100);
        let unanswered = app.create(request).await.payment.unwrap();
        assert_eq!(unanswered.state(), PaymentState::Initiating);
        app.wechat().clear_faults();
        let payment_no = unanswered.payment_no;
        let ended = look_until_ended(&app, &payment_no, 60).await;
        assert!(matches!(ended, PaymentState::Closed | PaymentState::Failed), "{execution:?}: {ended:?}");
        finish(app).await;
    }
}
