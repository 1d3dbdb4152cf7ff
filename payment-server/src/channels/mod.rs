//! Channels by name, and the accounts that the configuration opens at them.

mod accounts;
mod measured;
mod registry;

pub use accounts::{Account, Accounts};
pub use registry::{AlreadyRegistered, ChannelRegistry};
