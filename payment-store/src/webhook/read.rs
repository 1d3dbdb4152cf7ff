//! Endpoints, deliveries and attempts as operators and receivers see them; and what is old goes.

use std::{collections::BTreeMap, time::Duration};

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use payment_core::{
    identifiers::MerchantId,
    merchant_event::MerchantEvent,
    webhook::{AttemptResult, EndpointHealth},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{EndpointId, endpoint::endpoint_id, record::AttemptOutcome, row::EndpointRow};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    schema::{webhook_attempt, webhook_endpoint},
    words::Word as _,
};

/// The most undelivered events that are counted; more are "this many at least".
const COUNTED: i64 = 10_000;

/// How many attempts of each delivery are read, the latest.
const ATTEMPTS: i64 = 20;

/// An endpoint with how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRecord {
    /// Which.
    pub id: EndpointId,
    /// How it is.
    pub health: EndpointHealth,
    /// When it was first seen.
    pub create_time: OffsetDateTime,
    /// Events that wait to be delivered, counted to 10,000 at most; those in the feed that are not looked at yet among them.
    pub undelivered: i64,
    /// When the oldest of them became true.
    pub oldest_undelivered_time: Option<OffsetDateTime>,
}

/// Which deliveries to read, the latest events first.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// Of which endpoint.
    pub endpoint: EndpointId,
    /// Only those that the endpoint has not taken.
    pub undelivered_only: bool,
    /// Only those about this payment.
    pub payment_no: Option<String>,
    /// Only events before this number.
    pub below: Option<i64>,
    /// At most this many.
    pub limit: u16,
}

/// A delivery with its latest attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The event's number in the feed.
    pub event_no: i64,
    /// The event's id. Absent if the event is not kept any more.
    pub event_id: Option<Uuid>,
    /// What it tells.
    pub event: Option<MerchantEvent>,
    /// The payment that it is about.
    pub payment_no: String,
    /// When it became true.
    pub event_time: OffsetDateTime,
    /// How often it was sent, or taken to be sent.
    pub attempts: u32,
    /// When it is due. Absent once it was delivered, and while an earlier event of its payment was not.
    pub next_attempt_time: Option<OffsetDateTime>,
    /// When the endpoint took it.
    pub deliver_time: Option<OffsetDateTime>,
    /// The latest attempts, the last one first.
    pub latest_attempts: Vec<AttemptRecord>,
}

/// An attempt of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Counts the attempts of its delivery, from 1.
    pub attempt: u32,
    /// How it went. `retry_after` is not kept.
    pub outcome: AttemptOutcome,
}

// `$1` merchants and `$2` names, in pairs; `$3` how many are counted at most.
const BACKLOG: &str = "\
    SELECT one.merchant_id, one.endpoint, \
        (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery AS waiting WHERE waiting.merchant_id = one.merchant_id \
            AND waiting.endpoint = one.endpoint AND waiting.deliver_time IS NULL LIMIT $3) AS counted) \
        + (SELECT count(*) FROM (SELECT 1 FROM outbox_event WHERE outbox_event.merchant_id = one.merchant_id \
            AND feed_no > one.fanned_out_no LIMIT $3) AS unread) AS undelivered, \
        coalesce((SELECT event_time FROM webhook_delivery AS oldest WHERE oldest.merchant_id = one.merchant_id \
            AND oldest.endpoint = one.endpoint AND oldest.deliver_time IS NULL ORDER BY event_no LIMIT 1), \
            (SELECT outbox_event.create_time FROM outbox_event WHERE outbox_event.merchant_id = one.merchant_id \
            AND feed_no > one.fanned_out_no ORDER BY feed_no LIMIT 1)) AS oldest \
    FROM webhook_endpoint AS one JOIN unnest($1, $2) AS given (merchant_id, endpoint) \
        ON one.merchant_id = given.merchant_id AND one.endpoint = given.endpoint";

// `$1` merchant, `$2` endpoint, `$3` below which number, `$4` payment, `$5` the most, each of the filters absent where it does
// not count.
const DELIVERIES: &str = "\
    SELECT event_no, event_id, event, delivery.payment_no, event_time, attempts, next_attempt_time, deliver_time \
    FROM webhook_delivery AS delivery \
    LEFT JOIN outbox_event ON outbox_event.merchant_id = delivery.merchant_id AND feed_no = event_no \
    WHERE delivery.merchant_id = $1 AND delivery.endpoint = $2 AND ($3 IS NULL OR event_no < $3) \
    AND ($4 IS NULL OR delivery.payment_no = $4) ORDER BY event_no DESC LIMIT $5";
const UNDELIVERED: &str = "\
    SELECT event_no, event_id, event, delivery.payment_no, event_time, attempts, next_attempt_time, deliver_time \
    FROM webhook_delivery AS delivery \
    LEFT JOIN outbox_event ON outbox_event.merchant_id = delivery.merchant_id AND feed_no = event_no \
    WHERE delivery.merchant_id = $1 AND delivery.endpoint = $2 AND ($3 IS NULL OR event_no < $3) \
    AND ($4 IS NULL OR delivery.payment_no = $4) AND deliver_time IS NULL ORDER BY event_no DESC LIMIT $5";

// `$1` merchant, `$2` endpoint, `$3` events, `$4` how many of each.
const LATEST_ATTEMPTS: &str = "\
    SELECT latest.* FROM unnest($3) AS of_event (event_no) CROSS JOIN LATERAL ( \
        SELECT * FROM webhook_attempt WHERE merchant_id = $1 AND endpoint = $2 \
        AND webhook_attempt.event_no = of_event.event_no ORDER BY attempt DESC LIMIT $4) AS latest \
    ORDER BY event_no, attempt DESC";

// `$1` the time before which, `$2` the most. Their attempts go with them.
const FORGET: &str = "\
    DELETE FROM webhook_delivery USING ( \
        SELECT merchant_id, endpoint, event_no FROM webhook_delivery WHERE deliver_time < $1 \
        ORDER BY deliver_time LIMIT $2 FOR UPDATE SKIP LOCKED) AS old \
    WHERE webhook_delivery.merchant_id = old.merchant_id AND webhook_delivery.endpoint = old.endpoint \
    AND webhook_delivery.event_no = old.event_no";

#[derive(QueryableByName)]
struct BacklogRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = Text)]
    endpoint: String,
    #[diesel(sql_type = BigInt)]
    undelivered: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct DeliveryRow {
    #[diesel(sql_type = BigInt)]
    event_no: i64,
    #[diesel(sql_type = Nullable<diesel::sql_types::Uuid>)]
    event_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    event: Option<String>,
    #[diesel(sql_type = Text)]
    payment_no: String,
    #[diesel(sql_type = Timestamptz)]
    event_time: OffsetDateTime,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    attempts: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_attempt_time: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    deliver_time: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
#[diesel(table_name = webhook_attempt)]
struct AttemptRow {
    event_no: i64,
    attempt: i32,
    start_time: OffsetDateTime,
    duration_milliseconds: i32,
    result: String,
    status_code: Option<i16>,
    description: String,
    response_excerpt: String,
}

impl Store {
    /// A merchant's endpoints as they are, by name: all that were ever seen.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook_endpoints(
        &self,
        merchant_id: &MerchantId,
    ) -> Result<Vec<EndpointRecord>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let all = webhook_endpoint::table
            .filter(webhook_endpoint::merchant_id.eq(merchant_id.as_str()))
            .order(webhook_endpoint::endpoint)
            .select(EndpointRow::as_select());
        let rows: Vec<EndpointRow> = Cached(all).load(&mut connection).await?;
        let backlog = diesel::sql_query(BACKLOG)
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.merchant_id.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.endpoint.as_str()).collect::<Vec<_>>())
            .bind::<BigInt, _>(COUNTED);
        let backlog: Vec<BacklogRow> = Cached(backlog).load(&mut connection).await?;
        let mut backlog: BTreeMap<_, _> = backlog
            .into_iter()
            .map(|row| ((row.merchant_id, row.endpoint), (row.undelivered, row.oldest)))
            .collect();
        let record = |row: EndpointRow| {
            let health = row.health()?;
            let of_endpoint = backlog.remove(&(row.merchant_id.clone(), row.endpoint.clone()));
            let (undelivered, oldest_undelivered_time) = of_endpoint.unwrap_or((0, None));
            Ok(EndpointRecord {
                id: endpoint_id(row.merchant_id, row.endpoint)?,
                health,
                create_time: row.create_time,
                undelivered: undelivered.min(COUNTED),
                oldest_undelivered_time,
            })
        };
        rows.into_iter().map(record).collect()
    }

    /// Deliveries with their latest attempts, the latest events first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook_deliveries(
        &self,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let id = &filter.endpoint;
        let statement = if filter.undelivered_only { UNDELIVERED } else { DELIVERIES };
        let deliveries = diesel::sql_query(statement)
            .bind::<Text, _>(id.merchant_id.as_str())
            .bind::<Text, _>(id.name.as_str())
            .bind::<Nullable<BigInt>, _>(filter.below)
            .bind::<Nullable<Text>, _>(filter.payment_no.as_deref())
            .bind::<BigInt, _>(i64::from(filter.limit));
        let rows: Vec<DeliveryRow> = Cached(deliveries).load(&mut connection).await?;
        let attempts = diesel::sql_query(LATEST_ATTEMPTS)
            .bind::<Text, _>(id.merchant_id.as_str())
            .bind::<Text, _>(id.name.as_str())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.event_no).collect::<Vec<_>>())
            .bind::<BigInt, _>(ATTEMPTS);
        let attempts: Vec<AttemptRow> = Cached(attempts).load(&mut connection).await?;
        let mut of_events: BTreeMap<i64, Vec<AttemptRecord>> = BTreeMap::new();
        for row in attempts {
            of_events.entry(row.event_no).or_default().push(row.into_record()?);
        }
        let record = |row: DeliveryRow| {
            let latest_attempts = of_events.remove(&row.event_no).unwrap_or_default();
            row.into_record(latest_attempts)
        };
        rows.into_iter().map(record).collect()
    }

    /// Deletes deliveries that were taken before a time, with their attempts, at most `limit`, and says how many. What was
    /// not taken stays.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is deleted then.
    pub async fn webhook_deliveries_forget(
        &self,
        before: OffsetDateTime,
        limit: u16,
    ) -> Result<usize, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let forget =
            diesel::sql_query(FORGET).bind::<Timestamptz, _>(before).bind::<BigInt, _>(i64::from(limit));
        Ok(Cached(forget).execute(&mut connection).await?)
    }
}

fn corrupt<E>(_: E) -> StoreError {
    StoreError::Corrupt("webhook_delivery")
}

impl DeliveryRow {
    fn into_record(self, latest_attempts: Vec<AttemptRecord>) -> Result<DeliveryRecord, StoreError> {
        Ok(DeliveryRecord {
            event_no: self.event_no,
            event_id: self.event_id,
            event: self.event.as_deref().map(MerchantEvent::of_word).transpose()?,
            payment_no: self.payment_no,
            event_time: self.event_time,
            attempts: u32::try_from(self.attempts).map_err(corrupt)?,
            next_attempt_time: self.next_attempt_time,
            deliver_time: self.deliver_time,
            latest_attempts,
        })
    }
}

impl AttemptRow {
    fn into_record(self) -> Result<AttemptRecord, StoreError> {
        let milliseconds = u64::try_from(self.duration_milliseconds).map_err(corrupt)?;
        let outcome = AttemptOutcome {
            start_time: self.start_time,
            duration: Duration::from_millis(milliseconds),
            result: AttemptResult::of_word(&self.result)?,
            status: self.status_code.map(u16::try_from).transpose().map_err(corrupt)?,
            retry_after: None,
            description: self.description,
            response_excerpt: self.response_excerpt,
        };
        Ok(AttemptRecord { attempt: u32::try_from(self.attempt).map_err(corrupt)?, outcome })
    }
}
