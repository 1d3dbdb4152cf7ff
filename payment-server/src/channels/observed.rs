//! What this process sees of each channel account: how calls end, and queries that were proven wrong later.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use payment_core::gateway::{Finding, GatewayError};
use time::{Duration, OffsetDateTime};

/// How far the channel's clock and ours may be apart before a wrong answer is called a lie.
const CLOCKS_APART: Duration = Duration::seconds(5);

/// How many unpaid payments are remembered of one account. Beyond that the memory begins anew: lies are counted to be
/// noticed, not to be billed.
const REMEMBERED: usize = 10_000;

/// What this process saw of one account since it was started.
#[derive(Debug)]
pub(super) struct Observed {
    since: OffsetDateTime,
    answered: AtomicU64,
    refused: AtomicU64,
    not_sent: AtomicU64,
    unknown: AtomicU64,
    query_lies: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// When the channel last called a payment unpaid or unknown, by number.
    denied: HashMap<String, OffsetDateTime>,
    last_failure: Option<OffsetDateTime>,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Since when they count.
    pub since: OffsetDateTime,
    /// Calls that the channel answered.
    pub answered: u64,
    /// Calls that it refused with a reason.
    pub refused: u64,
    /// Calls that certainly did not reach it.
    pub not_sent: u64,
    /// Calls whose outcome is unknown.
    pub unknown: u64,
    /// Payments that it called unpaid or unknown although they were paid, as it proved later.
    pub query_lies: u64,
    /// The last call that was not answered.
    pub last_failure: Option<OffsetDateTime>,
}

impl Observed {
    /// Nothing seen yet.
    #[must_use]
    pub(super) fn since(since: OffsetDateTime) -> Self {
        Self {
            since,
            answered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            not_sent: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            query_lies: AtomicU64::new(0),
            memory: Mutex::default(),
        }
    }

    /// The counts now.
    #[must_use]
    pub(super) fn observation(&self) -> Observation {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Observation {
            since: self.since,
            answered: count(&self.answered),
            refused: count(&self.refused),
            not_sent: count(&self.not_sent),
            unknown: count(&self.unknown),
            query_lies: count(&self.query_lies),
            last_failure: self.memory.lock().unwrap_or_else(PoisonError::into_inner).last_failure,
        }
    }

    pub(super) fn count<T>(&self, outcome: &Result<T, GatewayError>, now: OffsetDateTime) {
        let (counter, failed) = match outcome {
            Ok(_) => (&self.answered, false),
            Err(GatewayError::Refused { .. }) => (&self.refused, false),
            Err(GatewayError::NotSent(_)) => (&self.not_sent, true),
            Err(GatewayError::Unknown(_)) => (&self.unknown, true),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.memory.lock().unwrap_or_else(PoisonError::into_inner).last_failure = Some(now);
        }
    }

    /// Remembers a "not paid", and finds out whether an earlier one was wrong.
    pub(super) fn heard(&self, payment_no: &str, finding: &Finding, now: OffsetDateTime) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match finding {
            Finding::AwaitingPayer | Finding::NotFound => {
                if memory.denied.len() >= REMEMBERED {
                    memory.denied.clear();
                }
                memory.denied.insert(payment_no.to_owned(), now);
            }
            Finding::Paid(paid) => {
                let denied = memory.denied.remove(payment_no);
                let lied =
                    denied.zip(paid.paid_time).is_some_and(|(denied, paid)| denied > paid + CLOCKS_APART);
                if lied {
                    self.query_lies.fetch_add(1, Ordering::Relaxed);
                }
            }
            Finding::Closed | Finding::Failed(_) => drop(memory.denied.remove(payment_no)),
            // Consent and a hold are no money yet, and "pending" neither affirms nor denies.
            Finding::Approved(_) | Finding::Held(_) | Finding::Pending => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use payment_core::{
        gateway::PaidFinding,
        identifiers::{ChannelTransactionNo, Payee},
        money::{Currency, Money},
    };
    use time::macros::datetime;

    const PAID: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn paid() -> Finding {
        Finding::Paid(PaidFinding {
            transaction_no: ChannelTransactionNo::parse("4200").expect("a number"),
            amount: Money::new(Currency::CNY, 100),
            payee: Payee::parse("m/a").expect("a payee"),
            paid_time: Some(PAID),
        })
    }

    #[test]
    fn a_denial_after_the_money_is_a_lie_and_one_before_is_none() {
        let observed = Observed::since(PAID);
        observed.heard("P1", &Finding::AwaitingPayer, PAID - Duration::SECOND);
        observed.heard("P1", &paid(), PAID + Duration::SECOND);
        observed.heard("P2", &Finding::NotFound, PAID + Duration::seconds(4));
        observed.heard("P2", &paid(), PAID + Duration::seconds(9));
        assert_eq!(observed.observation().query_lies, 0, "before, and within what clocks may differ by");
        observed.heard("P3", &Finding::AwaitingPayer, PAID + Duration::seconds(6));
        observed.heard("P3", &paid(), PAID + Duration::seconds(9));
        observed.heard("P3", &paid(), PAID + Duration::seconds(9));
        assert_eq!(observed.observation().query_lies, 1, "one payment, one lie");
    }

    #[test]
    fn calls_are_counted_by_their_certainty() {
        let observed = Observed::since(PAID);
        observed.count(&Ok(()), PAID);
        observed.count::<()>(&Err(GatewayError::NotSent(String::new())), PAID);
        assert_eq!(observed.observation().last_failure, Some(PAID));
        observed.count::<()>(&Err(GatewayError::Unknown(String::new())), PAID + Duration::SECOND);
        let seen = observed.observation();
        assert_eq!((seen.answered, seen.refused, seen.not_sent, seen.unknown), (1, 0, 1, 1));
        assert_eq!(seen.last_failure, Some(PAID + Duration::SECOND));
    }
}
