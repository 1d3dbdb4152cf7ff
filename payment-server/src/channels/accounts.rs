//! The opened channel accounts: found by the caller's merchant, and by the callback URL.

use std::{collections::HashMap, sync::Arc};

use payment_core::{
    gateway::Gateway,
    identifiers::{ChannelAccountId, ChannelName, MerchantId},
};
use url::Url;

/// One merchant's account at one channel, ready for use.
#[derive(Clone)]
pub struct Account {
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Its name.
    pub account_id: ChannelAccountId,
    /// Where it is.
    pub channel: ChannelName,
    /// The way to it.
    pub gateway: Arc<dyn Gateway>,
    /// Where the channel shall notify us about it.
    pub notify_url: Url,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Account({}/{} of {})", self.channel, self.account_id, self.merchant_id)
    }
}

/// Every account of every merchant.
#[derive(Debug, Clone)]
pub struct Accounts {
    by_merchant: HashMap<(MerchantId, ChannelAccountId), Arc<Account>>,
    by_callback: HashMap<(ChannelName, ChannelAccountId), Arc<Account>>,
}

impl Accounts {
    /// These accounts. The configuration has made sure that no two share a callback URL.
    #[must_use]
    pub fn new(accounts: Vec<Account>) -> Self {
        let accounts: Vec<_> = accounts.into_iter().map(Arc::new).collect();
        let by_merchant = accounts
            .iter()
            .map(|account| ((account.merchant_id.clone(), account.account_id.clone()), Arc::clone(account)));
        let by_callback = accounts
            .iter()
            .map(|account| ((account.channel.clone(), account.account_id.clone()), Arc::clone(account)));
        Self { by_merchant: by_merchant.collect(), by_callback: by_callback.collect() }
    }

    /// The account of this name that this merchant has; other merchants' accounts do not exist for it (R30).
    #[must_use]
    pub fn of_merchant(&self, merchant: &MerchantId, account: &ChannelAccountId) -> Option<&Arc<Account>> {
        self.by_merchant.get(&(merchant.clone(), account.clone()))
    }

    /// The accounts that this merchant has at this channel, in no order.
    pub fn of_merchant_at<'a>(
        &'a self,
        merchant: &'a MerchantId,
        channel: &'a ChannelName,
    ) -> impl Iterator<Item = &'a Arc<Account>> {
        self.iter().filter(move |account| account.merchant_id == *merchant && account.channel == *channel)
    }

    /// The account that a callback URL names, as it was written there.
    #[must_use]
    pub fn of_callback(&self, channel: &str, account: &str) -> Option<&Arc<Account>> {
        let channel = ChannelName::parse(channel).ok()?;
        let account = ChannelAccountId::parse(account).ok()?;
        self.by_callback.get(&(channel, account))
    }

    /// Every account, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.by_merchant.values()
    }
}
