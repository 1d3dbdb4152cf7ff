//! An endpoint's row, and the lock on it.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::webhook::{EndpointHealth, Pause, PauseReason};
use time::OffsetDateTime;

use super::EndpointId;
use crate::{
    cached::Cached, error::StoreError, schema::webhook_endpoint, transaction::Abort, words::Word as _,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_endpoint, check_for_backend(diesel::pg::Pg))]
pub(super) struct EndpointRow {
    pub(super) merchant_id: String,
    pub(super) endpoint: String,
    pub(super) fanned_out_no: i64,
    pub(super) pause_reason: Option<String>,
    pub(super) pause_time: Option<OffsetDateTime>,
    pub(super) failing_since: Option<OffsetDateTime>,
    pub(super) hold_until: Option<OffsetDateTime>,
    pub(super) resume_time: Option<OffsetDateTime>,
    pub(super) last_success_time: Option<OffsetDateTime>,
    pub(super) create_time: OffsetDateTime,
}

impl EndpointRow {
    pub(super) fn health(&self) -> Result<EndpointHealth, StoreError> {
        let paused = match (&self.pause_reason, self.pause_time) {
            (Some(reason), Some(time)) => Some(Pause { reason: PauseReason::of_word(reason)?, time }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(StoreError::Corrupt("webhook_endpoint")),
        };
        Ok(EndpointHealth {
            paused,
            failing_since: self.failing_since,
            hold_until: self.hold_until,
            resume_time: self.resume_time,
            last_success_time: self.last_success_time,
        })
    }
}

/// An endpoint whose row is locked. Only [`endpoint_lock_in_txn`] makes one.
pub(super) struct LockedEndpoint {
    pub(super) id: EndpointId,
    pub(super) health: EndpointHealth,
    pub(super) fanned_out_no: i64,
}

/// Locks an endpoint's row. Nothing, if the endpoint was never seen.
pub(super) async fn endpoint_lock_in_txn(
    connection: &mut AsyncPgConnection,
    id: &EndpointId,
) -> Result<Option<LockedEndpoint>, Abort> {
    let locked = webhook_endpoint::table
        .find((id.merchant_id.as_str(), id.name.as_str()))
        .select(EndpointRow::as_select())
        .for_update();
    let row: Option<EndpointRow> = Cached(locked).get_result(connection).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let health = row.health()?;
    Ok(Some(LockedEndpoint { id: id.clone(), health, fanned_out_no: row.fanned_out_no }))
}

/// Writes what is remembered of a locked endpoint, if it changed.
pub(super) async fn health_save_in_txn(
    connection: &mut AsyncPgConnection,
    endpoint: &LockedEndpoint,
    health: EndpointHealth,
) -> Result<(), Abort> {
    if health == endpoint.health {
        return Ok(());
    }
    let row = webhook_endpoint::table.find((endpoint.id.merchant_id.as_str(), endpoint.id.name.as_str()));
    let update = diesel::update(row).set((
        webhook_endpoint::pause_reason.eq(health.paused.map(|pause| pause.reason.word())),
        webhook_endpoint::pause_time.eq(health.paused.map(|pause| pause.time)),
        webhook_endpoint::failing_since.eq(health.failing_since),
        webhook_endpoint::hold_until.eq(health.hold_until),
        webhook_endpoint::resume_time.eq(health.resume_time),
        webhook_endpoint::last_success_time.eq(health.last_success_time),
    ));
    Cached(update).execute(connection).await?;
    Ok(())
}
