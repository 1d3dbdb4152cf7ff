//! How often each merchant and each operator may call: one that runs wild must not take the others' turn.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use payment_core::identifiers::{MerchantId, OperatorName};
use tokio::time::Instant;

use crate::{
    app::principal::KeyHolder,
    config::{Config, Rate},
};

/// A limiter for each of those whom the configuration knows. All keys of a merchant share one.
pub struct RateLimits {
    merchants: HashMap<MerchantId, Limiter>,
    operators: HashMap<OperatorName, Limiter>,
    /// What those share who came into the configuration since the start.
    newcomers: Option<Limiter>,
}

impl RateLimits {
    /// The limits of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let merchants = config.merchants.iter().map(|(id, merchant)| {
            let rate = merchant.rate.unwrap_or(config.grpc.rate);
            (id.clone(), Limiter::new(rate))
        });
        let operators = config.operators.keys().map(|name| (name.clone(), Limiter::new(config.grpc.rate)));
        let newcomers = Some(Limiter::new(config.grpc.rate));
        Self { merchants: merchants.collect(), operators: operators.collect(), newcomers }
    }

    /// No limits at all.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { merchants: HashMap::new(), operators: HashMap::new(), newcomers: None }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// How long to wait, if there were too many.
    pub(super) fn count(&self, holder: &KeyHolder) -> Result<(), Duration> {
        let limiter = match holder {
            KeyHolder::Merchant { caller, .. } => self.merchants.get(&caller.merchant_id),
            KeyHolder::Operator(operator) => self.operators.get(&operator.name),
        };
        limiter.or(self.newcomers.as_ref()).map_or(Ok(()), Limiter::count)
    }
}

/// The generic cell rate algorithm: one number says when the next call would come if all came evenly. A call may come as
/// much earlier than that as the burst allows. Nothing runs while nobody calls.
struct Limiter {
    begin: Instant,
    /// Nanoseconds between two calls that come evenly.
    spacing: u64,
    /// Nanoseconds that a call may come early.
    tolerance: u64,
    /// When the next even call is due, in nanoseconds since the beginning.
    due: AtomicU64,
}

impl Limiter {
    fn new(rate: Rate) -> Self {
        let spacing = 1_000_000_000 / u64::from(rate.calls_per_second.max(1));
        let tolerance = spacing.saturating_mul(u64::from(rate.calls_burst.saturating_sub(1)));
        Self { begin: Instant::now(), spacing, tolerance, due: AtomicU64::new(0) }
    }

    fn count(&self) -> Result<(), Duration> {
        let now = u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let next = |due: u64| {
            let due = due.max(now);
            (due - now <= self.tolerance).then(|| due.saturating_add(self.spacing))
        };
        match self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(_) => Ok(()),
            Err(due) => Err(Duration::from_nanos((due - now).saturating_sub(self.tolerance))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limiter: &Limiter, calls: usize) -> usize {
        (0..calls).filter(|_| limiter.count().is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_so_many_in_a_second() {
        let limiter = Limiter::new(Rate { calls_per_second: 10, calls_burst: 30 });
        assert_eq!(admitted(&limiter, 100), 30);
        let wait = limiter.count().expect_err("too many");
        assert_eq!(wait, Duration::from_millis(100));
        tokio::time::advance(wait - Duration::from_nanos(1)).await;
        assert!(limiter.count().is_err(), "the wait that is told is exact");
        tokio::time::advance(Duration::from_nanos(1)).await;
        assert_eq!(admitted(&limiter, 100), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(admitted(&limiter, 100), 10);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(admitted(&limiter, 100), 30, "an hour's silence saves up no more than a burst");
    }
}
