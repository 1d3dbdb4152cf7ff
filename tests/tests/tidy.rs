//! The house rules that a machine can check: who may use whom, what every file says and does not say, what dependencies
//! may be, and that the documents tell the truth about the configuration and about each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "tidy/contract.rs"]
mod contract;
#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/deployment.rs"]
mod deployment;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/observability.rs"]
mod observability;
#[path = "tidy/personal_data.rs"]
mod personal_data;
#[path = "tidy/pitfalls.rs"]
mod pitfalls;
#[path = "tidy/repository.rs"]
mod repository;
#[path = "tidy/sources.rs"]
mod sources;
