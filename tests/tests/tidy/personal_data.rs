//! Columns that may name a payer are listed where somebody who answers for them looks: in docs/personal-data.md.

use std::collections::BTreeSet;

use crate::repository::{assert_none, file, files};

#[test]
fn r29_each_column_that_holds_personal_data_is_in_the_document() {
    let columns = personal_columns();
    assert!(columns.contains("payment.payer_client_ip"), "the comments are found: {columns:?}");
    let document = file("docs/personal-data.md");
    let missing = columns.into_iter().filter(|column| !document.contains(&format!("`{column}`")));
    assert_none("columns with personal data that docs/personal-data.md does not list", missing);
}

/// Every column whose comment, in any migration, speaks of personal data.
fn personal_columns() -> BTreeSet<String> {
    let migrations = files("sql").into_iter().filter(|source| source.path.ends_with("up.sql"));
    let comments = |text: String| {
        let statements = text.split("COMMENT ON COLUMN ").skip(1).map(str::to_owned);
        statements.collect::<Vec<_>>()
    };
    let statements = migrations.flat_map(|source| comments(source.text));
    let named = statements.filter_map(|statement| {
        let (column, comment) = statement.split_once(" IS")?;
        let comment = comment.split_once("';").map_or(comment, |(comment, _)| comment);
        comment.to_lowercase().contains("personal data").then(|| column.trim().to_owned())
    });
    named.collect()
}
