//! The use cases. Each checks, asks channels outside of any transaction, and lets the store apply what they said; none
//! knows gRPC, HTTP or SQL.
//!
//! Writes run in tasks of their own that callers only await: a caller that goes away, or a deadline that passes, must
//! not leave a transaction open or a channel's answer unrecorded.

mod acting;
pub mod api_keys;
mod ask;
mod backlog;
mod capture;
mod capture_payment;
mod changes;
mod close_payment;
pub mod command;
mod confirm_payment;
pub mod crash_point;
mod create_payment;
mod create_refund;
mod drive_refund;
mod earlier_attempts;
pub mod error;
mod feed;
mod hand_out;
mod handle_notification;
pub mod operate;
pub mod principal;
mod read;
mod run_job;
mod together;
mod turns;
mod watch_payment;
pub mod webhooks;

pub(crate) use acting::acting_for;
pub use feed::{Delivery, FeedSettings, consume, keep_feeds};
pub use handle_notification::Notifications;
pub(crate) use run_job::Taken;

use std::{future::Future, sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    gateway::Finding,
    identifiers::{ChannelAccountId, MerchantId, PaymentNo},
    payment::{Payment, apply::Happening, state::PaymentState},
    ports::{Clock, Randomness},
};
use payment_store::{
    Lane, NotificationRecord, Store, StoreError,
    payment::{Applied, ApplyRequest, Effect},
};
use time::OffsetDateTime;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span};

use crate::{
    channels::{Account, Accounts},
    jobs::{Guards, Settings},
    lifecycle::Lifecycle,
    metrics::Metrics,
    telemetry::traces::continue_trace,
};
use changes::Changes;
use command::{Caller, EarlierAttemptPolicy};
use error::AppError;
use feed::Tails;
use operate::{CaseSteps, JobBoard};
use payment_core::{
    case::resolution::ApprovalLimits,
    evidence::{Evidence, Source},
};
use together::Together;
use turns::Turns;
use webhooks::Webhooks;

/// What the configuration lets the use cases decide.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long a payer may pay where the caller does not say.
    pub time_to_pay: time::Duration,
    /// How long `CreatePayment` may spend on asking about earlier attempts, all of them together.
    pub earlier_attempts_deadline: Duration,
    /// What to do about an earlier attempt whose channel cannot be asked, where the caller does not say.
    pub earlier_attempt_policy: EarlierAttemptPolicy,
    /// Whether what happens to a payment is told as a part of its caller's trace: of use only where spans are sent.
    pub joins_traces: bool,
    /// When a second person must agree to how a case is resolved.
    pub approval_limits: ApprovalLimits,
    /// At which ages unresolved cases are told about.
    pub case_steps: CaseSteps,
    /// How a job looks that an operator starts.
    pub jobs: Settings,
}

/// The application: everything that the use cases need.
pub struct App {
    store: Store,
    accounts: Accounts,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    policy: Policy,
    changes: Changes,
    turns: Turns,
    together: Together<ApplyRequest, Applied>,
    feeds: Arc<Tails>,
    guards: Guards,
    webhooks: Webhooks,
    metrics: Arc<Metrics>,
    job_board: JobBoard,
    lifecycle: Lifecycle,
}

/// What an application is put together from.
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The opened channel accounts.
    pub accounts: Accounts,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub randomness: Arc<dyn Randomness>,
    /// What the configuration lets the use cases decide.
    pub policy: Policy,
    /// The delivery of events to callers' endpoints.
    pub webhooks: Webhooks,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Keeps what must be finished before the process ends.
    pub lifecycle: Lifecycle,
}

impl App {
    /// Puts the application together.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { store, accounts, clock, randomness, policy, webhooks, metrics, lifecycle } = parts;
        let turns = Turns::new(store.acquire_timeout());
        let together = applied_together(store.clone(), lifecycle.tasks.clone());
        Arc::new(Self {
            store,
            accounts,
            clock,
            randomness,
            policy,
            changes: Changes::new(),
            turns,
            together,
            feeds: Tails::new(),
            guards: Guards::new(),
            webhooks,
            metrics,
            job_board: JobBoard::default(),
            lifecycle,
        })
    }

    /// What this process counts.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The present instant as precisely as the database keeps it.
    fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
    }

    /// Runs work to its end whether or not the caller waits for it, in the caller's lane.
    fn detached<T, F>(&self, work: F) -> impl Future<Output = Result<T, AppError>> + Send + use<'_, T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AppError>> + Send + 'static,
    {
        // Boxed before anything is put around it, for a use case's future is kilobytes.
        let work = acting::acting_for(acting::acting(), Box::pin(work));
        let work = Lane::current().take(work).in_current_span();
        async move {
            let outcome = self.lifecycle.run_to_end(work).await;
            outcome.unwrap_or_else(|failed| Err(AppError::Internal(failed.to_string())))
        }
    }

    /// A merchant's payment.
    async fn payment(&self, merchant: &MerchantId, payment_no: &PaymentNo) -> Result<Payment, AppError> {
        let found = self.store.payment_get(merchant, payment_no).await?;
        found.ok_or_else(|| AppError::PaymentNotFound(payment_no.clone()))
    }

    /// The account that a payment goes through. It may have left the configuration since.
    fn account_of(&self, payment: &Payment) -> Result<Arc<Account>, AppError> {
        let account = self.accounts.of_merchant(&payment.merchant_id, &payment.channel_account);
        account.ok_or_else(|| not_enabled(&payment.channel_account))
    }

    /// The one way in which anything that happened reaches a payment (R25): callbacks, queries, answers and client
    /// results all end here.
    async fn apply(
        &self,
        merchant: &MerchantId,
        payment_no: &PaymentNo,
        happening: Happening,
        mut evidence: Evidence,
        notification: Option<NotificationRecord>,
    ) -> Result<Option<Applied>, AppError> {
        evidence.caller = evidence.caller.or_else(acting::acting);
        let request = Arc::new(ApplyRequest {
            merchant_id: merchant.clone(),
            payment_no: payment_no.clone(),
            happening,
            evidence,
            notification,
            now: self.now(),
        });
        let applied = self.turns.take(payment_no, self.applied(&request).boxed()).await??;
        if let Some(applied) = &applied {
            self.announce_change(applied, request.evidence.source);
        }
        Ok(applied)
    }

    /// Together with others if it may be, alone if it has to be.
    async fn applied(&self, request: &Arc<ApplyRequest>) -> Result<Option<Applied>, StoreError> {
        if comes_in_crowds(request)
            && let Some(applied) = self.together.take(request).await
        {
            return Ok(Some(applied));
        }
        self.store.payment_apply(request).await
    }

    /// Does work on a payment as a part of the trace of the call that made it.
    async fn in_trace_of<T>(&self, payment_no: &PaymentNo, span: Span, work: BoxFuture<'_, T>) -> T {
        if self.policy.joins_traces {
            match self.store.payment_trace_parent(payment_no).await {
                Ok(Some(parent)) => continue_trace(&span, &parent),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "a trace could not be looked up"),
            }
        }
        work.instrument(span).await
    }

    fn announce_change(&self, applied: &Applied, source: Source) {
        let payment = &applied.payment;
        match applied.effect {
            Effect::Changed => {
                tracing::info!(payment.no = %payment.payment_no, payment.state = payment.state.as_str(), "payment changed");
                self.changes.announce(&payment.payment_no);
                // Success is never left, so a change to it is the change that made it.
                if payment.state == PaymentState::Succeeded {
                    self.metrics.succeeded(payment, source);
                }
            }
            Effect::Case => {
                tracing::error!(payment.no = %payment.payment_no, "a channel's word does not fit the payment: case open");
            }
            Effect::Nothing => {}
        }
    }
}

/// Notifications do, but for those of which it is known that more follows from them than a change of one payment. What an operator
/// has handled again is one at a time.
fn comes_in_crowds(request: &ApplyRequest) -> bool {
    let notified = request.notification.as_ref().is_some_and(|record| record.delivery.replay.is_none());
    notified
        && matches!(&request.happening, Happening::Found(finding) if !matches!(finding, Finding::Held(_)))
}

fn applied_together(store: Store, tasks: TaskTracker) -> Together<ApplyRequest, Applied> {
    let work = move |requests: Vec<Arc<ApplyRequest>>| {
        let store = store.clone();
        async move { store.payments_apply_together(&requests).await }.boxed()
    };
    Together::new(Box::new(work), tasks)
}

fn not_enabled(account: &ChannelAccountId) -> AppError {
    AppError::ChannelNotEnabled(account.to_string())
}
