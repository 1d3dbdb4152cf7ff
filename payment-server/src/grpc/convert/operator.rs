//! What operators ask beyond cases and explanations, and what they are answered.

use payment_core::identifiers::{ChannelAccountId, MerchantId, RefundNo};
use payment_proto::v1;
use payment_store::operator::{AccountHealth, StoredNotification, VerdictWord};
use prost_types::Duration as WireDuration;
use time::Duration;
use uuid::Uuid;

use super::{
    explanation::{Shown, evidence},
    fields::Fields,
    page_token,
    request::{instant, page_size},
    time::timestamp,
};
use crate::{
    app::{
        error::AppError,
        operate::{
            ChannelHealth, JobRun, JobState, ListNotifications, NotificationPage, PostponeRefund, proof_of,
        },
    },
    channels::Observation,
    jobs::Job,
};

/// The longest reason.
const MAX_REASON: usize = 500;

/// What a reason must be.
pub(super) const REASON_RULE: &str = "must be 1 to 500 characters without control characters";

/// The default and the longest window of channel health.
const HEALTH_WINDOW: (Duration, Duration) = (Duration::HOUR, Duration::days(7));

/// Whether a text can be a reason.
pub(super) fn is_reason(text: &str) -> bool {
    let length = text.chars().count();
    (1..=MAX_REASON).contains(&length) && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Reads an id of ours.
pub(super) fn id(fields: &mut Fields, field: &str, text: &str) -> Option<Uuid> {
    fields.take(field, Uuid::parse_str(text).map_err(|_| "must be an id as the service shows it"))
}

/// Reads the id of a case.
pub(crate) fn case_id(text: &str) -> Result<Uuid, AppError> {
    Fields::read(|fields| id(fields, "case_id", text))
}

/// Reads the id of a delivery.
pub(crate) fn notification_id(text: &str) -> Result<Uuid, AppError> {
    Fields::read(|fields| id(fields, "notification_id", text))
}

/// Reads a payment number that a channel may have named: ours or not.
pub(super) fn payment_number(text: String) -> Result<String, &'static str> {
    let admitted = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if admitted { Ok(text) } else { Err("must be 1 to 64 visible ASCII characters") }
}

/// Reads why an operator does something.
pub(crate) fn reason(text: String) -> Result<String, AppError> {
    Fields::read(|fields| {
        fields.demand(is_reason(&text), "reason", REASON_RULE)?;
        Some(text)
    })
}

/// Reads which deliveries to list. The page token must have been made for the same merchant and filters.
pub(crate) fn list_notifications(
    merchant_id: MerchantId,
    request: v1::ListNotificationsRequest,
) -> Result<ListNotifications, AppError> {
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let payment_no = fields.optional("payment_no", request.payment_no, payment_number);
        let account = fields.optional("channel_account", request.channel_account, ChannelAccountId::parse);
        let number = |verdict| notification_verdict(verdict).into();
        let rule = "must be a NotificationVerdict other than NOTIFICATION_VERDICT_UNSPECIFIED";
        let verdicts = fields.members("verdicts", &request.verdicts, &VerdictWord::ALL, number, rule);
        let mut command = ListNotifications {
            merchant_id,
            page_size: page_size?,
            after: None,
            payment_no: payment_no?,
            channel_account: account?,
            verdicts: verdicts?,
        };
        let read =
            |token: String| page_token::read_timed(&notification_filters(&command), &token, Uuid::parse_str);
        command.after = fields.optional("page_token", request.page_token, read)?;
        Some(command)
    })
}

/// The token of the page after `page`, empty on the last one.
pub(crate) fn next_notification_page_token(command: &ListNotifications, page: &NotificationPage) -> String {
    let place = page.next.as_ref();
    place.map(|place| page_token::write_timed(&notification_filters(command), place)).unwrap_or_default()
}

/// Everything that decides which deliveries a list holds.
fn notification_filters(command: &ListNotifications) -> String {
    let verdicts: Vec<&str> = command.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let (payment_no, account) = (&command.payment_no, &command.channel_account);
    format!("notifications 1\n{}\n{payment_no:?}\n{account:?}\n{verdicts:?}", command.merchant_id)
}

/// A delivery as operators see it.
pub(crate) fn stored_notification(kept: StoredNotification, shown: Shown) -> v1::Notification {
    let proof = proof_of(&kept);
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    v1::Notification {
        notification_id: kept.notification_id.to_string(),
        merchant_id: kept.merchant_id.to_string(),
        channel: kept.channel.to_string(),
        channel_account: kept.channel_account.to_string(),
        receive_time: Some(timestamp(kept.receive_time)),
        verdict: notification_verdict(kept.verdict).into(),
        rejection: kept.rejection.unwrap_or_default(),
        rejection_description: kept.rejection_description.unwrap_or_default(),
        payment_no: kept.payment_no.unwrap_or_default(),
        channel_notification_id: kept.channel_notification_id.unwrap_or_default(),
        replay_of: id(kept.replay_of),
        replayed_by: kept.replayed_by.unwrap_or_default(),
        evidence: Some(evidence(proof, shown)),
    }
}

const fn notification_verdict(verdict: VerdictWord) -> v1::NotificationVerdict {
    match verdict {
        VerdictWord::Applied => v1::NotificationVerdict::Applied,
        VerdictWord::Repeated => v1::NotificationVerdict::Repeated,
        VerdictWord::CaseOpened => v1::NotificationVerdict::CaseOpened,
        VerdictWord::Irrelevant => v1::NotificationVerdict::Irrelevant,
        VerdictWord::Rejected => v1::NotificationVerdict::Rejected,
    }
}

/// Reads when to drive a refund: at a time, or now.
pub(crate) fn postpone_refund(
    merchant_id: MerchantId,
    refund_no: String,
    not_before: Option<Option<prost_types::Timestamp>>,
    reason: String,
) -> Result<PostponeRefund, AppError> {
    Fields::read(|fields| {
        let refund_no = fields.take("refund_no", RefundNo::parse(refund_no));
        let not_before = match not_before {
            None => Some(None),
            Some(None) => fields.refuse("not_before", "is required"),
            Some(time) => instant(fields, "not_before", time),
        };
        fields.demand(is_reason(&reason), "reason", REASON_RULE)?;
        Some(PostponeRefund { merchant_id, refund_no: refund_no?, not_before: not_before?, reason })
    })
}

/// Reads a job's name.
pub(crate) fn job_named(name: &str) -> Result<Job, AppError> {
    Fields::read(|fields| match Job::named(name) {
        Some(job) => Some(job),
        None => {
            let names = Job::ALL.map(Job::as_str).join(", ");
            fields.refuse("name", format!("must be one of {names}"))
        }
    })
}

/// A job as operators see it.
pub(crate) fn job(state: JobState) -> v1::Job {
    v1::Job {
        name: state.job.as_str().to_owned(),
        due_rows: state.due.rows,
        oldest_due_time: state.due.oldest_due_time.map(timestamp),
        last_run: state.last_run.map(job_run),
    }
}

/// One look of a job.
pub(crate) fn job_run(run: JobRun) -> v1::JobRun {
    let report = run.report.unwrap_or_default();
    v1::JobRun {
        time: Some(timestamp(run.time)),
        claimed: count(report.claimed),
        answered: count(report.answered),
        unanswered: count(report.unanswered),
        failed: count(report.failed),
        looked: run.report.is_some(),
    }
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Reads how far back channel health looks.
pub(crate) fn health_window(window: Option<WireDuration>) -> Result<Duration, AppError> {
    let (default, longest) = HEALTH_WINDOW;
    Fields::read(|fields| {
        let window = window.map_or(default, |window| {
            Duration::new(window.seconds.clamp(-1, longest.whole_seconds() + 1), window.nanos)
        });
        let admitted = (Duration::MINUTE..=longest).contains(&window);
        fields.demand(admitted, "window", "must be 1 minute to 7 days")?;
        Some(window)
    })
}

/// An account's health.
pub(crate) fn channel_health(health: ChannelHealth) -> v1::ChannelHealth {
    v1::ChannelHealth {
        channel: health.channel.to_string(),
        channel_account: health.channel_account.to_string(),
        recorded: Some(health.recorded.map(recorded).unwrap_or_default()),
        observed: Some(observed(health.observed, health.breaker_is_open)),
    }
}

fn recorded(recorded: AccountHealth) -> v1::RecordedHealth {
    let delay = |index: usize| {
        recorded.callback_delay.and_then(|delays| delays.get(index).copied().map(milliseconds))
    };
    v1::RecordedHealth {
        payments: recorded.payments,
        succeeded: recorded.succeeded,
        told_by_callback: recorded.told_by_callback,
        found_by_asking: recorded.found_by_asking,
        callback_missing: recorded.callback_missing,
        callback_delay_median: delay(0),
        callback_delay_p95: delay(1),
        callback_delay_longest: delay(2),
    }
}

fn milliseconds(milliseconds: i64) -> WireDuration {
    let nanos = i32::try_from(milliseconds % 1000 * 1_000_000).unwrap_or(0);
    WireDuration { seconds: milliseconds / 1000, nanos }
}

fn observed(seen: Observation, breaker_is_open: bool) -> v1::ObservedHealth {
    let breaker = if breaker_is_open { v1::BreakerState::Open } else { v1::BreakerState::Closed };
    v1::ObservedHealth {
        since: Some(timestamp(seen.since)),
        answered: count(seen.answered),
        refused: count(seen.refused),
        not_sent: count(seen.not_sent),
        unknown: count(seen.unknown),
        query_lies: count(seen.query_lies),
        last_failure_time: seen.last_failure.map(timestamp),
        breaker: breaker.into(),
    }
}
