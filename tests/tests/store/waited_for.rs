//! Who decides waits for whoever is writing, and decides upon what was written (R24, F16).

use payment_core::{gateway::RefundStatus, payment::apply::Happening, refund::state::RefundState};
use payment_store::payment::Effect;
use payment_tests::database::{TestStore, connect};
use tokio_postgres::Client;

use crate::scene::{answered, apply, created, created_beside, paid, refund_notified, refunded};

/// A session of the store's that waits for a lock.
const WAITING: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'payment-server' \
                       AND datname = current_database() AND wait_event_type = 'Lock')";

/// Somebody else in the middle of a transaction.
async fn writing(on: &TestStore, statements: &str) -> Client {
    let writer = connect(on.database.url()).await;
    writer.batch_execute(&format!("BEGIN; {statements}")).await.unwrap();
    writer
}

#[tokio::test]
async fn r24_f16_a_capture_waits_for_the_success_of_another_payment_and_is_given_up() {
    let on = TestStore::new(2).await;
    let first = created(&on, "r-1", &["A"]).await;
    let second = created_beside(&on, "r-2", &["A"], &first).await;
    let number = &first.payment_no;
    let success = format!(
        "SELECT 1 FROM merchant_order FOR UPDATE; UPDATE allocation SET state = 'EFFECTIVE' WHERE payment_no = '{number}'"
    );
    let writer = writing(&on, &success).await;
    let (store, request) = (on.store.clone(), answered(&second, Happening::CaptureIntended));
    let mut deciding = tokio::spawn(async move { store.payment_apply(&request).await });
    tokio::select! {
        decided = &mut deciding => panic!("it did not wait: {decided:?}"),
        () = on.until(WAITING) => {}
    }
    writer.batch_execute("COMMIT").await.unwrap();
    let decided = deciding.await.unwrap().unwrap().unwrap();
    assert_eq!(decided.effect, Effect::Nothing, "the order is paid");
    assert_eq!(decided.payment.capture_intend_time, None);
}

#[tokio::test]
async fn r24_f16_an_older_word_about_a_refund_waits_for_its_success_and_changes_nothing() {
    let on = TestStore::new(2).await;
    let payment = created(&on, "r", &["A"]).await;
    let payment = apply(&on, &answered(&payment, paid(&payment, "42"))).await.payment;
    let refund = refunded(&on, "R-1", &payment, 40).await;
    let success = "UPDATE refund SET state = 'SUCCEEDED', revision = 1, succeed_time = update_time, next_check_time = NULL";
    let writer = writing(&on, success).await;
    let (store, request) = (on.store.clone(), refund_notified(&refund, RefundStatus::Processing, "5030"));
    let deciding = tokio::spawn(async move { store.refund_apply(&request).await });
    on.until(WAITING).await;
    writer.batch_execute("COMMIT").await.unwrap();
    let decided = deciding.await.unwrap().unwrap().unwrap();
    assert_eq!((decided.effect, decided.refund.state), (Effect::Nothing, RefundState::Succeeded));
    assert_eq!(on.texts("SELECT state FROM refund").await, ["SUCCEEDED"]);
}
