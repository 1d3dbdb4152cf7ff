//! What callers notice: no server, no database, no connection to it, refusals of our making, slowness.

use payment_proto::v1::{ClosePaymentRequest, payment_service_client::PaymentServiceClient};
use payment_tests::{
    app::{MERCHANT, Payments, TestApp, TestAppOptions, connect},
    database,
    requests::app_payment,
};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::watch::{FIRST, JOB, Judged, MINUTE, Watch};

/// Nobody listens there.
const NOWHERE: &str = "postgres://payment@127.0.0.1:9/payment";

pub(crate) async fn a_replica_ends() -> Judged {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let targets = [(FIRST, app.admin_address()), ("second", replica.addresses().admin)];
    let mut watch = Watch::of(targets, &app, MINUTE).await;
    watch.go_on(2).await;
    let well = watch.now();
    replica.shutdown().await;
    watch.go_on(2).await;
    let rule = "PaymentServerDown";
    watch.judge(rule, well, &[&[("instance", "second"), ("job", JOB)]]);
    // Where replicas are looked up by name, one that is gone is not found any more, and none is no `up` at all.
    watch.forget_targets();
    watch.go_on(2).await;
    let judged = watch.judge(rule, well, &[&[("job", JOB)]]);
    app.finish().await;
    judged
}

pub(crate) async fn the_database_is_gone() -> Judged {
    let app = TestApp::start_with(TestAppOptions { counted: true, ..TestAppOptions::usual() }).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    watch.go_on(2).await;
    let well = watch.now();
    app.wire().lead_to(NOWHERE);
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.observer.query(end_all, &[]).await.unwrap();
    watch.go_on(2).await;
    let labels = [("instance", FIRST), ("job", JOB)];
    let judged = watch.judge("PaymentDatabaseDown", well, &[&labels]);
    // No restart is needed, as its page says.
    app.wire().lead_to(app.database.url());
    watch.go_on(1).await;
    watch.is_over("PaymentDatabaseDown");
    app.finish().await;
    judged
}

pub(crate) async fn calls_fail() -> Judged {
    let app = TestApp::start().await;
    let payment_no = app.open("r-0", "A-0", 100).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    for _ in 0..3 {
        app.payment(&payment_no).await;
        watch.go_on(1).await;
    }
    let well = watch.now();
    app.observer.batch_execute("ALTER TABLE create_request RENAME TO elsewhere").await.unwrap();
    for minute in 1..9 {
        app.payment(&payment_no).await;
        let request = app_payment(&format!("r-{minute}"), &format!("A-{minute}"), 100);
        let refused = app.payments().create_payment(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Internal);
        watch.go_on(1).await;
    }
    let labels = [("rpc", "payment.v1.PaymentService/CreatePayment")];
    watch.judge("PaymentRpcFailing", well, &[&labels])
}

/// Holds a payment's row, so that whoever wants to change the payment waits.
async fn hold(app: &TestApp, payment_no: &str) -> Client {
    let holder = database::connect(app.database.url()).await;
    let hold = format!("BEGIN; SELECT 1 FROM payment WHERE payment_no = '{payment_no}' FOR UPDATE");
    holder.batch_execute(&hold).await.unwrap();
    holder
}

/// Begins to close a payment.
fn close(calls: &mut JoinSet<bool>, payments: &Payments, payment_no: &str) {
    let (mut payments, payment_no) = (payments.clone(), payment_no.to_owned());
    calls.spawn(async move { payments.close_payment(ClosePaymentRequest { payment_no }).await.is_ok() });
}

const WAITING: &str = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// The rule is about real seconds, so these calls take them: all at once, and are answered one after the other.
pub(crate) async fn calls_are_slow() -> Judged {
    let app = TestApp::start().await;
    let quick = app.open("r-quick", "A-quick", 100).await;
    let mut slow = Vec::new();
    for index in 0..5 {
        slow.push(app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await);
    }
    app.close(&quick).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    watch.go_on(2).await;
    let well = watch.now();
    let (mut holders, mut calls) = (Vec::new(), JoinSet::new());
    for payment_no in &slow {
        holders.push(hold(&app, payment_no).await);
        close(&mut calls, &app.payments(), payment_no);
    }
    app.until_recorded(&format!(
        "(SELECT count(*) {WAITING} AND clock_timestamp() - query_start > '5.1 s') = 5"
    ))
    .await;
    for holder in holders {
        holder.batch_execute("COMMIT").await.unwrap();
        assert!(calls.join_next().await.unwrap().unwrap());
        watch.go_on(3).await;
    }
    let labels = [("rpc", "payment.v1.PaymentService/ClosePayment")];
    let judged = watch.judge("PaymentRpcSlow", well, &[&labels]);
    app.finish().await;
    judged
}

pub(crate) async fn connections_are_held() -> Judged {
    let app = TestApp::start().await;
    let mut open = Vec::new();
    for index in 0..4 {
        open.push(app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await);
    }
    let replica = app
        .replica_with(&[
            ("DATABASE__MAX_CONNECTIONS", "2"),
            ("DATABASE__ACQUIRE_TIMEOUT_SECONDS", "60"),
            ("DATABASE__STATEMENT_TIMEOUT_SECONDS", "60"),
        ])
        .await;
    let channel = connect(replica.addresses().grpc).await;
    let payments = PaymentServiceClient::with_interceptor(channel, app.key(MERCHANT));
    let mut watch = Watch::of([(FIRST, replica.addresses().admin)], &app, MINUTE).await;
    watch.go_on(2).await;
    let well = watch.now();
    let holder = database::connect(app.database.url()).await;
    holder.batch_execute("BEGIN; SELECT 1 FROM payment FOR UPDATE").await.unwrap();
    let mut calls = JoinSet::new();
    for payment_no in &open {
        close(&mut calls, &payments, payment_no);
    }
    app.until_recorded(&format!("(SELECT count(*) {WAITING}) = 2")).await;
    watch.go_on(3).await;
    assert!(watch.latest("payment_database_connection_waiters").unwrap() >= 2.0);
    let labels = [("instance", FIRST), ("job", JOB)];
    let judged = watch.judge("PaymentDatabasePoolExhausted", well, &[&labels]);
    holder.batch_execute("COMMIT").await.unwrap();
    assert!(calls.join_all().await.into_iter().all(|answered| answered));
    watch.go_on(1).await;
    watch.is_over("PaymentDatabasePoolExhausted");
    replica.shutdown().await;
    app.finish().await;
    judged
}
