//! Mutants: defects that are seeded one at a time into a copy of the workspace. For each a test is named that must fail; a
//! defect that none notices is a test that is missing.
//!
//! A defect is a few replacements of text under `defects/`, guarded by a switch that a running process reads once from its
//! environment. So one build holds all of them, and each of them costs the run of one test instead of a build.

pub mod copy;
pub mod defect;
pub mod failure;
pub mod suite;
pub mod table;
pub mod trial;

use std::path::{Path, PathBuf};

/// The workspace that this was built in.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}
