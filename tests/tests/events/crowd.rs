//! Thousands that wait: what they cost in statements and in memory.

use std::fs;

use futures::future::join_all;
use payment_proto::v1::{StreamEventsResponse, event_service_client::EventServiceClient};
use payment_tests::{
    app::{MERCHANT, TestApp, TestAppOptions, connect},
    database::proxy::Traffic,
};
use tonic::Streaming;

use crate::scene::{commit_events, from_now, take};

/// Streams, and over how many connections: one connection carries 256 calls.
const STREAMS: usize = 2000;
const CONNECTIONS: usize = 10;

async fn crowd(app: &TestApp) -> Vec<Streaming<StreamEventsResponse>> {
    let mut streams = Vec::with_capacity(STREAMS);
    for _ in 0..CONNECTIONS {
        let channel = connect(app.grpc_address()).await;
        let begun = (0..STREAMS / CONNECTIONS).map(|_| {
            let mut events = EventServiceClient::with_interceptor(channel.clone(), app.key(MERCHANT));
            async move { from_now(&mut events).await }
        });
        streams.extend(join_all(begun).await);
    }
    streams
}

/// Statements of the feeds' keeper that came over the wire, and of those that read events.
fn looks_and_reads(traffic: &Traffic) -> (usize, usize) {
    let count = |words: &str| traffic.executed.iter().filter(|sql| sql.contains(words)).count();
    (count("WITH RECURSIVE waiting"), count("LEFT JOIN LATERAL"))
}

/// What came over the wire while the keeper looked so often; health's own questions are left out.
async fn during_looks(app: &TestApp, looks: usize) -> Traffic {
    app.wire().take_traffic();
    let mut traffic = Traffic::default();
    while looks_and_reads(&traffic).0 < looks {
        payment_tests::database::until(&app.observer, "true").await;
        traffic.executed.extend(app.wire().take_traffic().executed);
    }
    traffic.executed.retain(|sql| sql != "SELECT 1");
    traffic
}

/// Kilobytes of this process, in which the server and all its callers live.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_thousands_of_waiting_streams_cost_little() {
    let options = TestAppOptions { counted: true, ..TestAppOptions::usual() };
    let app = TestApp::start_with(options).await;
    let before = resident();
    let mut streams = crowd(&app).await;
    let after = resident();
    let wire = app.wire();

    // Nothing happens: the keeper looks, and nobody else asks anything.
    while looks_and_reads(&during_looks(&app, 2).await).1 > 0 {}
    let quiet = during_looks(&app, 4).await;
    let (looks, _) = looks_and_reads(&quiet);
    assert!(quiet.executed.len() <= 2 * looks + 2, "{:#?}", quiet.executed);

    // One event after the other: each is read once for all who wait.
    wire.take_traffic();
    for round in 1..=5 {
        commit_events(&app.observer, 1, 1).await;
        for told in join_all(streams.iter_mut().map(|stream| take(stream, 1))).await {
            assert_eq!(told[0].sequence, round);
        }
    }
    let mut busy = wire.take_traffic();
    busy.executed.retain(|sql| sql != "SELECT 1");
    let (looks, reads) = looks_and_reads(&busy);
    println!(
        "{STREAMS} streams: {} KiB each in one process with their callers; {} statements in {looks} looks, {reads} of them reads",
        (after.saturating_sub(before)) / STREAMS,
        busy.executed.len(),
    );
    assert!(reads <= 5 + looks, "{reads} reads in {looks} looks");
    assert!(busy.executed.len() <= 5 * 10 + 3 * looks, "{:#?}", busy.executed);
    assert!(after - before < 256 * 1024, "{} KiB", after - before);
}
