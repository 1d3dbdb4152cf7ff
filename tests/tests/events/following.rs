//! `StreamEvents`: from a cursor, as it becomes true, at the consumer's own speed, to the end of the server.

use payment_proto::v1::EventType;
use payment_tests::{
    app::{TestApp, TestAppOptions},
    database::{connect, until},
    refusal::Refusal,
};
use tokio::time::timeout;
use tonic::Code;

use crate::scene::{
    PATIENCE, assert_each_payments_order, commit_events, from_now, narrow, next, paid, stream, take,
};

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_stream_tells_what_was_and_goes_on_with_what_becomes_true() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 300, 10).await;
    let mut events = app.events_client();
    let mut following = stream(&mut events, "").await.unwrap();
    let past = take(&mut following, 300).await;
    assert_each_payments_order(&past);
    let payment_no = paid(&app, "SO-1").await;
    let told = next(&mut following).await;
    assert_eq!(
        (told.r#type(), told.payment_no, told.sequence),
        (EventType::PaymentSucceeded, payment_no, 301)
    );
    let mut again = stream(&mut events, &past[149].cursor).await.unwrap();
    assert_eq!(take(&mut again, 150).await, past[150..], "from any cursor, the same again");
    assert_eq!(next(&mut again).await.sequence, 301);
    drop((following, again));
    app.check_invariants().await;
}

/// The transaction began before the stream's cursor moved on, and commits after.
#[tokio::test(flavor = "multi_thread")]
async fn r27_a_stream_does_not_pass_over_a_transaction_that_is_held_open() {
    let app = TestApp::start().await;
    let mut following = from_now(&mut app.events_client()).await;
    let mut late = connect(app.database.url()).await;
    let transaction = late.transaction().await.unwrap();
    let insert = "INSERT INTO outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time) \
                  VALUES ('00000000-0000-7000-8000-000000000001', 'acme', 'P0', 1, 0, 'payment.closed', now())";
    transaction.execute(insert, &[]).await.unwrap();
    let first = paid(&app, "SO-1").await;
    assert_eq!(next(&mut following).await.payment_no, first);
    let second = paid(&app, "SO-2").await;
    assert_eq!(next(&mut following).await.payment_no, second);
    transaction.commit().await.unwrap();
    let told = next(&mut following).await;
    assert_eq!((told.payment_no.as_str(), told.sequence), ("P0", 3));
}

/// Another replica committed it and died before it was numbered; a third one numbered it.
#[tokio::test(flavor = "multi_thread")]
async fn f20_what_other_replicas_left_unnumbered_or_numbered_is_told_too() {
    let app = TestApp::start().await;
    let mut following = from_now(&mut app.events_client()).await;
    commit_events(&app.observer, 1, 1).await;
    assert_eq!(next(&mut following).await.sequence, 1);
    let insert = "WITH feed AS (UPDATE event_feed SET last_no = last_no + 1 RETURNING last_no) \
                  INSERT INTO outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time, feed_no) \
                  SELECT gen_random_uuid(), 'acme', 'P1', 1, 0, 'payment.closed', now(), last_no FROM feed";
    app.observer.execute(insert, &[]).await.unwrap();
    assert_eq!(next(&mut following).await.sequence, 2);
}

/// Its window and the server's buffer hold some hundred KiB; the rest of what the slow one does not take waits in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_consumer_slows_down_nobody_but_itself() {
    const EVENTS: usize = 10_000;
    let app = TestApp::start().await;
    let mut slow = from_now(&mut narrow(&app).await).await;
    let mut fast = from_now(&mut app.events_client()).await;
    commit_events(&app.observer, i64::try_from(EVENTS).unwrap(), 50).await;
    let all = take(&mut fast, EVENTS).await;
    assert_each_payments_order(&all);
    assert!(all.iter().map(|event| event.sequence).eq(1..=10_000));
    paid(&app, "SO-1").await;
    assert_eq!(next(&mut fast).await.sequence, 10_001, "the fast one goes on while the other sleeps");
    assert_eq!(take(&mut slow, EVENTS).await, all, "the slow one misses nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_a_reason_when_the_server_stops() {
    let app = TestApp::start().await;
    let mut following = from_now(&mut app.events_client()).await;
    let ended = tokio::spawn(async move { following.message().await.unwrap_err() });
    app.finish().await;
    let refusal = Refusal::of(&timeout(PATIENCE, ended).await.unwrap().unwrap());
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unavailable, "SERVER_STOPPING"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_there_are_at_most_so_many_streams() {
    let more_config = "[events]\nmax_streams = 2\n".to_owned();
    let app = TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await;
    let first = from_now(&mut app.events_client()).await;
    let _second = from_now(&mut app.events_client()).await;
    let refused = stream(&mut app.events_client(), "").await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "TOO_MANY_STREAMS");
    drop(first);
    let again = async {
        // Its place is free once the server has noticed.
        while stream(&mut app.events_client(), "").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_place_was_deleted_meanwhile_ends_with_a_reason() {
    let app = TestApp::start().await;
    let mut slow = from_now(&mut narrow(&app).await).await;
    commit_events(&app.observer, 20_000, 10).await;
    until(&app.observer, "(SELECT count(feed_no) FROM outbox_event) = 20000").await;
    app.observer.execute("UPDATE outbox_event SET create_time = '2026-01-01'", &[]).await.unwrap();
    app.app().await.trim_feeds(time::Duration::hours(1)).await.unwrap();
    let ended = async {
        loop {
            if let Err(status) = slow.message().await {
                return status;
            }
        }
    };
    let status = timeout(PATIENCE, ended).await.unwrap();
    assert_eq!(Refusal::of(&status).reason, "CURSOR_EXPIRED");
}
