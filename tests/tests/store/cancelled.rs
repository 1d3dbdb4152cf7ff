//! Callers that vanish in the middle of a transaction: nobody goes on with what they began, and their locks go.

use std::time::Duration;

use payment_core::payment::{Payment, state::PaymentState};
use payment_store::{Store, StoreError, payment::Effect};
use payment_tests::database::{TestStore, connect, open, options};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::scene::{answered, apply, created, invariants_hold, paid};

const OF_STORE: &str = "application_name = 'payment-server' AND datname = current_database()";

/// Holds the payment's row, so that whoever applies stops after it has locked the orders.
async fn in_the_way(on: &TestStore, payment: &Payment) -> Client {
    let blocker = connect(on.database.url()).await;
    let lock = format!("BEGIN; SELECT 1 FROM payment WHERE payment_no = '{}' FOR UPDATE", payment.payment_no);
    blocker.batch_execute(&lock).await.unwrap();
    blocker
}

/// Applies a success in a task, and comes back when that waits for the payment's row.
async fn applying(
    on: &TestStore,
    store: &Store,
    payment: &Payment,
) -> JoinHandle<Result<Option<payment_store::payment::Applied>, StoreError>> {
    let (store, request) = (store.clone(), answered(payment, paid(payment, "4200001")));
    let task = tokio::spawn(async move { store.payment_apply(&request).await });
    on.until(&format!("EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE} AND wait_event_type = 'Lock')"))
        .await;
    task
}

async fn vanish<T: std::fmt::Debug>(task: JoinHandle<T>) {
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn r24_the_next_user_of_the_pool_does_not_go_on_with_a_foreign_transaction() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let blocker = in_the_way(&on, &payment).await;
    vanish(applying(&on, &on.store, &payment).await).await;
    blocker.batch_execute("ROLLBACK").await.unwrap();
    // This is the trap: the connection lies in the pool, in its transaction, with the order's lock.
    on.until(&format!(
        "EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE} AND state = 'idle in transaction')"
    ))
    .await;
    let found = on.store.payment_get(&payment.merchant_id, &payment.payment_no).await.unwrap().unwrap();
    assert_eq!((found.state, found.revision), (PaymentState::Initiating, 0));
    on.until(&format!(
        "NOT EXISTS (SELECT FROM pg_stat_activity WHERE {OF_STORE} AND state = 'idle in transaction')"
    ))
    .await;
    assert_eq!(on.number("SELECT count(*) FROM payment_transition").await, 0);
    assert_eq!(apply(&on, &answered(&payment, paid(&payment, "4200001"))).await.effect, Effect::Changed);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r24_locks_of_a_vanished_caller_end_with_the_time_limit_of_idle_transactions() {
    let on = TestStore::new(1).await;
    let mut short = options(on.database.url(), 1);
    short.statement_timeout = Duration::from_millis(700);
    let short = open(&short);
    let payment = created(&on, "r", &["A"]).await;
    let blocker = in_the_way(&on, &payment).await;
    vanish(applying(&on, &short, &payment).await).await;
    blocker.batch_execute("ROLLBACK").await.unwrap();
    // Nobody uses that pool again. Another process needs the order.
    assert_eq!(apply(&on, &answered(&payment, paid(&payment, "4200001"))).await.effect, Effect::Changed);
    assert_eq!(on.number("SELECT count(*) FROM payment_transition").await, 1);
    short.ping().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_waits_too_long_for_a_lock_is_contention_and_may_be_repeated() {
    let on = TestStore::new(1).await;
    let mut short = options(on.database.url(), 1);
    short.statement_timeout = Duration::from_millis(200);
    let short = open(&short);
    let payment = created(&on, "r", &["A"]).await;
    let blocker = in_the_way(&on, &payment).await;
    let request = answered(&payment, paid(&payment, "4200001"));
    let error = short.payment_apply(&request).await.unwrap_err();
    assert!(matches!(error, StoreError::Contention), "{error:?}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(short.payment_apply(&request).await.unwrap().unwrap().effect, Effect::Changed);
}

#[tokio::test]
async fn a_write_in_a_task_of_its_own_outlives_its_caller() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let blocker = in_the_way(&on, &payment).await;
    drop(applying(&on, &on.store, &payment).await);
    blocker.batch_execute("ROLLBACK").await.unwrap();
    on.until("EXISTS (SELECT FROM payment WHERE state = 'SUCCEEDED')").await;
    invariants_hold(&on).await;
}
