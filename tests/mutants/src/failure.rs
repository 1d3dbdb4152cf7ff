//! What keeps a run from being one.

use std::{io, path::PathBuf};

/// Why defects could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or a process.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// What came of it.
        error: io::Error,
    },
    /// A file of defects that is none.
    #[error("{}: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: Box<toml::de::Error>,
    },
    /// The workspace is not as the defects or this program take it to be.
    #[error("{0}")]
    Workspace(String),
    /// The copy does not build.
    #[error("the copy does not build; what cargo says stands above")]
    Build,
    /// A test that nobody has, or that fails without any defect.
    #[error("{0}")]
    Test(String),
}

impl Failure {
    /// A failure of a file or a process.
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::System { what, error }
    }
}
