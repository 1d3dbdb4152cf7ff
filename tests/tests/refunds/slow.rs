//! A channel that takes its time to answer holds back its own rows only.

use std::{sync::Arc, time::Duration};

use channel_bad_pay::{Accident, BadPayApp, BadPayFactory};
use payment_proto::v1::{PaymentState, PluginOptions, create_payment_request::ChannelOptions};
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    accounts::bad_pay_section,
    app::{MERCHANT, START, SharedClock, TestApp, TestAppOptions},
    requests::app_payment,
    steps::until,
};

use super::scene::finish;

const SHOP: &str = "corner";

/// Rows of the slow channel: more than several looks take.
const SLOW: u32 = 20;

/// One look takes fewer rows than wait at the slow channel, which has two calls in flight at most.
const JOBS: &str = "[jobs]\ninterval_milliseconds = 100\nbatch = 4\ncalls_in_flight = 2\n";

/// A service that does not look, for replicas of it that look with small hands, and so seldom that their first look is the only one.
const IDLE: &str = "[jobs]\nenabled = false\ninterval_milliseconds = 60000\nbatch = 4\ncalls_in_flight = 2\n";

/// The same, with calls for more rows than are due.
const WIDE: &str =
    "[jobs]\nenabled = false\ninterval_milliseconds = 60000\nbatch = 4\ncalls_in_flight = 100\n";

/// How many rows a job has in hand at most where a look takes four: as many as four looks take.
const IN_HAND: u32 = 16;

/// A service with an account at Bad Pay.
async fn beside_bad_pay(jobs: &str) -> (TestApp, BadPayApp) {
    let clock = SimulatorClock::manual(START);
    let bad = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
    let section =
        bad_pay_section(MERCHANT, "acme-bad", &bad, SHOP) + "request_timeout_milliseconds = 60000\n";
    let app = TestApp::start_with(TestAppOptions {
        clock,
        more_config: jobs.to_owned(),
        account_config: section,
        plugins: vec![Arc::new(BadPayFactory::new().unwrap())],
        ..TestAppOptions::usual()
    });
    (app.await, bad)
}

async fn open_at_bad_pay(app: &TestApp, number: u32) {
    let plugin = PluginOptions { product: "app".to_owned(), options: None };
    let mut request = app_payment(&format!("slow-{number}"), &format!("slow-{number}"), 100);
    request.channel_account = "acme-bad".to_owned();
    request.channel_options = Some(ChannelOptions::Plugin(plugin));
    app.create(request).await;
}

/// Payments that are due together soon, those of the slow channel first; the number of the one at another, which is paid.
async fn all_due(app: &TestApp) -> String {
    for number in 0..SLOW {
        open_at_bad_pay(app, number).await;
    }
    let payment_no = app.open("fast", "fast", 100).await;
    app.pay_unheard(&payment_no).await;
    payment_no
}

async fn until_found(app: &TestApp, payment_no: &str) {
    app.until_recorded(&format!(
        "EXISTS (SELECT FROM payment WHERE payment_no = '{payment_no}' AND state = 'SUCCEEDED')"
    ))
    .await;
}

/// Waits until so many at Bad Pay were asked about, once.
async fn until_asked(app: &TestApp, count: u32) {
    app.until_recorded(&format!(
        "(SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND checks = 1) = {count}"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_a_slow_channel_holds_back_neither_other_channels_nor_later_looks() {
    let (app, bad) = beside_bad_pay(JOBS).await;
    let payment_no = all_due(&app).await;
    for _ in 0..2 {
        bad.accident(Accident::Held);
    }
    // They are due now.
    app.clock().advance(Duration::from_secs(20)).unwrap();
    until_found(&app, &payment_no).await;
    let asked = "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND checks > 0";
    assert_eq!(app.number(asked).await, 0, "the slow channel has not answered once");
    let untouched = "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND next_check_time <= create_time + interval '20 s'";
    assert!(
        app.number(untouched).await >= i64::from(SLOW) - 8,
        "what would only wait is left to other replicas"
    );

    bad.answer_held();
    until_asked(&app, SLOW).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_what_is_due_waits_neither_for_slow_answers_nor_for_the_next_look() {
    let (app, bad) = beside_bad_pay(IDLE).await;
    let payment_no = all_due(&app).await;
    app.clock().advance(Duration::from_secs(20)).unwrap();
    for _ in 0..2 {
        bad.accident(Accident::Held);
    }
    let replica = app.replica_with(&[("JOBS__ENABLED", "true")]).await;
    until_found(&app, &payment_no).await;
    bad.answer_held();
    until_asked(&app, SLOW).await;
    replica.shutdown().await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_one_slow_answer_holds_back_nothing_else_that_is_due_at_its_channel() {
    let (app, bad) = beside_bad_pay(IDLE).await;
    all_due(&app).await;
    app.clock().advance(Duration::from_secs(20)).unwrap();
    bad.accident(Accident::Held);
    let replica = app.replica_with(&[("JOBS__ENABLED", "true")]).await;
    until_asked(&app, SLOW - 1).await;
    bad.answer_held();
    until_asked(&app, SLOW).await;
    replica.shutdown().await;
    finish(app).await;
}

/// A full look is followed by the next at once, but not for ever: beyond some batches rows would wait in hand, where no other
/// replica takes them.
#[tokio::test(flavor = "multi_thread")]
async fn r19_a_backlog_is_taken_without_pause_and_four_batches_of_it_at_most_are_in_hand() {
    let (app, bad) = beside_bad_pay(WIDE).await;
    all_due(&app).await;
    app.clock().advance(Duration::from_secs(20)).unwrap();
    for _ in 0..SLOW {
        bad.accident(Accident::Held);
    }
    let replica = app.replica_with(&[("JOBS__ENABLED", "true")]).await;
    until("all in hand are asked about", async || bad.unanswered() >= IN_HAND).await;
    let in_hand = "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND next_check_time > create_time + interval '20 s'";
    assert_eq!(app.number(in_hand).await, i64::from(IN_HAND));
    bad.answer_held();
    until_asked(&app, IN_HAND).await;
    until("the rest is asked about", async || bad.unanswered() == SLOW - IN_HAND).await;
    bad.answer_held();
    until_asked(&app, SLOW).await;
    replica.shutdown().await;
    finish(app).await;
}
