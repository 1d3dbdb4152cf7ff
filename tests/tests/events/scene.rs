//! Events made by the hundred, and readers of streams.

use std::{collections::HashMap, time::Duration};

use payment_proto::v1::{
    Event, StreamEventsRequest, StreamEventsResponse, event_service_client::EventServiceClient,
};
use payment_tests::app::{Events, MERCHANT, TestApp};
use tokio::time::timeout;
use tokio_postgres::Client;
use tonic::{Status, Streaming, transport::Channel};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Commits `count` events of `payments` made-up payments in one transaction, each payment's revisions counted on from
/// those it has.
pub(crate) async fn commit_events(client: &Client, count: i64, payments: i64) {
    let insert = "INSERT INTO outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time) \
        SELECT gen_random_uuid(), $3, no, coalesce(known.revision, 0) + round, 0, 'payment.duplicate_found', now() \
        FROM (SELECT 'P' || lpad((i % $2::bigint)::text, 30, '0') AS no, (i / $2::bigint + 1)::int AS round \
              FROM generate_series(0::bigint, $1::bigint - 1) AS i) AS wanted \
        LEFT JOIN (SELECT payment_no, max(revision) AS revision FROM outbox_event GROUP BY payment_no) AS known \
            ON known.payment_no = wanted.no";
    client.execute(insert, &[&count, &payments, &MERCHANT]).await.unwrap();
}

/// A client whose streams hold little that it has not read: the rest must wait in the server, or in its database.
pub(crate) async fn narrow(app: &TestApp) -> Events {
    let channel = Channel::from_shared(format!("http://{}", app.grpc_address())).unwrap();
    let channel = channel.initial_stream_window_size(65_535).connect().await.unwrap();
    EventServiceClient::with_interceptor(channel, app.key(MERCHANT))
}

/// A stream from a cursor; an empty one is the beginning.
pub(crate) async fn stream(
    events: &mut Events,
    after: &str,
) -> Result<Streaming<StreamEventsResponse>, Status> {
    let request = StreamEventsRequest { after: after.to_owned(), ..StreamEventsRequest::default() };
    events.stream_events(request).await.map(tonic::Response::into_inner)
}

/// A stream of what is told from now on, once it has begun.
pub(crate) async fn from_now(events: &mut Events) -> Streaming<StreamEventsResponse> {
    let request = StreamEventsRequest { from_now: true, ..StreamEventsRequest::default() };
    let mut stream = events.stream_events(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert!(first.event.is_none() && !first.cursor.is_empty(), "{first:?}");
    stream
}

/// The next event of a stream; signs of life are passed over.
pub(crate) async fn next(stream: &mut Streaming<StreamEventsResponse>) -> Event {
    let event = async {
        loop {
            let answer = stream.message().await.unwrap().expect("the stream goes on");
            if let Some(event) = answer.event {
                assert_eq!(event.cursor, answer.cursor);
                return event;
            }
        }
    };
    timeout(PATIENCE, event).await.expect("an event")
}

/// The next `count` events of a stream.
pub(crate) async fn take(stream: &mut Streaming<StreamEventsResponse>, count: usize) -> Vec<Event> {
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        events.push(next(stream).await);
    }
    events
}

/// Every payment's revisions rise in the order in which they were told.
pub(crate) fn assert_each_payments_order(events: &[Event]) {
    let mut last: HashMap<&str, i32> = HashMap::new();
    for event in events {
        let before = last.insert(&event.payment_no, event.revision).unwrap_or(0);
        assert!(before < event.revision, "{} told {} after {before}", event.payment_no, event.revision);
    }
}

/// A payment of one order that is paid, and its number.
pub(crate) async fn paid(app: &TestApp, name: &str) -> String {
    let payment_no = app.open(&format!("r-{name}"), name, 100).await;
    app.pay(&payment_no).await;
    payment_no
}
