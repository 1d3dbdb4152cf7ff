//! How each channel account does: by the records of the window, and by what this process saw.

use payment_core::identifiers::{ChannelAccountId, ChannelName, MerchantId};
use payment_store::operator::{AccountHealth, HealthWindow};
use time::{Duration, OffsetDateTime};

use super::super::{App, error::AppError};
use crate::channels::Observation;

/// How many payments one answer looks at.
const PAYMENTS: i64 = 10_000;

/// One account's health.
#[derive(Debug, Clone)]
pub struct ChannelHealth {
    /// The channel.
    pub channel: ChannelName,
    /// The account.
    pub channel_account: ChannelAccountId,
    /// What the records say; none without a payment in the window.
    pub recorded: Option<AccountHealth>,
    /// What this process saw.
    pub observed: Observation,
    /// Whether jobs leave it alone now.
    pub breaker_is_open: bool,
}

impl App {
    /// The health of each configured account of a merchant, by name, and from when on payments were looked at.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn channel_health(
        &self,
        merchant: &MerchantId,
        window: Duration,
    ) -> Result<(Vec<ChannelHealth>, OffsetDateTime), AppError> {
        let now = self.now();
        let from = now - window;
        let looked_at = HealthWindow { merchant_id: merchant.clone(), from, limit: PAYMENTS };
        let recorded = self.store.channel_health(&looked_at).await?;
        let of_merchant = self.accounts.iter().filter(|account| account.merchant_id == *merchant);
        let mut health: Vec<_> = of_merchant
            .map(|account| ChannelHealth {
                channel: account.channel.clone(),
                channel_account: account.account_id.clone(),
                recorded: recorded
                    .iter()
                    .find(|found| {
                        found.channel == account.channel && found.channel_account == account.account_id
                    })
                    .cloned(),
                observed: account.watch.observation(),
                breaker_is_open: self.guards.is_open(merchant, &account.account_id, now),
            })
            .collect();
        health.sort_by(|one, other| one.channel_account.cmp(&other.channel_account));
        Ok((health, from))
    }
}
