//! Several writes as one statement, in CTEs: one round trip instead of one for each.
//!
//! PostgreSQL carries each of them out to its end, in no order to rely on, and none sees what another did. Unique indexes,
//! CHECKs and references are held for all of them together. So no row may be written by two of them, and what one needs
//! to see of another goes into a statement of its own, after [`Writes::flush`].

use std::mem;

use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    result::QueryResult,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::cached::Cached;

/// A write as Diesel makes it: an INSERT or an UPDATE.
pub(crate) trait Write: QueryFragment<Pg> + Send {}

impl<T: QueryFragment<Pg> + Send> Write for T {}

/// Writes that are one statement.
#[derive(Default)]
pub(crate) struct Writes<'a>(Vec<Box<dyn Write + 'a>>);

impl<'a> Writes<'a> {
    /// One more write.
    pub(crate) fn add(&mut self, write: impl Write + 'a) {
        self.0.push(Box::new(write));
    }

    /// Carries out what was added until now, for what comes next has to see it.
    pub(crate) async fn flush(&mut self, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        mem::take(self).run(connection).await
    }

    /// Carries them out, if there are any.
    pub(crate) async fn run(self, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        if self.is_empty() { Ok(()) } else { self.execute(&mut &*connection).await }
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Carries them out. Their text depends on which they are, never on how many orders or parts they are about.
    pub(crate) async fn execute(self, connection: &mut &AsyncPgConnection) -> QueryResult<()> {
        Cached(self).execute(connection).await.map(drop)
    }
}

/// `WITH step_0 AS (...), step_1 AS (...)`, and the last as it is.
impl QueryFragment<Pg> for Writes<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, others)) = self.0.split_last() else { return Ok(()) };
        for (position, write) in others.iter().enumerate() {
            let begin = if position == 0 { "WITH" } else { "," };
            pass.push_sql(&format!("{begin} step_{position} AS ("));
            write.walk_ast(pass.reborrow())?;
            pass.push_sql(") ");
        }
        last.walk_ast(pass)
    }
}
