//! What came of an attempt: the delivery, the log and what is remembered of the endpoint change in one transaction.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::webhook::{AttemptResult, EndpointHealth};
use time::OffsetDateTime;

use super::{
    WebhookClaim,
    row::{endpoint_lock_in_txn, health_save_in_txn},
};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    schema::{webhook_attempt, webhook_delivery},
    transaction::{self, Abort},
    words::Word as _,
};

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// When it began.
    pub start_time: OffsetDateTime,
    /// How long it took.
    pub duration: Duration,
    /// What it came to.
    pub result: AttemptResult,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<time::Duration>,
    /// Why there was no answer.
    pub description: String,
    /// The beginning of a refusal's body.
    pub response_excerpt: String,
}

/// An attempt to be recorded.
#[derive(Debug, Clone)]
pub struct RecordRequest {
    /// What was sent.
    pub claim: WebhookClaim,
    /// How it went.
    pub outcome: AttemptOutcome,
    /// When it is due again, if it was not taken.
    pub next_attempt_time: OffsetDateTime,
    /// How long an endpoint may take nothing before it is paused.
    pub patience: time::Duration,
    /// The time.
    pub now: OffsetDateTime,
}

/// What an attempt made of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthChange {
    /// What was remembered before.
    pub before: EndpointHealth,
    /// What is remembered now.
    pub after: EndpointHealth,
}

/// The delivery, as long as this process holds it.
macro_rules! held {
    ($claim:expr) => {
        webhook_delivery::table
            .find(($claim.endpoint.merchant_id.as_str(), $claim.endpoint.name.as_str(), $claim.event_no))
            .filter(webhook_delivery::attempts.eq($claim.attempt))
            .filter(webhook_delivery::claim_end.is_not_null())
    };
}

impl Store {
    /// Records an attempt. Nothing is recorded, and nothing returned, if the delivery is another process's by now, or was
    /// made due anew.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is recorded then, and the delivery is due again when its lease ends.
    pub async fn webhook_record(&self, request: &RecordRequest) -> Result<Option<HealthChange>, StoreError> {
        transaction::run(&self.connections, request, record_in_txn).await
    }

    /// Gives up a claimed delivery whose event is not kept any more; the next event of its payment is due.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is given up then.
    pub async fn webhook_give_up(&self, claim: &WebhookClaim, now: OffsetDateTime) -> Result<(), StoreError> {
        transaction::run(&self.connections, &(claim.clone(), now), give_up_in_txn).await
    }
}

fn give_up_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c (WebhookClaim, OffsetDateTime),
) -> BoxFuture<'c, Result<(), Abort>> {
    async move {
        let (claim, now) = request;
        if endpoint_lock_in_txn(connection, &claim.endpoint).await?.is_none() {
            return Ok(());
        }
        if Cached(diesel::delete(held!(claim))).execute(connection).await? > 0 {
            next_due_in_txn(connection, claim, *now).await?;
        }
        Ok(())
    }
    .boxed()
}

fn record_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c RecordRequest,
) -> BoxFuture<'c, Result<Option<HealthChange>, Abort>> {
    async move {
        let Some(endpoint) = endpoint_lock_in_txn(connection, &request.claim.endpoint).await? else {
            return Ok(None);
        };
        let outcome = &request.outcome;
        let held = match outcome.result {
            AttemptResult::Delivered => delivered_in_txn(connection, request).await?,
            AttemptResult::Redirected
            | AttemptResult::Gone
            | AttemptResult::Throttled
            | AttemptResult::Refused
            | AttemptResult::TimedOut
            | AttemptResult::NotConnected
            | AttemptResult::AddressForbidden
            | AttemptResult::Broken
            | AttemptResult::NotSent => failed_in_txn(connection, request).await?,
        };
        if held == 0 {
            return Ok(None);
        }
        log_in_txn(connection, request).await?;
        let before = endpoint.health;
        let after = before.after(outcome.result, outcome.retry_after, request.patience, request.now);
        health_save_in_txn(connection, &endpoint, after).await?;
        Ok(Some(HealthChange { before, after }))
    }
    .boxed()
}

/// Marks it delivered, and makes the next event of its payment due.
async fn delivered_in_txn(
    connection: &mut AsyncPgConnection,
    request: &RecordRequest,
) -> Result<usize, Abort> {
    let (claim, now) = (&request.claim, request.now);
    let nothing = None::<OffsetDateTime>;
    let deliver = diesel::update(held!(claim)).set((
        webhook_delivery::deliver_time.eq(now),
        webhook_delivery::next_attempt_time.eq(nothing),
        webhook_delivery::claim_end.eq(nothing),
    ));
    let held = Cached(deliver).execute(connection).await?;
    if held > 0 {
        next_due_in_txn(connection, claim, now).await?;
    }
    Ok(held)
}

async fn next_due_in_txn(
    connection: &mut AsyncPgConnection,
    claim: &WebhookClaim,
    now: OffsetDateTime,
) -> Result<(), Abort> {
    let (merchant_id, endpoint) = (claim.endpoint.merchant_id.as_str(), claim.endpoint.name.as_str());
    first_due_in_txn(connection, merchant_id, endpoint, &[claim.payment_no.as_str()], now).await
}

async fn failed_in_txn(connection: &mut AsyncPgConnection, request: &RecordRequest) -> Result<usize, Abort> {
    let fail = diesel::update(held!(request.claim)).set((
        webhook_delivery::failures.eq(webhook_delivery::failures + 1),
        webhook_delivery::next_attempt_time.eq(request.next_attempt_time),
        webhook_delivery::claim_end.eq(None::<OffsetDateTime>),
    ));
    Ok(Cached(fail).execute(connection).await?)
}

// `$1` merchant, `$2` endpoint, `$3` payments, `$4` now.
const FIRST_DUE: &str = "\
    UPDATE webhook_delivery SET next_attempt_time = $4 \
    FROM (SELECT payment_no, min(event_no) AS event_no FROM webhook_delivery \
          WHERE merchant_id = $1 AND endpoint = $2 AND payment_no = ANY ($3) AND deliver_time IS NULL \
          GROUP BY payment_no) AS first \
    WHERE merchant_id = $1 AND endpoint = $2 AND webhook_delivery.event_no = first.event_no";

/// Makes the first undelivered event of each payment due. None of them has one that is due.
pub(super) async fn first_due_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &str,
    endpoint: &str,
    payments: &[&str],
    now: OffsetDateTime,
) -> Result<(), Abort> {
    use diesel::sql_types::{Array, Text, Timestamptz};
    let first_due = diesel::sql_query(FIRST_DUE)
        .bind::<Text, _>(merchant_id)
        .bind::<Text, _>(endpoint)
        .bind::<Array<Text>, _>(payments)
        .bind::<Timestamptz, _>(now);
    Cached(first_due).execute(connection).await?;
    Ok(())
}

async fn log_in_txn(connection: &mut AsyncPgConnection, request: &RecordRequest) -> Result<(), Abort> {
    let (claim, outcome) = (&request.claim, &request.outcome);
    let milliseconds = i32::try_from(outcome.duration.as_millis()).unwrap_or(i32::MAX);
    diesel::insert_into(webhook_attempt::table)
        .values((
            webhook_attempt::merchant_id.eq(claim.endpoint.merchant_id.as_str()),
            webhook_attempt::endpoint.eq(claim.endpoint.name.as_str()),
            webhook_attempt::event_no.eq(claim.event_no),
            webhook_attempt::attempt.eq(claim.attempt),
            webhook_attempt::start_time.eq(outcome.start_time),
            webhook_attempt::duration_milliseconds.eq(milliseconds),
            webhook_attempt::result.eq(outcome.result.word()),
            webhook_attempt::status_code.eq(outcome.status.and_then(|status| i16::try_from(status).ok())),
            webhook_attempt::description.eq(&outcome.description),
            webhook_attempt::response_excerpt.eq(&outcome.response_excerpt),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
