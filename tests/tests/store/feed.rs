//! The feed: numbers after the commit, nothing passed over, each payment's order, what is kept and for how long.

use payment_core::{
    gateway::{Finding, RefundStatus},
    identifiers::MerchantId,
    merchant_event::MerchantEvent,
    payment::{apply::Happening, state::PaymentState},
};
use payment_store::{Advanced, ConsumerProcess, FeedEvent, FeedQuery, FeedReach, Snapshot, Store};
use payment_tests::database::{TestStore, connect, open, options};
use time::{Duration, OffsetDateTime};

use crate::scene::{
    NOW, answered, apply, cny, created, created_beside, handle, invariants_hold, merchant, notified, paid,
    paid_amount, refund_apply, refund_notified, refunded,
};

async fn events_after(store: &Store, after: i64) -> Vec<FeedEvent> {
    let query = FeedQuery { merchant_id: merchant(), after, payment_no: None, limit: 1000 };
    store.feed_window(&query).await.unwrap().events
}

async fn number(on: &TestStore) -> i64 {
    on.store.feed_number(&merchant(), 1000).await.unwrap().count
}

/// A payment that succeeded, and with that one event.
async fn succeeded(on: &TestStore, name: &str) -> payment_core::payment::Payment {
    let payment = created(on, name, &[name]).await;
    apply(on, &notified(&payment, paid(&payment, name))).await.payment
}

#[tokio::test]
async fn r27_a_transaction_that_commits_late_is_told_late_and_never_passed_over() {
    let on = TestStore::new(4).await;
    let mut late = connect(on.database.url()).await;
    let transaction = late.transaction().await.unwrap();
    // Its id is older than any other, as that of a transaction that began first.
    let insert = "INSERT INTO outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time) \
                  VALUES ('00000000-0000-7000-8000-000000000001', 'acme', 'P0', 1, 0, 'payment.closed', now())";
    transaction.execute(insert, &[]).await.unwrap();
    let early = succeeded(&on, "early").await;
    assert_eq!(number(&on).await, 1);
    let told = events_after(&on.store, 0).await;
    assert_eq!((told[0].feed_no, told[0].payment_no.as_str()), (1, early.payment_no.as_str()));
    let cursor = told.last().unwrap().feed_no;
    assert_eq!(number(&on).await, 0, "what is not committed has no number");
    transaction.commit().await.unwrap();
    assert_eq!(number(&on).await, 1);
    let later: Vec<_> = events_after(&on.store, cursor)
        .await
        .into_iter()
        .map(|event| (event.feed_no, event.payment_no))
        .collect();
    assert_eq!(later, [(2, "P0".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r27_each_payments_events_keep_their_order_however_many_number_them() {
    const PAYMENTS: usize = 24;
    let on = TestStore::new(8).await;
    let mut payments = Vec::new();
    for index in 0..PAYMENTS {
        payments.push(created(&on, &format!("r-{index}"), &[&format!("O-{index}")]).await);
    }
    let writers = payments.clone().into_iter().enumerate().map(|(index, payment)| {
        let store = on.store.clone();
        tokio::spawn(async move {
            for fen in 1..=4 {
                let wrong = paid_amount(&payment, &format!("wrong-{index}-{fen}"), cny(fen));
                store.payment_apply(&answered(&payment, wrong)).await.unwrap();
            }
            let right = paid(&payment, &format!("right-{index}"));
            store.payment_apply(&answered(&payment, right)).await.unwrap();
        })
    });
    let writers = tokio::spawn(futures::future::join_all(writers.collect::<Vec<_>>()));
    // Replicas with pools of their own, which take few at a time.
    let numberers = (0..3).map(|_| {
        let store = open(&options(on.database.url(), 2));
        tokio::spawn(async move {
            let mut numbered = 0;
            while store.feed_reach(&merchant()).await.unwrap().last_no < 24 * 5 {
                numbered += store.feed_number(&merchant(), 7).await.unwrap().count;
            }
            numbered
        })
    });
    let numbered: Vec<i64> = futures::future::join_all(numberers.collect::<Vec<_>>())
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    for outcome in writers.await.unwrap() {
        outcome.unwrap();
    }
    assert_eq!(numbered.iter().sum::<i64>(), 24 * 5, "each event got one number");
    let told = events_after(&on.store, 0).await;
    assert!(told.iter().map(|event| event.feed_no).eq(1..=24 * 5), "no number is left out or used twice");
    for payment in &payments {
        let own = told.iter().filter(|event| event.payment_no == payment.payment_no.as_str());
        let revisions: Vec<i32> = own.map(|event| event.revision).collect();
        assert!(revisions.len() == 5 && revisions.is_sorted(), "{revisions:?}");
    }
}

#[tokio::test]
async fn r27_a_payments_refunds_are_told_after_it_and_cases_after_what_they_stand_beside() {
    let on = TestStore::new(1).await;
    let payment = succeeded(&on, "A").await;
    let refund = refunded(&on, "R-1", &payment, 40).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::Processing, "50000001")).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::NeedsPerson, "50000001")).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::Succeeded, "50000001")).await;
    number(&on).await;
    let told: Vec<_> = events_after(&on.store, 0).await.into_iter().map(|event| event.event).collect();
    assert_eq!(
        told,
        [
            MerchantEvent::PaymentSucceeded,
            MerchantEvent::RefundProgressed,
            MerchantEvent::RefundNeedsAttention,
            MerchantEvent::CaseOpened,
            MerchantEvent::RefundSucceeded,
            MerchantEvent::CaseResolved,
        ]
    );
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r27_an_event_says_for_ever_what_was_true_at_its_moment() {
    let on = TestStore::new(1).await;
    let payment = succeeded(&on, "A").await;
    number(&on).await;
    let before = events_after(&on.store, 0).await;
    refunded(&on, "R-1", &payment, 40).await;
    on.observer.execute("UPDATE payment SET product = 'native'", &[]).await.unwrap();
    let after = events_after(&on.store, 0).await;
    assert_eq!(before, after);
    let Some(Snapshot::Payment(snapshot)) = &after[0].snapshot else { panic!("{after:?}") };
    assert_eq!((snapshot.state, snapshot.product.as_str()), (PaymentState::Succeeded, "app"));
    assert_eq!(snapshot.allocations[0].refund_reserved, cny(0));
}

#[tokio::test]
async fn r12_the_event_of_a_duplicate_shows_that_its_money_is_on_its_way_back() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let second = created_beside(&on, "r-2", &["A"], &first).await;
    apply(&on, &answered(&first, paid(&first, "1"))).await;
    apply(&on, &answered(&second, paid(&second, "2"))).await;
    number(&on).await;
    let told = events_after(&on.store, 0).await;
    let duplicate = told.iter().find(|event| event.event == MerchantEvent::DuplicateFound).unwrap();
    let Some(Snapshot::Payment(snapshot)) = &duplicate.snapshot else { panic!("{duplicate:?}") };
    assert_eq!(snapshot.allocations[0].refund_reserved, cny(100));
}

/// The scene's payments have a description, an address, options with an openid, a payee and a handle.
#[tokio::test]
async fn r29_no_event_names_the_payer() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r-1", &["A"]).await;
    apply(&on, &answered(&payment, handle())).await;
    apply(&on, &notified(&payment, paid_amount(&payment, "wrong", cny(1)))).await;
    apply(&on, &notified(&payment, paid(&payment, "42"))).await;
    let refund = refunded(&on, "R-1", &payment, 40).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::Succeeded, "50000001")).await;
    let kept = on.texts("SELECT snapshot::text FROM outbox_event").await;
    assert_eq!(kept.len(), 3);
    for snapshot in kept {
        for secret in ["two books", "2001:db8::1", "openid", "o1\"", "1900000001", "wx-prepay-1"] {
            assert!(!snapshot.contains(secret), "{secret} in {snapshot}");
        }
    }
}

#[tokio::test]
async fn a_window_says_how_far_the_feed_reaches_and_filters_by_payment() {
    let on = TestStore::new(1).await;
    let query = |after, payment_no| FeedQuery { merchant_id: merchant(), after, payment_no, limit: 2 };
    let empty = on.store.feed_window(&query(0, None)).await.unwrap();
    assert_eq!((empty.events, empty.reach), (vec![], FeedReach::default()));
    succeeded(&on, "A").await;
    let wanted = succeeded(&on, "B").await.payment_no.to_string();
    succeeded(&on, "C").await;
    assert_eq!(on.store.feeds_waiting(10).await.unwrap(), [merchant()]);
    number(&on).await;
    assert_eq!(on.store.feeds_waiting(10).await.unwrap(), []);
    let window = on.store.feed_window(&query(0, None)).await.unwrap();
    assert_eq!(window.events.iter().map(|event| event.feed_no).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(window.reach, FeedReach { last_no: 3, trimmed_no: 0 });
    let only = on.store.feed_window(&query(0, Some(wanted.clone()))).await.unwrap().events;
    assert!(only.len() == 1 && only[0].payment_no == wanted, "{only:?}");
    let stranger = FeedQuery { merchant_id: MerchantId::parse("other").unwrap(), ..query(0, Some(wanted)) };
    assert_eq!(on.store.feed_window(&stranger).await.unwrap().events, [], "r30");
}

async fn told_at(on: &TestStore, name: &str, time: OffsetDateTime) {
    let payment = created(on, name, &[name]).await;
    let mut request = notified(&payment, paid(&payment, name));
    request.now = time;
    apply(on, &request).await;
    number(on).await;
}

#[tokio::test]
async fn old_events_are_deleted_from_the_beginning_and_the_invariants_know_it() {
    let on = TestStore::new(1).await;
    let (day, before) = (Duration::days(1), NOW + Duration::days(10));
    told_at(&on, "A", NOW + day).await;
    told_at(&on, "B", NOW + day * 2).await;
    // A replica whose clock was ahead told this one between older ones: what follows it waits for it.
    told_at(&on, "C", NOW + day * 11).await;
    told_at(&on, "D", NOW + day * 3).await;
    assert_eq!(on.store.feeds_older_than(NOW + day, 10).await.unwrap(), []);
    assert_eq!(on.store.feeds_older_than(before, 10).await.unwrap(), [merchant()]);
    assert_eq!(on.store.feed_trim(&merchant(), before, 1).await.unwrap(), 1, "bounded");
    assert_eq!(on.store.feed_trim(&merchant(), before, 100).await.unwrap(), 1);
    assert_eq!(on.store.feed_trim(&merchant(), before, 100).await.unwrap(), 0);
    let reach = on.store.feed_reach(&merchant()).await.unwrap();
    assert_eq!(reach, FeedReach { last_no: 4, trimmed_no: 2 });
    assert_eq!(events_after(&on.store, 0).await.len(), 2);
    invariants_hold(&on).await;
    on.observer.execute("DELETE FROM outbox_event WHERE feed_no = 3", &[]).await.unwrap();
    let ledger = on.store.ledger().await.unwrap();
    let breaches = payment_core::invariant::check(&ledger);
    assert!(breaches.iter().any(|breach| breach.invariant.starts_with("r27_")), "{breaches:?}");
}

fn process(on: &TestStore) -> ConsumerProcess {
    on.store.consumer_process("nats", NOW)
}

#[tokio::test]
async fn one_process_delivers_a_feed_until_its_lease_is_over() {
    let on = TestStore::new(1).await;
    let (one, two) = (process(&on), process(&on));
    succeeded(&on, "A").await;
    number(&on).await;
    let (store, lease) = (&on.store, Duration::minutes(1));
    assert_eq!(store.consumer_behind(&one, NOW, 10).await.unwrap(), [merchant()]);
    assert_eq!(store.consumer_claim(&one, &merchant(), NOW, NOW + lease).await.unwrap(), Some(0));
    assert_eq!(store.consumer_claim(&two, &merchant(), NOW, NOW + lease).await.unwrap(), None);
    assert_eq!(store.consumer_behind(&two, NOW, 10).await.unwrap(), []);
    let later = NOW + lease;
    assert_eq!(store.consumer_claim(&two, &merchant(), later, later + lease).await.unwrap(), Some(0));
    let lost = store.consumer_advance(&one, &merchant(), 1, later + lease).await.unwrap();
    assert_eq!(lost, Advanced::LeaseLost, "whoever was too late does not move the other's place");
    let noted = store.consumer_advance(&two, &merchant(), 1, later + lease).await.unwrap();
    assert_eq!(noted, Advanced::Noted);
    assert_eq!(store.consumer_behind(&two, later, 10).await.unwrap(), []);
    store.consumer_release(&two).await.unwrap();
    assert_eq!(store.consumer_claim(&one, &merchant(), later, later + lease).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_a_consumer_has_not_delivered_is_kept_however_old() {
    let on = TestStore::new(1).await;
    told_at(&on, "A", NOW).await;
    told_at(&on, "B", NOW).await;
    let (one, before) = (process(&on), NOW + Duration::days(10));
    on.store.consumer_claim(&one, &merchant(), NOW, before).await.unwrap();
    assert_eq!(on.store.feed_trim(&merchant(), before, 100).await.unwrap(), 0);
    on.store.consumer_advance(&one, &merchant(), 1, before).await.unwrap();
    assert_eq!(on.store.feed_trim(&merchant(), before, 100).await.unwrap(), 1);
    invariants_hold(&on).await;
}

/// No sequence, no notification, no look into the future: whoever waits in this process wakes after the commit.
#[tokio::test]
async fn a_commit_wakes_whoever_numbers_and_a_refused_one_does_not() {
    let on = TestStore::new(2).await;
    let payment = created(&on, "A", &["A"]).await;
    on.observer
        .batch_execute("ALTER TABLE outbox_event ADD CONSTRAINT never CHECK (event = '')")
        .await
        .unwrap();
    on.store.payment_apply(&answered(&payment, paid(&payment, "42"))).await.unwrap_err();
    on.observer.batch_execute("ALTER TABLE outbox_event DROP CONSTRAINT never").await.unwrap();
    let woken = std::pin::pin!(on.store.events_appended());
    assert!(futures::poll!(woken).is_pending(), "nothing was committed");
    apply(&on, &answered(&payment, paid(&payment, "42"))).await;
    let woken = on.store.events_appended().await;
    assert_eq!(woken.into_iter().collect::<Vec<_>>(), [merchant()]);
}

/// Each accident breaks one of the three promises about events, and each is told by its name.
#[tokio::test]
async fn f20_a_change_without_its_event_is_found_and_an_event_without_its_change() {
    const OF_PAYMENT: &str = "r27_f20_each_change_of_a_payment_is_told_with_its_revision";
    const OF_REFUND: &str = "r27_f20_each_change_of_a_refund_is_told_with_its_revision";
    const OF_CASE: &str = "r27_f20_each_case_is_told_once";
    let on = TestStore::new(1).await;
    let closed = created(&on, "C", &["C"]).await;
    apply(&on, &answered(&closed, Happening::Found(Finding::Closed))).await;
    let payment = created(&on, "A", &["A"]).await;
    apply(&on, &notified(&payment, paid_amount(&payment, "wrong", cny(1)))).await;
    apply(&on, &notified(&payment, paid(&payment, "42"))).await;
    let refund = refunded(&on, "R-1", &payment, 40).await;
    refund_apply(&on, &refund_notified(&refund, RefundStatus::Succeeded, "50000001")).await;
    invariants_hold(&on).await;
    on.observer.batch_execute("CREATE TABLE kept AS SELECT * FROM outbox_event").await.unwrap();
    for (accident, invariant) in [
        ("DELETE FROM outbox_event WHERE event = 'payment.closed'", OF_PAYMENT),
        ("UPDATE outbox_event SET revision = revision + 1 WHERE event = 'payment.succeeded'", OF_PAYMENT),
        ("UPDATE outbox_event SET event = 'payment.failed' WHERE event = 'payment.closed'", OF_PAYMENT),
        ("DELETE FROM outbox_event WHERE event = 'refund.succeeded'", OF_REFUND),
        ("UPDATE outbox_event SET event = 'refund.progressed' WHERE event = 'refund.succeeded'", OF_REFUND),
        ("DELETE FROM outbox_event WHERE event = 'case.opened'", OF_CASE),
        ("UPDATE outbox_event SET case_id = gen_random_uuid() WHERE event = 'case.opened'", OF_CASE),
    ] {
        assert_eq!(on.observer.execute(accident, &[]).await.unwrap(), 1, "{accident}");
        let breaches = payment_core::invariant::check(&on.store.ledger().await.unwrap());
        assert!(breaches.iter().any(|breach| breach.invariant == invariant), "{accident}: {breaches:?}");
        let restore = "DELETE FROM outbox_event; INSERT INTO outbox_event SELECT * FROM kept";
        on.observer.batch_execute(restore).await.unwrap();
    }
    invariants_hold(&on).await;
}
