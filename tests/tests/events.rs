//! What callers are told: lists, streams, what waiting costs, how fast it is, NATS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "helpers of tests fail as tests do, figures are measured and printed"
)]

#[path = "events/consuming.rs"]
mod consuming;
#[path = "events/crowd.rs"]
mod crowd;
#[path = "events/following.rs"]
mod following;
#[path = "events/latency.rs"]
mod latency;
#[path = "events/listing.rs"]
mod listing;
#[path = "events/nats.rs"]
mod nats;
#[path = "events/nats_credentials.rs"]
mod nats_credentials;
#[path = "events/scene.rs"]
mod scene;
