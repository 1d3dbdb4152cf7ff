//! A rolling upgrade: the database of the last release, what its servers go on doing with it, and this binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod upgrade {
    //! By who does what: the servers of the release before, and this one.
    mod database;
    mod old_servers;
    mod this_server;
}
