//! *Bad Pay*, a payment app that this project does not know: the example of a channel that is plugged in from outside.
//!
//! It never calls back, says "unpaid" for a while after it was paid, answers slowly and sometimes not at all. The service
//! reaches it through [`payment_core::gateway`] alone: [`BadPayFactory`] is registered beside the channels that come with
//! the server, configuration names it `bad-pay`, and its options and payment data take the contract's neutral forms.
//! Nothing of the service depends on this crate; tests and the demo do.
//! `docs/adding-a-channel.md` walks through these files.
//!
//! [`BadPayApp`] is the other side of the wire: the payment app itself.

mod app;
mod call;
mod config;
mod exchange;
mod factory;
mod gateway;
mod options;
mod page;
mod protocol;
mod routes;

pub use app::{Accident, Aim, BadOrder, BadPayApp, BadRefund, OrderState};
pub use factory::BadPayFactory;
pub use protocol::Excuse;

/// The channel's name in configuration and callback URLs.
pub const CHANNEL: &str = "bad-pay";
