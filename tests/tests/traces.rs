//! What is told about a service while it runs: spans by OpenTelemetry at a collector on a real socket, and the lines of the
//! log that name them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "traces/collector.rs"]
mod collector;
#[path = "traces/lines.rs"]
mod lines;
#[path = "traces/spans.rs"]
mod spans;
#[path = "traces/trouble.rs"]
mod trouble;
