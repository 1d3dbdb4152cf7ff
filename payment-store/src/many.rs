//! Many rows of a table in one write: each column is one list, and `unnest` makes rows of them again. The text is the same for
//! one row as for a hundred, so it is prepared once. Where Diesel writes many rows it makes a text for each number of them.

use diesel::{
    Column, Table,
    expression::{AsExpression, TypedExpressionType},
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    result::QueryResult,
    sql_types::{Array, SqlType},
};

use crate::writes::Write;

/// Rows of one table, column by column.
pub(crate) struct ManyRows<'a, T, R> {
    rows: &'a [R],
    table: T,
    columns: Vec<ManyValues<'a>>,
}

/// What the rows have in one column.
struct ManyValues<'a> {
    name: &'static str,
    values: Box<dyn Write + 'a>,
}

impl<'a, T: Table + Write + 'a, R> ManyRows<'a, T, R> {
    /// These rows of a table, without any column yet.
    pub(crate) const fn of(rows: &'a [R], table: T) -> Self {
        Self { rows, table, columns: Vec::new() }
    }

    /// One column more, with its value in each row.
    pub(crate) fn column<C, V>(mut self, _column: C, value: impl Fn(&'a R) -> V) -> Self
    where
        C: Column<Table = T>,
        Array<C::SqlType>: SqlType + TypedExpressionType,
        Vec<V>: AsExpression<Array<C::SqlType>>,
        <Vec<V> as AsExpression<Array<C::SqlType>>>::Expression: Write + 'a,
    {
        let values = self.rows.iter().map(value).collect::<Vec<V>>();
        self.columns.push(ManyValues { name: C::NAME, values: Box::new(values.as_expression()) });
        self
    }

    /// `INSERT INTO table (a, b) SELECT * FROM unnest($1, $2)`
    pub(crate) fn insert(self) -> ManyInserts<'a> {
        ManyInserts { table: Box::new(self.table), columns: self.columns }
    }

    /// Finds the rows that are there by the first columns, so many as `keys` says, and writes the others.
    ///
    /// `UPDATE table SET b = rows.b FROM unnest($1, $2) AS rows (a, b) WHERE table.a = rows.a AND table.a = ANY ($3)`
    ///
    /// The last condition says nothing new. It is for a plan that was made while the table was small, and that would
    /// read the whole of it later: what has an index for each of its tables takes it.
    pub(crate) fn update(self, keys: usize) -> ManyUpdates<'a> {
        ManyUpdates { table: Box::new(self.table), columns: self.columns, keys }
    }
}

/// Rows that are new.
pub(crate) struct ManyInserts<'a> {
    table: Box<dyn Write + 'a>,
    columns: Vec<ManyValues<'a>>,
}

/// Rows that are there.
pub(crate) struct ManyUpdates<'a> {
    table: Box<dyn Write + 'a>,
    columns: Vec<ManyValues<'a>>,
    keys: usize,
}

impl QueryFragment<Pg> for ManyInserts<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("INSERT INTO ");
        self.table.walk_ast(pass.reborrow())?;
        names(&self.columns, &mut pass)?;
        pass.push_sql(" SELECT * FROM ");
        unnested(&self.columns, &mut pass)
    }
}

impl QueryFragment<Pg> for ManyUpdates<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (keys, changes) = self.columns.split_at(self.keys);
        pass.push_sql("UPDATE ");
        self.table.walk_ast(pass.reborrow())?;
        pass.push_sql(" SET ");
        for (position, change) in changes.iter().enumerate() {
            separate(&mut pass, position);
            pass.push_identifier(change.name)?;
            pass.push_sql(" = rows.");
            pass.push_identifier(change.name)?;
        }
        pass.push_sql(" FROM ");
        unnested(&self.columns, &mut pass)?;
        pass.push_sql(" AS rows");
        names(&self.columns, &mut pass)?;
        for (position, key) in keys.iter().enumerate() {
            pass.push_sql(if position == 0 { " WHERE " } else { " AND " });
            self.table.walk_ast(pass.reborrow())?;
            pass.push_sql(".");
            pass.push_identifier(key.name)?;
            pass.push_sql(" = rows.");
            pass.push_identifier(key.name)?;
            if position == 0 {
                pass.push_sql(" AND ");
                self.table.walk_ast(pass.reborrow())?;
                pass.push_sql(".");
                pass.push_identifier(key.name)?;
                pass.push_sql(" = ANY (");
                key.values.walk_ast(pass.reborrow())?;
                pass.push_sql(")");
            }
        }
        Ok(())
    }
}

fn names(columns: &[ManyValues<'_>], pass: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
    pass.push_sql(" (");
    for (position, column) in columns.iter().enumerate() {
        separate(pass, position);
        pass.push_identifier(column.name)?;
    }
    pass.push_sql(")");
    Ok(())
}

fn unnested<'b>(columns: &'b [ManyValues<'_>], pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    pass.push_sql("unnest(");
    for (position, column) in columns.iter().enumerate() {
        separate(pass, position);
        column.values.walk_ast(pass.reborrow())?;
    }
    pass.push_sql(")");
    Ok(())
}

fn separate(pass: &mut AstPass<'_, '_, Pg>, position: usize) {
    if position > 0 {
        pass.push_sql(", ");
    }
}

#[cfg(test)]
mod tests {
    use diesel::debug_query;

    use super::*;
    use crate::schema::allocation;

    const ROWS: [(&str, &str, &str); 2] = [("P1", "1", "EFFECTIVE"), ("P2", "2", "RELEASED")];

    fn rows() -> ManyRows<'static, allocation::table, (&'static str, &'static str, &'static str)> {
        ManyRows::of(&ROWS, allocation::table)
            .column(allocation::payment_no, |row| row.0)
            .column(allocation::order_no, |row| row.1)
            .column(allocation::state, |row| row.2)
    }

    fn text(write: &impl Write) -> String {
        let told = debug_query::<Pg, _>(write).to_string();
        told.split(" -- binds").next().unwrap().to_owned()
    }

    #[test]
    fn rows_are_unnested_from_a_list_for_each_column() {
        assert_eq!(
            text(&rows().insert()),
            r#"INSERT INTO "allocation" ("payment_no", "order_no", "state") SELECT * FROM unnest($1, $2, $3)"#
        );
        assert_eq!(
            text(&rows().update(2)),
            r#"UPDATE "allocation" SET "state" = rows."state" FROM unnest($1, $2, $3) AS rows ("payment_no", "order_no", "state") WHERE "allocation"."payment_no" = rows."payment_no" AND "allocation"."payment_no" = ANY ($4) AND "allocation"."order_no" = rows."order_no""#
        );
    }
}
