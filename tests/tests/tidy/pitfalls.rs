//! `docs/pitfalls.md` lists every test that is named after a channel's pitfall, and no test that there is not.

use std::collections::BTreeSet;

use crate::repository::{assert_none, file, files};

/// How many pitfalls PayPal has.
const OF_PAYPAL: usize = 25;

#[test]
fn the_list_of_pitfalls_is_that_of_the_tests() {
    let document = file("docs/pitfalls.md");
    let listed = listed(&document);
    let written = written();
    let absent = listed.iter().filter(|name| !written.contains(*name)).cloned();
    assert_none("listed in docs/pitfalls.md, and no test", absent);
    let unlisted = written.iter().filter(|name| is_of_a_pitfall(name) && !listed.contains(*name)).cloned();
    assert_none("tests of pitfalls that docs/pitfalls.md does not list", unlisted);
}

#[test]
fn each_pitfall_of_paypal_has_its_row() {
    let document = file("docs/pitfalls.md");
    let missing = (1..=OF_PAYPAL).filter(|number| !document.contains(&format!("\n| {number} | ")));
    assert_none("pitfalls of PayPal without a row", missing.map(|number| number.to_string()));
}

/// The names in the last column.
fn listed(document: &str) -> BTreeSet<String> {
    let cells =
        document.lines().filter(|line| line.starts_with("| ")).filter_map(|row| row.rsplit('|').nth(1));
    let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    quoted.filter(|name| !name.contains(['/', '.'])).map(str::to_owned).collect()
}

/// Every function of the workspace's Rust files.
fn written() -> BTreeSet<String> {
    let lines = |text: &str| text.lines().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>();
    let lines = files("rs").into_iter().flat_map(|source| lines(&source.text));
    let named = lines.filter_map(|line| {
        let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?;
        let end = function.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
        function.get(..end).map(str::to_owned)
    });
    named.collect()
}

/// `pitfall_07`, `pitfalls_16_17`, `section_6_4_7`, `sections_5_3_5_4`, wherever it stands in the name.
fn is_of_a_pitfall(name: &str) -> bool {
    ["pitfall_", "pitfalls_", "section_", "sections_"].iter().any(|word| {
        name.match_indices(word).any(|(at, _)| {
            let after = name.get(at + word.len()..).unwrap_or_default();
            let begins = at == 0 || name.get(..at).is_some_and(|before| before.ends_with('_'));
            begins && after.starts_with(|letter: char| letter.is_ascii_digit())
        })
    })
}
