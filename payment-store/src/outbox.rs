//! What callers are to be told, appended in the transaction that makes it true (R27), with what is true then.

use diesel::prelude::*;
use payment_core::{
    identifiers::MerchantId, merchant_event::MerchantEvent, payment::Payment, refund::Refund,
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store, appended,
    error::StoreError,
    many::ManyRows,
    schema::outbox_event,
    snapshot::{CaseSnapshot, PaymentSnapshot, RefundSnapshot, Snapshot},
    words::Word as _,
    writes::{Write, Writes},
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

impl<'a> EventOf<'a> {
    /// A change of a payment, as it is about to be committed.
    pub(crate) fn of_change(payment: &'a Payment, now: OffsetDateTime) -> Self {
        Self {
            merchant_id: &payment.merchant_id,
            payment_no: payment.payment_no.as_str(),
            refund_no: None,
            revision: payment.revision,
            place: Place::OfChange,
            now,
        }
    }
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

/// The row of an event that has no number in its merchant's feed yet.
#[derive(Insertable)]
#[diesel(table_name = outbox_event, treat_none_as_default_value = false)]
pub(crate) struct EventRow<'a> {
    event_id: Uuid,
    merchant_id: &'a str,
    payment_no: &'a str,
    refund_no: Option<&'a str>,
    case_id: Option<Uuid>,
    revision: i32,
    position: i16,
    event: &'static str,
    create_time: OffsetDateTime,
    snapshot: Value,
}

/// Appends events in their order, with what else is written in the same transaction. Once that is committed, whoever waits in
/// [`Store::events_appended`] wakes.
pub(crate) fn outbox_append<'a>(
    writes: &mut Writes<'a>,
    store: &Store,
    about: &EventOf<'a>,
    tellings: Vec<Telling>,
) -> Result<(), StoreError> {
    for row in event_rows(store, about, tellings)? {
        writes.add(diesel::insert_into(outbox_event::table).values(row));
    }
    Ok(())
}

/// The rows of events in their order. Whoever asks for them writes them in the present transaction.
pub(crate) fn event_rows<'a>(
    store: &Store,
    about: &EventOf<'a>,
    tellings: Vec<Telling>,
) -> Result<Vec<EventRow<'a>>, StoreError> {
    if !tellings.is_empty() {
        appended::note(about.merchant_id);
    }
    let row = |(telling, position): (Telling, i16)| {
        let snapshot = serde_json::to_value(&telling.snapshot);
        Ok(EventRow {
            event_id: store.uuid(about.now),
            merchant_id: about.merchant_id.as_str(),
            payment_no: about.payment_no,
            refund_no: about.refund_no,
            case_id: telling.case_id,
            revision: about.revision,
            position: position.saturating_add(after_opening(telling.event)),
            event: telling.event.word(),
            create_time: about.now,
            snapshot: snapshot.map_err(|_| StoreError::Corrupt("outbox_event"))?,
        })
    };
    tellings.into_iter().zip(about.place.first_position()..).map(row).collect()
}

/// Writes the events of several payments.
pub(crate) fn events_insert<'a>(rows: &'a [EventRow<'a>]) -> impl Write + 'a {
    ManyRows::of(rows, outbox_event::table)
        .column(outbox_event::event_id, |row| row.event_id)
        .column(outbox_event::merchant_id, |row| row.merchant_id)
        .column(outbox_event::payment_no, |row| row.payment_no)
        .column(outbox_event::refund_no, |row| row.refund_no)
        .column(outbox_event::case_id, |row| row.case_id)
        .column(outbox_event::revision, |row| row.revision)
        .column(outbox_event::position, |row| row.position)
        .column(outbox_event::event, |row| row.event)
        .column(outbox_event::create_time, |row| row.create_time)
        .column(outbox_event::snapshot, |row| &row.snapshot)
        .insert()
}
