//! A migrated database for each test, a store on it, and a second look at it with plain SQL.

pub mod proxy;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use payment_core::ports::Randomness;
use payment_sandbox::postgres::{TestCluster, TestDatabase};
use payment_store::{DatabaseTls, Store, StoreError, StoreOptions};
use tokio_postgres::{Client, NoTls};

/// A store on a database of its own, which goes away with it.
pub struct TestStore {
    /// The store under test.
    pub store: Store,
    /// Looks at the same database without the store.
    pub observer: Client,
    /// The database.
    pub database: TestDatabase,
}

impl TestStore {
    /// A store with at most this many connections on a freshly migrated database.
    pub async fn new(max_connections: usize) -> Self {
        let database = migrated_database().await;
        let store = open(&options(database.url(), max_connections));
        let observer = connect(database.url()).await;
        Self { store, observer, database }
    }

    /// The one number that a statement answers with.
    pub async fn number(&self, sql: &str) -> i64 {
        self.observer.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.observer, sql).await
    }

    /// Waits until a condition in SQL holds.
    pub async fn until(&self, condition: &str) {
        until(&self.observer, condition).await;
    }
}

/// A copy of the migrated template.
pub async fn migrated_database() -> TestDatabase {
    let cluster = tokio::task::spawn_blocking(TestCluster::shared).await.unwrap().unwrap();
    let migrate =
        async |url: String| -> Result<(), StoreError> { open(&options(&url, 1)).migrate().await.map(drop) };
    cluster.database("store", migrate).await.unwrap()
}

/// An empty database.
pub async fn empty_database() -> TestDatabase {
    let cluster = tokio::task::spawn_blocking(TestCluster::shared).await.unwrap().unwrap();
    cluster.empty_database().await.unwrap()
}

/// Options that no test runs into by accident.
pub fn options(url: &str, max_connections: usize) -> StoreOptions {
    StoreOptions {
        url: url.to_owned().into(),
        tls: DatabaseTls::Disabled,
        max_connections,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
    }
}

/// A store with distinct row ids.
pub fn open(options: &StoreOptions) -> Store {
    Store::new(options, Arc::new(Counter)).unwrap()
}

/// Plain SQL on a database.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Copies the only payment so many times, as payments that a channel has not heard of yet and that are due now. Their request
/// ids begin with `N-`.
pub async fn copy_payment(client: &Client, copies: u32) {
    let sql = format!(
        "INSERT INTO merchant_order SELECT 'acme', 'N-' || n, now FROM generate_series(1, {copies}) n, \
             (SELECT create_time AS now FROM payment) AS model; \
         INSERT INTO payment (payment_no, merchant_id, request_id, created_by, channel, channel_account, product, payee, currency, \
             amount, description, options, state, revision, create_time, expire_time, update_time, next_check_time) \
         SELECT left(payment_no, 21) || lpad(n::text, 10, '0'), merchant_id, 'N-' || n, created_by, channel, channel_account, \
             product, payee, currency, amount, description, options, 'INITIATING', 0, create_time, expire_time, update_time, \
             create_time FROM payment, generate_series(1, {copies}) n; \
         INSERT INTO allocation (payment_no, order_no, merchant_id, amount, state) \
         SELECT payment_no, request_id, merchant_id, amount, 'PENDING' FROM payment WHERE request_id LIKE 'N-%'"
    );
    client.batch_execute(&sql).await.unwrap();
}

/// The first column of every row, as text.
pub async fn texts(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Waits until a condition in SQL holds, at most about half a minute. The waiting is PostgreSQL's.
pub async fn until(client: &Client, condition: &str) {
    let look = format!("SELECT ({condition}) AS holds, pg_sleep(0.005)::text");
    for _ in 0..4000 {
        if client.query_one(look.as_str(), &[]).await.unwrap().get::<_, Option<bool>>(0) == Some(true) {
            return;
        }
    }
    panic!("never became true: {condition}");
}

/// Waits until every session of a server has ended, and tells that none of them met a deadlock. One is tried again unseen, but
/// PostgreSQL counts it; what a session counted is known for certain once it has ended. So nobody may hold a store any more.
pub async fn no_session_met_a_deadlock(observer: &Client) {
    let ended = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'payment-server' \
                 AND datname = current_database())";
    until(observer, ended).await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(observer.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// "Random" bytes that never come twice in this process, so that a failure can be played again.
pub struct Counter;

impl Randomness for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        for (byte, of_number) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte = of_number;
        }
    }
}
