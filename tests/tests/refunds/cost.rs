//! A look costs what is due, not what is past.

use std::time::{Duration, Instant};

use payment_server::jobs::Job;
use payment_store::DuePayments;
use payment_tests::{
    app::TestApp,
    database::{open, options, proxy::Proxy},
};

use super::scene::{arrives, ask, paid, refund};

const FINISHED: u32 = 100_000;

/// Copies of one paid payment with its allocation and refund, all of them finished.
async fn history(app: &TestApp) {
    let sql = format!(
        "INSERT INTO merchant_order SELECT 'acme', 'H-' || n, (SELECT create_time FROM payment) FROM generate_series(1, {FINISHED}) n; \
         INSERT INTO payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, \
             amount, description, options, state, revision, channel_transaction_no, create_time, expire_time, update_time, \
             succeed_time, refund_reserved) \
         SELECT left(payment_no, 21) || lpad(n::text, 10, '0'), merchant_id, 'H-' || n, created_by, channel, channel_account, \
             product, payee, currency, amount, description, options, state, revision, 'H-' || n, create_time, expire_time, \
             update_time, succeed_time, refund_reserved FROM payment, generate_series(1, {FINISHED}) n; \
         INSERT INTO allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) \
             SELECT payment_no, request_id, merchant_id, amount, 'DUPLICATE', amount FROM payment WHERE request_id LIKE 'H-%'; \
         INSERT INTO refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, \
             state, revision, sent_as, successors, create_time, update_time, succeed_time) \
         SELECT merchant_id, payment_no || '-D0', payment_no, channel, channel_account, amount, 'DUPLICATE', '', 'DUPLICATE', \
             'SUCCEEDED', 1, payment_no || '-D0', 0, create_time, update_time, succeed_time FROM payment \
             WHERE request_id LIKE 'H-%'; \
         ANALYZE"
    );
    app.observer.batch_execute(&sql).await.unwrap();
}

/// Every statement of the four jobs as PostgreSQL got it, with its plan.
async fn plans(app: &TestApp) -> Vec<(String, String)> {
    let proxy = Proxy::to(app.database.url()).await;
    let store = open(&options(&proxy.url(app.database.url()), 1));
    let (now, lease) = (app.clock().now(), app.job_settings().lease);
    for which in [DuePayments::ToAsk, DuePayments::ToClose] {
        store.payments_claim_due(which, now, lease, 100).await.unwrap();
    }
    store.refunds_claim_due(now, lease, 100).await.unwrap();
    store.duplicates_find(100).await.unwrap();
    let mut plans = Vec::new();
    let statements = proxy.take_traffic().executed;
    for sql in statements.into_iter().filter(|sql| sql.contains("SKIP LOCKED") || sql.contains("DUPLICATE")) {
        let time = format!("'{now}'::timestamptz");
        let bound = sql
            .replace("$3", "100")
            .replace("LIMIT $1", "LIMIT 100")
            .replace("$1", &time)
            .replace("$2", &time);
        let lines = app.texts(&format!("EXPLAIN {bound}")).await;
        plans.push((sql, lines.join("\n")));
    }
    plans
}

#[expect(clippy::disallowed_methods, reason = "a test that measures")]
async fn looks(app: &TestApp, replica: &std::sync::Arc<payment_server::app::App>) -> Duration {
    let start = Instant::now();
    for _ in 0..50 {
        for job in Job::ALL {
            assert_eq!(replica.run_job(job, app.job_settings()).await.unwrap().claimed, 0);
        }
    }
    start.elapsed() / 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_reads_due_rows_only_and_costs_the_same_beside_100000_finished_payments() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 100)).await.unwrap();
    arrives(&app, "R-1").await;
    let replica = app.app().await;
    looks(&app, &replica).await;
    let empty = looks(&app, &replica).await;
    history(&app).await;
    let full = looks(&app, &replica).await;
    println!(
        "a look with nothing due: {empty:?} on an empty database, {full:?} beside {FINISHED} finished payments"
    );
    assert!(full < 3 * empty + Duration::from_millis(1), "{empty:?}, then {full:?}");
    let plans = plans(&app).await;
    assert_eq!(plans.len(), 4, "{plans:#?}");
    for (sql, plan) in plans {
        let partial = ["payment_due", "refund_due", "allocation_duplicate_to_refund"];
        assert!(partial.iter().any(|index| plan.contains(index)), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
    let history = "TRUNCATE merchant_order CASCADE; TRUNCATE payment CASCADE; TRUNCATE outbox_event";
    app.observer.batch_execute(history).await.unwrap();
    app.finish().await;
}
