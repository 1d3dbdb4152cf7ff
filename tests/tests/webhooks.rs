//! Webhooks end to end: real events, real sockets, real signatures; endpoints that refuse, stall and vanish; replicas that
//! die. Nothing is lost, nothing of a payment comes out of order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod webhooks {
    //! Stories by the promise that they are about.
    mod independent;
    mod operating;
    mod order;
    mod outages;
    mod replicas;
    mod rotation;
    mod scene;
}
