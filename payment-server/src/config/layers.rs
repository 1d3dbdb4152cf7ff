//! Lays the environment over the file. Variables named `PAYMENT__SECTION__KEY` replace `section.key`.
//!
//! Written by hand because the usual crates stop at the first mistake and read the process's environment themselves.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::report::Report;

/// What the names of our variables begin with.
const PREFIX: &str = "PAYMENT__";

/// Puts every `PAYMENT__` variable into `table`, as text: the reader of a key knows which type it wants.
pub(super) fn overlay(table: &mut Table, environment: &BTreeMap<String, String>, report: &mut Report) {
    for (variable, value) in environment {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = name.split("__").map(str::to_ascii_lowercase).collect();
        let key = path.join(".");
        report.note_variable(key.clone(), variable.clone());
        if path.iter().any(String::is_empty) {
            report.violation(&key, "has an empty part", "Write PAYMENT__SECTION__KEY");
        } else if !put(table, &path, value) {
            report.violation(
                &key,
                "lies below a key that is no table",
                "Unset the variable or make the key above it a table",
            );
        }
    }
}

/// Sets the value at `path`, making tables on the way. False if something else than a table is in the way.
fn put(table: &mut Table, path: &[String], value: &str) -> bool {
    match path {
        [] => false,
        [key] => {
            drop_other_spelling(table, key);
            table.insert(key.clone(), Value::String(value.to_owned()));
            true
        }
        [first, rest @ ..] => {
            let below = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
            below.as_table_mut().is_some_and(|below| put(below, rest, value))
        }
    }
}

/// `key` and `key_file` are two ways to write one value: the environment's replaces the file's.
fn drop_other_spelling(table: &mut Table, key: &str) {
    let other = match key.strip_suffix("_file") {
        Some(plain) => plain.to_owned(),
        None => format!("{key}_file"),
    };
    table.remove(&other);
}
