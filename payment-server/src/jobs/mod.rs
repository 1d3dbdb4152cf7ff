//! The last line of defence: four schedulers, in every replica, each row handled by one replica at a time (R19 to R22).
//!
//! A job claims due rows with a lease, handles each through the same use cases that callers use, and says when the row is
//! due again. What a killed replica had claimed is due again when its lease ends. A look does not wait for the one before:
//! while a slow channel answers, further looks take what is due at others, and the rest of what is due there.

mod breaker;
mod guard;

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, future::ready, stream::FuturesUnordered};
use payment_core::schedule::{Schedule, Schedules};
use payment_store::Lane;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, Taken, error::AppError};

pub(crate) use guard::Guard;
pub use guard::Guards;

/// The four jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Asks about payments that may have been paid (R19), a few times after their end too (R6).
    PaymentSuccess,
    /// Closes payments whose time is over (R20).
    PaymentClose,
    /// Makes sure that duplicates are being given back (R21).
    PaymentDuplicate,
    /// Drives refunds until they arrive (R22).
    RefundSuccess,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 4] =
        [Self::PaymentSuccess, Self::PaymentClose, Self::PaymentDuplicate, Self::RefundSuccess];

    /// The name for logs and the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentSuccess => "payment-success",
            Self::PaymentClose => "payment-close",
            Self::PaymentDuplicate => "payment-duplicate",
            Self::RefundSuccess => "refund-success",
        }
    }

    /// The job of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.as_str() == name)
    }

    /// The delays between two looks at the same row, of those that its channel declares.
    pub(crate) const fn schedule(self, schedules: Schedules) -> Schedule {
        match self {
            Self::PaymentSuccess => schedules.payment,
            Self::PaymentClose | Self::PaymentDuplicate => schedules.close,
            Self::RefundSuccess => schedules.refund,
        }
    }
}

/// How the jobs work.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How often each job looks for due rows.
    pub interval: Duration,
    /// How many rows one look claims.
    pub batch: u16,
    /// How long a claimed row is left to this replica: longer than handling it can take.
    pub lease: Duration,
    /// How many calls to one channel account are under way at a time, all jobs together.
    pub calls_in_flight: usize,
}

/// What one look did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Rows that were due.
    pub claimed: usize,
    /// Rows that were handled and whose channel answered, or did not have to.
    pub answered: usize,
    /// Rows whose channel did not answer, or was left alone because it does not.
    pub unanswered: usize,
    /// Rows that could not be handled for a reason of ours; the log says which.
    pub failed: usize,
}

/// How handling one row went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handled {
    /// The channel answered.
    Answered,
    /// It did not.
    Unanswered,
    /// There was nothing to ask, so it says nothing about the channel.
    NotAsked,
    /// Nobody can be asked: its account is not in the configuration.
    WithoutAccount,
}

/// What a look leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing that is due.
    Nothing,
    /// Maybe more: there is no pause until it is taken.
    Waits,
    /// Maybe more, of which enough is in hand for now.
    WaitsForRoom,
}

impl Report {
    pub(crate) fn count(&mut self, handled: &Result<Handled, AppError>) {
        match handled {
            Ok(Handled::Answered | Handled::NotAsked) => self.answered += 1,
            Ok(Handled::Unanswered) => self.unanswered += 1,
            Ok(Handled::WithoutAccount) | Err(_) => self.failed += 1,
        }
    }
}

/// Whether a row could not be handled for a reason of ours.
pub(crate) const fn is_failed(handled: &Result<Handled, AppError>) -> bool {
    match handled {
        Ok(Handled::Answered | Handled::NotAsked | Handled::Unanswered) => false,
        Ok(Handled::WithoutAccount) | Err(_) => true,
    }
}

/// Runs all jobs until the application drains.
pub async fn run(app: Arc<App>, settings: Settings) {
    let loops = Job::ALL.map(|job| run_one(Arc::clone(&app), job, settings));
    Lane::Background.take(futures::future::join_all(loops)).await;
}

async fn run_one(app: Arc<App>, job: Job, settings: Settings) {
    let mut ticks = interval(settings.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let draining = app.draining();
    let mut looks = FuturesUnordered::new();
    let mut rest = Rest::Nothing;
    loop {
        // In this order: what was taken is begun before more is.
        tokio::select! {
            biased;
            () = draining.cancelled() => break,
            Some(Report { claimed, failed, .. }) = looks.next() => {
                // Where something is wrong, the next look is not before its time.
                if failed > 0 {
                    rest = Rest::Nothing;
                }
                if rest == Rest::Nothing || claimed < usize::from(settings.batch) {
                    continue;
                }
            }
            _ = ticks.tick() => {}
            () = app.room_in_hands(job), if rest == Rest::WaitsForRoom => {}
            () = ready(()), if rest == Rest::Waits => {}
        }
        let begun = begin(&app, job, settings).await;
        rest = begun.as_ref().map_or(Rest::Nothing, |(rest, _)| *rest);
        looks.extend(begun.map(|(_, look)| look));
    }
    // What is in hand is handled to its end.
    while looks.next().await.is_some() {}
}

/// Begins a look; the rest of it goes on beside further looks.
async fn begin(
    app: &Arc<App>,
    job: Job,
    settings: Settings,
) -> Option<(Rest, impl Future<Output = Report> + use<>)> {
    match app.begin_look(job, settings).await {
        Ok(taken) => Some((taken.rest, finish(Arc::clone(app), job, taken))),
        Err(error) => {
            tracing::error!(job = job.as_str(), %error, "could not look for due rows");
            None
        }
    }
}

async fn finish(app: Arc<App>, job: Job, taken: Taken) -> Report {
    let report = app.finish_look(job, taken).await;
    if report != Report::default() {
        tracing::info!(
            job = job.as_str(),
            report.claimed,
            report.answered,
            report.unanswered,
            report.failed,
            "looked for due rows"
        );
    }
    report
}
