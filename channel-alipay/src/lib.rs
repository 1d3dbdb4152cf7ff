//! Alipay Open Platform (mainland) for direct merchants: app, wap, page, QR and barcode payments, refunds, and their
//! notifications, over the gateway's second version.
//!
//! `request`, `response`, `callback`, `client_result`, `certificates`, `form`, `sign` and `verify` are pure: time and bytes
//! are their arguments. `transport` and `gateway` glue them to the injected ports. This file is the way in.

mod barcode;
mod beijing;
mod callback;
mod cancel;
mod certificates;
mod client_result;
mod codes;
mod config;
mod encryption;
mod form;
mod gateway;
mod keys;
mod options;
mod product;
mod request;
mod response;
mod sign;
#[cfg(test)]
mod test_channel;
#[cfg(test)]
mod tests;
mod transport;
mod verify;

use std::sync::Arc;

use payment_core::{
    gateway::{AccountSettings, Gateway, GatewayFactory},
    identifiers::{ChannelName, IdentifierError},
    ports::Ports,
    violation::Violation,
};

pub use cancel::Cancelled;
pub use gateway::AlipayGateway;

/// The channel's name in configuration, contract and callback URLs.
const CHANNEL: &str = "alipay";

/// Opens Alipay accounts. The crate's README lists their configuration keys.
#[derive(Debug)]
pub struct AlipayFactory {
    channel: ChannelName,
}

impl AlipayFactory {
    /// The factory.
    ///
    /// # Errors
    /// Only if `alipay` were no channel name.
    pub fn new() -> Result<Self, IdentifierError> {
        ChannelName::parse(CHANNEL).map(|channel| Self { channel })
    }
}

#[async_trait::async_trait]
impl GatewayFactory for AlipayFactory {
    fn channel(&self) -> ChannelName {
        self.channel.clone()
    }

    fn check(&self, settings: &AccountSettings) -> Vec<Violation> {
        config::Config::read(&settings.settings).err().unwrap_or_default()
    }

    /// Calls nobody: the keys of Alipay are configured, and a successor is fetched when it is first named.
    async fn open(
        &self,
        settings: &AccountSettings,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        Ok(Arc::new(AlipayGateway::open(settings, ports)?))
    }
}
