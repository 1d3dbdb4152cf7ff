//! What callers are to be told, appended in the transaction that makes it true (R27).

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{identifiers::MerchantId, merchant_event::MerchantEvent};
use time::OffsetDateTime;

use crate::{Store, schema::outbox_event, transaction::Abort, words::Word as _};

/// What events are about.
pub(crate) struct EventOf<'a> {
    pub(crate) merchant_id: &'a MerchantId,
    pub(crate) payment_no: &'a str,
    pub(crate) refund_no: Option<&'a str>,
    pub(crate) revision: i32,
    pub(crate) now: OffsetDateTime,
}

/// Appends events in their order.
pub(crate) async fn outbox_append_in_txn(
    connection: &mut AsyncPgConnection,
    store: &Store,
    about: &EventOf<'_>,
    events: &[MerchantEvent],
) -> Result<(), Abort> {
    for (event, position) in events.iter().zip(0_i16..) {
        diesel::insert_into(outbox_event::table)
            .values((
                outbox_event::event_id.eq(store.uuid(about.now)),
                outbox_event::merchant_id.eq(about.merchant_id.as_str()),
                outbox_event::payment_no.eq(about.payment_no),
                outbox_event::refund_no.eq(about.refund_no),
                outbox_event::revision.eq(about.revision),
                outbox_event::position.eq(position),
                outbox_event::event.eq(event.word()),
                outbox_event::create_time.eq(about.now),
            ))
            .execute(connection)
            .await?;
    }
    Ok(())
}
