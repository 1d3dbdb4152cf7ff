//! A look costs what is due, not what is past: with a million finished payments the claims read due rows and nothing else.

use std::time::{Duration, Instant};

use payment_server::jobs::Job;
use payment_store::{ClaimLimits, DuePayments};
use payment_tests::{
    app::TestApp,
    database::{open, options, proxy::Proxy},
};

use tokio_postgres::SimpleQueryMessage;

use super::scene::{arrives, ask, paid, refund};

/// One in twenty of them was closed a moment ago and waits for its late looks, one in ten was given back, and the money of one
/// in ten was held before it was taken.
const FINISHED: u32 = 1_000_000;

/// How many late looks are due in the end.
const DUE: i64 = 7;

/// Copies of one paid payment with its allocation, all of them finished. Triggers are off while they are made, for foreign
/// keys would be looked up three million times; CHECKs hold. Orders' rows are left out: no claim reads them.
async fn history(app: &TestApp) {
    let sql = format!(
        "SET session_replication_role = replica; \
         INSERT INTO payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, \
             amount, description, options, state, revision, channel_transaction_no, create_time, expire_time, update_time, \
             succeed_time, end_time, next_check_time, refund_reserved) \
         SELECT left(payment_no, 21) || lpad(n::text, 10, '0'), merchant_id, 'H-' || n, created_by, channel, channel_account, \
             product, payee, currency, amount, description, options, CASE WHEN closed THEN 'CLOSED' ELSE state END, revision, \
             CASE WHEN NOT closed THEN 'H-' || n END, create_time, expire_time, update_time, \
             CASE WHEN NOT closed THEN succeed_time END, CASE WHEN closed THEN update_time END, \
             CASE WHEN closed THEN update_time + interval '10 minutes' END, \
             CASE WHEN NOT closed AND n % 10 = 1 THEN amount ELSE 0 END \
         FROM payment, generate_series(1, {FINISHED}) n, LATERAL (SELECT n % 20 = 0 AS closed) AS how; \
         INSERT INTO allocation (payment_no, order_no, merchant_id, amount, state, refund_reserved) \
             SELECT payment_no, request_id, merchant_id, amount, CASE WHEN state = 'CLOSED' THEN 'RELEASED' \
                 WHEN refund_reserved > 0 THEN 'DUPLICATE' ELSE 'EFFECTIVE' END, refund_reserved FROM payment \
             WHERE request_id LIKE 'H-%'; \
         INSERT INTO refund (merchant_id, refund_no, payment_no, channel, channel_account, amount, reason, description, origin, \
             state, revision, sent_as, successors, create_time, update_time, succeed_time) \
         SELECT merchant_id, payment_no || '-D0', payment_no, channel, channel_account, amount, 'DUPLICATE', '', 'DUPLICATE', \
             'SUCCEEDED', 1, payment_no || '-D0', 0, create_time, update_time, succeed_time FROM payment \
             WHERE request_id LIKE 'H-%' AND refund_reserved > 0; \
         INSERT INTO payment_hold SELECT payment_no, request_id, create_time, create_time, expire_time FROM payment \
             WHERE request_id LIKE 'H-%3'; \
         SET session_replication_role = origin; ANALYZE payment, allocation, refund, payment_hold"
    );
    app.observer.batch_execute(&sql).await.unwrap();
}

/// Every claim of the four jobs as PostgreSQL got it.
async fn claims(app: &TestApp) -> Vec<String> {
    let proxy = Proxy::to(app.database.url()).await;
    let store = open(&options(&proxy.url(app.database.url()), 1));
    let (now, limits) =
        (app.clock().now(), ClaimLimits { lease: app.job_settings().lease, rows: 100, except: &[] });
    for which in [DuePayments::ToAsk, DuePayments::ToClose] {
        store.payments_claim_due(which, now, limits).await.unwrap();
    }
    store.refunds_claim_due(now, limits).await.unwrap();
    store.duplicates_find(100).await.unwrap();
    let executed = proxy.take_traffic().executed;
    let is_claim = |sql: &String| sql.contains("SKIP LOCKED") || sql.contains("DUPLICATE");
    let claims: Vec<_> = executed.into_iter().filter(is_claim).collect();
    assert_eq!(claims.len(), 4, "{claims:#?}");
    claims
}

/// After so many executions PostgreSQL may plan a prepared statement without its values.
const EXECUTIONS: usize = 8;

/// How PostgreSQL runs a claim, prepared and executed often as the server does, and how many pages it touches. What it
/// claims is given back.
async fn plan(app: &TestApp, claim: &str) -> (String, u64) {
    let time = format!("'{}'", app.clock().now());
    let values = if claim.contains("$4") { format!("{time}, {time}, 100, '{{}}'") } else { "100".to_owned() };
    app.observer.batch_execute(&format!("PREPARE claim AS {claim}")).await.unwrap();
    for _ in 0..EXECUTIONS {
        app.observer.batch_execute(&format!("BEGIN; EXECUTE claim({values}); ROLLBACK")).await.unwrap();
    }
    app.observer.batch_execute("BEGIN").await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE claim({values})");
    // Not as a prepared statement of its own: there is none of a statement that executes another.
    let lines = app.observer.simple_query(&explain).await.unwrap();
    app.observer.batch_execute("ROLLBACK; DEALLOCATE claim").await.unwrap();
    let lines: Vec<String> = lines.iter().filter_map(line).collect();
    let of_all = lines.iter().find(|line| line.contains("Buffers: shared")).cloned().unwrap_or_default();
    let touched = |kind: &str| {
        let figure = of_all.split_whitespace().find_map(|word| word.strip_prefix(kind));
        figure.map_or(0, |figure| figure.parse::<u64>().unwrap())
    };
    (lines.join("\n"), touched("hit=") + touched("read="))
}

fn line(message: &SimpleQueryMessage) -> Option<String> {
    if let SimpleQueryMessage::Row(row) = message { row.get(0).map(str::to_owned) } else { None }
}

/// The median of a look with nothing due, all jobs together.
#[expect(clippy::disallowed_methods, reason = "a test that measures")]
async fn look(app: &TestApp, replica: &std::sync::Arc<payment_server::app::App>) -> Duration {
    let mut looks = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        for job in Job::ALL {
            assert_eq!(replica.run_job(job, app.job_settings()).await.unwrap().claimed, 0);
        }
        looks.push(start.elapsed());
    }
    looks.sort_unstable();
    looks[looks.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_touches_due_rows_only_and_costs_the_same_beside_a_million_finished_payments() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 100)).await.unwrap();
    arrives(&app, "R-1").await;
    let (replica, claims) = (app.app().await, claims(&app).await);
    let empty = look(&app, &replica).await;
    let mut on_empty = Vec::new();
    for claim in &claims {
        on_empty.push(plan(&app, claim).await.1);
    }
    history(&app).await;
    let full = look(&app, &replica).await;
    println!(
        "four looks with nothing due: {empty:?} on an empty database, {full:?} beside {FINISHED} finished payments"
    );
    assert!(full < 5 * empty + Duration::from_millis(10), "{empty:?}, then {full:?}");
    for (claim, on_empty) in claims.iter().zip(on_empty) {
        let (plan, pages) = plan(&app, claim).await;
        let partial = ["payment_due", "refund_due", "allocation_duplicate_to_refund"];
        assert!(partial.iter().any(|index| plan.contains(index)), "{claim}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{claim}\n{plan}");
        println!(
            "nothing due: {on_empty} pages on an empty database, {pages} beside {FINISHED} finished payments"
        );
        // An index that grew may be higher, and is not read in width.
        assert!(pages <= on_empty + 2, "{on_empty} pages before\n{claim}\n{plan}");
    }
    let due = format!(
        "UPDATE payment SET next_check_time = create_time WHERE payment_no IN \
         (SELECT payment_no FROM payment WHERE state = 'CLOSED' LIMIT {DUE})"
    );
    app.observer.batch_execute(&due).await.unwrap();
    for claim in claims.iter().filter(|claim| claim.contains("UPDATE payment")) {
        let (plan, pages) = plan(&app, claim).await;
        println!("{DUE} due: {pages} pages");
        // Nine to find, lock and join each row; then it is written anew, most often to another page and so with its entry in each of
        // five indexes, three pages deep: 24 have been seen, and 12 where the new row fits beside the old one.
        assert!(pages <= 32 * DUE.unsigned_abs(), "{claim}\n{plan}");
    }
    let history = "TRUNCATE merchant_order CASCADE; TRUNCATE payment CASCADE; TRUNCATE outbox_event";
    app.observer.batch_execute(history).await.unwrap();
    app.finish().await;
}
