//! WeChat Pay API v3 for direct merchants: app, JSAPI, Native and H5 payments, refunds, and their notifications.
//!
//! `request`, `response`, `callback`, `certificates`, `sign` and `verify` are pure: time, chance and bytes are their
//! arguments. `transport` and `gateway` glue them to the injected ports. This file is the way in.

mod abnormal_refund;
mod callback;
mod certificates;
mod codes;
mod config;
mod gateway;
mod keys;
mod options;
mod product;
mod request;
mod response;
mod sealed;
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

pub use abnormal_refund::{AbnormalRefundDestination, AbnormalRefundRequest};
pub use gateway::WeChatGateway;

/// The channel's name in configuration, contract and callback URLs.
const CHANNEL: &str = "wechat";

/// Opens WeChat Pay accounts. The crate's README lists their configuration keys.
#[derive(Debug)]
pub struct WeChatFactory {
    channel: ChannelName,
}

impl WeChatFactory {
    /// The factory.
    ///
    /// # Errors
    /// Only if `wechat` were no channel name.
    pub fn new() -> Result<Self, IdentifierError> {
        ChannelName::parse(CHANNEL).map(|channel| Self { channel })
    }
}

#[async_trait::async_trait]
impl GatewayFactory for WeChatFactory {
    fn channel(&self) -> ChannelName {
        self.channel.clone()
    }

    fn check(&self, settings: &AccountSettings) -> Vec<Violation> {
        config::Config::read(&settings.settings).err().unwrap_or_default()
    }

    async fn open(
        &self,
        settings: &AccountSettings,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        Ok(Arc::new(WeChatGateway::open(settings, ports).await?))
    }
}
