//! Bodies that no use case has: those that pass over a failed statement.

use std::time::Duration;

use diesel::OptionalExtension as _;
use diesel_async::RunQueryDsl as _;
use futures::FutureExt as _;
use payment_sandbox::postgres::{TestCluster, TestDatabase};

use super::*;
use crate::pool::{DatabaseTls, StoreOptions};

async fn connections() -> (TestDatabase, Connections) {
    let cluster =
        tokio::task::spawn_blocking(TestCluster::shared).await.expect("a thread").expect("a server");
    let database = cluster.empty_database().await.expect("a database");
    let options = StoreOptions {
        url: database.url().to_owned().into(),
        tls: DatabaseTls::Disabled,
        max_connections: 1,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
    };
    let connections = Connections::new(&options).expect("options");
    (database, connections)
}

/// Makes a table, then does what `sql` says and takes no notice of how it ended.
fn careless<'c>(
    connection: &'c mut AsyncPgConnection,
    sql: &'c &'static str,
) -> BoxFuture<'c, Result<(), Abort>> {
    async move {
        diesel::sql_query("CREATE TABLE kept (one integer)").execute(connection).await?;
        let _passed_over = diesel::sql_query(*sql).execute(connection).await;
        Ok(())
    }
    .boxed()
}

fn count<'c>(
    connection: &'c mut AsyncPgConnection,
    sql: &'c &'static str,
) -> BoxFuture<'c, Result<Option<i64>, Abort>> {
    async move {
        let sql = diesel::dsl::sql::<diesel::sql_types::BigInt>(sql);
        Ok(diesel::select(sql).get_result(connection).await.optional()?)
    }
    .boxed()
}

#[tokio::test]
async fn the_commit_of_an_aborted_transaction_is_an_error() {
    let (_database, connections) = connections().await;
    let refused = run(&connections, &"SELECT 1 / 0", careless).await;
    assert!(matches!(&refused, Err(StoreError::Statement(_))), "{refused:?}");
    let kept = "(SELECT count(*) FROM pg_class WHERE relname = 'kept')";
    assert_eq!(run(&connections, &kept, count).await.expect("a count"), Some(0));
    // The connection is as good as before, and what does not fail is kept.
    run(&connections, &"SELECT 1", careless).await.expect("a commit");
    assert_eq!(run(&connections, &kept, count).await.expect("a count"), Some(1));
}

/// Finding no row is no failure.
#[tokio::test]
async fn a_row_that_is_not_there_does_not_refuse_the_commit() {
    let (_database, connections) = connections().await;
    let none = "1::bigint WHERE false";
    assert_eq!(run(&connections, &none, count).await.expect("a commit"), None);
}
