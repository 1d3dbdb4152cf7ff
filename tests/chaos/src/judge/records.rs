//! What the database says at the end, by SQL of the judge's own.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use tokio_postgres::Client;

pub(super) struct Payment {
    pub(super) state: String,
    pub(super) amount: i64,
    pub(super) transaction: Option<String>,
}

pub(super) struct Allocation {
    pub(super) payment_no: String,
    pub(super) order_no: String,
    pub(super) amount: i64,
    pub(super) state: String,
    /// What refunds give back of it, arrived or not.
    pub(super) given_back: i64,
}

pub(super) struct Refund {
    pub(super) payment_no: String,
    pub(super) amount: i64,
    pub(super) state: String,
    pub(super) sent_as: String,
}

pub(super) struct Event {
    pub(super) event_id: String,
    pub(super) sequence: Option<i64>,
    pub(super) kind: String,
    pub(super) payment_no: String,
    pub(super) refund_no: Option<String>,
}

pub(super) struct Opened {
    pub(super) kind: String,
    pub(super) payment_no: String,
    pub(super) description: String,
}

/// All of it.
pub(super) struct Records {
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) allocations: Vec<Allocation>,
    pub(super) refunds: BTreeMap<String, Refund>,
    /// The refund of each number under which a channel was asked.
    pub(super) numbers: BTreeMap<String, String>,
    pub(super) events: Vec<Event>,
    pub(super) cases: Vec<Opened>,
    /// SHA-256 of the bodies of notifications that were not rejected.
    pub(super) notifications: BTreeSet<String>,
    /// Transitions whose evidence is a rejected notification.
    pub(super) moved_by_rejected: i64,
    /// Sessions that hold a transaction open and do nothing, and locks that somebody waits for.
    pub(super) idle_in_transaction: i64,
    pub(super) waiting_for_locks: i64,
    /// Rows that were due before the moment that was asked about.
    pub(super) due: i64,
}

impl Records {
    pub(super) async fn read(client: &Client, before: OffsetDateTime) -> Self {
        Self {
            payments: payments(client).await,
            allocations: allocations(client).await,
            refunds: refunds(client).await,
            numbers: numbers(client).await,
            events: events(client).await,
            cases: cases(client).await,
            notifications: notifications(client).await,
            moved_by_rejected: count(client, MOVED_BY_REJECTED).await,
            idle_in_transaction: count(client, IDLE).await,
            waiting_for_locks: count(client, "SELECT count(*) FROM pg_locks WHERE NOT granted").await,
            due: client.query_one(DUE, &[&before]).await.unwrap().get(0),
        }
    }
}

const MOVED_BY_REJECTED: &str = "SELECT (SELECT count(*) FROM payment_transition JOIN notification USING (notification_id) WHERE verdict = 'REJECTED') \
     + (SELECT count(*) FROM refund_transition JOIN notification USING (notification_id) WHERE verdict = 'REJECTED')";

const IDLE: &str = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
     AND state_change < clock_timestamp() - interval '5 seconds'";

const DUE: &str = "SELECT (SELECT count(*) FROM payment WHERE next_check_time <= $1) \
     + (SELECT count(*) FROM refund WHERE next_check_time <= $1)";

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn payments(client: &Client) -> BTreeMap<String, Payment> {
    let sql = "SELECT payment_no, state, amount, channel_transaction_no FROM payment";
    let rows = client.query(sql, &[]).await.unwrap();
    let payment = |row: &tokio_postgres::Row| {
        (row.get(0), Payment { state: row.get(1), amount: row.get(2), transaction: row.get(3) })
    };
    rows.iter().map(payment).collect()
}

async fn allocations(client: &Client) -> Vec<Allocation> {
    let sql = "SELECT payment_no, order_no, amount, state, coalesce((SELECT sum(part.amount)::bigint FROM refund_part part \
         JOIN refund USING (merchant_id, refund_no) \
         WHERE refund.payment_no = allocation.payment_no AND part.order_no = allocation.order_no), 0) FROM allocation";
    let rows = client.query(sql, &[]).await.unwrap();
    let allocation = |row: &tokio_postgres::Row| Allocation {
        payment_no: row.get(0),
        order_no: row.get(1),
        amount: row.get(2),
        state: row.get(3),
        given_back: row.get(4),
    };
    rows.iter().map(allocation).collect()
}

async fn refunds(client: &Client) -> BTreeMap<String, Refund> {
    let sql = "SELECT refund_no, payment_no, amount, state, sent_as FROM refund";
    let rows = client.query(sql, &[]).await.unwrap();
    let refund = |row: &tokio_postgres::Row| {
        let (payment_no, amount, state, sent_as) = (row.get(1), row.get(2), row.get(3), row.get(4));
        (row.get(0), Refund { payment_no, amount, state, sent_as })
    };
    rows.iter().map(refund).collect()
}

async fn numbers(client: &Client) -> BTreeMap<String, String> {
    let rows = client.query("SELECT number, refund_no FROM refund_number", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn events(client: &Client) -> Vec<Event> {
    let sql =
        "SELECT event_id::text, feed_no, event, payment_no, refund_no FROM outbox_event ORDER BY feed_no";
    let rows = client.query(sql, &[]).await.unwrap();
    let event = |row: &tokio_postgres::Row| Event {
        event_id: row.get(0),
        sequence: row.get(1),
        kind: row.get(2),
        payment_no: row.get(3),
        refund_no: row.get(4),
    };
    rows.iter().map(event).collect()
}

async fn cases(client: &Client) -> Vec<Opened> {
    let rows = client.query("SELECT kind, payment_no, description FROM payment_case", &[]).await.unwrap();
    let case = |row: &tokio_postgres::Row| Opened {
        kind: row.get(0),
        payment_no: row.get(1),
        description: row.get(2),
    };
    rows.iter().map(case).collect()
}

async fn notifications(client: &Client) -> BTreeSet<String> {
    let sql = "SELECT DISTINCT encode(sha256(body), 'hex') FROM notification WHERE verdict <> 'REJECTED'";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
