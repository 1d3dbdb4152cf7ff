//! What every source file says, and what none says.

use crate::repository::{Source, assert_none, files};

/// How many lines of code a file may have, tests, comments and blank lines left out.
const LONGEST: usize = 500;

/// Where words of SQL may stand.
const SQL_ROOMS: [&str; 3] = ["payment-store/", "payment-sandbox/src/postgres/", "bench/"];

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let silent = files("rs").into_iter().filter(|source| !source.text.starts_with("//! "));
    assert_none("files without a //! sentence at their head", silent.map(|source| source.path));
}

#[test]
fn files_are_short_enough_to_be_read() {
    let lengths = files("rs").into_iter().map(|source| (code_lines(&source), source.path));
    let too_long = lengths.filter(|(lines, _)| *lines > LONGEST);
    assert_none("files beyond the limit", too_long.map(|(lines, path)| format!("{path}: {lines} lines")));
}

/// Lines that are neither blank nor comment, up to the tests inside the file.
fn code_lines(source: &Source) -> usize {
    let code = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, or this file would be found.
    let words = ["TO", "FIX"].map(|word| word.to_owned() + if word == "TO" { "DO" } else { "ME" });
    let stubs = ["unimplemented", "todo"].map(|word| format!("{word}!("));
    let findings =
        ["rs", "proto", "sql", "toml", "md", "sh", "py"].into_iter().flat_map(files).flat_map(|source| {
            let marked = source.text.lines().enumerate().filter(|(_, line)| {
                words.iter().any(|word| line.split(|c: char| !c.is_alphanumeric()).any(|found| found == word))
                    || stubs.iter().any(|stub| line.contains(stub))
            });
            marked
                .map(|(index, line)| format!("{}:{}: {}", source.path, index + 1, line.trim()))
                .collect::<Vec<_>>()
        });
    assert_none("work that is announced and not done", findings);
}

#[test]
fn no_test_is_switched_off_without_a_reason() {
    let attribute = "#[ignore";
    let silent = matching("rs", |_, line| line.trim_start().starts_with(attribute) && !line.contains("= \""));
    assert_none("tests that are ignored without a reason", silent);
}

#[test]
fn tests_move_clocks_and_never_sleep() {
    let sleeps = ["time", "thread"].map(|module| format!("{module}::sleep("));
    let sleeping = matching("rs", |path, line| {
        let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        // What the storm hits are processes that run by real time.
        let is_test = is_test && path != "tests/chaos/src/pause.rs";
        is_test && sleeps.iter().any(|sleep| line.contains(sleep))
    });
    assert_none("tests that sleep", sleeping);
}

#[test]
fn one_file_names_grpc_codes() {
    let naming = matching("rs", |path, line| {
        path.starts_with("payment-server/src/")
            && !path.ends_with("/tests.rs")
            && path != "payment-server/src/grpc/status.rs"
            && line.match_indices("Code::").any(|(at, _)| !line[..at].ends_with(char::is_alphanumeric))
    });
    assert_none("gRPC codes outside of grpc/status.rs", naming);
}

#[test]
fn sql_stands_in_the_store() {
    let words = [
        "SELECT ",
        "INSERT INTO ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "ALTER TABLE ",
        "DROP TABLE ",
        "BEGIN ISOLATION ",
    ];
    let strays = matching("rs", |path, line| {
        let may = SQL_ROOMS.iter().any(|room| path.starts_with(room)) || path.contains("tests/");
        !may && words.iter().any(|word| line.contains(&format!("\"{word}")))
    });
    assert_none("SQL outside of payment-store", strays);
}

/// Transactions are opened there only, and what speaks to a channel is a `dyn Gateway`: none can be open during a call, of
/// whatever channel (R23).
#[test]
fn r23_no_gateway_is_within_reach_of_a_transaction() {
    let findings = matching("rs", |path, line| {
        path.starts_with("payment-store/src/")
            && line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Gateway")
    });
    assert_none("the store that speaks to a channel", findings);
}

/// Every line for which `is_finding` holds, with its place.
fn matching(extension: &str, is_finding: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for source in files(extension) {
        for (index, line) in source.text.lines().enumerate() {
            if is_finding(&source.path, line) {
                findings.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    findings
}
