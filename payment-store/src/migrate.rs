//! Brings the database to the schema that this binary was built for.

use std::{collections::BTreeSet, time::Duration};

use diesel::{
    QueryableByName,
    migration::MigrationSource,
    pg::Pg,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use tokio::time::interval;

use crate::{Store, error::StoreError};

/// Every migration, in the binary.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Serialises concurrent starts. An arbitrary constant of this project; advisory locks are used nowhere else.
const LOCK: i64 = 0x7061_796d_656e_7431;

/// How often whoever waits for the lock asks for it again.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(100);

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

impl Store {
    /// The migrations of this binary that the database lacks, by name. Changes nothing, so that a server whose role may
    /// not change the schema can ask.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is known then.
    pub async fn missing_migrations(&self) -> Result<Vec<String>, StoreError> {
        let applied = self.applied_versions().await?;
        let ours = MigrationSource::<Pg>::migrations(&MIGRATIONS);
        let ours = ours.map_err(|error| StoreError::Statement(error.to_string()))?;
        let missing =
            ours.iter().filter(|migration| !applied.contains(&migration.name().version().to_string()));
        Ok(missing.map(|migration| migration.name().to_string()).collect())
    }

    async fn applied_versions(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let words = async |connection: &mut AsyncPgConnection, sql: &str| {
            let rows: Vec<Word> = diesel::sql_query(sql).load(connection).await?;
            Ok::<_, StoreError>(rows.into_iter().map(|row| row.word).collect::<BTreeSet<_>>())
        };
        let is_there = "SELECT tablename::text AS word FROM pg_tables \
                        WHERE tablename = '__diesel_schema_migrations' AND schemaname = current_schema()";
        if words(&mut connection, is_there).await?.is_empty() {
            return Ok(BTreeSet::new());
        }
        words(&mut connection, "SELECT version::text AS word FROM __diesel_schema_migrations").await
    }

    /// Runs the migrations that are missing and returns their names.
    ///
    /// Safe from any number of processes at once: an advisory lock on a connection of its own makes them wait. They ask for it
    /// again and again, each time for a moment: one statement that waited would be a transaction that the building of an
    /// index CONCURRENTLY, under this very lock, waits for in its turn, for ever.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a database, [`StoreError::Statement`] if a migration fails; each is a
    /// transaction of its own, so those before it stand.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let mut guard = self.connections.connect().await?;
        let mut turns = interval(ASKED_AGAIN_AFTER);
        while !try_lock(&mut guard).await? {
            turns.tick().await;
        }
        let mut connection = self.connections.connect().await?;
        diesel::sql_query("SET statement_timeout = 0").execute(&mut connection).await?;
        let applied = blocking(connection, |harness| {
            let applied = harness.run_pending_migrations(MIGRATIONS)?;
            Ok(applied.iter().map(ToString::to_string).collect())
        })
        .await;
        // Ends its session and with it the lock.
        drop(guard);
        applied
    }

    /// Undoes every migration, for the test that each can be undone.
    #[doc(hidden)]
    pub async fn revert_all_migrations(&self) -> Result<(), StoreError> {
        let connection = self.connections.connect().await?;
        blocking(connection, |harness| harness.revert_all_migrations(MIGRATIONS).map(drop)).await
    }
}

/// Takes the lock of this session, if nobody has it.
async fn try_lock(guard: &mut AsyncPgConnection) -> Result<bool, StoreError> {
    let asked = diesel::sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS taken"));
    let lock: Lock = asked.get_result(guard).await?;
    Ok(lock.taken)
}

type Harness = AsyncMigrationHarness<AsyncPgConnection>;

/// Diesel's harness blocks its thread, so it gets one where that does no harm, on a runtime of any kind.
async fn blocking<T: Send + 'static>(
    connection: AsyncPgConnection,
    work: fn(&mut Harness) -> diesel::migration::Result<T>,
) -> Result<T, StoreError> {
    let work = move || {
        let done = work(&mut AsyncMigrationHarness::new(connection));
        done.map_err(|error| StoreError::Statement(error.to_string()))
    };
    let finished = tokio::task::spawn_blocking(work).await;
    finished.unwrap_or_else(|error| Err(StoreError::Statement(error.to_string())))
}
