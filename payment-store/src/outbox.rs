//! What callers are to be told, appended in the transaction that makes it true (R27), with what is true then.

use diesel::prelude::*;
use payment_core::{
    identifiers::MerchantId, merchant_event::MerchantEvent, payment::Payment, refund::Refund,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store, appended,
    error::StoreError,
    schema::outbox_event,
    snapshot::{CaseSnapshot, PaymentSnapshot, RefundSnapshot, Snapshot},
    words::Word as _,
    writes::Writes,
};

/// What events are about, and where they stand in its order.
pub(crate) struct EventOf<'a> {
    pub(crate) merchant_id: &'a MerchantId,
    pub(crate) payment_no: &'a str,
    pub(crate) refund_no: Option<&'a str>,
    pub(crate) revision: i32,
    pub(crate) place: Place,
    pub(crate) now: OffsetDateTime,
}

/// Where events stand within a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// They tell of the change that made the revision.
    OfChange,
    /// They were told while the revision stood: a case was opened or resolved, which leaves payment and refund as they are.
    Beside,
}

impl Place {
    const fn first_position(self) -> i16 {
        match self {
            Self::OfChange => 0,
            Self::Beside => 1000,
        }
    }
}

/// What is added so that a case's resolution comes after its opening, though both are told beside the same revision.
fn after_opening(event: MerchantEvent) -> i16 {
    if event == MerchantEvent::CaseResolved { 1000 } else { 0 }
}

/// One thing to be told.
pub(crate) struct Telling {
    event: MerchantEvent,
    case_id: Option<Uuid>,
    snapshot: Snapshot,
}

impl Telling {
    /// About a payment, as it is about to be committed.
    pub(crate) fn of_payment(event: MerchantEvent, payment: &Payment) -> Self {
        Self { event, case_id: None, snapshot: Snapshot::Payment(PaymentSnapshot::of(payment)) }
    }

    /// About a refund, as it is about to be committed.
    pub(crate) fn of_refund(event: MerchantEvent, refund: &Refund) -> Self {
        Self { event, case_id: None, snapshot: Snapshot::Refund(RefundSnapshot::of(refund)) }
    }

    /// About a case, as it is about to be committed.
    pub(crate) fn of_case(event: MerchantEvent, case_id: Uuid, case: CaseSnapshot) -> Self {
        Self { event, case_id: Some(case_id), snapshot: Snapshot::Case(case) }
    }
}

/// Appends events in their order, with what else is written in the same transaction. Once that is committed, whoever waits in
/// [`Store::events_appended`] wakes.
pub(crate) fn outbox_append<'a>(
    writes: &mut Writes<'a>,
    store: &Store,
    about: &EventOf<'a>,
    tellings: Vec<Telling>,
) -> Result<(), StoreError> {
    if !tellings.is_empty() {
        appended::note(about.merchant_id);
    }
    for (telling, position) in tellings.into_iter().zip(about.place.first_position()..) {
        let snapshot = serde_json::to_value(&telling.snapshot);
        writes.add(diesel::insert_into(outbox_event::table).values((
            outbox_event::event_id.eq(store.uuid(about.now)),
            outbox_event::merchant_id.eq(about.merchant_id.as_str()),
            outbox_event::payment_no.eq(about.payment_no),
            outbox_event::refund_no.eq(about.refund_no),
            outbox_event::case_id.eq(telling.case_id),
            outbox_event::revision.eq(about.revision),
            outbox_event::position.eq(position.saturating_add(after_opening(telling.event))),
            outbox_event::event.eq(telling.event.word()),
            outbox_event::create_time.eq(about.now),
            outbox_event::snapshot.eq(snapshot.map_err(|_| StoreError::Corrupt("outbox_event"))?),
        )));
    }
    Ok(())
}
