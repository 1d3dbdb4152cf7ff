//! Who gets in and how far, what strangers can take, and how keys and certificates change while the service runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod security {
    //! Stories by the door that they knock at.
    mod api_keys;
    mod attacks;
    mod limits;
    mod operators;
    mod reload;
    mod retention;
    mod rotation;
    mod tls;
}
