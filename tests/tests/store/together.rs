//! Notifications that are applied together: the same rows as one by one, nobody waits for a neighbour, and what is more than a
//! change of one payment by itself is left.

use std::{slice, sync::Arc};

use payment_core::{
    gateway::{Finding, Reason},
    identifiers::{ChannelAccountId, MerchantId},
    payment::{Failure, Payment, apply::Happening, state::PaymentState},
};
use payment_store::{
    StoreError,
    payment::{Applied, ApplyRequest, Effect},
};
use payment_tests::database::{TestStore, connect};
use tokio_postgres::Client;

use crate::scene::{
    answered, apply, cny, created, created_beside, handle, invariants_hold, new, notified, paid, paid_amount,
    payment,
};

async fn together(on: &TestStore, requests: &[ApplyRequest]) -> Vec<Option<Applied>> {
    let requests: Vec<_> = requests.iter().cloned().map(Arc::new).collect();
    on.store.payments_apply_together(&requests).await.unwrap()
}

fn effects(applied: &[Option<Applied>]) -> Vec<Option<Effect>> {
    applied.iter().map(|applied| applied.as_ref().map(|applied| applied.effect)).collect()
}

const NOTHING_KEPT: &str = "SELECT (SELECT count(*) FROM notification) + (SELECT count(*) FROM payment_transition) \
    + (SELECT count(*) FROM outbox_event) + (SELECT count(*) FROM payment WHERE revision > 0)";

/// Everything that is recorded about a payment, but for the ids of rows, with one word for its number.
async fn recorded(on: &TestStore, payment: &Payment) -> Vec<String> {
    let number = &payment.payment_no;
    let mut rows = Vec::new();
    for (table, names) in [
        ("payment", "'{payment_no,request_id}'"),
        ("allocation", "'{payment_no,order_no}'"),
        ("payment_transition", "'{payment_no,notification_id}'"),
        ("notification", "'{payment_no,notification_id}'"),
        ("outbox_event", "'{payment_no,event_id}'"),
    ] {
        let sql = format!(
            "SELECT '{table} ' || (to_jsonb(row) - {names}::text[])::text FROM {table} AS row \
             WHERE payment_no = '{number}' ORDER BY 1"
        );
        rows.extend(on.texts(&sql).await);
    }
    let linked = format!(
        "SELECT concat('linked ', transition.notification_id = notification.notification_id, event.event) FROM payment_transition \
         AS transition JOIN notification USING (payment_no) JOIN outbox_event AS event USING (payment_no) \
         WHERE payment_no = '{number}' AND verdict = 'APPLIED' ORDER BY 1"
    );
    rows.extend(on.texts(&linked).await);
    // The numbers of payment, orders and transaction stand in other columns and in the event's snapshot too.
    let unnamed =
        |row: String| row.replace(number.as_str(), "NUMBER").replace("alone-", "").replace("all-", "");
    rows.into_iter().map(unnamed).collect()
}

fn refused() -> Happening {
    Happening::Found(Finding::Failed(Failure {
        reason: Reason::ChannelRejected,
        channel_code: "USERPAYING".to_owned(),
    }))
}

/// What happened to a payment before, and what a notification says then.
struct Story {
    orders: usize,
    before: fn(&Payment) -> Vec<Happening>,
    said: fn(&Payment) -> Happening,
}

fn found_paid(payment: &Payment) -> Happening {
    paid(payment, &format!("T-{}", payment.payment_no))
}

const STORIES: [Story; 7] = [
    Story { orders: 1, before: |_| vec![handle()], said: found_paid },
    Story { orders: 2, before: |_| vec![handle()], said: found_paid },
    Story { orders: 1, before: |_| vec![handle(), Happening::ClientReported], said: found_paid },
    Story { orders: 1, before: |_| vec![Happening::CaptureIntended], said: found_paid },
    Story { orders: 1, before: |_| vec![handle()], said: |_| Happening::Found(Finding::Closed) },
    Story { orders: 1, before: |_| vec![handle()], said: |_| refused() },
    Story { orders: 1, before: |_| vec![handle()], said: |_| Happening::Found(Finding::AwaitingPayer) },
];

#[tokio::test]
async fn r25_what_is_applied_together_leaves_the_same_rows_as_alone() {
    let on = TestStore::new(4).await;
    let (mut alone, mut all) = (Vec::new(), Vec::new());
    for (number, story) in STORIES.iter().enumerate() {
        for (way, requests) in [("alone", &mut alone), ("all", &mut all)] {
            let orders: Vec<String> =
                (0..story.orders).map(|part| format!("{way}-{number}-{part}")).collect();
            let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
            let payment = created(&on, orders[0], &orders).await;
            for happening in (story.before)(&payment) {
                apply(&on, &answered(&payment, happening)).await;
            }
            requests.push((notified(&payment, (story.said)(&payment)), payment));
        }
    }
    for repeated in [false, true] {
        let mut one_by_one = Vec::new();
        for (request, _) in &alone {
            one_by_one.push(Some(apply(&on, request).await));
        }
        let requests: Vec<_> = all.iter().map(|(request, _)| request.clone()).collect();
        let applied = together(&on, &requests).await;
        assert_eq!(effects(&applied), effects(&one_by_one));
        assert_eq!(applied[0].as_ref().unwrap().payment.state, PaymentState::Succeeded);
        for ((_, alone), (_, payment)) in alone.iter().zip(&all) {
            let rows = recorded(&on, payment).await;
            assert_eq!(rows, recorded(&on, alone).await, "repeated: {repeated}");
            assert!(rows.len() > 3, "payment, allocation, transition and notification at least: {rows:#?}");
        }
    }
    let kept = "SELECT verdict || ' ' || count(*) FROM notification GROUP BY verdict ORDER BY 1";
    assert_eq!(on.texts(kept).await, ["APPLIED 12", "REPEATED 16"]);
    invariants_hold(&on).await;
}

/// Paid late, each of them: who is ended has an allocation that nobody else counts.
#[tokio::test]
async fn r09_two_ended_payments_of_an_order_are_not_decided_in_one_transaction() {
    let on = TestStore::new(4).await;
    let mut requests = Vec::new();
    for number in 0..2 {
        let payment = created(&on, &format!("r-{number}"), &["A"]).await;
        apply(&on, &answered(&payment, Happening::Found(Finding::Closed))).await;
        requests.push(notified(&payment, found_paid(&payment)));
    }
    assert_eq!(effects(&together(&on, &requests).await), [None, None]);
    for request in &requests {
        apply(&on, request).await;
    }
    let states = "SELECT state FROM allocation ORDER BY payment_no";
    assert_eq!(on.texts(states).await, ["EFFECTIVE", "DUPLICATE"]);
    invariants_hold(&on).await;
}

/// Somebody who keeps events from being written, so that whoever writes one stands still with its locks.
async fn in_the_way(on: &TestStore) -> Client {
    let somebody = connect(on.database.url()).await;
    somebody.batch_execute("BEGIN; LOCK TABLE outbox_event IN ACCESS EXCLUSIVE MODE").await.unwrap();
    somebody
}

const STANDS_STILL: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'payment-server' \
    AND datname = current_database() AND wait_event_type = 'Lock')";

#[tokio::test(flavor = "multi_thread")]
async fn r30_another_merchants_payment_is_not_locked_for_a_moment() {
    let on = TestStore::new(4).await;
    let globex = MerchantId::parse("globex").unwrap();
    let of_acme = created(&on, "r-1", &["A"]).await;
    let of_globex = Payment { merchant_id: globex.clone(), ..payment("r-1", &["A"]) };
    on.store.payment_create(&new(of_globex)).await.unwrap();
    let own = created(&on, "r-2", &["B"]).await;
    let foreign = ApplyRequest { merchant_id: globex, ..notified(&of_acme, found_paid(&of_acme)) };
    let somebody = in_the_way(&on).await;
    let (store, requests) = (on.store.clone(), [foreign, notified(&own, found_paid(&own))]);
    let applying = tokio::spawn(async move {
        store.payments_apply_together(&requests.map(Arc::new)).await.map(|applied| effects(&applied))
    });
    on.until(STANDS_STILL).await;
    let free = "SELECT order_no || ' ' || merchant_id FROM merchant_order JOIN allocation USING (merchant_id, order_no) \
                JOIN payment USING (payment_no, merchant_id) ORDER BY 1 FOR UPDATE SKIP LOCKED";
    assert_eq!(on.texts(free).await, ["A acme", "A globex"], "B is locked, and nothing else");
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(applying.await.unwrap().unwrap(), [None, Some(Effect::Changed)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_connection_that_ends_in_the_middle_keeps_nothing_of_any() {
    let on = TestStore::new(4).await;
    let mut requests = Vec::new();
    for number in 0..3 {
        let order = format!("A-{number}");
        let payment = created(&on, &order, &[&order]).await;
        requests.push(Arc::new(notified(&payment, found_paid(&payment))));
    }
    let somebody = in_the_way(&on).await;
    let (ended, ()) = tokio::join!(on.store.payments_apply_together(&requests), async {
        on.until(STANDS_STILL).await;
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND application_name = 'payment-server' AND datname = current_database()";
        assert_eq!(on.number(end).await, 1);
    });
    assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(on.number(NOTHING_KEPT).await, 0);
    let applied = on.store.payments_apply_together(&requests).await.unwrap();
    assert_eq!(effects(&applied), [Some(Effect::Changed); 3]);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r24_nobody_waits_for_what_a_neighbour_has_to_wait_for() {
    let on = TestStore::new(4).await;
    let mut requests = Vec::new();
    for number in 0..6 {
        let orders = [format!("A-{number}"), format!("B-{number}")];
        let payment = created(&on, &format!("r-{number}"), &[&orders[0], &orders[1]]).await;
        requests.push(notified(&payment, paid(&payment, &format!("42-{number}"))));
    }
    let somebody = connect(on.database.url()).await;
    let locks = format!(
        "BEGIN; SELECT 1 FROM merchant_order WHERE order_no = 'B-1' FOR UPDATE; SELECT 1 FROM payment WHERE payment_no = '{}' FOR UPDATE",
        requests[4].payment_no
    );
    somebody.batch_execute(&locks).await.unwrap();
    let applied = together(&on, &requests).await;
    let changed = Some(Effect::Changed);
    assert_eq!(effects(&applied), [changed, None, changed, changed, None, changed]);
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 4);
    somebody.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(effects(&together(&on, &requests).await).iter().flatten().count(), 6);
    assert_eq!(on.number("SELECT count(*) FROM payment WHERE state = 'SUCCEEDED'").await, 6);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r08_r12_what_is_more_than_a_change_of_one_payment_is_left_and_nothing_of_it_is_kept() {
    let on = TestStore::new(4).await;
    let first = created(&on, "r-1", &["A"]).await;
    let second = created_beside(&on, "r-2", &["A", "B"], &first).await;
    let alone = created(&on, "r-3", &["C"]).await;
    let mut foreign = notified(&alone, paid(&alone, "42-3"));
    let other = ChannelAccountId::parse("other").unwrap();
    foreign.notification.as_mut().unwrap().delivery.channel_account = other;
    let others = ApplyRequest {
        merchant_id: MerchantId::parse("globex").unwrap(),
        ..notified(&alone, paid(&alone, "42-3"))
    };
    let unknown = payment("r-9", &["Z"]);
    for (what, request) in [
        ("an attempt beside another", notified(&first, paid(&first, "42-1"))),
        ("a basket with an order of another", notified(&second, paid(&second, "42-2"))),
        ("another amount", notified(&alone, paid_amount(&alone, "42-3", cny(1)))),
        ("another account", foreign),
        ("another merchant", others),
        ("no payment of ours", notified(&unknown, paid(&unknown, "42-9"))),
        ("an answer", answered(&alone, paid(&alone, "42-3"))),
    ] {
        assert_eq!(effects(&together(&on, slice::from_ref(&request)).await), [None], "{what}");
    }
    assert_eq!(on.number(NOTHING_KEPT).await, 0);
    apply(&on, &notified(&first, paid(&first, "42-1"))).await;
    let late = notified(&second, paid(&second, "42-2"));
    assert_eq!(effects(&together(&on, &[late]).await), [None], "its order is paid");
}

#[tokio::test]
async fn r03_of_several_words_about_one_payment_one_is_applied_and_the_others_are_left() {
    let on = TestStore::new(4).await;
    let (payment, other) = (created(&on, "r-1", &["A", "B"]).await, created(&on, "r-2", &["C"]).await);
    let request = notified(&payment, paid(&payment, "42"));
    let requests = [request.clone(), notified(&other, paid(&other, "43")), request.clone(), request];
    let changed = Some(Effect::Changed);
    assert_eq!(effects(&together(&on, &requests).await), [changed, changed, None, None]);
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 2);
    assert_eq!(on.texts("SELECT state FROM allocation").await, ["EFFECTIVE"; 3]);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r08_one_refused_row_keeps_nothing_of_its_neighbours_and_each_goes_through_alone() {
    let on = TestStore::new(4).await;
    let mut requests = Vec::new();
    for (order, transaction) in [("A", "42"), ("B", "43"), ("C", "42")] {
        let payment = created(&on, order, &[order]).await;
        requests.push(Arc::new(notified(&payment, paid(&payment, transaction))));
    }
    on.store.payments_apply_together(&requests).await.unwrap_err();
    assert_eq!(on.number(NOTHING_KEPT).await, 0);
    let mut alone = Vec::new();
    for request in &requests {
        alone.push(apply(&on, request).await.effect);
    }
    assert_eq!(alone, [Effect::Changed, Effect::Changed, Effect::Case], "a transaction pays once");
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_r24_crowds_together_and_alone_have_one_effect_each() {
    let on = TestStore::new(12).await;
    let mut requests = Vec::new();
    for number in 0..40 {
        let order = format!("A-{number}");
        let payment = created(&on, &order, &[&order, &format!("B-{number}")]).await;
        requests.push(Arc::new(notified(&payment, paid(&payment, &format!("42-{number}")))));
    }
    let crowds = (0..12).map(|crowd| {
        let (store, mut requests) = (on.store.clone(), requests.clone());
        requests.rotate_left(crowd * 3);
        tokio::spawn(async move {
            let mut changed = 0;
            for requests in requests.chunks(16) {
                let applied = store.payments_apply_together(requests).await.unwrap();
                for (applied, request) in applied.into_iter().zip(requests) {
                    let applied = match applied {
                        Some(applied) => applied,
                        None => store.payment_apply(request).await.unwrap().unwrap(),
                    };
                    changed += i64::from(applied.effect == Effect::Changed);
                }
            }
            changed
        })
    });
    let changed: i64 = futures::future::join_all(crowds).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(changed, 40, "each payment is paid by one of twelve");
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 12 * 40);
    assert_eq!(on.number("SELECT count(*) FROM outbox_event WHERE event = 'payment.succeeded'").await, 40);
    assert_eq!(on.number("SELECT count(*) FROM allocation WHERE state = 'EFFECTIVE'").await, 80);
    invariants_hold(&on).await;
}
