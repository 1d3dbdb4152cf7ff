//! A query whose prepared statement is kept, though Diesel would throw it away.
//!
//! Diesel 2.3 never caches the statement of an UPDATE, of raw SQL, of `ON CONFLICT DO UPDATE` or of many-row inserts; with
//! diesel-async each such call then costs one round trip more and a new plan. [`Cached`] promises that the SQL text is the
//! same each time. It overrides a method that only diesel `~2.3` is known to have: the root manifest pins it, and a test
//! counts `pg_prepared_statements`.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
};

/// A query with the same SQL text each time it runs.
pub(crate) struct Cached<T>(pub(crate) T);

impl<T> QueryId for Cached<T> {
    type QueryId = ();
    // Keyed by SQL text and bind types.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: QueryFragment<Pg>> QueryFragment<Pg> for Cached<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T: Query> Query for Cached<T> {
    type SqlType = T::SqlType;
}

impl<T, C> diesel::query_dsl::RunQueryDsl<C> for Cached<T> {}

/// A SELECT over several tables that locks the rows of one of them; Diesel's own `for_update` locks those of all.
pub(crate) struct ForUpdateOf<T> {
    pub(crate) query: T,
    pub(crate) table: &'static str,
}

impl<T> QueryId for ForUpdateOf<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: QueryFragment<Pg>> QueryFragment<Pg> for ForUpdateOf<T> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(pass.reborrow())?;
        pass.push_sql(" FOR UPDATE OF ");
        pass.push_identifier(self.table)
    }
}

impl<T: Query> Query for ForUpdateOf<T> {
    type SqlType = T::SqlType;
}
