//! What callers and channels wait for reads its own rows and no others, however many their merchant has.

use payment_tests::database::{TestStore, open, options};

use crate::statements::{over_a_wire, use_cases};

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
        copies("refund_part", "true", &[("refund_no", order_no)]),
    ];
    let sql =
        format!("SET session_replication_role = replica; {} RESET session_replication_role", sql.concat());
    on.observer.batch_execute(&sql).await.unwrap();
}

/// Each table, and how many of its rows were read.
async fn rows_read(on: &TestStore) -> Vec<(String, i64)> {
    let rows =
        "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables ORDER BY 1";
    let rows = on.observer.query(rows, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn what_callers_wait_for_reads_its_own_rows_only_beside_ten_thousand_payments() {
    let (mut on, proxy) = over_a_wire(1).await;
    for round in 0..ROUNDS {
        use_cases(&on, &proxy, round).await;
    }
    many_payments(&on).await;
    on.observer.batch_execute("ANALYZE").await.unwrap();
    let before = rows_read(&on).await;
    for round in ROUNDS..2 * ROUNDS {
        use_cases(&on, &proxy, round).await;
    }
    // What a session read is told for certain once it has ended.
    on.store = open(&options(on.database.url(), 1));
    on.until(
        "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'payment-server' \
         AND datname = current_database())",
    )
    .await;
    for ((table, before), (_, after)) in before.iter().zip(rows_read(&on).await) {
        println!("{} rows of {table} read", after - before);
        assert!(after - before < i64::from(MANY), "{} rows of {table} read", after - before);
    }
}
