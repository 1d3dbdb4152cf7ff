//! Which defect is seeded. This file is put into `payment-core` of the copy that mutants are built from, and is in no other build.

use std::sync::OnceLock;

/// Whether `name` is the seeded defect of this process.
pub fn is(name: &str) -> bool {
    static SEEDED: OnceLock<Option<String>> = OnceLock::new();
    SEEDED.get_or_init(|| std::env::var("PAYMENT_MUTANT").ok()).as_deref() == Some(name)
}
