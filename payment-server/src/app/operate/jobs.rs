//! The jobs as operators see them: what is due, how the last look of this process went, one look by hand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::try_join_all;
use payment_core::operator::Act;
use payment_store::{
    DuePayments,
    operator::{DueWork, OperatorAct, WorkDue},
};
use time::OffsetDateTime;

use super::{
    super::{App, error::AppError, principal::Operator},
    sees_all,
};
use crate::jobs::{Job, Report};

/// The last look of each job in this process.
#[derive(Debug, Default)]
pub struct JobBoard {
    last: Mutex<HashMap<&'static str, JobRun>>,
}

/// One look of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRun {
    /// When.
    pub time: OffsetDateTime,
    /// What it did; none if rows could not even be taken.
    pub report: Option<Report>,
}

/// A job at this moment.
#[derive(Debug, Clone, Copy)]
pub struct JobState {
    /// Which.
    pub job: Job,
    /// What is due in the database.
    pub due: DueWork,
    /// The last look of this process.
    pub last_run: Option<JobRun>,
}

impl JobBoard {
    pub(crate) fn note(&self, job: Job, run: JobRun) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(job.as_str(), run);
    }

    fn last(&self, job: Job) -> Option<JobRun> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(job.as_str()).copied()
    }
}

impl App {
    /// Every job: what is due, and the last look of this process.
    ///
    /// # Errors
    /// [`AppError::AllMerchantsRequired`], [`AppError::StoreUnavailable`].
    pub async fn list_jobs(&self, operator: &Operator) -> Result<Vec<JobState>, AppError> {
        sees_all(operator)?;
        let states = Job::ALL.map(|job| async move {
            let due = self.store.work_due(work_of(job), self.now()).await?;
            Ok::<_, AppError>(JobState { job, due, last_run: self.job_board.last(job) })
        });
        try_join_all(states).await
    }

    /// One look of a job, now, by an operator's wish.
    ///
    /// # Errors
    /// [`AppError::AllMerchantsRequired`], [`AppError::StoreUnavailable`] if nothing could be claimed.
    pub async fn run_job_by_hand(
        self: &Arc<Self>,
        operator: &Operator,
        job: Job,
    ) -> Result<JobRun, AppError> {
        sees_all(operator)?;
        let act = OperatorAct {
            description: format!("made {} look", job.as_str()),
            ..self.act(operator, Act::JobRun)
        };
        self.record_act(act).await?;
        let report = self.run_job(job, self.policy.jobs).await?;
        Ok(JobRun { time: self.now(), report: Some(report) })
    }
}

/// What a job looks for.
pub(in crate::app) const fn work_of(job: Job) -> WorkDue {
    match job {
        Job::PaymentSuccess => WorkDue::Payments(DuePayments::ToAsk),
        Job::PaymentClose => WorkDue::Payments(DuePayments::ToClose),
        Job::PaymentDuplicate => WorkDue::Duplicates,
        Job::RefundSuccess => WorkDue::Refunds,
    }
}
