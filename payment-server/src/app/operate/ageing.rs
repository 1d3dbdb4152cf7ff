//! Cases that nobody deals with are told about, louder with each step of their age.

use std::{sync::Arc, time::Duration};

use payment_store::StoreError;
use time::OffsetDateTime;

use super::super::App;
use crate::lifecycle::Looks;

/// How often ages are looked at. A step is told once by each process that looks.
const LOOK: Duration = Duration::from_secs(60);

/// At which ages an unresolved case is told about, ascending. Empty: never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSteps(pub Vec<Duration>);

impl App {
    /// Tells about cases that grow old, until the application drains.
    pub(crate) async fn watch_cases(self: Arc<Self>) {
        let mut looks = Looks::every(LOOK, self.draining());
        let mut told_until = None;
        while looks.next().await {
            let now = self.now();
            match self.tell_old_cases(told_until, now).await {
                Ok(_) => told_until = Some(now),
                Err(error) => tracing::warn!(%error, "the ages of cases could not be looked at"),
            }
        }
    }

    /// Says how many cases are older than each step, if any grew that old since `told_until`; the first time whatever is
    /// old. Gives the steps that were told about.
    ///
    /// # Errors
    /// [`StoreError`]; what was not told yet is told by the next look.
    pub async fn tell_old_cases(
        &self,
        told_until: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Vec<Duration>, StoreError> {
        let mut told = Vec::new();
        for step in &self.policy.case_steps.0 {
            let waiting = self.store.cases_waiting(now - *step).await?;
            let before = match told_until {
                Some(told_until) => self.store.cases_waiting(told_until - *step).await?.count,
                None => 0,
            };
            if waiting.count > before {
                tracing::error!(
                    cases = waiting.count,
                    cases.older_than_hours = step.as_secs() / 3600,
                    cases.oldest = waiting.oldest_open_time.map(|time| time.to_string()),
                    "cases wait for a person"
                );
                told.push(*step);
            }
        }
        Ok(told)
    }
}
