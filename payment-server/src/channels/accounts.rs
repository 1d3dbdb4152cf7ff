//! The opened channel accounts: found by the caller's merchant, and by the callback URL.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use payment_core::{
    gateway::Gateway,
    identifiers::{ChannelAccountId, ChannelName, MerchantId},
};
use url::Url;

use super::Watch;

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
    /// What counts the calls to it.
    pub watch: Watch,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Account({}/{} of {})", self.channel, self.account_id, self.merchant_id)
    }
}

/// Where an account stands: its keys may be replaced while it is in use, and whoever has taken it out goes on with what
/// it was then.
type Slot = Arc<ArcSwap<Account>>;

/// Every account of every merchant. Clones share them.
#[derive(Debug, Clone)]
pub struct Accounts {
    by_merchant: HashMap<(MerchantId, ChannelAccountId), Slot>,
    by_callback: HashMap<(ChannelName, ChannelAccountId), Slot>,
}

impl Accounts {
    /// These accounts. The configuration has made sure that no two share a callback URL.
    #[must_use]
    pub fn new(accounts: Vec<Account>) -> Self {
        let (mut by_merchant, mut by_callback) = (HashMap::new(), HashMap::new());
        for account in accounts {
            let of_merchant = (account.merchant_id.clone(), account.account_id.clone());
            let of_callback = (account.channel.clone(), account.account_id.clone());
            let slot = Arc::new(ArcSwap::from_pointee(account));
            by_merchant.insert(of_merchant, Arc::clone(&slot));
            by_callback.insert(of_callback, slot);
        }
        Self { by_merchant, by_callback }
    }

    /// The account of this name that this merchant has; other merchants' accounts do not exist for it (R30).
    #[must_use]
    pub fn of_merchant(&self, merchant: &MerchantId, account: &ChannelAccountId) -> Option<Arc<Account>> {
        self.by_merchant.get(&(merchant.clone(), account.clone())).map(|slot| slot.load_full())
    }

    /// The accounts that this merchant has at this channel, in no order.
    pub fn of_merchant_at<'a>(
        &'a self,
        merchant: &'a MerchantId,
        channel: &'a ChannelName,
    ) -> impl Iterator<Item = Arc<Account>> + 'a {
        self.iter().filter(move |account| account.merchant_id == *merchant && account.channel == *channel)
    }

    /// The account that a callback URL names, as it was written there.
    #[must_use]
    pub fn of_callback(&self, channel: &str, account: &str) -> Option<Arc<Account>> {
        let channel = ChannelName::parse(channel).ok()?;
        let account = ChannelAccountId::parse(account).ok()?;
        self.by_callback.get(&(channel, account)).map(|slot| slot.load_full())
    }

    /// Every account, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Account>> {
        self.by_merchant.values().map(|slot| slot.load_full())
    }

    /// Lets every use of an account that begins from now on go by another gateway, under the same watch.
    pub(super) fn replace_gateway(
        &self,
        merchant: &MerchantId,
        account: &ChannelAccountId,
        gateway: &Arc<dyn Gateway>,
    ) {
        if let Some(slot) = self.by_merchant.get(&(merchant.clone(), account.clone())) {
            slot.rcu(|account| {
                let gateway = account.watch.over(Arc::clone(gateway));
                Account { gateway, ..Account::clone(account) }
            });
        }
    }
}
