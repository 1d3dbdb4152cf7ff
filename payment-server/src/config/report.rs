//! Collects the mistakes of one configuration while it is read, and knows for each key where its value came from.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::error::{ConfigError, ConfigSource, ConfigViolation};

/// The mistakes found so far, and the origins of the values.
pub(super) struct Report {
    file: PathBuf,
    /// Key paths whose value an environment variable gave, and the variable's name.
    variables: BTreeMap<String, String>,
    violations: RefCell<Vec<ConfigViolation>>,
    /// Keys whose value a file holds, without `_file`, and the file.
    files: RefCell<Vec<(String, PathBuf)>>,
    /// Files whose text stands for a key of one of our own sections.
    read: RefCell<BTreeSet<PathBuf>>,
}

impl Report {
    pub(super) const fn new(file: PathBuf) -> Self {
        Self {
            file,
            variables: BTreeMap::new(),
            violations: RefCell::new(Vec::new()),
            files: RefCell::new(Vec::new()),
            read: RefCell::new(BTreeSet::new()),
        }
    }

    /// Remembers that `variable` gave the value of `key`.
    pub(super) fn note_variable(&mut self, key: String, variable: String) {
        self.variables.insert(key, variable);
    }

    /// Whether the environment gave the value of `key`.
    pub(super) fn is_from_environment(&self, key: &str) -> bool {
        self.variables.contains_key(key)
    }

    /// Remembers that `file` gave the value of `key`.
    pub(super) fn note_file(&self, key: &str, file: PathBuf) {
        self.files.borrow_mut().push((key.to_owned(), file));
    }

    /// The files that gave values below `path`, each with what follows `path` in its key.
    pub(super) fn files_below(&self, path: &str) -> Vec<(String, PathBuf)> {
        let below = |(key, file): &(String, PathBuf)| {
            let rest = key.strip_prefix(path)?.strip_prefix('.')?;
            Some((rest.to_owned(), file.clone()))
        };
        self.files.borrow().iter().filter_map(below).collect()
    }

    /// Remembers that a key of one of our own sections is read from `file`, which is relative to the configuration's folder.
    pub(super) fn note_read(&self, file: &str) {
        self.read.borrow_mut().insert(self.folder().join(file));
    }

    /// The files that [`Self::note_read`] noted.
    pub(super) fn files_read(&self) -> Vec<PathBuf> {
        self.read.borrow().iter().cloned().collect()
    }

    /// The folder that relative paths in the configuration start from.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// Notes a mistake at `key`.
    pub(super) fn violation(&self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        self.violations.borrow_mut().push(ConfigViolation {
            source: self.source(key),
            key: key.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    /// Where the value of `key` comes from, or would have to be written.
    pub(super) fn source(&self, key: &str) -> ConfigSource {
        match self.variables.get(key) {
            Some(variable) => ConfigSource::Environment(variable.clone()),
            None => ConfigSource::File(self.file.clone()),
        }
    }

    /// The origins of the values, for mistakes that only a channel can find.
    pub(super) fn sources(&self) -> Sources {
        Sources { file: self.file.clone(), variables: self.variables.clone() }
    }

    /// Ends the reading: what was read if there is no mistake, all mistakes otherwise.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, ConfigError> {
        let violations = self.violations.into_inner();
        match read {
            Some(read) if violations.is_empty() => Ok(read),
            Some(_) | None => Err(ConfigError::new(violations)),
        }
    }
}

/// Where each value of a configuration came from, so that mistakes found after loading name the right place too.
#[derive(Debug, Clone)]
pub struct Sources {
    file: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Sources {
    /// A mistake at `key`. A variable that gave a part of the value, such as one entry of a list, counts as its source.
    #[must_use]
    pub fn violation(&self, key: String, problem: String, remedy: String) -> ConfigViolation {
        let source = match self.variables.get(&key) {
            Some(variable) => ConfigSource::Environment(variable.clone()),
            None => ConfigSource::File(self.file.clone()),
        };
        ConfigViolation { source, key, problem, remedy }
    }
}
