//! The repository as text: every file of a kind, wherever it lies.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cargo_metadata::{Metadata, MetadataCommand};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// One file.
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file whose name ends in `.extension`, by path.
pub(crate) fn files(extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), extension, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "there is no .{extension} file");
    found
}

/// One file that must be there.
pub(crate) fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What cargo knows of the workspace, for the platforms named or for all.
pub(crate) fn metadata(platforms: &[String]) -> Metadata {
    static KNOWN: Mutex<BTreeMap<Vec<String>, Metadata>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(platforms.to_vec()).or_insert_with(|| ask_cargo(platforms)).clone()
}

fn ask_cargo(platforms: &[String]) -> Metadata {
    let filters = platforms.iter().flat_map(|platform| ["--filter-platform".to_owned(), platform.clone()]);
    let options: Vec<_> = ["--locked".to_owned()].into_iter().chain(filters).collect();
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).other_options(options).exec().unwrap()
}

/// Fails with every finding at once.
pub(crate) fn assert_none(rule: &str, findings: impl IntoIterator<Item = String>) {
    let findings: Vec<_> = findings.into_iter().collect();
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                collect(&path, extension, found);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
}
