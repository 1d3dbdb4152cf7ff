//! The store on a real PostgreSQL: migrations, rules that the database itself holds, races, cancelled callers, failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and measured figures are printed"
)]

#[path = "store/applying.rs"]
mod applying;
#[path = "store/broken.rs"]
mod broken;
#[path = "store/cancelled.rs"]
mod cancelled;
#[path = "store/constraints.rs"]
mod constraints;
#[path = "store/creating.rs"]
mod creating;
#[path = "store/encryption.rs"]
mod encryption;
#[path = "store/failing.rs"]
mod failing;
#[path = "store/feed.rs"]
mod feed;
#[path = "store/lanes.rs"]
mod lanes;
#[path = "store/lock_order.rs"]
mod lock_order;
#[path = "store/many_rows.rs"]
mod many_rows;
#[path = "store/migrations.rs"]
mod migrations;
#[path = "store/reading.rs"]
mod reading;
#[path = "store/scene.rs"]
mod scene;
#[path = "store/statements.rs"]
mod statements;
#[path = "store/together.rs"]
mod together;
#[path = "store/waited_for.rs"]
mod waited_for;
