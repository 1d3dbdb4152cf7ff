//! Endpoints: first seen, in need of work, paused and resumed.

use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    identifiers::{MerchantId, WebhookName},
    webhook::{EndpointHealth, PauseReason},
};
use time::OffsetDateTime;

use super::{
    EndpointId,
    row::{endpoint_lock_in_txn, health_save_in_txn},
};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    transaction::{self, Abort},
};

/// What an operator does to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointChange {
    /// Nothing is sent until it is resumed.
    Pause,
    /// What waits is due at once.
    Resume,
}

// `$1` merchants and `$2` names, in pairs, `$3` now. An endpoint gets what is told from now on; what was told before can be
// replayed.
const REGISTER: &str = "\
    INSERT INTO webhook_endpoint (merchant_id, endpoint, fanned_out_no, create_time, seen_time) \
    SELECT given.merchant_id, given.endpoint, coalesce(event_feed.last_no, 0), $3, $3 \
    FROM unnest($1, $2) AS given (merchant_id, endpoint) \
    LEFT JOIN event_feed ON event_feed.merchant_id = given.merchant_id \
    ON CONFLICT (merchant_id, endpoint) DO UPDATE SET seen_time = excluded.seen_time";

// `$1` now, `$2` the most endpoints. Each part is one look into an index that holds open rows only.
const WITH_WORK: &str = "\
    SELECT merchant_id, endpoint FROM webhook_endpoint AS one \
    WHERE (hold_until IS NULL OR hold_until <= $1) AND ( \
        pause_reason IS NULL AND resume_time IS NOT NULL \
        OR pause_reason IS NULL AND EXISTS ( \
            SELECT 1 FROM webhook_delivery AS due WHERE due.merchant_id = one.merchant_id \
            AND due.endpoint = one.endpoint AND due.next_attempt_time <= $1 \
            AND (due.claim_end IS NULL OR due.claim_end <= $1)) \
        OR pause_reason = 'FAILING' AND EXISTS ( \
            SELECT 1 FROM webhook_delivery AS waiting WHERE waiting.merchant_id = one.merchant_id \
            AND waiting.endpoint = one.endpoint AND waiting.next_attempt_time IS NOT NULL) \
        OR (pause_reason IS NULL OR pause_reason = 'FAILING') AND EXISTS ( \
            SELECT 1 FROM event_feed WHERE event_feed.merchant_id = one.merchant_id \
            AND event_feed.last_no > one.fanned_out_no)) \
    ORDER BY merchant_id, endpoint LIMIT $2";

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = Text)]
    endpoint: String,
}

impl Store {
    /// Makes the endpoints known that are not yet, and notes that all of them are still in a configuration.
    ///
    /// # Errors
    /// [`StoreError`]; none is known then.
    pub async fn webhook_endpoints_register(
        &self,
        endpoints: &[EndpointId],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let merchants: Vec<&str> = endpoints.iter().map(|id| id.merchant_id.as_str()).collect();
        let names: Vec<&str> = endpoints.iter().map(|id| id.name.as_str()).collect();
        let register = diesel::sql_query(REGISTER)
            .bind::<Array<Text>, _>(merchants)
            .bind::<Array<Text>, _>(names)
            .bind::<Timestamptz, _>(now);
        Cached(register).execute(&mut connection).await?;
        Ok(())
    }

    /// The endpoints for which something may be done now, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook_endpoints_with_work(
        &self,
        now: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<EndpointId>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let with_work =
            diesel::sql_query(WITH_WORK).bind::<Timestamptz, _>(now).bind::<BigInt, _>(i64::from(limit));
        let rows: Vec<IdRow> = Cached(with_work).load(&mut connection).await?;
        rows.into_iter().map(|row| endpoint_id(row.merchant_id, row.endpoint)).collect()
    }

    /// Pauses or resumes an endpoint. Nothing, if it was never seen.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed then.
    pub async fn webhook_endpoint_change(
        &self,
        id: &EndpointId,
        change: EndpointChange,
        now: OffsetDateTime,
    ) -> Result<Option<EndpointHealth>, StoreError> {
        transaction::run(&self.connections, &(id.clone(), change, now), change_in_txn).await
    }
}

fn change_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c (EndpointId, EndpointChange, OffsetDateTime),
) -> BoxFuture<'c, Result<Option<EndpointHealth>, Abort>> {
    async move {
        let (id, change, now) = request;
        let Some(endpoint) = endpoint_lock_in_txn(connection, id).await? else { return Ok(None) };
        let health = match change {
            EndpointChange::Pause => endpoint.health.pause(PauseReason::Operator, *now),
            EndpointChange::Resume => endpoint.health.resume(*now),
        };
        health_save_in_txn(connection, &endpoint, health).await?;
        Ok(Some(health))
    }
    .boxed()
}

pub(super) fn endpoint_id(merchant_id: String, name: String) -> Result<EndpointId, StoreError> {
    let corrupt = |_| StoreError::Corrupt("webhook_endpoint");
    Ok(EndpointId {
        merchant_id: MerchantId::parse(merchant_id).map_err(corrupt)?,
        name: WebhookName::parse(name).map_err(corrupt)?,
    })
}
