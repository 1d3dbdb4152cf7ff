//! What waits for the service's own work or for a person, counted when Prometheus asks. Each figure costs what waits, by a
//! partial index, and counting ends at ten thousand.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use time::{Duration, OffsetDateTime};

use crate::{Store, cached::Cached, error::StoreError};

/// Counting ends here: a backlog of ten thousand is a backlog.
pub(crate) const COUNTED: i64 = 10_000;

/// What waits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Refunds that have not arrived, since they were wanted.
    Refunds,
    /// Events without a number, since they were written.
    UnnumberedEvents,
}

/// How much of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Waiting {
    /// How many, at most ten thousand.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Since when the longest waiting does.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest: Option<OffsetDateTime>,
}

/// Refunds that need a person, by what keeps them.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Attention {
    /// The word.
    #[diesel(sql_type = Text)]
    pub attention: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

// `$1` is the most rows to count.
const REFUNDS: &str = "SELECT count(*) AS count, min(create_time) AS oldest FROM ( \
    SELECT create_time FROM refund WHERE next_check_time IS NOT NULL LIMIT $1) AS waiting";
const UNNUMBERED_EVENTS: &str = "SELECT count(*) AS count, min(create_time) AS oldest FROM ( \
    SELECT create_time FROM outbox_event WHERE feed_no IS NULL LIMIT $1) AS waiting";
const ATTENTION: &str = "SELECT attention, count(*) AS count FROM ( \
    SELECT attention FROM refund WHERE next_check_time IS NOT NULL AND attention IS NOT NULL LIMIT $1) AS waiting \
    GROUP BY attention ORDER BY attention";

/// What waits for callers' endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct WaitingWebhooks {
    /// Deliveries that are due at endpoints that are not paused, at most ten thousand, and events that are to become some.
    #[diesel(sql_type = BigInt)]
    pub due: i64,
    /// Since when the longest of them is due.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest: Option<OffsetDateTime>,
    /// Endpoints that are paused.
    #[diesel(sql_type = BigInt)]
    pub paused_endpoints: i64,
}

// `$1` is the most rows to count, `$2` now, `$3` since when an endpoint must have been in a configuration. Where no process
// delivers, events do not even become deliveries: they are told by the number up to which they did.
const WEBHOOKS: &str = "\
    WITH served AS MATERIALIZED ( \
        SELECT merchant_id, endpoint, fanned_out_no, pause_reason, hold_until FROM webhook_endpoint \
        WHERE seen_time >= $3), \
    behind AS ( \
        SELECT feed.last_no - served.fanned_out_no AS events, event.create_time FROM served \
        JOIN event_feed AS feed USING (merchant_id) \
        LEFT JOIN outbox_event AS event \
            ON event.merchant_id = served.merchant_id AND event.feed_no = served.fanned_out_no + 1 \
        WHERE served.pause_reason IS NULL AND (served.hold_until IS NULL OR served.hold_until <= $2) \
        AND feed.last_no > served.fanned_out_no), \
    waiting AS ( \
        SELECT delivery.next_attempt_time FROM webhook_delivery AS delivery JOIN served USING (merchant_id, endpoint) \
        WHERE delivery.next_attempt_time <= $2 AND served.pause_reason IS NULL LIMIT $1) \
    SELECT (SELECT count(*) FROM waiting) + (SELECT coalesce(sum(events), 0)::bigint FROM behind) AS due, \
        least((SELECT min(next_attempt_time) FROM waiting), (SELECT min(create_time) FROM behind)) AS oldest, \
        (SELECT count(*) FROM served WHERE pause_reason IS NOT NULL) AS paused_endpoints";

/// For how long an endpoint that no process has in its configuration any more is waited for.
const GONE_AFTER: Duration = Duration::days(1);

impl Store {
    /// What waits for the endpoints of all merchants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhooks_waiting(&self, now: OffsetDateTime) -> Result<WaitingWebhooks, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let count = diesel::sql_query(WEBHOOKS)
            .bind::<BigInt, _>(COUNTED)
            .bind::<Timestamptz, _>(now)
            .bind::<Timestamptz, _>(now - GONE_AFTER);
        Ok(Cached(count).get_result(&mut connection).await?)
    }

    /// How much waits, of all merchants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn queue_waiting(&self, queue: Queue) -> Result<Waiting, StoreError> {
        let statement = match queue {
            Queue::Refunds => REFUNDS,
            Queue::UnnumberedEvents => UNNUMBERED_EVENTS,
        };
        let mut connection = self.connections.acquire().await?;
        let count = diesel::sql_query(statement).bind::<BigInt, _>(COUNTED);
        Ok(Cached(count).get_result(&mut connection).await?)
    }

    /// Refunds that need a person, of all merchants, by what keeps them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refunds_needing_attention(&self) -> Result<Vec<Attention>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let count = diesel::sql_query(ATTENTION).bind::<BigInt, _>(COUNTED);
        Ok(Cached(count).load(&mut connection).await?)
    }
}
