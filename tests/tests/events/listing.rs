//! `ListEvents`: pages, filters, cursors, and cursors that are none.

use payment_proto::v1::{
    Event, EventType, ListEventsRequest, ListEventsResponse, PaymentState, RefundState, StreamEventsRequest,
    event::Snapshot,
};
use payment_sandbox::wechat::RefundStatus;
use payment_tests::{
    app::{OTHER_MERCHANT, TestApp},
    refusal::Refusal,
    requests::refund_all,
};
use tonic::{Code, Status};

use crate::scene::{commit_events, next, paid, stream};

async fn list(app: &TestApp, request: ListEventsRequest) -> Result<ListEventsResponse, Status> {
    app.events_client().list_events(request).await.map(tonic::Response::into_inner)
}

/// Lists until so many events are there: numbers are given just after the commit.
async fn listed(app: &TestApp, count: usize) -> Vec<Event> {
    let numbered = format!("(SELECT count(feed_no) FROM outbox_event) = {count}");
    payment_tests::database::until(&app.observer, &numbered).await;
    let events = list(app, ListEventsRequest { page_size: 200, ..Default::default() }).await.unwrap().events;
    assert_eq!(events.len(), count);
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_payment_and_its_refund_are_told_with_what_was_true() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "SO-1").await;
    app.refunds().create_refund(refund_all("RET-1", &payment_no)).await.unwrap();
    app.wechat().settle_refund(app.mchid(), "RET-1", RefundStatus::Success).unwrap();
    app.wechat().settled().await;
    let told = listed(&app, 3).await;
    let types: Vec<_> = told.iter().map(Event::r#type).collect();
    assert_eq!(types, [EventType::PaymentSucceeded, EventType::RefundProgressed, EventType::RefundSucceeded]);
    assert!(told.iter().map(|event| event.sequence).eq(1..=3));
    assert!(told.iter().all(|event| event.payment_no == payment_no && event.merchant_id == "acme"));
    let Some(Snapshot::Payment(payment)) = &told[0].snapshot else { panic!("{:?}", told[0]) };
    assert_eq!((payment.state(), payment.description.as_str()), (PaymentState::Succeeded, ""));
    assert_eq!(
        payment.allocations[0].refund_reserved.as_ref().unwrap().minor_units,
        0,
        "not what came later"
    );
    let Some(Snapshot::Refund(refund)) = &told[2].snapshot else { panic!("{:?}", told[2]) };
    assert_eq!((refund.state(), told[2].refund_no.as_str()), (RefundState::Succeeded, "RET-1"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_pages_go_on_where_the_page_before_ended_and_cursors_at_any_event() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 120, 10).await;
    let all = listed(&app, 120).await;
    let mut request = ListEventsRequest { page_size: 50, ..Default::default() };
    let mut paged = Vec::new();
    let end = loop {
        let page = list(&app, request.clone()).await.unwrap();
        paged.extend(page.events);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break page.cursor;
        }
    };
    assert_eq!(paged, all);
    let after =
        |cursor: &str| ListEventsRequest { after: cursor.to_owned(), page_size: 200, ..Default::default() };
    assert_eq!(list(&app, after(&all[99].cursor)).await.unwrap().events, all[100..]);
    let nothing = list(&app, after(&end)).await.unwrap();
    assert_eq!(
        (nothing.events.len(), nothing.cursor.as_str()),
        (0, end.as_str()),
        "the end can be kept, too"
    );
    commit_events(&app.observer, 1, 1).await;
    listed(&app, 121).await;
    assert_eq!(list(&app, after(&end)).await.unwrap().events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_leave_events_out_and_nothing_else() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 700, 7).await;
    let wanted = paid(&app, "SO-1").await;
    payment_tests::database::until(&app.observer, "(SELECT count(feed_no) FROM outbox_event) = 701").await;
    let by_type = ListEventsRequest { types: vec![EventType::PaymentSucceeded.into()], ..Default::default() };
    let first = list(&app, by_type.clone()).await.unwrap();
    assert!(first.events.len() <= 1 && !first.next_page_token.is_empty(), "a bounded look: {first:?}");
    let second =
        list(&app, ListEventsRequest { page_token: first.next_page_token, ..by_type.clone() }).await.unwrap();
    let found: Vec<_> = first.events.iter().chain(&second.events).map(|event| &event.payment_no).collect();
    assert_eq!((found, second.next_page_token.as_str()), (vec![&wanted], ""));
    let by_payment = ListEventsRequest { payment_no: wanted.clone(), ..Default::default() };
    let page = list(&app, by_payment).await.unwrap();
    assert_eq!(page.events.len(), 1);
    let mut events = app.events_client();
    let follow = StreamEventsRequest { payment_no: wanted.clone(), ..Default::default() };
    let mut only = events.stream_events(follow).await.unwrap().into_inner();
    assert_eq!(next(&mut only).await.payment_no, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_wrong_foreign_too_old_or_too_new_is_refused_with_what_to_do() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 3, 1).await;
    let told = listed(&app, 3).await;
    let after = |cursor: &str| ListEventsRequest { after: cursor.to_owned(), ..Default::default() };
    for wrong in ["x", "AAAA", &told[0].cursor[1..]] {
        let refusal = Refusal::of(&list(&app, after(wrong)).await.unwrap_err());
        assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    }
    let foreign = app.events_client_of(OTHER_MERCHANT).list_events(after(&told[0].cursor)).await.unwrap_err();
    assert_eq!(Refusal::of(&foreign).reason, "INVALID_FIELD", "r30");
    let both = StreamEventsRequest { after: told[0].cursor.clone(), from_now: true, ..Default::default() };
    let both = app.events_client().stream_events(both).await.unwrap_err();
    assert_eq!(Refusal::of(&both).reason, "INVALID_FIELD");

    let keep = time::Duration::hours(1);
    app.observer
        .execute("UPDATE outbox_event SET create_time = '2026-01-01' WHERE feed_no <= 2", &[])
        .await
        .unwrap();
    app.app().await.trim_feeds(keep).await.unwrap();
    let reason = async |cursor: &str| Refusal::of(&list(&app, after(cursor)).await.unwrap_err()).reason;
    assert_eq!(reason(&told[0].cursor).await, "CURSOR_EXPIRED");
    assert_eq!(
        list(&app, after(&told[1].cursor)).await.unwrap().events,
        told[2..],
        "nothing after it is gone"
    );
    assert_eq!(
        list(&app, ListEventsRequest::default()).await.unwrap().events,
        told[2..],
        "the oldest that is kept"
    );
    let expired = stream(&mut app.events_client(), &told[0].cursor).await.unwrap_err();
    assert_eq!(Refusal::of(&expired).reason, "CURSOR_EXPIRED");

    app.observer.execute("UPDATE event_feed SET last_no = 2", &[]).await.unwrap();
    assert_eq!(reason(&told[2].cursor).await, "CURSOR_AHEAD", "the database was put back to an earlier day");
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_another_merchants_events_do_not_exist() {
    let app = TestApp::start().await;
    paid(&app, "SO-1").await;
    listed(&app, 1).await;
    let page = app.events_client_of(OTHER_MERCHANT).list_events(ListEventsRequest::default()).await.unwrap();
    assert_eq!(page.into_inner().events, []);
    app.finish().await;
}
