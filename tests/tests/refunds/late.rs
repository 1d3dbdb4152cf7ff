//! Money that comes after a payment was proven closed, and whose callback is lost too, is found by looks after the end;
//! nothing else changes by them, and there is none after the last.

use std::time::Duration;

use payment_proto::v1::{OrderState, PaymentState};
use payment_sandbox::wechat::{Fault, Landing, Operation, PayOptions};
use payment_server::jobs::Job;
use payment_tests::app::TestApp;

use super::scene::{arrives, count, counted, faults, finish, look_later};

/// What WeChat Pay declares, in seconds since the end.
const LATE: [u64; 4] = [600, 3600, 86_400, 259_200];

const LEFT: &str = "SELECT count(*) FROM payment WHERE next_check_time IS NOT NULL";

/// Money lands on a closed payment, and nobody is told.
async fn lands_unheard(app: &TestApp, payment_no: &str) {
    app.wechat().suppress_notifications(Some(payment_no));
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), payment_no, &late).unwrap();
    app.wechat().settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_money_that_lands_unheard_after_the_close_is_found_by_the_next_look() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    assert_eq!(app.close(&payment_no).await, PaymentState::Closed);
    lands_unheard(&app, &payment_no).await;
    app.advance(Duration::from_secs(LATE[0] - 1)).await;
    assert_eq!(app.run_job(Job::PaymentSuccess).await.claimed, 0, "not yet");
    app.advance(Duration::from_secs(1)).await;
    assert_eq!(app.run_job(Job::PaymentClose).await.claimed, 0, "there is nothing to close");
    assert_eq!(app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(app.order("A").await.effective_payment_no, payment_no);
    assert_eq!(app.number(LEFT).await, 0);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_r12_what_a_late_look_finds_for_an_order_that_is_paid_goes_back() {
    let app = TestApp::start().await;
    let first = app.open("r-1", "A", 100).await;
    app.close(&first).await;
    let second = app.open("r-2", "A", 100).await;
    app.pay(&second).await;
    lands_unheard(&app, &first).await;
    app.advance(Duration::from_secs(LATE[0])).await;
    app.run_job(Job::PaymentSuccess).await;
    assert_eq!(app.state(&first).await, PaymentState::Succeeded);
    app.run_job(Job::RefundSuccess).await;
    arrives(&app, &format!("{first}-D0")).await;
    // Nothing about this payment is told, its refund neither.
    look_later(&app, Job::RefundSuccess, 75).await;
    let order = app.order("A").await;
    assert_eq!((order.state(), order.effective_payment_no), (OrderState::Paid, second));
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_r06_looks_that_find_nothing_change_nothing_and_end() {
    let app = TestApp::start().await;
    let payment_no = app.open("r", "A", 100).await;
    app.close(&payment_no).await;
    count(&app, Operation::QueryByOutTradeNo);
    let mut since = 0;
    for (look, at) in (1..).zip(LATE) {
        assert_eq!(app.number(LEFT).await, 1, "before look {look}");
        app.advance(Duration::from_secs(at - since)).await;
        since = at;
        assert_eq!(app.run_job(Job::PaymentSuccess).await.answered, 1, "look {look}");
        assert_eq!(app.run_job(Job::PaymentSuccess).await.claimed, 0, "once");
    }
    assert_eq!(app.number(LEFT).await, 0, "the index holds it no longer");
    app.advance(Duration::from_secs(30 * 86_400)).await;
    assert_eq!(app.run_job(Job::PaymentSuccess).await.claimed, 0);
    assert_eq!(counted(&app, Operation::QueryByOutTradeNo), 4);
    let transitions = app.texts("SELECT event FROM payment_transition ORDER BY revision").await;
    assert_eq!(transitions, ["PAYMENT_DATA_READY", "CHANNEL_CLOSED"]);
    assert_eq!(app.events(&payment_no).await, ["payment.closed"]);
    finish(app).await;
}

/// A look without an answer proves nothing, so it does not count; a channel that is gone for good is given up on.
#[tokio::test(flavor = "multi_thread")]
async fn r05_a_look_without_an_answer_is_repeated_and_given_up_on_after_as_long_again() {
    let app = TestApp::start().await;
    for (request, order) in [("r-1", "A"), ("r-2", "B")] {
        let payment_no = app.open(request, order, 100).await;
        app.close(&payment_no).await;
    }
    faults(&app, Operation::QueryByOutTradeNo, None, Fault::BadGateway);
    app.advance(Duration::from_secs(LATE[0])).await;
    let report = app.run_job(Job::PaymentSuccess).await;
    assert_eq!((report.claimed, report.unanswered), (2, 2));
    app.wechat().clear_faults();
    app.advance(Duration::from_secs(LATE[0])).await;
    assert_eq!(app.run_job(Job::PaymentSuccess).await.answered, 2);
    assert_eq!(app.number("SELECT count(*) FROM payment WHERE checks = 1").await, 2, "the first look");
    faults(&app, Operation::QueryByOutTradeNo, None, Fault::BadGateway);
    app.advance(Duration::from_secs(2 * LATE[3])).await;
    assert_eq!(app.run_job(Job::PaymentSuccess).await.unanswered, 2);
    assert_eq!(app.number(LEFT).await, 0);
    finish(app).await;
}
