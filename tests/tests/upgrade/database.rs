//! The database as the last release left it: the demo's stories of that release, taken with `pg_dump`.

use payment_store::Store;
use payment_tests::database::{connect, empty_database, open, options};
use tokio_postgres::Client;

const OF_RELEASE: &str = include_str!("../../testdata/releases/0.1.0/database.sql");

/// A database of the last release, not migrated yet.
pub(super) struct OldDatabase {
    pub(super) store: Store,
    pub(super) observer: Client,
    pub(super) database: payment_sandbox::postgres::TestDatabase,
}

impl OldDatabase {
    pub(super) async fn restored() -> Self {
        let database = empty_database().await;
        let restoring = connect(database.url()).await;
        restoring.batch_execute(OF_RELEASE).await.unwrap();
        // The dump leaves its session without a search path.
        let observer = connect(database.url()).await;
        let store = open(&options(database.url(), 2));
        Self { store, observer, database }
    }

    pub(super) async fn migrated() -> Self {
        let old = Self::restored().await;
        assert!(!old.store.migrate().await.unwrap().is_empty(), "this binary has migrations of its own");
        old
    }
}
