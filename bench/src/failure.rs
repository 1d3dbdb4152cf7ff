//! Why a measurement could not be made.

use std::fmt::Display;

/// A text for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    /// What was tried is plain from the error.
    pub(crate) fn new(error: impl Display) -> Self {
        Self(error.to_string())
    }

    /// Says what was tried.
    pub(crate) fn at<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}
