//! A column among a list's values: `= $1` where the list has one, `= ANY ($1)` where it has more.
//!
//! Where PostgreSQL keeps a plan, it guesses that a list has ten values; that looks dearer than the one value it sees, so it
//! plans the statement anew each time it runs. Most payments are for one order, and planning took longer than running.

use diesel::{
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{Array, Bool, Text},
};

/// The condition.
#[derive(Debug, Clone)]
pub(crate) struct Among<'a, C> {
    column: C,
    values: Vec<&'a str>,
}

/// That a column of text has one of these values; none has it where there are none.
pub(crate) fn among<'a, C>(column: C, values: impl IntoIterator<Item = &'a str>) -> Among<'a, C> {
    Among { column, values: values.into_iter().collect() }
}

impl<C: Expression<SqlType = Text>> Expression for Among<'_, C> {
    type SqlType = Bool;
}

impl<C> ValidGrouping<()> for Among<'_, C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<Source>, Source: ?Sized> AppearsOnTable<Source> for Among<'_, C> where Self: Expression {}

impl<C: SelectableExpression<Source>, Source: ?Sized> SelectableExpression<Source> for Among<'_, C> where
    Self: AppearsOnTable<Source>
{
}

impl<C> QueryId for Among<'_, C> {
    type QueryId = ();
    // There are two texts of it.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Among<'_, C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        if let [only] = self.values.as_slice() {
            pass.push_sql(" = ");
            pass.push_bind_param::<Text, _>(only)
        } else {
            pass.push_sql(" = ANY(");
            pass.push_bind_param::<Array<Text>, _>(&self.values)?;
            pass.push_sql(")");
            Ok(())
        }
    }
}
