//! Callers are served whatever there is to do in the background (ADR 16).

use futures::{StreamExt as _, stream::FuturesUnordered};
use payment_core::payment::Payment;
use payment_store::{
    Lane,
    payment::{ApplyRequest, Effect},
};
use payment_tests::database::{TestStore, connect};

use crate::scene::{apply, created, merchant, notified, paid};

/// Payments of an order each.
async fn payments(on: &TestStore, count: usize) -> Vec<Payment> {
    let mut payments = Vec::new();
    for index in 0..count {
        payments.push(created(on, &format!("r-{index}"), &[&format!("A-{index}")]).await);
    }
    payments
}

/// The channel's word that a payment is paid, by a transaction of its own.
fn told(payment: &Payment) -> ApplyRequest {
    notified(payment, paid(payment, payment.request_id.as_str()))
}

/// So many sessions of the store wait for a lock.
fn waiting(sessions: usize) -> String {
    format!(
        "(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'payment-server' \
         AND datname = current_database() AND wait_event_type = 'Lock') = {sessions}"
    )
}

#[tokio::test]
async fn callbacks_that_wait_for_rows_leave_a_quarter_of_the_connections_to_callers() {
    let on = TestStore::new(8).await;
    let (payments, beside) = (payments(&on, 12).await, created(&on, "beside", &["beside"]).await);
    let holder = connect(on.database.url()).await;
    holder
        .batch_execute("BEGIN; SELECT 1 FROM merchant_order WHERE order_no LIKE 'A-%' FOR UPDATE")
        .await
        .unwrap();
    let callback = |payment| {
        let (on, told) = (&on, told(payment));
        async move { Lane::Background.take(apply(on, &told)).await }
    };
    let mut callbacks: FuturesUnordered<_> = payments.iter().map(callback).collect();
    let all_wait = async {
        on.until(&waiting(6)).await;
        let pool = on.store.pool_use();
        assert_eq!((pool.in_use, pool.waiting, pool.waiting_in_background), (6, 6, 6));
        let found = on.store.payment_get(&merchant(), &payments[0].payment_no).await.unwrap();
        assert_eq!(found.unwrap().revision, payments[0].revision, "a caller reads meanwhile");
        let written = apply(&on, &told(&beside)).await;
        assert_eq!(written.effect, Effect::Changed, "and writes");
    };
    tokio::select! {
        biased;
        recorded = callbacks.next() => panic!("it did not wait: {recorded:?}"),
        () = all_wait => {}
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let effects: Vec<_> = callbacks.map(|applied| applied.effect).collect().await;
    assert_eq!(effects, [Effect::Changed; 12]);
    assert_eq!(on.store.pool_use().waiting, 0);
}

#[tokio::test]
async fn a_single_connection_serves_both_lanes() {
    let (on, merchant) = (TestStore::new(1).await, merchant());
    for payment in payments(&on, 3).await {
        let told = told(&payment);
        let recorded = Lane::Background.take(apply(&on, &told));
        let read = on.store.payment_get(&merchant, &payment.payment_no);
        let (recorded, read) = futures::join!(recorded, read);
        assert_eq!(recorded.effect, Effect::Changed);
        assert!(read.unwrap().is_some());
    }
}
