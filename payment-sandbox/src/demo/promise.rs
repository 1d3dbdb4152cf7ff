//! What a story promises, and how it is broken.

use std::fmt::Debug;

/// A promise that was not kept, or a step that did not get so far: what is wrong, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(String);

impl Broken {
    /// Says what is wrong.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// What a step gives if all that it promises held.
pub(super) type Kept<T> = Result<T, Broken>;

/// Holds `seen` against what was promised.
pub(super) fn expect<T: PartialEq + Debug>(what: &str, promised: &T, seen: &T) -> Kept<()> {
    if promised == seen {
        return Ok(());
    }
    Err(Broken::new(format!("{what}: promised {promised:?}, seen {seen:?}")))
}
