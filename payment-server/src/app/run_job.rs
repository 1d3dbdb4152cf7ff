//! One look of one job: claim what is due, handle each row, say when it is due again.

use std::{future::Future, sync::Arc};

use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use payment_core::{
    identifiers::{ChannelAccountId, MerchantId, PaymentNo, RefundNo},
    payment::Payment,
    schedule::{Schedule, Schedules},
};
use payment_store::{AccountOf, Claim, ClaimLimits, DuePayments, DueRefund, NextCheck};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{App, command::ChannelContact, error::AppError, operate::JobRun};
use crate::jobs::{Guard, Handled, Job, Report, Rest, Settings, is_failed};

/// How long a row waits whose account is not in the configuration any more: short enough that an alert about failed rows
/// goes on until somebody puts the account back.
const WITHOUT_ACCOUNT: time::Duration = time::Duration::minutes(5);

/// How many batches a job takes one after the other without a pause, before any of them is handled.
const BATCHES_IN_HAND: usize = 4;

/// A row that was claimed, and the handling of it. It goes on to its end once it has begun.
pub(crate) type RowInHand = BoxFuture<'static, Result<Handled, AppError>>;

/// What a look took.
pub(crate) struct Taken {
    rows: Vec<RowInHand>,
    pub(crate) rest: Rest,
}

impl App {
    /// Cancelled once the application begins to end.
    pub(crate) fn draining(&self) -> CancellationToken {
        self.lifecycle.draining.clone()
    }

    /// Runs one look of a job to its end. Safe from any number of replicas at once.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`] if nothing could be claimed.
    pub async fn run_job(self: &Arc<Self>, job: Job, settings: Settings) -> Result<Report, AppError> {
        let taken = self.begin_look(job, settings).await?;
        Ok(self.finish_look(job, taken).await)
    }

    /// Claims what is due, but for accounts of which this job has enough in hand already.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`] if nothing could be claimed.
    pub(crate) async fn begin_look(
        self: &Arc<Self>,
        job: Job,
        settings: Settings,
    ) -> Result<Taken, AppError> {
        let claimed = match job {
            Job::PaymentSuccess => self.claim_payments(job, DuePayments::ToAsk, settings).await,
            Job::PaymentClose => self.claim_payments(job, DuePayments::ToClose, settings).await,
            Job::PaymentDuplicate => self.find_duplicates(settings).await,
            Job::RefundSuccess => self.claim_refunds(settings).await,
        };
        if claimed.is_err() {
            self.job_board.note(job, JobRun { time: self.now(), report: None });
        }
        claimed
    }

    /// Handles what was claimed, all of it at once as far as the accounts' guards let it.
    pub(crate) async fn finish_look(&self, job: Job, taken: Taken) -> Report {
        let report = report(join_all(taken.rows).await);
        self.metrics.looked(job, report);
        self.job_board.note(job, JobRun { time: self.now(), report: Some(report) });
        report
    }

    async fn claim_payments(
        self: &Arc<Self>,
        job: Job,
        which: DuePayments,
        settings: Settings,
    ) -> Result<Taken, AppError> {
        let except = self.guards.with_full_hands(job);
        let claims = self.store.payments_claim_due(which, self.now(), limits(settings, &except)).await?;
        let look =
            move |app: Arc<Self>, claim| async move { app.look_at_payment(job, claim, settings).await };
        Ok(self.take_in_hand(job, claims, settings, &except, look))
    }

    /// Waits until there is room in a job's hands for the rows of an account of which they were full.
    pub(crate) async fn room_in_hands(&self, job: Job) {
        self.guards.room(job).await;
    }

    /// Claimed rows, which count as in hand until they are handled, and what was left where it was.
    fn take_in_hand<Number, F: Future<Output = Result<Handled, AppError>> + Send + 'static>(
        self: &Arc<Self>,
        job: Job,
        claims: Vec<Claim<Number>>,
        settings: Settings,
        except: &[AccountOf],
        look: impl Fn(Arc<Self>, Claim<Number>) -> F,
    ) -> Taken {
        let is_full = claims.len() >= usize::from(settings.batch);
        let rows = claims.into_iter().map(|claim| {
            let guard = self.guards.of(&claim.merchant_id, &claim.channel_account, settings.calls_in_flight);
            self.in_hand(job, &guard, look(Arc::clone(self), claim))
        });
        let rows = rows.collect();
        let rest = match (is_full, except) {
            (false, []) => Rest::Nothing,
            (true, _) if self.has_hands_free(job, settings) => Rest::Waits,
            (true | false, _) => Rest::WaitsForRoom,
        };
        Taken { rows, rest }
    }

    fn in_hand(
        self: &Arc<Self>,
        job: Job,
        guard: &Arc<Guard>,
        handling: impl Future<Output = Result<Handled, AppError>> + Send + 'static,
    ) -> RowInHand {
        let (app, hand) = (Arc::clone(self), guard.take_in_hand(job));
        async move {
            let handled = app.detached(handling).await;
            if !is_failed(&handled) {
                hand.put_down();
            }
            handled
        }
        .boxed()
    }

    /// Whether a job may take more at once. Beyond some batches in hand, rows would wait for connections, and longer than
    /// their lease.
    fn has_hands_free(&self, job: Job, settings: Settings) -> bool {
        self.guards.rows_in_hand(job) < usize::from(settings.batch) * BATCHES_IN_HAND
    }

    async fn look_at_payment(
        &self,
        job: Job,
        claim: Claim<PaymentNo>,
        settings: Settings,
    ) -> Result<Handled, AppError> {
        let payment = self.payment(&claim.merchant_id, &claim.number).await?;
        let account = payment.channel_account.clone();
        let step = async || {
            let span = tracing::info_span!("look", job = job.as_str(), payment.no = %payment.payment_no);
            self.in_trace_of(&payment.payment_no, span, self.step_payment(job, &payment).boxed()).await
        };
        let outcome = self.guarded(&claim, &account, settings, step).await?;
        let next = match payment.times.end.filter(|_| !payment.state.is_open()) {
            None => self.next_check_of_open(job, &payment, claim.checks, outcome),
            Some(end) => self.next_late_look(&payment, end, claim.checks, outcome),
        };
        self.store.payment_reschedule(&claim, next).await?;
        Ok(outcome.handled())
    }

    fn next_check_of_open(&self, job: Job, payment: &Payment, checks: u32, outcome: Outcome) -> NextCheck {
        let schedules = self.schedules_of(&payment.merchant_id, &payment.channel_account);
        let at_rest = job == Job::PaymentSuccess && payment.is_at_rest();
        let schedule = if at_rest { schedules.hold } else { job.schedule(schedules) };
        let next = self.next_check(schedule, checks, outcome);
        no_later_than_closing(job, next, payment.end_of_time(), self.now())
    }

    /// What ended is looked at a few times more, for money that comes all the same. Only an answer counts as a look.
    fn next_late_look(
        &self,
        payment: &Payment,
        end: OffsetDateTime,
        looks: u32,
        outcome: Outcome,
    ) -> NextCheck {
        let late = self.schedules_of(&payment.merchant_id, &payment.channel_account).late;
        match outcome {
            Outcome::Asked(Handled::Answered | Handled::NotAsked) => {
                let looks = looks.saturating_add(1);
                NextCheck { time: late.next(end, looks), checks: looks }
            }
            Outcome::Asked(Handled::Unanswered | Handled::WithoutAccount)
            | Outcome::LeftAlone(_)
            | Outcome::WithoutAccount => {
                let time = late.again(end, self.now());
                if time.is_none() {
                    tracing::warn!(payment.no = %payment.payment_no, "the channel gave no answer to the last look at an ended payment");
                }
                NextCheck { time, checks: looks }
            }
        }
    }

    async fn step_payment(&self, job: Job, payment: &Payment) -> Result<Handled, AppError> {
        let account = self.account_of(payment)?;
        let synced = match job {
            Job::PaymentClose => self.close(payment.clone(), &account).await?,
            Job::PaymentSuccess if self.is_to_be_let_go(payment).await? => {
                self.close(payment.clone(), &account).await?
            }
            Job::PaymentSuccess | Job::PaymentDuplicate | Job::RefundSuccess => {
                self.ask(payment, &account).await?
            }
        };
        Ok(handled(synced.contact))
    }

    async fn find_duplicates(self: &Arc<Self>, settings: Settings) -> Result<Taken, AppError> {
        let found = self.store.duplicates_find(settings.batch).await?;
        let in_hand = found.into_iter().map(|(merchant_id, payment_no)| {
            let app = Arc::clone(self);
            async move {
                tracing::error!(payment.no = %payment_no, "a duplicate was not being given back; it is now");
                let work = Arc::clone(&app);
                let ensure = async move {
                    work.store.duplicates_ensure_refunded(&merchant_id, &payment_no, work.now()).await?;
                    Ok(Handled::Answered)
                };
                app.detached(ensure).await
            }
            .boxed()
        });
        let rows: Vec<_> = in_hand.collect();
        // What was found is found again until it is handled, so the next look is after that.
        let rest = if rows.len() < usize::from(settings.batch) { Rest::Nothing } else { Rest::WaitsForRoom };
        Ok(Taken { rows, rest })
    }

    async fn claim_refunds(self: &Arc<Self>, settings: Settings) -> Result<Taken, AppError> {
        let job = Job::RefundSuccess;
        let except = self.guards.with_full_hands(job);
        let claims = self.store.refunds_claim_due(self.now(), limits(settings, &except)).await?;
        let look = move |app: Arc<Self>, claim| async move { app.look_at_refund(claim, settings).await };
        Ok(self.take_in_hand(job, claims, settings, &except, look))
    }

    async fn look_at_refund(&self, claim: DueRefund, settings: Settings) -> Result<Handled, AppError> {
        let refund_no: &RefundNo = &claim.number;
        let refund = self.store.refund_get(&claim.merchant_id, refund_no).await?;
        let refund = refund.ok_or_else(|| AppError::RefundNotFound(refund_no.clone()))?;
        let account = refund.channel_account.clone();
        let step = async || {
            let job = Job::RefundSuccess.as_str();
            let span =
                tracing::info_span!("look", job, payment.no = %refund.payment_no, refund.no = %refund_no);
            let driving = self.drive_refund(refund.clone()).boxed();
            let driven = self.in_trace_of(&refund.payment_no, span, driving).await?;
            Ok(driven.contact.map_or(Handled::NotAsked, handled))
        };
        let outcome = self.guarded(&claim, &account, settings, step).await?;
        let schedule = Job::RefundSuccess.schedule(self.schedules_of(&claim.merchant_id, &account));
        let next = self.next_check(schedule, claim.checks, outcome);
        self.store.refund_reschedule(&claim, next).await?;
        Ok(outcome.handled())
    }

    /// Takes a step if the account's guard lets it; otherwise says how long to wait.
    async fn guarded<Number, F: Future<Output = Result<Handled, AppError>>>(
        &self,
        claim: &Claim<Number>,
        account: &ChannelAccountId,
        settings: Settings,
        step: impl FnOnce() -> F,
    ) -> Result<Outcome, AppError> {
        if self.accounts.of_merchant(&claim.merchant_id, account).is_none() {
            tracing::error!(channel.account = %account, "due work of an account that is not configured");
            return Ok(Outcome::WithoutAccount);
        }
        let guard = self.guards.of(&claim.merchant_id, account, settings.calls_in_flight);
        let _call = match guard.enter(claim.lease_end, || self.now()).await {
            Ok(permit) => permit,
            Err(pause) => return Ok(Outcome::LeftAlone(pause)),
        };
        let handled = step().await?;
        guard.leave(handled, self.now());
        Ok(Outcome::Asked(handled))
    }

    /// What the channel of an account declares. The rows of one that is not configured any more wait in any case.
    fn schedules_of(&self, merchant: &MerchantId, account: &ChannelAccountId) -> Schedules {
        let account = self.accounts.of_merchant(merchant, account);
        account.map_or(Schedules::USUAL, |account| account.gateway.capabilities().schedules)
    }

    fn next_check(&self, schedule: Schedule, checks: u32, outcome: Outcome) -> NextCheck {
        match outcome {
            // Nobody was asked, so the steps do not grow: what waited out an outage is asked about soon after it.
            Outcome::LeftAlone(pause) => NextCheck { time: Some(self.now() + pause), checks },
            Outcome::WithoutAccount => NextCheck { time: Some(self.now() + WITHOUT_ACCOUNT), checks },
            Outcome::Asked(_) => {
                let checks = checks.saturating_add(1);
                let mut chance = [0];
                self.randomness.fill(&mut chance);
                let [chance] = chance;
                NextCheck { time: Some(self.now() + schedule.delay(checks, chance)), checks }
            }
        }
    }
}

/// A payment that may still be paid is looked at when its time is over at the latest, for its closing begins then, with short
/// steps again.
fn no_later_than_closing(
    job: Job,
    next: NextCheck,
    expire: OffsetDateTime,
    now: OffsetDateTime,
) -> NextCheck {
    if job == Job::PaymentSuccess && next.time.is_some_and(|time| time > expire) {
        return NextCheck { time: Some(expire.max(now)), checks: 0 };
    }
    next
}

const fn limits(settings: Settings, except: &[AccountOf]) -> ClaimLimits<'_> {
    ClaimLimits { lease: settings.lease, rows: settings.batch, except }
}

/// What came of one row.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The channel was asked.
    Asked(Handled),
    /// It was not, and is not to be for this long.
    LeftAlone(time::Duration),
    /// It cannot be: the account is not in the configuration.
    WithoutAccount,
}

impl Outcome {
    const fn handled(self) -> Handled {
        match self {
            Self::Asked(handled) => handled,
            Self::LeftAlone(_) => Handled::Unanswered,
            Self::WithoutAccount => Handled::WithoutAccount,
        }
    }
}

const fn handled(contact: ChannelContact) -> Handled {
    match contact {
        ChannelContact::Answered => Handled::Answered,
        ChannelContact::NotReached => Handled::Unanswered,
    }
}

fn report(outcomes: Vec<Result<Handled, AppError>>) -> Report {
    let mut report = Report { claimed: outcomes.len(), ..Report::default() };
    for outcome in outcomes {
        if let Err(error) = &outcome {
            tracing::error!(%error, "a due row could not be handled; it is due again when its lease ends");
        }
        report.count(&outcome);
    }
    report
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    #[test]
    fn r20_closing_begins_when_the_time_is_over_and_is_repeated_at_its_own_pace() {
        let expire = datetime!(2026-11-28 08:30 UTC);
        let (before, after) = (expire - Duration::MINUTE, expire + Duration::MINUTE);
        let at = |time| NextCheck { time: Some(time), checks: 7 };
        let closing = |time| NextCheck { time: Some(time), checks: 0 };
        for (job, next, now, planned) in [
            (Job::PaymentSuccess, before, before, at(before)),
            (Job::PaymentSuccess, expire, before, at(expire)),
            (Job::PaymentSuccess, after, before, closing(expire)),
            (Job::PaymentSuccess, after + Duration::MINUTE, after, closing(after)),
            (Job::PaymentClose, after + Duration::MINUTE, after, at(after + Duration::MINUTE)),
        ] {
            assert_eq!(no_later_than_closing(job, at(next), expire, now), planned, "{job:?} at {next}");
        }
    }
}
