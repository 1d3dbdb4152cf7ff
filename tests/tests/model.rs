//! Random histories over every channel and several replicas: whatever callers, payers, accidents and deaths do, in the end
//! the channels' books and ours agree, and the money that stays is what the orders say.
//!
//! A history is a list of steps that a seed gives. One that breaks a promise is told again in as few steps as still break
//! it, with the line that plays it again.

// A history's future holds those of three servers.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and measured figures are printed"
)]

mod model {
    //! From the words of a history to its judgement.
    mod acting;
    mod channels;
    mod crowds;
    mod found;
    mod histories;
    mod judge;
    mod post_office;
    mod replica;
    mod shrinking;
    mod stage;
    mod story;
    mod wire;
}
