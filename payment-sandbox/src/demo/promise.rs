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

/// Why a story did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unplayed {
    /// A promise was broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The channel has no such thing: two or three words.
    #[error("{0}")]
    NotHere(&'static str),
}

/// How a story ended, in the words of its promise.
pub(super) type Played = Result<String, Unplayed>;

/// Holds `seen` against what was promised.
pub(super) fn expect<T: PartialEq + Debug>(what: &str, promised: &T, seen: &T) -> Kept<()> {
    if promised == seen {
        return Ok(());
    }
    Err(Broken::new(format!("{what}: promised {promised:?}, seen {seen:?}")))
}
