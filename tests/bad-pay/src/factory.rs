//! The way in: opens Bad Pay accounts by what the configuration says.

use std::sync::Arc;

use payment_core::{
    gateway::{AccountSettings, Gateway, GatewayFactory},
    identifiers::{ChannelName, IdentifierError},
    ports::Ports,
    violation::Violation,
};

use crate::{CHANNEL, config::Config, gateway::BadPayGateway};

/// Opens Bad Pay accounts. Their keys: `shop`, `key`, `base_url`, `request_timeout_milliseconds`.
#[derive(Debug)]
pub struct BadPayFactory {
    channel: ChannelName,
}

impl BadPayFactory {
    /// The factory.
    ///
    /// # Errors
    /// Only if `bad-pay` were no channel name.
    pub fn new() -> Result<Self, IdentifierError> {
        ChannelName::parse(CHANNEL).map(|channel| Self { channel })
    }
}

#[async_trait::async_trait]
impl GatewayFactory for BadPayFactory {
    fn channel(&self) -> ChannelName {
        self.channel.clone()
    }

    fn check(&self, settings: &AccountSettings) -> Vec<Violation> {
        Config::read(&settings.settings).err().unwrap_or_default()
    }

    /// Calls nobody, so an outage of Bad Pay keeps nothing from opening.
    async fn open(
        &self,
        settings: &AccountSettings,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<Violation>> {
        Ok(Arc::new(BadPayGateway::open(&settings.settings, ports)?))
    }
}
