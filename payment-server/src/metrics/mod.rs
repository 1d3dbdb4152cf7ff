//! What Prometheus reads at `/metrics`: counted where it happens, without payers and without numbers of payments (R29).
//!
//! Every name stands in this module and in `backlog`; dashboards and alert rules in deploy/observability are held to them by
//! a test.

mod backlog;
mod labels;

use std::time::Duration;

use payment_core::{
    evidence::Source,
    gateway::{CallbackRejection, GatewayError},
    identifiers::{ChannelAccountId, ChannelName},
    payment::Payment,
};
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

use self::labels::{
    CallLabels, JobLabels, JobRowLabels, NotificationLabels, OutcomeLabels, RpcCallLabels, RpcLabels,
    SourceLabels, VerbLabels,
};
use payment_store::PoolUse;

use crate::jobs::{Job, Report};

pub(crate) use backlog::{Backlog, Queue, Waiting};
pub(crate) use labels::AccountLabels;

/// Upper bounds, in seconds, of what is answered here: one commit to a deadline.
const ANSWER_BOUNDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];

/// Upper bounds, in seconds, of how late a notification comes: at once to a day.
const DELAY_BOUNDS: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 14_400.0, 86_400.0];

/// How handling a due row can end.
const JOB_RESULTS: [&str; 3] = ["answered", "unanswered", "failed"];

/// A histogram for each combination of labels.
type Histograms<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// Everything that this process counts.
pub struct Metrics {
    registry: Registry,
    rpc_handled: Family<RpcCallLabels, Counter>,
    rpc_duration: Histograms<RpcLabels>,
    channel_calls: Family<CallLabels, Counter>,
    channel_call_duration: Histograms<VerbLabels>,
    notifications: Family<NotificationLabels, Counter>,
    callback_duration: Histograms<OutcomeLabels>,
    callback_delay: Histograms<AccountLabels>,
    payments_succeeded: Family<SourceLabels, Counter>,
    success_callbacks: Family<AccountLabels, Counter>,
    job_looks: Family<JobLabels, Counter>,
    job_rows: Family<JobRowLabels, Counter>,
    connections_idle: Gauge,
    connections_in_use: Gauge,
    connection_waiters: Gauge,
    background_waiters: Gauge,
    turn_waiters: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// How a call to a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// It answered.
    Answered,
    /// It refused, and said so.
    Refused,
    /// It certainly did nothing.
    NotSent,
    /// It may have acted.
    Unknown,
}

impl CallOutcome {
    /// The outcome of a gateway's answer.
    pub(crate) const fn of<T>(answer: &Result<T, GatewayError>) -> Self {
        match answer {
            Ok(_) => Self::Answered,
            Err(GatewayError::Refused { .. }) => Self::Refused,
            Err(GatewayError::NotSent(_)) => Self::NotSent,
            Err(GatewayError::Unknown(_)) => Self::Unknown,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

impl Metrics {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new() -> Self {
        let answers: fn() -> Histogram = || Histogram::new(ANSWER_BOUNDS);
        let delays: fn() -> Histogram = || Histogram::new(DELAY_BOUNDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("payment"),
            rpc_handled: Family::default(),
            rpc_duration: Family::new_with_constructor(answers),
            channel_calls: Family::default(),
            channel_call_duration: Family::new_with_constructor(answers),
            notifications: Family::default(),
            callback_duration: Family::new_with_constructor(answers),
            callback_delay: Family::new_with_constructor(delays),
            payments_succeeded: Family::default(),
            success_callbacks: Family::default(),
            job_looks: Family::default(),
            job_rows: Family::default(),
            connections_idle: Gauge::default(),
            connections_in_use: Gauge::default(),
            connection_waiters: Gauge::default(),
            background_waiters: Gauge::default(),
            turn_waiters: Gauge::default(),
        };
        metrics.register();
        metrics.expect_jobs();
        metrics
    }

    /// Counters that begin before anything is counted: what never happened is 0 then, which a rule can tell from what is not
    /// there, and the first one that is counted is an increase.
    fn expect_jobs(&self) {
        for job in Job::ALL {
            drop(self.job_looks.get_or_create(&JobLabels { job_name: job.as_str() }));
            for result in JOB_RESULTS {
                drop(self.job_rows.get_or_create(&JobRowLabels { job_name: job.as_str(), result }));
            }
        }
    }

    /// The same for an account that was opened.
    pub(crate) fn expect_account(&self, labels: &AccountLabels) {
        let AccountLabels { channel, account } = labels.clone();
        drop(self.success_callbacks.get_or_create(labels));
        drop(self.callback_delay.get_or_create(labels));
        for source in Source::ALL {
            let (channel, account) = (channel.clone(), account.clone());
            let labels = SourceLabels { channel, account, source: source.as_str() };
            drop(self.payments_succeeded.get_or_create(&labels));
        }
        for rejection in CallbackRejection::ALL {
            let (channel, account) = (channel.clone(), account.clone());
            let labels = NotificationLabels { channel, account, verdict: rejection.as_str() };
            drop(self.notifications.get_or_create(&labels));
        }
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "This binary", build);
        registry.register("rpc_handled", "Calls by RPC and gRPC code", self.rpc_handled.clone());
        registry.register("rpc_duration_seconds", "Time to the end of the answer", self.rpc_duration.clone());
        registry.register(
            "channel_calls",
            "Calls to channels by verb and outcome",
            self.channel_calls.clone(),
        );
        let duration = self.channel_call_duration.clone();
        registry.register("channel_call_duration_seconds", "Time of a call to a channel", duration);
        let notifications = self.notifications.clone();
        registry.register("notifications", "Notifications by what became of them", notifications);
        let duration = self.callback_duration.clone();
        registry.register(
            "callback_duration_seconds",
            "Requests at the callback endpoint, to their answer",
            duration,
        );
        let delay = self.callback_delay.clone();
        registry.register(
            "callback_delay_seconds",
            "From being paid, by the channel's clock, to its notification",
            delay,
        );
        let succeeded = self.payments_succeeded.clone();
        registry.register("payments_succeeded", "Payments that succeeded, by who said so first", succeeded);
        let callbacks = self.success_callbacks.clone();
        registry.register(
            "success_callbacks",
            "Proven notifications that a payment succeeded, of those too that asking had found before",
            callbacks,
        );
        registry.register("job_looks", "Looks for due rows", self.job_looks.clone());
        registry.register("job_rows", "Due rows that were taken, by result", self.job_rows.clone());
        let (idle, in_use) = (self.connections_idle.clone(), self.connections_in_use.clone());
        registry.register("database_connections_idle", "Connections that nobody uses", idle);
        registry.register("database_connections_in_use", "Connections in use", in_use);
        let waiters = self.connection_waiters.clone();
        registry.register("database_connection_waiters", "Requests that wait for a connection", waiters);
        registry.register(
            "database_background_waiters",
            "Those among them that wait because callers are left a quarter of all connections",
            self.background_waiters.clone(),
        );
        registry.register(
            "turn_waiters",
            "Callbacks, answers and calls that wait until another of the same payment is recorded",
            self.turn_waiters.clone(),
        );
    }

    /// A call was answered.
    pub(crate) fn rpc(&self, rpc: &str, code: &'static str, took: Duration) {
        self.rpc_handled.get_or_create(&RpcCallLabels { rpc: rpc.to_owned(), code }).inc();
        self.rpc_duration.get_or_create(&RpcLabels { rpc: rpc.to_owned() }).observe(took.as_secs_f64());
    }

    /// A channel was called.
    pub(crate) fn channel_call(
        &self,
        account: &AccountLabels,
        verb: &'static str,
        outcome: CallOutcome,
        took: Duration,
    ) {
        let AccountLabels { channel, account } = account.clone();
        let labels = CallLabels { channel: channel.clone(), account, verb, outcome: outcome.as_str() };
        self.channel_calls.get_or_create(&labels).inc();
        self.channel_call_duration.get_or_create(&VerbLabels { channel, verb }).observe(took.as_secs_f64());
    }

    /// A notification of an account was handled.
    pub(crate) fn notification(
        &self,
        channel: &ChannelName,
        account: &ChannelAccountId,
        verdict: &'static str,
    ) {
        let AccountLabels { channel, account } = account_labels(channel, account);
        self.notifications.get_or_create(&NotificationLabels { channel, account, verdict }).inc();
    }

    /// A request at the callback endpoint was answered. What strangers write into a URL makes no label.
    pub(crate) fn callback(&self, outcome: &'static str, took: Duration) {
        self.callback_duration.get_or_create(&OutcomeLabels { outcome }).observe(took.as_secs_f64());
    }

    /// A payment succeeded, and this word said so first.
    pub(crate) fn succeeded(&self, payment: &Payment, source: Source) {
        let AccountLabels { channel, account } = account_labels(&payment.channel, &payment.channel_account);
        let labels =
            SourceLabels { channel: channel.clone(), account: account.clone(), source: source.as_str() };
        self.payments_succeeded.get_or_create(&labels).inc();
        if source == Source::Notification
            && let Some(paid) = payment.times.succeed
        {
            let delay = (payment.times.update - paid).as_seconds_f64().max(0.0);
            self.callback_delay.get_or_create(&AccountLabels { channel, account }).observe(delay);
        }
    }

    /// A proven notification said that a payment succeeded, whoever said so first.
    pub(crate) fn success_told(&self, channel: &ChannelName, account: &ChannelAccountId) {
        self.success_callbacks.get_or_create(&account_labels(channel, account)).inc();
    }

    /// A job looked.
    pub(crate) fn looked(&self, job: Job, report: Report) {
        let job_name = job.as_str();
        self.job_looks.get_or_create(&JobLabels { job_name }).inc();
        for (result, rows) in JOB_RESULTS.into_iter().zip([report.answered, report.unanswered, report.failed])
        {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            self.job_rows.get_or_create(&JobRowLabels { job_name, result }).inc_by(rows);
        }
    }

    /// Everything as Prometheus reads it, with what waits in the database.
    pub(crate) fn text(
        &self,
        pool: PoolUse,
        turn_waiters: usize,
        backlog: &Backlog,
    ) -> Result<String, std::fmt::Error> {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections_idle.set(whole(pool.idle));
        self.connections_in_use.set(whole(pool.in_use));
        self.connection_waiters.set(whole(pool.waiting));
        self.background_waiters.set(whole(pool.waiting_in_background));
        self.turn_waiters.set(whole(turn_waiters));
        let mut text = String::new();
        text::encode_registry(&mut text, &self.registry)?;
        text::encode_registry(&mut text, &backlog.registry())?;
        text::encode_eof(&mut text)?;
        Ok(text)
    }
}

/// The labels of an account.
pub(crate) fn account_labels(channel: &ChannelName, account: &ChannelAccountId) -> AccountLabels {
    AccountLabels { channel: channel.to_string(), account: account.to_string() }
}
