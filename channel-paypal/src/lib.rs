//! PayPal: Orders v2 and Payments v2 for one merchant account, in a browser or an app's SDK, and their webhooks.
//!
//! `request`, `order`, `refund`, `callback`, `verify`, `codes` and `currency` are pure: time and bytes are their
//! arguments. `transport`, `capturing`, `refunding` and `gateway` glue them to the injected ports. This file is the way
//! in.

mod authority;
mod callback;
mod capturing;
mod certificates;
mod client_result;
mod codes;
mod config;
mod currency;
mod gateway;
mod handle;
mod options;
mod order;
mod refund;
mod refunding;
mod request;
mod rereading;
mod response;
#[cfg(test)]
mod test_channel;
#[cfg(test)]
mod tests;
mod token;
mod transport;
mod verify;

use std::sync::Arc;

use payment_core::{
    gateway::{AccountSettings, Gateway, GatewayFactory},
    identifiers::{ChannelName, IdentifierError},
    ports::Ports,
    violation::Violation,
};

pub use gateway::PaypalGateway;

/// The channel's name in configuration, contract and callback URLs.
const CHANNEL: &str = "paypal";

/// Opens PayPal accounts. The crate's README lists their configuration keys.
#[derive(Debug)]
pub struct PaypalFactory {
    channel: ChannelName,
}

impl PaypalFactory {
    /// The factory.
    ///
    /// # Errors
    /// Only if `paypal` were no channel name.
    pub fn new() -> Result<Self, IdentifierError> {
        ChannelName::parse(CHANNEL).map(|channel| Self { channel })
    }
}

#[async_trait::async_trait]
impl GatewayFactory for PaypalFactory {
    fn channel(&self) -> ChannelName {
        self.channel.clone()
    }

    fn check(&self, settings: &AccountSettings) -> Vec<Violation> {
        config::Config::read(&settings.settings).err().unwrap_or_default()
    }

    /// Makes no call: the first token is fetched when it is needed, so that PayPal being away does not keep us from
    /// starting.
    async fn open(
        &self,
        settings: &AccountSettings,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        Ok(Arc::new(PaypalGateway::open(settings, ports)?))
    }
}
