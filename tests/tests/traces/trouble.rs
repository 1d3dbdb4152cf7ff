//! A collector that is slow, silent or away costs spans, and nothing else.

use payment_proto::v1::PaymentState;
use payment_server::config::LogFormat;
use payment_tests::app::{TestApp, free_address};

use crate::collector::{Collector, Telemetry, app_of};

/// More than are kept for a collector, by far.
const MANY: usize = 20_000;

/// What waits, what is under way, and what the exporter gathers before it sends.
const MOST_KEPT: usize = 2048 + 2 * 512;

fn make_spans() {
    for number in 0..MANY {
        let _span = tracing::info_span!(target: "payment_server::test", "one of many", number).entered();
    }
}

async fn is_served(app: &TestApp, order_no: &str) {
    let payment_no = app.open(order_no, order_no, 100).await;
    app.pay(&payment_no).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
}

#[tokio::test]
async fn a_collector_that_is_slow_gets_what_is_kept_for_it_and_the_rest_is_dropped() {
    let collector = Collector::answering(0).await;
    let telemetry = Telemetry::begin(collector.address, LogFormat::Json, "off");
    let app = app_of(collector.address).await;
    is_served(&app, "A").await;
    make_spans();
    is_served(&app, "B").await;
    assert!(collector.spans().is_empty(), "it has answered nothing");
    app.finish().await;
    collector.answer_all();
    telemetry.end().await;
    collector.until_some_came().await;
    let came = collector.spans().len();
    assert!((1..=MOST_KEPT).contains(&came), "{came} spans came");
}

#[tokio::test]
async fn a_collector_that_never_answers_keeps_nobody_waiting_at_the_end_either() {
    let collector = Collector::answering(0).await;
    let telemetry = Telemetry::begin(collector.address, LogFormat::Json, "off");
    let app = app_of(collector.address).await;
    is_served(&app, "A").await;
    app.finish().await;
    telemetry.end().await;
    assert!(collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_that_is_away_is_not_missed() {
    let nobody = free_address();
    let telemetry = Telemetry::begin(nobody, LogFormat::Json, "off");
    let app = app_of(nobody).await;
    is_served(&app, "A").await;
    make_spans();
    is_served(&app, "B").await;
    app.finish().await;
    telemetry.end().await;
}

/// What the configuration admits can be used: the address by TLS too, with the system's certificate authorities.
#[tokio::test]
async fn a_collector_behind_tls_is_an_address_like_another() {
    Telemetry::at("https://collector.invalid:4317", LogFormat::Json, "off").end().await;
}
