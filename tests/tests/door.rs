//! The door: a payment app that no crate of this project knows is plugged in, behaves as badly as it can, and its
//! payments end right.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod door {
    //! Stories by what Bad Pay does.
    mod attempts;
    mod by_itself;
    mod configured;
    mod denials;
    mod refunds;
    mod stage;
    mod unreliable;
}
