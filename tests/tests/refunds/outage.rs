//! A dead channel is left alone, probed, and caught up with.

use std::time::Duration;

use payment_sandbox::wechat::{Fault, Operation};
use payment_server::jobs::{Job, Settings};
use payment_tests::app::TestApp;

use super::scene::{faults, finish};

const DEAD: u32 = 100_000;

fn calls(app: &TestApp) -> u32 {
    let rules = app.wechat().faults();
    DEAD - rules.iter().find(|rule| rule.fault == Fault::BadGateway).unwrap().times.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_dead_channel_stop_after_five_and_a_probe_each_half_minute_finds_its_recovery() {
    let app = TestApp::start().await;
    for index in 0..20 {
        app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await;
    }
    let replica = app.app().await;
    let settings = Settings { calls_in_flight: 1, ..app.job_settings() };
    let look = async || replica.run_job(Job::PaymentSuccess, settings).await.unwrap();
    faults(&app, Operation::QueryByOutTradeNo, Some(DEAD), Fault::BadGateway);
    app.advance(Duration::from_secs(10)).await;
    let report = look().await;
    assert_eq!((report.claimed, report.unanswered), (20, 20));
    assert_eq!(calls(&app), 5, "then it is left alone");
    for _ in 0..29 {
        app.advance(Duration::from_secs(1)).await;
        look().await;
    }
    assert_eq!(calls(&app), 5);
    app.advance(Duration::from_secs(1)).await;
    look().await;
    assert_eq!(calls(&app), 6, "one probe");
    for _ in 0..4 {
        app.advance(Duration::from_secs(30)).await;
        look().await;
    }
    assert_eq!(calls(&app), 10, "one each half minute");
    app.wechat().clear_faults();
    for _ in 0..3 {
        app.advance(Duration::from_secs(30)).await;
        look().await;
    }
    let late = "SELECT count(*) FROM payment WHERE checks > 12";
    assert_eq!(app.number(late).await, 0, "steps do not grow while nobody asks");
    app.advance(Duration::from_secs(75)).await;
    let report = look().await;
    assert_eq!((report.unanswered, report.failed), (0, 0), "{report:?}");
    for payment_no in app.texts("SELECT payment_no FROM payment").await {
        app.close(&payment_no).await;
    }
    finish(app).await;
}
