//! Values kept in files of their own: the way that container platforms hand out secrets.

use std::{fs, io::Read, path::Path};

use zeroize::Zeroizing;

use super::report::Report;

/// The longest file that is read, in bytes; the longest certificate chains are a tenth of it.
const LIMIT: u64 = 64 * 1024;

/// The text of `file`, relative to the configuration's folder, without line ends at its end.
pub(super) fn read(report: &Report, key: &str, file: &str) -> Option<String> {
    let path = report.folder().join(file);
    match text(&path) {
        Ok(text) => Some(text),
        Err(problem) => {
            report.violation(
                key,
                format!("{}: {problem}", path.display()),
                "Give the path of a readable text file, relative to the configuration's folder",
            );
            None
        }
    }
}

/// The text of the file at `path`, without line ends at its end.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LIMIT {
        return Err(format!("is longer than {LIMIT} bytes"));
    }
    // What is given back is a copy; this one is wiped.
    let text = Zeroizing::new(String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?);
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
}
