//! What waits in the database, read when Prometheus asks: each figure costs what waits, not what is recorded.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::labels::{AccountLabels, JobLabels};
use crate::jobs::Job;

/// What waits, of all merchants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// What the database answered; `None` if it did not.
    pub(crate) database: Option<Waiting>,
    /// The accounts that the breakers of this process leave alone now.
    pub(crate) open_breakers: Vec<AccountLabels>,
}

/// What waits in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Due rows of each job, and for how many seconds the oldest has been due.
    pub(crate) work: Vec<(Job, Queue)>,
    /// Cases that nobody has resolved, and the age of the oldest.
    pub(crate) cases: Queue,
    /// Refunds that have not arrived, and the age of the oldest.
    pub(crate) refunds: Queue,
    /// Refunds that need a person, by what keeps them.
    pub(crate) attention: Vec<(String, i64)>,
    /// Events without a number, and the age of the oldest.
    pub(crate) unnumbered_events: Queue,
    /// Webhook deliveries that are due or to be made of events, and for how long the oldest has been.
    pub(crate) webhooks: Queue,
    /// Webhook endpoints that are paused.
    pub(crate) paused_endpoints: i64,
}

/// How many wait, and for how many seconds the oldest has; 0 where none does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    /// How many; counting may end at some thousands.
    pub(crate) count: i64,
    /// Whole seconds.
    pub(crate) oldest_seconds: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttentionLabel {
    attention: String,
}

impl Backlog {
    /// As metrics. Where the database did not answer there are none of it but that it did not: an old figure would be a lie.
    pub(super) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("payment");
        gauge(
            &mut registry,
            "database_up",
            "Whether the database answers",
            i64::from(self.database.is_some()),
        );
        let breakers: Family<AccountLabels, Gauge> = Family::default();
        for account in &self.open_breakers {
            breakers.get_or_create(account).set(1);
        }
        registry.register("channel_breaker_open", "Accounts that the jobs leave alone", breakers);
        if let Some(waiting) = &self.database {
            waiting.register(&mut registry);
        }
        registry
    }
}

impl Waiting {
    fn register(&self, registry: &mut Registry) {
        let (rows, ages): (Family<JobLabels, Gauge>, Family<JobLabels, Gauge>) = Default::default();
        for (job, queue) in &self.work {
            let label = JobLabels { job_name: job.as_str() };
            rows.get_or_create(&label).set(queue.count);
            ages.get_or_create(&label).set(queue.oldest_seconds);
        }
        registry.register("work_due_rows", "Rows that are due, counted up to 10000", rows);
        registry.register("work_oldest_due_age_seconds", "For how long the oldest row has been due", ages);
        let attention: Family<AttentionLabel, Gauge> = Family::default();
        for (reason, count) in &self.attention {
            attention.get_or_create(&AttentionLabel { attention: reason.clone() }).set(*count);
        }
        registry.register(
            "refunds_needing_attention",
            "Refunds that need a person, by what keeps them",
            attention,
        );
        gauge(registry, "cases_waiting", "Cases that nobody has resolved", self.cases.count);
        gauge(registry, "cases_oldest_age_seconds", "Age of the oldest of them", self.cases.oldest_seconds);
        gauge(registry, "refunds_open", "Refunds that have not arrived", self.refunds.count);
        gauge(
            registry,
            "refunds_oldest_age_seconds",
            "Age of the oldest of them",
            self.refunds.oldest_seconds,
        );
        let events = self.unnumbered_events;
        gauge(registry, "events_unnumbered", "Events that no consumer sees yet", events.count);
        gauge(
            registry,
            "events_unnumbered_oldest_age_seconds",
            "Age of the oldest of them",
            events.oldest_seconds,
        );
        gauge(
            registry,
            "webhook_deliveries_due",
            "Webhook deliveries that are due or to be made",
            self.webhooks.count,
        );
        let oldest = self.webhooks.oldest_seconds;
        gauge(
            registry,
            "webhook_oldest_due_age_seconds",
            "For how long the oldest of them has been due",
            oldest,
        );
        gauge(registry, "webhook_endpoints_paused", "Endpoints that are left alone", self.paused_endpoints);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
