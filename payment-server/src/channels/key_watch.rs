//! Keys of channel accounts that are replaced while the service runs: the files that settings name are watched, and what
//! they hold is taken once the channel's crate finds it in order. Calls that are under way finish with the old keys.

use payment_core::{
    gateway::AccountSettings,
    identifiers::{ChannelAccountId, MerchantId},
    ports::Ports,
};
use tokio_util::sync::CancellationToken;

use super::{Accounts, ChannelRegistry};
use crate::{
    config::{AccountConfig, Config},
    file_watch::{FileWatch, LOOK},
    lifecycle::Looks,
};

/// Watches the keys of every account that has some in files.
pub struct KeyWatch {
    registry: ChannelRegistry,
    config: Config,
    ports: Ports,
    accounts: Accounts,
    watched: Vec<Watched>,
}

/// One account, and what its files held when they were taken last.
struct Watched {
    merchant: MerchantId,
    account: ChannelAccountId,
    files: FileWatch,
    taken: AccountConfig,
}

impl KeyWatch {
    /// Watches the accounts of `config`, which `accounts` holds open.
    #[must_use]
    pub fn new(registry: &ChannelRegistry, config: &Config, ports: &Ports, accounts: &Accounts) -> Self {
        let of_merchant = |(merchant, tenant): (&MerchantId, &crate::config::Merchant)| {
            let watched = |(account, config): (&ChannelAccountId, &AccountConfig)| {
                let files: Vec<_> = config.files.iter().map(|file| file.path.clone()).collect();
                (!files.is_empty()).then(|| Watched {
                    merchant: merchant.clone(),
                    account: account.clone(),
                    files: FileWatch::of_files_read_before(files),
                    taken: config.clone(),
                })
            };
            tenant.accounts.iter().filter_map(watched).collect::<Vec<_>>()
        };
        let watched = config.merchants.iter().flat_map(of_merchant).collect();
        let (registry, config, ports) = (registry.clone(), config.clone(), ports.clone());
        Self { registry, config, ports, accounts: accounts.clone(), watched }
    }

    /// Keeps watching until the server drains.
    pub async fn run(mut self, draining: CancellationToken) {
        let mut looks = Looks::every(LOOK, draining);
        while looks.next().await {
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let mut watched = std::mem::take(&mut self.watched);
        for one in &mut watched {
            if one.files.settled_change() {
                self.switch(one).await;
            }
        }
        self.watched = watched;
    }

    /// Takes what the files hold, if it is in order and new.
    async fn switch(&self, one: &mut Watched) {
        let (merchant_id, account) = (one.merchant.as_str(), one.account.as_str());
        let read = match one.taken.read_again() {
            Ok(read) if read.settings == one.taken.settings.settings => return,
            Ok(read) => AccountConfig { settings: read, ..one.taken.clone() },
            Err(problem) => {
                tracing::error!(
                    merchant_id,
                    account,
                    problem,
                    "changed keys cannot be read; the old ones stay"
                );
                return;
            }
        };
        match self.registry.reopen(&one.merchant, &one.account, &read, &self.config, &self.ports).await {
            Ok(gateway) => {
                self.accounts.replace_gateway(&one.merchant, &one.account, &gateway);
                one.taken = read;
                tracing::info!(merchant_id, account, "the account's new keys were taken");
            }
            Err(violations) => {
                for problem in violations {
                    tracing::error!(merchant_id, account, %problem, "changed keys are not in order; the old ones stay");
                }
            }
        }
    }
}

impl AccountConfig {
    /// The settings with what the files hold now.
    ///
    /// # Errors
    /// What is wrong with a file, in words for the log.
    fn read_again(&self) -> Result<AccountSettings, String> {
        let mut settings = serde_json::Value::Object(self.settings.settings.clone());
        for file in &self.files {
            let text = file.read().map_err(|problem| format!("{}: {problem}", file.path.display()))?;
            let place = settings.pointer_mut(&file.pointer);
            let place = place.ok_or_else(|| format!("{} is no place in the settings", file.pointer))?;
            *place = text.into();
        }
        let serde_json::Value::Object(settings) = settings else {
            return Err("the settings are no object".to_owned());
        };
        Ok(AccountSettings { account: self.settings.account.clone(), settings })
    }
}
