//! The whole service over real sockets, real signatures and a real database, one clock in the test's hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod system {
    //! Stories by the part of the way that they are about.
    mod attempts;
    mod callbacks;
    mod callers;
    mod closing;
    mod crowds;
    mod departures;
    mod foreign_callbacks;
    mod hostile_input;
    mod keys;
    mod pay;
    mod products;
    mod questions;
    mod reading;
}
