//! From the feed to a process that sends: events become deliveries, and due deliveries are claimed with a lease.

use std::time::Duration;

use diesel::{
    QueryableByName,
    pg::Pg,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    merchant_event::MerchantEvent,
    webhook::{EndpointHealth, Permission},
};
use time::OffsetDateTime;

use super::{
    EndpointId, event_words,
    row::{LockedEndpoint, endpoint_lock_in_txn, health_save_in_txn},
};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    transaction::{self, Abort},
};

/// How many events one look makes deliveries of.
const FAN_OUT: i64 = 500;

/// What to claim.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// For which endpoint.
    pub endpoint: EndpointId,
    /// Which events it wants; none: all of them.
    pub events: Vec<MerchantEvent>,
    /// The time.
    pub now: OffsetDateTime,
    /// How long what is claimed is left to this process.
    pub lease: Duration,
    /// At most this many.
    pub limit: u16,
}

/// A delivery that this process may send until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookClaim {
    /// Where to.
    pub endpoint: EndpointId,
    /// The event's number in the feed.
    pub event_no: i64,
    /// The payment that it is about.
    pub payment_no: String,
    /// Which attempt this is, from 1. It also tells this claim from a later one.
    pub attempt: i32,
    /// How many attempts failed since it was last made due.
    pub failures: u32,
    /// When another process may take it.
    pub lease_end: OffsetDateTime,
}

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = BigInt)]
    event_no: i64,
    #[diesel(sql_type = Text)]
    payment_no: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Timestamptz)]
    claim_end: OffsetDateTime,
}

// `$1` merchant, `$2` endpoint, `$3` the number fanned out before, `$4` the most events, `$5` words of those that are wanted,
// `$6` now. Of each payment the first is due, unless an earlier one waits already.
const FAN_OUT_EVENTS: &str = "\
    WITH read AS MATERIALIZED ( \
        SELECT feed_no, payment_no, event, create_time FROM outbox_event \
        WHERE merchant_id = $1 AND feed_no > $3 ORDER BY feed_no LIMIT $4), \
    wanted AS ( \
        SELECT feed_no, payment_no, create_time, row_number() OVER (PARTITION BY payment_no ORDER BY feed_no) AS place \
        FROM read WHERE cardinality($5) = 0 OR event = ANY ($5)), \
    made AS ( \
        INSERT INTO webhook_delivery ( \
            merchant_id, endpoint, event_no, payment_no, event_time, attempts, failures, next_attempt_time) \
        SELECT $1, $2, feed_no, payment_no, create_time, 0, 0, CASE WHEN place = 1 AND NOT EXISTS ( \
            SELECT 1 FROM webhook_delivery AS earlier WHERE earlier.merchant_id = $1 AND earlier.endpoint = $2 \
            AND earlier.payment_no = wanted.payment_no AND earlier.deliver_time IS NULL) THEN $6 END \
        FROM wanted) \
    UPDATE webhook_endpoint SET fanned_out_no = (SELECT max(feed_no) FROM read) \
    WHERE merchant_id = $1 AND endpoint = $2 AND EXISTS (SELECT 1 FROM read)";

// The claims: `$1` merchant, `$2` endpoint, `$3` now, `$4` the lease's end, `$5` the most, `$6` where given the time of resuming.
const CLAIM_DUE: &str = "\
    WITH due AS MATERIALIZED ( \
        SELECT event_no FROM webhook_delivery WHERE merchant_id = $1 AND endpoint = $2 AND next_attempt_time <= $3 \
        AND (claim_end IS NULL OR claim_end <= $3) \
        ORDER BY next_attempt_time, event_no LIMIT $5 FOR UPDATE SKIP LOCKED) \
    UPDATE webhook_delivery AS claimed \
    SET claim_end = $4, last_attempt_time = $3, attempts = attempts + 1 FROM due \
    WHERE merchant_id = $1 AND endpoint = $2 AND claimed.event_no = due.event_no \
    RETURNING claimed.event_no, payment_no, attempts, failures, claim_end";
const CLAIM_TRIED_BEFORE: &str = "\
    WITH due AS MATERIALIZED ( \
        SELECT event_no FROM webhook_delivery WHERE merchant_id = $1 AND endpoint = $2 AND next_attempt_time IS NOT NULL \
        AND last_attempt_time < $6 AND (claim_end IS NULL OR claim_end <= $3) \
        ORDER BY last_attempt_time, event_no LIMIT $5 FOR UPDATE SKIP LOCKED) \
    UPDATE webhook_delivery AS claimed \
    SET claim_end = $4, last_attempt_time = $3, attempts = attempts + 1 FROM due \
    WHERE merchant_id = $1 AND endpoint = $2 AND claimed.event_no = due.event_no \
    RETURNING claimed.event_no, payment_no, attempts, failures, claim_end";
// The one that was tried least: an event that the endpoint refuses for ever does not keep it from being found healthy.
const CLAIM_PROBE: &str = "\
    WITH due AS MATERIALIZED ( \
        SELECT event_no FROM webhook_delivery WHERE merchant_id = $1 AND endpoint = $2 AND next_attempt_time IS NOT NULL \
        AND (claim_end IS NULL OR claim_end <= $3) ORDER BY attempts, event_no LIMIT $5 FOR UPDATE SKIP LOCKED) \
    UPDATE webhook_delivery AS claimed \
    SET claim_end = $4, last_attempt_time = $3, attempts = attempts + 1 FROM due \
    WHERE merchant_id = $1 AND endpoint = $2 AND claimed.event_no = due.event_no \
    RETURNING claimed.event_no, payment_no, attempts, failures, claim_end";

impl Store {
    /// Makes deliveries of an endpoint's new events and claims what may be sent. Safe from any number of replicas at once.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is claimed then.
    pub async fn webhook_claim(&self, request: &ClaimRequest) -> Result<Vec<WebhookClaim>, StoreError> {
        transaction::run(&self.connections, request, claim_in_txn).await
    }
}

fn claim_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c ClaimRequest,
) -> BoxFuture<'c, Result<Vec<WebhookClaim>, Abort>> {
    async move {
        let Some(endpoint) = endpoint_lock_in_txn(connection, &request.endpoint).await? else {
            return Ok(Vec::new());
        };
        if endpoint.health.takes_events() {
            fan_out_in_txn(connection, request, &endpoint).await?;
        }
        match endpoint.health.permits(request.now) {
            Permission::WhatIsDue => claim_due_in_txn(connection, request, &endpoint).await,
            Permission::OneProbe => claim_probe_in_txn(connection, request, &endpoint).await,
            Permission::Nothing => Ok(Vec::new()),
        }
    }
    .boxed()
}

async fn fan_out_in_txn(
    connection: &mut AsyncPgConnection,
    request: &ClaimRequest,
    endpoint: &LockedEndpoint,
) -> Result<(), Abort> {
    let fan_out = diesel::sql_query(FAN_OUT_EVENTS)
        .bind::<Text, _>(endpoint.id.merchant_id.as_str())
        .bind::<Text, _>(endpoint.id.name.as_str())
        .bind::<BigInt, _>(endpoint.fanned_out_no)
        .bind::<BigInt, _>(FAN_OUT)
        .bind::<Array<Text>, _>(event_words(&request.events))
        .bind::<Timestamptz, _>(request.now);
    Cached(fan_out).execute(connection).await?;
    Ok(())
}

async fn claim_due_in_txn(
    connection: &mut AsyncPgConnection,
    request: &ClaimRequest,
    endpoint: &LockedEndpoint,
) -> Result<Vec<WebhookClaim>, Abort> {
    let due = bound(CLAIM_DUE, request, request.limit);
    let mut claims = claims(request, Cached(due).load(connection).await?)?;
    let left = request.limit.saturating_sub(u16::try_from(claims.len()).unwrap_or(u16::MAX));
    if let (Some(resume_time), 1..) = (endpoint.health.resume_time, left) {
        let tried = bound(CLAIM_TRIED_BEFORE, request, left).bind::<Timestamptz, _>(resume_time);
        let tried = self::claims(request, Cached(tried).load(connection).await?)?;
        if tried.is_empty() {
            let caught_up = EndpointHealth { resume_time: None, ..endpoint.health };
            health_save_in_txn(connection, endpoint, caught_up).await?;
        }
        claims.extend(tried);
    }
    Ok(claims)
}

async fn claim_probe_in_txn(
    connection: &mut AsyncPgConnection,
    request: &ClaimRequest,
    endpoint: &LockedEndpoint,
) -> Result<Vec<WebhookClaim>, Abort> {
    let probe = bound(CLAIM_PROBE, request, request.limit.min(1));
    let claims = claims(request, Cached(probe).load(connection).await?)?;
    if !claims.is_empty() {
        health_save_in_txn(connection, endpoint, endpoint.health.probed(request.now)).await?;
    }
    Ok(claims)
}

fn bound(
    statement: &'static str,
    request: &ClaimRequest,
    limit: u16,
) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
    diesel::sql_query(statement)
        .into_boxed::<Pg>()
        .bind::<Text, _>(request.endpoint.merchant_id.to_string())
        .bind::<Text, _>(request.endpoint.name.to_string())
        .bind::<Timestamptz, _>(request.now)
        .bind::<Timestamptz, _>(request.now + request.lease)
        .bind::<BigInt, _>(i64::from(limit))
}

fn claims(request: &ClaimRequest, rows: Vec<ClaimedRow>) -> Result<Vec<WebhookClaim>, Abort> {
    let claim = |row: ClaimedRow| {
        Ok(WebhookClaim {
            endpoint: request.endpoint.clone(),
            event_no: row.event_no,
            payment_no: row.payment_no,
            attempt: row.attempts,
            failures: u32::try_from(row.failures).map_err(|_| StoreError::Corrupt("webhook_delivery"))?,
            lease_end: row.claim_end,
        })
    };
    rows.into_iter().map(claim).collect()
}
