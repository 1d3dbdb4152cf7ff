//! A channel that takes its time to answer holds back its own rows only.

use std::{sync::Arc, time::Duration};

use channel_bad_pay::{Accident, BadPayApp, BadPayFactory};
use payment_proto::v1::{PaymentState, PluginOptions, create_payment_request::ChannelOptions};
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    accounts::bad_pay_section,
    app::{MERCHANT, START, SharedClock, TestApp, TestAppOptions},
    requests::app_payment,
};

use super::scene::finish;

const SHOP: &str = "corner";

/// Rows of the slow channel: more than several looks take.
const SLOW: u32 = 20;

/// One look takes fewer rows than wait at the slow channel, which has two calls in flight at most.
const JOBS: &str = "[jobs]\ninterval_milliseconds = 100\nbatch = 4\ncalls_in_flight = 2\n";

/// A service that looks by itself, with an account at Bad Pay.
async fn beside_bad_pay() -> (TestApp, BadPayApp) {
    let clock = SimulatorClock::manual(START);
    let bad = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
    let section =
        bad_pay_section(MERCHANT, "acme-bad", &bad, SHOP) + "request_timeout_milliseconds = 60000\n";
    let app = TestApp::start_with(TestAppOptions {
        clock,
        more_config: JOBS.to_owned(),
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

#[tokio::test(flavor = "multi_thread")]
async fn r19_a_slow_channel_holds_back_neither_other_channels_nor_later_looks() {
    let (app, bad) = beside_bad_pay().await;
    for number in 0..SLOW {
        open_at_bad_pay(&app, number).await;
    }
    let payment_no = app.open("fast", "fast", 100).await;
    app.pay_unheard(&payment_no).await;
    for _ in 0..2 {
        bad.accident(Accident::Held);
    }
    // All are due now, those of the slow channel first.
    app.clock().advance(Duration::from_secs(20)).unwrap();
    app.until_recorded(&format!(
        "EXISTS (SELECT FROM payment WHERE payment_no = '{payment_no}' AND state = 'SUCCEEDED')"
    ))
    .await;
    let asked = "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND checks > 0";
    assert_eq!(app.number(asked).await, 0, "the slow channel has not answered once");
    let untouched = "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND next_check_time <= create_time + interval '20 s'";
    assert!(
        app.number(untouched).await >= i64::from(SLOW) - 8,
        "what would only wait is left to other replicas"
    );

    bad.answer_held();
    app.until_recorded(&format!(
        "(SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND checks = 1) = {SLOW}"
    ))
    .await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    finish(app).await;
}
