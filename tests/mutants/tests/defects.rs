//! The cheap half, on every change: each defect still fits the sources, its test is there, and the document shows it. That each
//! test fails under its defect is shown by `cargo run -p payment-mutants`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::{collections::BTreeSet, fs, path::Path};

use payment_mutants::{
    defect::{Defect, Defects},
    root, table,
};

/// How many there are at least.
const LEAST: usize = 40;

fn defects() -> Defects {
    Defects::of(&root()).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn each_defect_fits_the_sources_and_asks_whether_it_is_the_seeded_one() {
    let defects = defects();
    assert!(defects.defects.len() >= LEAST, "{} defects", defects.defects.len());
    let names: BTreeSet<_> = defects.defects.iter().map(|defect| &defect.name).collect();
    assert_eq!(names.len(), defects.defects.len(), "a name stands twice");
    let sources = defects.seeded(&root()).unwrap_or_else(|failure| panic!("{failure}"));
    for defect in &defects.defects {
        let question = format!("seeded::is({:?})", defect.name);
        let asked = sources.values().filter(|text| text.contains(&question)).count();
        let files: BTreeSet<_> = defect.edits.iter().map(|edit| &edit.file).collect();
        assert_eq!(asked, files.len(), "{}: a file of it does not ask SEEDED", defect.name);
    }
}

#[test]
fn each_defects_test_is_there() {
    let missing: Vec<_> =
        defects().defects.iter().filter(|defect| !is_there(defect)).map(Defect::killer).collect();
    assert!(missing.is_empty(), "no such tests:\n{}", missing.join("\n"));
}

/// Whether a function of the test's name stands in its package, in the target's file or folder where one is named.
fn is_there(defect: &Defect) -> bool {
    let is_in_tests = defect.package == "payment-tests";
    let package = root().join(if is_in_tests { "tests" } else { &defect.package });
    let places = match &defect.target {
        None => vec![package.join("src")],
        Some(target) => {
            let tests = package.join("tests");
            // The conformance suite's cases stand in the library of its package.
            vec![tests.join(format!("{target}.rs")), tests.join(target), package.join("src").join(target)]
        }
    };
    let name = defect.test.rsplit("::").next().unwrap();
    let declarations = [format!("fn {name}("), format!("fn {name}<")];
    places
        .iter()
        .flat_map(|place| texts(place))
        .any(|text| declarations.iter().any(|words| text.contains(words)))
}

fn texts(place: &Path) -> Vec<String> {
    if let Ok(text) = fs::read_to_string(place) {
        return vec![text];
    }
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    entries.flat_map(|entry| texts(&entry.path())).collect()
}

#[test]
fn the_document_shows_each_defect_with_its_test() {
    let document = fs::read_to_string(root().join("docs/mutants.md")).unwrap();
    let (shown, table) = (table::without_times(&document), table::table(&defects(), &table::Took::new()));
    let expected = table::without_times(&table);
    let absent = expected.iter().filter(|row| !shown.contains(row)).map(|row| format!("not shown: {row}"));
    let stale = shown.iter().filter(|row| !expected.contains(row)).map(|row| format!("no defect: {row}"));
    let findings: Vec<_> = absent.chain(stale).collect();
    assert!(findings.is_empty(), "run `cargo run -p payment-mutants -- --record`:\n{}", findings.join("\n"));
}
