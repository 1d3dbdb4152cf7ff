//! What operators see and do, over the whole service, by gRPC and by `paymentctl`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod operators {
    //! Stories by what operators do.
    mod cases;
    mod command_line;
    mod documents;
    mod evidence;
    mod health;
    mod jobs;
    mod listing;
    mod refunds;
    mod replay;
    mod scene;
    mod sight;
    mod twice;
}
