//! Channels by name, and the accounts that the configuration opens at them.

mod accounts;
mod key_watch;
mod observed;
mod registry;
mod watched;

pub use accounts::{Account, Accounts};
pub use key_watch::KeyWatch;
pub use observed::Observation;
pub use registry::{AlreadyRegistered, ChannelRegistry};
pub use watched::Watch;
