//! The schema: made once however many start at once, undone, explained, and as the code believes it to be.

use std::collections::BTreeMap;

use payment_tests::database::{TestStore, connect, empty_database, migrated_database, open, options, texts};
use tokio_postgres::Client;

use crate::scene::created;

const OURS: &str = "table_schema = 'public' AND table_name <> '__diesel_schema_migrations'";

async fn tables(client: &Client) -> Vec<String> {
    texts(client, &format!("SELECT table_name::text FROM information_schema.tables WHERE {OURS} ORDER BY 1"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_goes_up_down_and_up_again() {
    let database = empty_database().await;
    let store = open(&options(database.url(), 1));
    let client = connect(database.url()).await;
    let applied = store.migrate().await.unwrap();
    let made = tables(&client).await;
    assert!(!applied.is_empty() && made.len() >= 8, "{applied:?} {made:?}");
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    store.revert_all_migrations().await.unwrap();
    assert_eq!(tables(&client).await, Vec::<String>::new());
    assert_eq!(store.migrate().await.unwrap(), applied);
    assert_eq!(tables(&client).await, made);
}

/// Money that is held, and a payment that is looked at after its end: words that the schemas before did not know.
const HELD_AND_ENDED: &str = "\
    UPDATE payment SET state = 'HELD', handle = '{}', handle_expire_time = expire_time, \
        hold_intend_time = create_time WHERE request_id = 'held'; \
    INSERT INTO payment_hold SELECT payment_no, 'H-1', create_time, create_time, expire_time FROM payment WHERE state = 'HELD'; \
    INSERT INTO payment_transition (payment_no, revision, event, from_state, to_state, source, verified_by, transition_time) \
        SELECT payment_no, 1, 'CHANNEL_HELD', 'INITIATING', 'HELD', 'HOLD_ANSWER', 'key', create_time FROM payment \
        WHERE state = 'HELD'; \
    UPDATE payment SET state = 'CLOSED', end_time = create_time WHERE request_id = 'ended'";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_held_money_and_late_looks_goes_down_and_up_again() {
    let on = TestStore::new(2).await;
    for (request, order) in [("held", "A"), ("ended", "B")] {
        created(&on, request, &[order]).await;
    }
    on.observer.batch_execute(HELD_AND_ENDED).await.unwrap();
    on.store.revert_all_migrations().await.unwrap();
    assert_eq!(tables(&on.observer).await, Vec::<String>::new());
    assert!(!on.store.migrate().await.unwrap().is_empty());
}

/// One of the migrations builds an index CONCURRENTLY, which waits for every transaction that began before: had those that wait
/// for their turn one open, nobody would ever get on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_that_migrate_one_empty_database_at_once_all_succeed() {
    let database = empty_database().await;
    let starts = (0..4).map(|_| {
        let store = open(&options(database.url(), 1));
        tokio::spawn(async move { store.migrate().await.unwrap().len() })
    });
    let applied: Vec<usize> =
        futures::future::join_all(starts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    let client = connect(database.url()).await;
    let index = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR \
                 indexrelid = 'notification_of_merchant'::regclass";
    assert_eq!(
        texts(&client, index).await,
        ["notification_of_merchant"],
        "it is there, and none is half built"
    );
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    payment_tests::database::until(&client, &format!("({locks}) = '0'")).await;
}

/// Diesel's harness alone would panic here: it blocks in place.
#[tokio::test(flavor = "current_thread")]
async fn migrations_run_on_a_runtime_of_one_thread_too() {
    let database = empty_database().await;
    assert!(!open(&options(database.url(), 1)).migrate().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_table_and_column_says_what_it_is() {
    let database = migrated_database().await;
    let client = connect(database.url()).await;
    let silent = texts(
        &client,
        &format!(
            "SELECT table_name::text FROM information_schema.tables WHERE {OURS} \
             AND coalesce(obj_description(to_regclass(table_name::text)), '') = '' \
             UNION ALL SELECT table_name || '.' || column_name FROM information_schema.columns WHERE {OURS} \
             AND coalesce(col_description(to_regclass(table_name::text), ordinal_position), '') = ''"
        ),
    )
    .await;
    assert_eq!(silent, Vec::<String>::new());
}

/// Column by column: name, type, whether it may be absent, place in the primary key.
type Columns = BTreeMap<String, Vec<String>>;

#[tokio::test]
async fn the_schema_that_diesel_sees_is_the_one_that_the_migrations_made() {
    let database = migrated_database().await;
    let client = connect(database.url()).await;
    let written = written_schema(include_str!("../../../payment-store/src/schema.rs"));
    assert_eq!(real_schema(&client).await, written);
}

async fn real_schema(client: &Client) -> Columns {
    let sql = format!(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns \
         WHERE {OURS} ORDER BY table_name, ordinal_position"
    );
    let mut schema = Columns::new();
    for row in client.query(sql.as_str(), &[]).await.unwrap() {
        let kind = diesel_type(row.get(2));
        let kind = if row.get(3) { format!("Nullable<{kind}>") } else { kind.to_owned() };
        schema.entry(row.get(0)).or_default().push(format!("{}: {kind}", row.get::<_, &str>(1)));
    }
    let keys = "SELECT conrelid::regclass::text, string_agg(attname, ', ' ORDER BY array_position(conkey, attnum)) \
                FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) \
                WHERE contype = 'p' AND connamespace = 'public'::regnamespace GROUP BY 1";
    for row in client.query(keys, &[]).await.unwrap() {
        if let Some(columns) = schema.get_mut(row.get::<_, &str>(0)) {
            columns.insert(0, format!("key ({})", row.get::<_, &str>(1)));
        }
    }
    schema
}

fn diesel_type(sql: &str) -> &'static str {
    match sql {
        "text" => "Text",
        "bigint" => "BigInt",
        "integer" => "Integer",
        "smallint" => "SmallInt",
        "jsonb" => "Jsonb",
        "bytea" => "Binary",
        "boolean" => "Bool",
        "ARRAY" => "Array<Text>",
        "uuid" => "Uuid",
        "timestamp with time zone" => "Timestamptz",
        other => panic!("no Diesel type known for {other}"),
    }
}

fn written_schema(source: &str) -> Columns {
    let mut schema = Columns::new();
    let mut table = String::new();
    for line in source.lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            table = name.to_owned();
            schema.insert(table.clone(), vec![format!("key ({key})")]);
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            schema.get_mut(&table).unwrap().push(format!("{column}: {kind}"));
        }
    }
    schema
}
