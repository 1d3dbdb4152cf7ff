//! Lost callbacks are found, and payments that nobody paid are closed, by the schedulers alone.

use std::time::Duration;

use payment_proto::v1::PaymentState;
use payment_sandbox::wechat::{Execution, Fault, Landing, Operation, PayOptions, TradeState};
use payment_server::jobs::Job;
use payment_tests::app::TestApp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::scene::{faults, finish};

const SEED: u64 = 20_261_123;
const PAYMENTS: usize = 50;
const STEP: Duration = Duration::from_secs(1);

/// Payers take up to ten minutes; the schedulers look each second, as they are configured to.
#[tokio::test(flavor = "multi_thread")]
async fn r19_f35_a_lost_callback_is_found_within_30_seconds_at_the_median_and_5_minutes_at_worst() {
    let app = TestApp::start().await;
    app.wechat().suppress_notifications(None);
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut waiting = Vec::new();
    for index in 0..PAYMENTS {
        let payment_no = app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await;
        waiting.push((dice.random_range(1..600_u32), payment_no));
    }
    let replica = app.app().await;
    let (mut paid_at, mut delays) = (std::collections::HashMap::new(), Vec::new());
    for second in 1..1200_u32 {
        app.clock().advance(STEP).unwrap();
        for (_, payment_no) in waiting.extract_if(.., |(at, _)| *at == second) {
            app.wechat().pay(app.mchid(), &payment_no, &PayOptions::default()).unwrap();
            paid_at.insert(payment_no, second);
        }
        let report = replica.run_job(Job::PaymentSuccess, app.job_settings()).await.unwrap();
        if report.claimed > 0 && !paid_at.is_empty() {
            for found in app.texts("SELECT payment_no FROM payment WHERE state = 'SUCCEEDED'").await {
                delays.extend(paid_at.remove(&found).map(|at| second - at));
            }
        }
        if waiting.is_empty() && paid_at.is_empty() {
            break;
        }
    }
    assert_eq!(delays.len(), PAYMENTS, "every one is found");
    delays.sort_unstable();
    let (median, worst) = (delays[PAYMENTS / 2], delays[PAYMENTS - 1]);
    println!("lost callbacks are found after {median} s at the median, {worst} s at worst");
    assert!(median <= 30 && worst <= 300, "{delays:?}");
    finish(app).await;
}

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
