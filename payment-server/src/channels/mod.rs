//! Channels by name, and the accounts that the configuration opens at them.

mod accounts;
mod key_watch;
mod measured;
mod observed;
mod registry;

pub use accounts::{Account, Accounts};
pub use key_watch::KeyWatch;
pub use observed::{Observation, Observed};
pub use registry::{AlreadyRegistered, ChannelRegistry};
