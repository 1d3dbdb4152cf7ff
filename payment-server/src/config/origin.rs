//! Where a configuration was read, so that what may change without a restart can be read there again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Config, ConfigError};

/// The file, the environment of the start, and the files that some keys point to.
#[derive(Clone)]
pub struct Origin {
    path: PathBuf,
    /// May hold secrets, so it is not shown.
    environment: BTreeMap<String, String>,
    files: Vec<PathBuf>,
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Origin({})", self.path.display())
    }
}

impl Origin {
    pub(super) fn new(path: PathBuf, environment: &BTreeMap<String, String>) -> Self {
        Self { path, environment: environment.clone(), files: Vec::new() }
    }

    pub(super) fn with_files(self, files: Vec<PathBuf>) -> Self {
        Self { files, ..self }
    }

    /// The configuration's file, and every file that a key of our own sections points to.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.path.as_path()).chain(self.files.iter().map(PathBuf::as_path))
    }
}

impl Config {
    /// What the same file says now, under the same environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read_again(&self) -> Result<Self, ConfigError> {
        Self::load(&self.origin.path, &self.origin.environment)
    }
}
