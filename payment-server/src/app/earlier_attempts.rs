//! What `CreatePayment` does about earlier attempts that may still be paid (R11): it asks their channels, all at once and
//! within one deadline, and closes what it cannot hand out again.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::join_all};
use payment_core::{
    identifiers::PaymentNo,
    payment::{
        Payment,
        create::{CreateContent, EarlierAttempt, earlier_attempt},
        state::PaymentState,
    },
};
use payment_store::payment::EarlierVerdict;
use tokio::time::{Instant, timeout_at};

use super::{
    App,
    command::{ChannelContact, EarlierAttemptPolicy, SyncedPayment},
    error::AppError,
};
use crate::channels::Account;

/// How long one `CreatePayment` waits: one deadline for all attempts, those too that come while others are asked.
pub(super) struct Patience {
    whole: Duration,
    deadline: Option<Instant>,
}

impl Patience {
    pub(super) const fn of(whole: Duration) -> Self {
        Self { whole, deadline: None }
    }

    /// Runs from the first call on: from when there is something to wait for.
    pub(super) fn deadline(&mut self) -> Instant {
        *self.deadline.get_or_insert_with(|| Instant::now() + self.whole)
    }
}

/// What came of one attempt.
enum Settled {
    /// It is decided: paid, closed or failed. The next look under the lock sees it.
    Decided,
    /// It is the same as what is wanted, and can be handed out.
    Reusable,
    /// It may still be paid, and nothing proves the contrary.
    Unresolved,
}

impl App {
    /// Settles earlier attempts; gives a verdict on each that stays open.
    pub(super) async fn settle_earlier_attempts(
        self: &Arc<Self>,
        attempts: Vec<Payment>,
        wanted: &CreateContent,
        policy: EarlierAttemptPolicy,
        deadline: Instant,
    ) -> Result<Vec<(PaymentNo, EarlierVerdict)>, AppError> {
        // Of several reusable attempts only the newest is handed out again, the others are closed.
        let newest = attempts.iter().map(|attempt| attempt.payment_no.clone()).max();
        let settle = attempts.into_iter().map(|attempt| {
            let may_reuse = Some(&attempt.payment_no) == newest.as_ref();
            self.settle_until(deadline, attempt, wanted.clone(), may_reuse)
        });
        let mut verdicts = Vec::new();
        for (payment_no, settled) in join_all(settle).await {
            match (settled?, policy) {
                (Settled::Decided, _) => {}
                (Settled::Reusable, _) => verdicts.push((payment_no, EarlierVerdict::Reuse)),
                (Settled::Unresolved, EarlierAttemptPolicy::Proceed) => {
                    verdicts.push((payment_no, EarlierVerdict::Tolerate));
                }
                (Settled::Unresolved, EarlierAttemptPolicy::Refuse) => {
                    return Err(AppError::EarlierAttemptUnresolved { payment_no });
                }
            }
        }
        Ok(verdicts)
    }

    /// The deadline ends our waiting, not the work: what the channel says is recorded all the same.
    async fn settle_until(
        self: &Arc<Self>,
        deadline: Instant,
        attempt: Payment,
        wanted: CreateContent,
        may_reuse: bool,
    ) -> (PaymentNo, Result<Settled, AppError>) {
        let payment_no = attempt.payment_no.clone();
        let app = Arc::clone(self);
        let work = self.detached(async move { app.settle(attempt, &wanted, may_reuse).await });
        let settled = timeout_at(deadline, work).await;
        (payment_no, settled.unwrap_or(Ok(Settled::Unresolved)))
    }

    async fn settle(
        &self,
        attempt: Payment,
        wanted: &CreateContent,
        may_reuse: bool,
    ) -> Result<Settled, AppError> {
        let Ok(account) = self.account_of(&attempt) else { return Ok(Settled::Unresolved) };
        let attempt = self.wait_while_announced_elsewhere(attempt).await?;
        let SyncedPayment { payment, contact } = self.ask(&attempt, &account).await?;
        if !payment.state.is_open() {
            return Ok(Settled::Decided);
        }
        if contact == ChannelContact::NotReached {
            return Ok(Settled::Unresolved);
        }
        match earlier_attempt(&payment, wanted, self.now()) {
            EarlierAttempt::Reuse if may_reuse => self.complete(payment, &account).await,
            EarlierAttempt::Reuse | EarlierAttempt::Replace => self.replace(payment, &account).boxed().await,
        }
    }

    /// An attempt whose creator died before the channel answered is announced again, with the same bytes.
    async fn complete(&self, payment: Payment, account: &Account) -> Result<Settled, AppError> {
        if payment.state != PaymentState::Initiating {
            return Ok(Settled::Reusable);
        }
        match self.announce(payment, account).await {
            Ok(created) if created.payment.state == PaymentState::Initiating => Ok(Settled::Unresolved),
            Ok(created) if created.payment.state.is_open() => Ok(Settled::Reusable),
            Ok(_) | Err(AppError::ChannelRefused { .. }) => Ok(Settled::Decided),
            Err(AppError::ChannelUnavailable { .. }) => Ok(Settled::Unresolved),
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, payment: Payment, account: &Account) -> Result<Settled, AppError> {
        let closed = self.close(payment, account).await?;
        if closed.payment.state.is_open() { Ok(Settled::Unresolved) } else { Ok(Settled::Decided) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn r11_attempts_that_come_while_others_are_asked_have_what_is_left_of_one_deadline() {
        let whole = Duration::from_secs(5);
        let mut patience = Patience::of(whole);
        tokio::time::advance(whole).await;
        let deadline = patience.deadline();
        assert_eq!(deadline - Instant::now(), whole, "it begins with the first question");
        tokio::time::advance(whole).await;
        assert_eq!(patience.deadline(), deadline);
    }
}
