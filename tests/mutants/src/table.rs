//! The table of defects and of the tests that notice them, as `docs/mutants.md` shows it.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{defect::Defects, failure::Failure};

/// What stands before and after the table.
const MARK: &str = "<!-- mutants -->\n";

/// How long each defect's test took, in tenths of a second, by the defect's name.
pub type Took = BTreeMap<String, u64>;

/// The table.
#[must_use]
pub fn table(defects: &Defects, took: &Took) -> String {
    let rows = defects.defects.iter().map(|defect| {
        let took = took.get(&defect.name).map_or_else(String::new, |tenths| seconds(*tenths));
        let target = defect.target.as_deref().unwrap_or("lib");
        let (name, does, breaks) = (&defect.name, &defect.does, &defect.breaks);
        format!(
            "| `{name}` | {does} | {breaks} | `{}` {target}: `{}` | {took} |\n",
            defect.package, defect.test
        )
    });
    let head = "| defect | what it does | breaks | noticed by | s |\n|---|---|---|---|---:|\n";
    rows.fold(head.to_owned(), |table, row| table + &row)
}

fn seconds(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Puts the table into a document, between its marks.
///
/// # Errors
/// [`Failure`] if the document cannot be read or written, or has no marks.
pub fn write(document: &Path, table: &str) -> Result<(), Failure> {
    let name = document.display().to_string();
    let text = fs::read_to_string(document).map_err(Failure::system(name.as_str()))?;
    let mut parts = text.splitn(3, MARK);
    let (Some(before), Some(_), Some(after)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Failure::Workspace(format!("{name} has no two lines {}", MARK.trim())));
    };
    fs::write(document, format!("{before}{MARK}{table}{MARK}{after}")).map_err(Failure::system(name.as_str()))
}

/// A document's table without what differs from run to run.
#[must_use]
pub fn without_times(text: &str) -> Vec<String> {
    let between = text.split(MARK).nth(1).unwrap_or(text);
    between
        .lines()
        .filter_map(|row| row.trim_end_matches(" |").rsplit_once(" |"))
        .map(|(row, _)| row.to_owned())
        .collect()
}
