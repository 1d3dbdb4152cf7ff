//! A real server process that dies: at every numbered place, by `kill -9` in the middle of work, and in order at SIGTERM.
//! After a restart and a question to the channel every invariant holds, and the channel's books agree with ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do, and measured figures are printed"
)]

#[path = "crash/acknowledged.rs"]
mod acknowledged;
#[path = "crash/events.rs"]
mod events;
#[path = "crash/figures.rs"]
mod figures;
#[path = "crash/flood.rs"]
mod flood;
#[path = "crash/killed.rs"]
mod killed;
#[path = "crash/many.rs"]
mod many;
#[path = "crash/outage.rs"]
mod outage;
#[path = "crash/points.rs"]
mod points;
#[path = "crash/process.rs"]
mod process;
#[path = "crash/taken_over.rs"]
mod taken_over;
#[path = "crash/terminated.rs"]
mod terminated;
#[path = "crash/world.rs"]
mod world;
