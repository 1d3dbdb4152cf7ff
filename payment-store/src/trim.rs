//! Deletes events that are older than is to be kept, from a feed's beginning and never from its middle.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::identifiers::MerchantId;
use time::OffsetDateTime;

use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    feed::{MerchantRow, feed_lock_if_there_in_txn},
    transaction::{self, Abort},
};

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

const OLDER: &str = "\
    SELECT feed.merchant_id FROM event_feed AS feed WHERE ( \
        SELECT create_time FROM outbox_event WHERE merchant_id = feed.merchant_id AND feed_no > feed.trimmed_no \
        ORDER BY feed_no LIMIT 1) < $1 \
    ORDER BY feed.merchant_id LIMIT $2";

// `$1` being the merchant, `$2` the number up to which events were deleted before, `$3` the time, `$4` the most events. What
// one of the service's own consumers has not delivered is kept, and so is what a webhook endpoint waits for, unless no
// configuration has had that endpoint since that time.
const TRIM: &str = "\
    WITH oldest AS MATERIALIZED ( \
        SELECT event_id, feed_no, create_time FROM outbox_event \
        WHERE merchant_id = $1 AND feed_no > $2 AND NOT EXISTS ( \
            SELECT FROM event_consumer WHERE merchant_id = $1 AND delivered_no < outbox_event.feed_no) \
        AND NOT EXISTS ( \
            SELECT FROM webhook_endpoint AS endpoint WHERE endpoint.merchant_id = $1 AND endpoint.seen_time >= $3 \
            AND (endpoint.fanned_out_no < outbox_event.feed_no OR EXISTS ( \
                SELECT FROM webhook_delivery AS waiting WHERE waiting.merchant_id = $1 \
                AND waiting.endpoint = endpoint.endpoint AND waiting.deliver_time IS NULL \
                AND waiting.event_no <= outbox_event.feed_no))) \
        ORDER BY feed_no LIMIT $4), \
    kept AS (SELECT min(feed_no) AS first_no FROM oldest WHERE create_time >= $3), \
    deleted AS ( \
        DELETE FROM outbox_event USING oldest, kept \
        WHERE outbox_event.event_id = oldest.event_id AND (kept.first_no IS NULL OR oldest.feed_no < kept.first_no) \
        RETURNING outbox_event.feed_no), \
    summed AS (SELECT count(*) AS count, max(feed_no) AS last_no FROM deleted), \
    noted AS ( \
        UPDATE event_feed SET trimmed_no = summed.last_no, trimmed_before = greatest(trimmed_before, $3) \
        FROM summed WHERE merchant_id = $1 AND summed.count > 0) \
    SELECT count FROM summed";

impl Store {
    /// The merchants whose oldest event is older than `before`, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feeds_older_than(
        &self,
        before: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<MerchantId>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let older =
            diesel::sql_query(OLDER).bind::<Timestamptz, _>(before).bind::<BigInt, _>(i64::from(limit));
        let rows: Vec<MerchantRow> = Cached(older).load(&mut connection).await?;
        rows.into_iter().map(MerchantRow::into_merchant).collect()
    }

    /// Deletes a merchant's oldest events, those older than `before` and at most `limit` of them, and says how many.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is deleted then.
    pub async fn feed_trim(
        &self,
        merchant_id: &MerchantId,
        before: OffsetDateTime,
        limit: u16,
    ) -> Result<i64, StoreError> {
        let request = (merchant_id.clone(), before, limit);
        transaction::run(&self.connections, &request, trim_in_txn).await
    }
}

fn trim_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c (MerchantId, OffsetDateTime, u16),
) -> BoxFuture<'c, Result<i64, Abort>> {
    async move {
        let (merchant_id, before, limit) = request;
        let Some(reach) = feed_lock_if_there_in_txn(connection, merchant_id).await? else { return Ok(0) };
        let trim = diesel::sql_query(TRIM)
            .bind::<Text, _>(merchant_id.as_str())
            .bind::<BigInt, _>(reach.trimmed_no)
            .bind::<Timestamptz, _>(*before)
            .bind::<BigInt, _>(i64::from(*limit));
        let row: CountRow = Cached(trim).get_result(connection).await?;
        Ok(row.count)
    }
    .boxed()
}
