//! What waits, for `/metrics`: gathered when it is asked for, within a deadline.

use std::time::Duration;

use payment_store::{StoreError, backlog as stored};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{App, operate::work_of};
use crate::{
    admin::Exposition,
    jobs::Job,
    metrics::{Backlog, Queue, Waiting, account_labels},
};

#[async_trait::async_trait]
impl Exposition for App {
    /// A database that does not answer within the deadline is told as one that is down.
    async fn text(&self, deadline: Duration) -> Result<String, std::fmt::Error> {
        let database = match timeout(deadline, self.waiting()).await {
            Ok(Ok(waiting)) => Some(waiting),
            Ok(Err(error)) => {
                tracing::warn!(%error, "what waits could not be counted");
                None
            }
            Err(_) => None,
        };
        let backlog = Backlog { database, open_breakers: self.open_breakers() };
        self.metrics.text(self.store.pool_use(), self.turns.waiting(), &backlog)
    }
}

impl App {
    fn open_breakers(&self) -> Vec<crate::metrics::AccountLabels> {
        let left_alone = self.guards.left_alone(self.now()).into_iter();
        let labels = |(merchant, account)| {
            let account = self.accounts.of_merchant(&merchant, &account)?;
            Some(account_labels(&account.channel, &account.account_id))
        };
        left_alone.filter_map(labels).collect()
    }

    async fn waiting(&self) -> Result<Waiting, StoreError> {
        let now = self.now();
        let attention = self.store.refunds_needing_attention().await?;
        let mut work = Vec::new();
        for job in Job::ALL {
            let due = self.store.work_due(work_of(job), now).await?;
            work.push((job, since(due.rows, due.oldest_due_time, now)));
        }
        let cases = self.store.cases_waiting(now).await?;
        let webhooks = self.store.webhooks_waiting(now).await?;
        Ok(Waiting {
            work,
            cases: since(cases.count, cases.oldest_open_time, now),
            refunds: queue(self.store.queue_waiting(stored::Queue::Refunds).await?, now),
            unnumbered_events: queue(self.store.queue_waiting(stored::Queue::UnnumberedEvents).await?, now),
            attention: attention.into_iter().map(|row| (row.attention, row.count)).collect(),
            webhooks: since(webhooks.due, webhooks.oldest, now),
            paused_endpoints: webhooks.paused_endpoints,
        })
    }
}

fn queue(waiting: stored::Waiting, now: OffsetDateTime) -> Queue {
    since(waiting.count, waiting.oldest, now)
}

fn since(count: i64, oldest: Option<OffsetDateTime>, now: OffsetDateTime) -> Queue {
    let age = oldest.map_or(0, |oldest| (now - oldest).whole_seconds().max(0));
    Queue { count, oldest_seconds: age }
}
