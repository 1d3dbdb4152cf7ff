//! Money that goes back, and the four schedulers that see to it, over a WeChat Pay simulator on a clock in the test's hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and measured figures are printed"
)]

mod refunds {
    //! Stories by the promise that they are about.
    mod console;
    mod cost;
    mod driving;
    mod duplicates;
    mod late;
    mod limits;
    mod listing;
    mod numbers;
    mod outage;
    mod replicas;
    mod scene;
    mod schedulers;
    mod slow;
}
