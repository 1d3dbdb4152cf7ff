//! Callers that go away, and channels that take their time: no transaction waits for either, and the work is finished.

use futures::future::join_all;
use payment_proto::v1::{ClosePaymentRequest, PaymentState, SyncPaymentRequest};
use payment_sandbox::wechat::{Fault, Operation};
use payment_tests::{app::TestApp, requests::app_payment};
use std::time::Duration;
use tonic::{Code, Request};

/// Transactions that any of the service's connections has open, busy or not.
const OPEN_TRANSACTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND (xact_start IS NOT NULL OR state LIKE 'idle in transaction%')";

const STILL: &str = "(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start IS NOT NULL) = 0";

const SLOW: Fault = Fault::SlowAnswer { seconds: 1 };

/// Waits until the channel works on the request that the fault was for.
async fn at_the_channel(app: &TestApp) {
    app.until("the channel works on it", || app.wechat().faults().is_empty()).await;
}

fn answer(app: &TestApp) {
    app.clock().advance(Duration::from_secs(1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_f13_f15_no_transaction_is_open_and_no_lock_is_held_while_a_channel_is_called() {
    let app = TestApp::start().await;
    app.fault(Operation::Prepay, SLOW);
    let mut client = app.payments();
    let creating = tokio::spawn(async move { client.create_payment(app_payment("r-1", "A", 100)).await });
    at_the_channel(&app).await;
    assert_eq!(app.number(OPEN_TRANSACTIONS).await, 0);
    assert_eq!(
        app.texts("SELECT state FROM payment").await,
        ["INITIATING"],
        "the intent is committed before"
    );
    answer(&app);
    let payment_no = payment_tests::requests::payment_no(creating.await.unwrap().unwrap().get_ref());

    app.fault(Operation::QueryByOutTradeNo, SLOW);
    let (mut client, request) = (app.payments(), SyncPaymentRequest { payment_no: payment_no.clone() });
    let asking = tokio::spawn(async move { client.sync_payment(request).await });
    at_the_channel(&app).await;
    assert_eq!(app.number(OPEN_TRANSACTIONS).await, 0);
    // Nothing that is locked for the call keeps others out, or could expire under it (F13).
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_eq!(app.sync(&payment_no).await.0, PaymentState::AwaitingPayer);
    answer(&app);
    asking.await.unwrap().unwrap();

    app.fault(Operation::Close, SLOW);
    let (mut client, request) = (app.payments(), ClosePaymentRequest { payment_no: payment_no.clone() });
    let closing = tokio::spawn(async move { client.close_payment(request).await });
    at_the_channel(&app).await;
    assert_eq!(app.number(OPEN_TRANSACTIONS).await, 0);
    answer(&app);
    closing.await.unwrap().unwrap();
    assert_eq!(app.state(&payment_no).await, PaymentState::Closed);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_work_that_is_finished_and_recorded() {
    let app = TestApp::start().await;
    // Hangs up while the channel works.
    app.fault(Operation::Prepay, SLOW);
    let mut client = app.payments();
    let hangs_up = tokio::spawn(async move { client.create_payment(app_payment("r-1", "A", 100)).await });
    at_the_channel(&app).await;
    hangs_up.abort();
    assert!(hangs_up.await.unwrap_err().is_cancelled());
    // Has no more time while the channel works.
    app.fault(Operation::Prepay, SLOW);
    let mut hurried = Request::new(app_payment("r-2", "B", 100));
    hurried.set_timeout(Duration::from_millis(500));
    let late = app.payments().create_payment(hurried).await.unwrap_err();
    // Where the client's own clock is first, tonic calls it cancelled.
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    at_the_channel(&app).await;
    assert_eq!(app.number(OPEN_TRANSACTIONS).await, 0);
    answer(&app);
    app.until_recorded("SELECT count(*) = 2 FROM payment WHERE state = 'AWAITING_PAYER'").await;
    // The caller comes back and gets what was made for it.
    let again = app.create(app_payment("r-1", "A", 100)).await;
    assert_eq!(again.payment.unwrap().state(), PaymentState::AwaitingPayer);
    assert!(again.payment_data.is_some());
    assert_eq!(app.wechat().ledger().orders.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn impatient_callers_in_numbers_leave_nothing_half_done() {
    let app = TestApp::start().await;
    let calls = (0..48).map(|index| {
        let mut client = app.payments();
        let mut request =
            Request::new(app_payment(&format!("r-{index}"), &format!("order-{}", index % 12), 100));
        request.set_timeout(Duration::from_millis(1 + 3 * index));
        async move { client.create_payment(request).await }
    });
    let answered = join_all(calls).await.into_iter().filter(Result::is_ok).count();
    assert!(answered < 48, "a millisecond is not enough for any");
    app.until_recorded("SELECT count(*) = 0 FROM payment WHERE state = 'INITIATING'").await;
    app.until_recorded(STILL).await;
    // Everybody who comes back is served.
    for index in 0..48 {
        let request = app_payment(&format!("r-{index}"), &format!("order-{}", index % 12), 100);
        assert!(app.create(request).await.payment_data.is_some(), "{index}");
    }
    assert_eq!(app.wechat().ledger().orders.len(), 12);
    assert!(app.wechat().ledger().orders.iter().all(|order| order.prepays == 1));
    app.finish().await;
}
