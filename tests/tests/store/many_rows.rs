//! What callers and channels wait for reads its own rows and no others, however many their merchant has.

use std::ops::Range;

use payment_store::{payment::PaymentFilter, refund::RefundFilter};
use payment_tests::database::{TestStore, connect, open, options, proxy::Proxy};

use crate::{
    scene::{merchant, order},
    statements::{over_a_wire, use_cases},
};

/// How many more payments the merchant has, each with an order and a refund.
const MANY: u32 = 10_000;

/// So often PostgreSQL plans a prepared statement with its values, then perhaps without them.
const ROUNDS: usize = 8;

/// Copies of a row, each with other values in some of its columns. The copy's number is `n`.
fn copies(table: &str, of: &str, changed: &[(&str, &str)]) -> String {
    let changed: Vec<_> = changed.iter().map(|(column, value)| format!("'{column}', {value}")).collect();
    format!(
        "INSERT INTO {table} SELECT copy.* FROM (SELECT * FROM {table} WHERE {of} LIMIT 1) AS model, \
             generate_series(1, {MANY}) AS n, \
             LATERAL jsonb_populate_record(model::{table}, jsonb_build_object({})) AS copy;",
        changed.join(", ")
    )
}

/// Another payment for another order, paid and given back, so many times. What refers to what is left unchecked meanwhile.
async fn many_payments(on: &TestStore) {
    let (payment_no, order_no) = ("left(model.payment_no, 21) || 'N' || lpad(n::text, 9, '0')", "'N-' || n");
    let transaction_no = ("channel_transaction_no", "'N-' || n");
    let sql = [
        copies("merchant_order", "true", &[("order_no", order_no)]),
        copies(
            "payment",
            "state = 'SUCCEEDED'",
            &[("payment_no", payment_no), ("request_id", order_no), transaction_no],
        ),
        copies("allocation", "state = 'EFFECTIVE'", &[("payment_no", payment_no), ("order_no", order_no)]),
        copies("create_request", "true", &[("payment_no", payment_no), ("request_id", order_no)]),
        copies(
            "refund",
            "state = 'SUCCEEDED'",
            &[
                ("payment_no", payment_no),
                ("refund_no", order_no),
                ("sent_as", order_no),
                ("channel_refund_no", order_no),
            ],
        ),
        copies("refund_number", "true", &[("refund_no", order_no), ("number", order_no)]),
        copies("refund_part", "true", &[("refund_no", order_no), ("order_no", order_no)]),
    ];
    let sql =
        format!("SET session_replication_role = replica; {} RESET session_replication_role", sql.concat());
    let client = connect(on.database.url()).await;
    client.batch_execute(&sql).await.unwrap();
}

/// Each table, and how many pages of it and of its indexes a day's use cases looked at, in a session of its own.
async fn pages_read(on: &mut TestStore, proxy: &Proxy, rounds: Range<usize>) -> Vec<(String, i64)> {
    let before = told(on, PAGES).await;
    days(on, proxy, rounds).await;
    end_session(on, proxy);
    let after = told(on, PAGES).await;
    before.into_iter().zip(after).map(|((table, before), (_, after))| (table, after - before)).collect()
}

async fn days(on: &TestStore, proxy: &Proxy, rounds: Range<usize>) {
    for round in rounds {
        use_cases(on, proxy, round).await;
        look_at_order(on, &format!("A-{round}")).await;
    }
}

/// What a session read is told for certain once it has ended.
fn end_session(on: &mut TestStore, proxy: &Proxy) {
    on.store = open(&options(&proxy.url(on.database.url()), 1));
}

const PAGES: &str = "SELECT relname::text, heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0) \
    FROM pg_statio_user_tables ORDER BY 1";

const ROWS_SCANNED: &str = "SELECT relname::text, seq_tup_read FROM pg_stat_user_tables ORDER BY 1";

/// What all sessions together have read of each table, once none is there.
async fn told(on: &TestStore, what: &str) -> Vec<(String, i64)> {
    on.until(
        "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend')",
    )
    .await;
    on.observer.query(what, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// An order's payments and refunds, as `GetOrder` shows them.
async fn look_at_order(on: &TestStore, order_no: &str) {
    let payments = PaymentFilter {
        merchant_id: merchant(),
        order_no: Some(order(order_no)),
        states: Vec::new(),
        create_time_from: None,
        create_time_before: None,
        below: None,
        limit: 100,
    };
    assert_eq!(on.store.payment_list(&payments).await.unwrap().len(), 1);
    let refunds = RefundFilter {
        merchant_id: merchant(),
        payment_no: None,
        order_no: Some(order(order_no)),
        states: Vec::new(),
        below: None,
        limit: 100,
    };
    assert_eq!(on.store.refund_list(&refunds).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_callers_wait_for_looks_at_as_many_pages_beside_ten_thousand_payments() {
    let (mut on, proxy) = over_a_wire(1).await;
    let alone = pages_read(&mut on, &proxy, 0..ROUNDS).await;
    many_payments(&on).await;
    connect(on.database.url()).await.batch_execute("ANALYZE").await.unwrap();
    let beside_many = pages_read(&mut on, &proxy, ROUNDS..2 * ROUNDS).await;
    for ((table, alone), (_, beside_many)) in alone.into_iter().zip(beside_many) {
        println!("{table}: {alone} pages alone, {beside_many} beside {MANY} payments");
        assert!(beside_many <= 3 * alone + 100, "{table}: {alone} pages alone, {beside_many} beside many");
    }
}

/// PostgreSQL keeps a plan that it made when a table had a few rows, for which it would rather read all of them.
#[tokio::test]
async fn plans_from_when_there_was_little_scan_no_table_once_there_is_more() {
    let (mut on, proxy) = over_a_wire(1).await;
    days(&on, &proxy, 0..ROUNDS).await;
    many_payments(&on).await;
    days(&on, &proxy, ROUNDS..2 * ROUNDS).await;
    end_session(&mut on, &proxy);
    for (table, rows) in told(&on, ROWS_SCANNED).await {
        assert!(rows < i64::from(MANY), "{table}: {rows} rows were read, one after the other");
    }
}
