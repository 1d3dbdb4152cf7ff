//! The channels that this binary knows, and the opening of accounts at them.

use std::{collections::BTreeMap, sync::Arc};

use channel_alipay::AlipayFactory;
use channel_paypal::PaypalFactory;
use channel_wechat::WeChatFactory;
use futures::future::join_all;
use payment_core::{
    gateway::{Gateway, GatewayFactory},
    identifiers::{ChannelAccountId, ChannelName, IdentifierError, MerchantId},
    ports::Ports,
    violation::Violation,
};
use url::Url;

use super::{Account, Accounts, Watch};
use crate::{
    config::{AccountConfig, Config, ConfigError, ConfigViolation},
    metrics::Metrics,
};

/// Channels by name. A plugin is a crate with a [`GatewayFactory`] and one line that registers it.
#[derive(Clone)]
pub struct ChannelRegistry {
    factories: BTreeMap<ChannelName, Arc<dyn GatewayFactory>>,
}

/// Two channels of one name: which of them a callback is for could not be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a channel named {0} is registered already")]
pub struct AlreadyRegistered(ChannelName);

impl ChannelRegistry {
    /// No channel.
    #[must_use]
    pub const fn empty() -> Self {
        Self { factories: BTreeMap::new() }
    }

    /// The channels that come with this server.
    ///
    /// # Errors
    /// Only if a channel's own name were none.
    pub fn with_builtin() -> Result<Self, IdentifierError> {
        let builtin: [Arc<dyn GatewayFactory>; 3] = [
            Arc::new(WeChatFactory::new()?),
            Arc::new(AlipayFactory::new()?),
            Arc::new(PaypalFactory::new()?),
        ];
        let factories = builtin.into_iter().map(|factory| (factory.channel(), factory));
        Ok(Self { factories: factories.collect() })
    }

    /// Adds a channel.
    ///
    /// # Errors
    /// [`AlreadyRegistered`] if its name is taken.
    pub fn register(&mut self, factory: Arc<dyn GatewayFactory>) -> Result<(), AlreadyRegistered> {
        let channel = factory.channel();
        if self.factories.contains_key(&channel) {
            return Err(AlreadyRegistered(channel));
        }
        self.factories.insert(channel, factory);
        Ok(())
    }

    /// Checks every account's settings without calling any channel.
    ///
    /// # Errors
    /// Everything that is wrong in all of them.
    pub fn check(&self, config: &Config) -> Result<(), ConfigError> {
        let violations: Vec<_> = account_configs(config)
            .flat_map(|place| match self.factory(&place, config) {
                Ok(factory) => place.located(factory.check(&place.config.settings), config),
                Err(violation) => vec![violation],
            })
            .collect();
        if violations.is_empty() { Ok(()) } else { Err(ConfigError::new(violations)) }
    }

    /// Opens every account, all at once; channels may be called for their keys. A channel that cannot be reached keeps
    /// nothing from opening (see [`GatewayFactory::open`]); what is wrong with one account keeps all of them, because a
    /// merchant whose account quietly is not there loses payments.
    ///
    /// # Errors
    /// Everything that is wrong in all of them.
    pub async fn open(
        &self,
        config: &Config,
        ports: &Ports,
        metrics: &Arc<Metrics>,
    ) -> Result<Accounts, ConfigError> {
        let opening = account_configs(config).map(|place| self.open_one(place, config, ports, metrics));
        let opened = join_all(opening).await;
        let (mut accounts, mut violations) = (Vec::new(), Vec::new());
        for one in opened {
            match one {
                Ok(account) => accounts.push(account),
                Err(problems) => violations.extend(problems),
            }
        }
        if violations.is_empty() { Ok(Accounts::new(accounts)) } else { Err(ConfigError::new(violations)) }
    }

    /// Opens an account with other settings, once they are found in order.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) async fn reopen(
        &self,
        merchant: &MerchantId,
        account: &ChannelAccountId,
        settings: &AccountConfig,
        config: &Config,
        ports: &Ports,
    ) -> Result<Arc<dyn Gateway>, Vec<ConfigViolation>> {
        let place = Place { merchant, account, config: settings };
        let factory = self.factory(&place, config).map_err(|violation| vec![violation])?;
        let wrong = factory.check(&settings.settings);
        if !wrong.is_empty() {
            return Err(place.located(wrong, config));
        }
        let opened = factory.open(&settings.settings, ports).await;
        opened.map_err(|violations| place.located(violations, config))
    }

    async fn open_one(
        &self,
        place: Place<'_>,
        config: &Config,
        ports: &Ports,
        metrics: &Arc<Metrics>,
    ) -> Result<Account, Vec<ConfigViolation>> {
        let factory = self.factory(&place, config).map_err(|violation| vec![violation])?;
        let gateway = factory
            .open(&place.config.settings, ports)
            .await
            .map_err(|violations| place.located(violations, config))?;
        let (metrics, clock) = (Arc::clone(metrics), Arc::clone(&ports.clock));
        let watch = Watch::new(&place.config.channel, place.account, metrics, clock);
        Ok(Account {
            merchant_id: place.merchant.clone(),
            account_id: place.account.clone(),
            channel: place.config.channel.clone(),
            gateway: watch.over(gateway),
            watch,
            notify_url: notify_url(&config.callbacks.public_url, &place.config.channel, place.account),
        })
    }

    fn factory(
        &self,
        place: &Place<'_>,
        config: &Config,
    ) -> Result<&Arc<dyn GatewayFactory>, ConfigViolation> {
        self.factories.get(&place.config.channel).ok_or_else(|| {
            let known: Vec<_> = self.factories.keys().map(ChannelName::as_str).collect();
            config.sources.violation(
                format!("{}.channel", place.key()),
                format!("\"{}\" is no channel of this server", place.config.channel),
                format!("Write one of: {}", known.join(", ")),
            )
        })
    }
}

/// One account in the configuration.
struct Place<'a> {
    merchant: &'a MerchantId,
    account: &'a ChannelAccountId,
    config: &'a AccountConfig,
}

impl Place<'_> {
    fn key(&self) -> String {
        format!("merchants.{}.accounts.{}", self.merchant, self.account)
    }

    /// A channel's complaints about its own keys, seen from the whole configuration.
    fn located(&self, violations: Vec<Violation>, config: &Config) -> Vec<ConfigViolation> {
        let remedy = || {
            format!(
                "Mend this key of the {} account; `payment-server check-config` checks it",
                self.config.channel
            )
        };
        violations
            .into_iter()
            .map(|violation| violation.under(&self.key()))
            .map(|violation| config.sources.violation(violation.field, violation.description, remedy()))
            .collect()
    }
}

fn account_configs(config: &Config) -> impl Iterator<Item = Place<'_>> {
    config.merchants.iter().flat_map(|(merchant, tenant)| {
        tenant.accounts.iter().map(move |(account, config)| Place { merchant, account, config })
    })
}

/// `{public_url}/v1/callbacks/{channel}/{account}`; names need no percent-encoding.
fn notify_url(public_url: &Url, channel: &ChannelName, account: &ChannelAccountId) -> Url {
    let mut url = public_url.clone();
    let path = format!("{}/v1/callbacks/{channel}/{account}", public_url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}
