//! Everything that is known about one payment, read in one snapshot, for a person to understand it.

mod records;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    evidence::Source,
    identifiers::{MerchantId, OrderNo, PaymentNo, RefundNo},
    merchant_event::MerchantEvent,
    payment::{
        Payment,
        allocation::AllocationState,
        state::{PaymentEvent, PaymentState},
    },
    refund::state::{RefundEvent, RefundState},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    act::{ActRecord, ActRow},
    case_row::CaseRow,
    notifications::{NotificationRow, StoredNotification},
};
use crate::{
    Store,
    error::StoreError,
    ledger::LedgerError,
    payment::{row::PaymentRow, with_allocations},
    refund::{refunds_in_txn, row::RefundRow},
    schema::{
        allocation, notification, operator_act, outbox_event, payment, payment_case, payment_transition,
        refund, refund_transition, webhook_delivery, webhook_endpoint,
    },
    transaction::Abort,
    words::Word as _,
};

pub use records::{
    CaseFile, Dossier, EventRecord, EvidenceRecord, RefundFile, RefundTransitionRecord, TransitionRecord,
    WebhookRecord,
};

/// How many rows of one kind are shown of one payment. More than that is an attack or a defect, and the newest tell it.
const LONGEST: i64 = 500;

type EvidenceColumns =
    (String, Option<String>, Option<Uuid>, Option<Vec<u8>>, Option<String>, OffsetDateTime);
type TransitionRow = (i32, String, String, String, EvidenceColumns);
type RefundTransitionRow = ((String, i32, String), (String, String, String), RefundEvidenceColumns);
type RefundEvidenceColumns = (String, Option<Uuid>, Option<Vec<u8>>, Option<String>, OffsetDateTime);
type EventRow = (Uuid, String, Option<String>, Option<i64>, i32, OffsetDateTime);
type WebhookRow = (String, i64, i32, Option<OffsetDateTime>, Option<OffsetDateTime>);

impl Store {
    /// Everything about a merchant's payment as it is at one instant. Another merchant's does not exist for it (R30).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dossier(
        &self,
        merchant_id: &MerchantId,
        payment_no: &PaymentNo,
    ) -> Result<Option<Dossier>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut snapshot = connection.build_transaction().read_only().repeatable_read();
        snapshot
            .run::<_, LedgerError, _>(async |connection| {
                Ok(read(connection, (merchant_id, payment_no)).await?)
            })
            .await
            .map_err(|error| error.0)
    }
}

async fn read(
    connection: &mut AsyncPgConnection,
    (merchant_id, payment_no): (&MerchantId, &PaymentNo),
) -> Result<Option<Dossier>, StoreError> {
    let row: Option<PaymentRow> = payment::table
        .find(payment_no.as_str())
        .filter(payment::merchant_id.eq(merchant_id.as_str()))
        .select(PaymentRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let created_by = row.created_by.clone();
    let payment = with_allocations(connection, vec![row]).await?.pop();
    let payment = payment.ok_or(StoreError::Corrupt("payment"))?;
    let transitions = transitions(connection, payment_no).await?;
    let refunds = refunds(connection, merchant_id, payment_no).await?;
    let refund_transitions = refund_transitions(connection, merchant_id, payment_no).await?;
    let notifications = notifications(connection, merchant_id, payment_no).await?;
    let cases = cases(connection, merchant_id, payment_no).await?;
    let events = events(connection, merchant_id, payment_no).await?;
    let webhooks = webhooks(connection, merchant_id, payment_no).await?;
    let acts = acts(connection, merchant_id, payment_no).await?;
    let paid_by = paid_by(connection, &payment).await?;
    let full = |length: usize| i64::try_from(length).is_ok_and(|length| length >= LONGEST);
    let lengths = [transitions.len(), refunds.len(), refund_transitions.len(), notifications.len()];
    let more = [cases.len(), events.len(), webhooks.len(), acts.len()];
    let truncated = lengths.into_iter().chain(more).any(full);
    Ok(Some(Dossier {
        payment,
        created_by,
        transitions,
        refunds,
        refund_transitions,
        notifications,
        cases,
        events,
        webhooks,
        acts,
        paid_by,
        truncated,
    }))
}

async fn transitions(
    connection: &mut AsyncPgConnection,
    payment_no: &PaymentNo,
) -> Result<Vec<TransitionRecord>, StoreError> {
    let rows: Vec<TransitionRow> = payment_transition::table
        .filter(payment_transition::payment_no.eq(payment_no.as_str()))
        .order(payment_transition::revision.desc())
        .limit(LONGEST)
        .select((
            payment_transition::revision,
            payment_transition::event,
            payment_transition::from_state,
            payment_transition::to_state,
            (
                payment_transition::source,
                payment_transition::caller,
                payment_transition::notification_id,
                payment_transition::evidence,
                payment_transition::verified_by,
                payment_transition::transition_time,
            ),
        ))
        .load(connection)
        .await?;
    let record = |(revision, event, from, to, evidence): TransitionRow| {
        let (source, caller, notification_id, bytes, verified_by, time) = evidence;
        let evidence =
            EvidenceRecord { source: Source::of_word(&source)?, caller, notification_id, bytes, verified_by };
        Ok(TransitionRecord {
            revision,
            event: PaymentEvent::of_word(&event)?,
            from: PaymentState::of_word(&from)?,
            to: PaymentState::of_word(&to)?,
            evidence,
            time,
        })
    };
    rows.into_iter().rev().map(record).collect()
}

async fn refunds(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<RefundFile>, StoreError> {
    let rows: Vec<RefundRow> = refund::table
        .filter(refund::merchant_id.eq(merchant_id.as_str()))
        .filter(refund::payment_no.eq(payment_no.as_str()))
        .order((refund::create_time.desc(), refund::refund_no.desc()))
        .limit(LONGEST)
        .select(RefundRow::as_select())
        .load(connection)
        .await?;
    let aside: Vec<_> = rows.iter().map(|row| (row.created_by.clone(), row.next_check_time)).collect();
    let refunds = refunds_in_txn(connection, rows).await.map_err(Abort::into_store)?;
    let file = |(refund, (created_by, next_check_time))| RefundFile { refund, created_by, next_check_time };
    Ok(refunds.into_iter().zip(aside).rev().map(file).collect())
}

async fn refund_transitions(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<RefundTransitionRecord>, StoreError> {
    let of_payment = refund::table
        .filter(refund::merchant_id.eq(merchant_id.as_str()))
        .filter(refund::payment_no.eq(payment_no.as_str()))
        .select(refund::refund_no);
    let rows: Vec<RefundTransitionRow> = refund_transition::table
        .filter(refund_transition::merchant_id.eq(merchant_id.as_str()))
        .filter(refund_transition::refund_no.eq_any(of_payment))
        .order((
            refund_transition::transition_time.desc(),
            refund_transition::refund_no.desc(),
            refund_transition::revision.desc(),
        ))
        .limit(LONGEST)
        .select((
            (refund_transition::refund_no, refund_transition::revision, refund_transition::event),
            (refund_transition::from_state, refund_transition::to_state, refund_transition::number),
            (
                refund_transition::source,
                refund_transition::notification_id,
                refund_transition::evidence,
                refund_transition::verified_by,
                refund_transition::transition_time,
            ),
        ))
        .load(connection)
        .await?;
    rows.into_iter().rev().map(refund_transition_record).collect()
}

fn refund_transition_record(row: RefundTransitionRow) -> Result<RefundTransitionRecord, StoreError> {
    let ((refund_no, revision, event), (from, to, number), evidence) = row;
    let (source, notification_id, bytes, verified_by, time) = evidence;
    Ok(RefundTransitionRecord {
        refund_no: RefundNo::parse(refund_no).map_err(|_| StoreError::Corrupt("refund_transition"))?,
        revision,
        event: RefundEvent::of_word(&event)?,
        from: RefundState::of_word(&from)?,
        to: RefundState::of_word(&to)?,
        number,
        evidence: EvidenceRecord {
            source: Source::of_word(&source)?,
            caller: None,
            notification_id,
            bytes,
            verified_by,
        },
        time,
    })
}

async fn notifications(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<StoredNotification>, StoreError> {
    let rows: Vec<NotificationRow> = notification::table
        .filter(notification::payment_no.eq(payment_no.as_str()))
        .filter(notification::merchant_id.eq(merchant_id.as_str()))
        .order((notification::receive_time.desc(), notification::notification_id.desc()))
        .limit(LONGEST)
        .select(NotificationRow::as_select())
        .load(connection)
        .await?;
    rows.into_iter().rev().map(NotificationRow::into_domain).collect()
}

async fn cases(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<CaseFile>, StoreError> {
    let rows: Vec<(CaseRow, Option<Vec<u8>>)> = payment_case::table
        .filter(payment_case::payment_no.eq(payment_no.as_str()))
        .filter(payment_case::merchant_id.eq(merchant_id.as_str()))
        .order((payment_case::open_time.desc(), payment_case::case_id.desc()))
        .limit(LONGEST)
        .select((CaseRow::as_select(), payment_case::evidence))
        .load(connection)
        .await?;
    let file = |(row, bytes): (CaseRow, Option<Vec<u8>>)| {
        let notification_id = row.notification_id();
        let case = row.into_domain()?;
        let evidence = EvidenceRecord {
            source: case.source,
            caller: None,
            notification_id,
            bytes,
            verified_by: case.verified_by.clone(),
        };
        Ok(CaseFile { case, evidence })
    };
    rows.into_iter().rev().map(file).collect()
}

async fn events(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<EventRecord>, StoreError> {
    let rows: Vec<EventRow> = outbox_event::table
        .filter(outbox_event::payment_no.eq(payment_no.as_str()))
        .filter(outbox_event::merchant_id.eq(merchant_id.as_str()))
        .order((
            outbox_event::create_time.desc(),
            outbox_event::revision.desc(),
            outbox_event::position.desc(),
        ))
        .limit(LONGEST)
        .select((
            outbox_event::event_id,
            outbox_event::event,
            outbox_event::refund_no,
            outbox_event::feed_no,
            outbox_event::revision,
            outbox_event::create_time,
        ))
        .load(connection)
        .await?;
    let record = |(event_id, event, refund_no, event_no, revision, time): EventRow| {
        let event = MerchantEvent::of_word(&event)?;
        Ok(EventRecord { event_id, event, refund_no, event_no, revision, time })
    };
    rows.into_iter().rev().map(record).collect()
}

async fn webhooks(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<WebhookRecord>, StoreError> {
    // The index leads by endpoint to the payment, and a merchant has a few of them.
    let endpoints: Vec<String> = webhook_endpoint::table
        .filter(webhook_endpoint::merchant_id.eq(merchant_id.as_str()))
        .select(webhook_endpoint::endpoint)
        .load(connection)
        .await?;
    let rows: Vec<WebhookRow> = webhook_delivery::table
        .filter(webhook_delivery::merchant_id.eq(merchant_id.as_str()))
        .filter(webhook_delivery::endpoint.eq_any(endpoints))
        .filter(webhook_delivery::payment_no.eq(payment_no.as_str()))
        .order((webhook_delivery::event_no.desc(), webhook_delivery::endpoint.desc()))
        .limit(LONGEST)
        .select((
            webhook_delivery::endpoint,
            webhook_delivery::event_no,
            webhook_delivery::attempts,
            webhook_delivery::last_attempt_time,
            webhook_delivery::deliver_time,
        ))
        .load(connection)
        .await?;
    let record = |(endpoint, event_no, attempts, last_attempt_time, deliver_time)| WebhookRecord {
        endpoint,
        event_no,
        attempts,
        last_attempt_time,
        deliver_time,
    };
    Ok(rows.into_iter().rev().map(record).collect())
}

async fn acts(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Vec<ActRecord>, StoreError> {
    let rows: Vec<ActRow> = operator_act::table
        .filter(operator_act::payment_no.eq(payment_no.as_str()))
        .filter(operator_act::merchant_id.eq(merchant_id.as_str()))
        .order((operator_act::act_time.desc(), operator_act::act_id.desc()))
        .limit(LONGEST)
        .select(ActRow::as_select())
        .load(connection)
        .await?;
    rows.into_iter().rev().map(ActRow::into_record).collect()
}

async fn paid_by(
    connection: &mut AsyncPgConnection,
    payment: &Payment,
) -> Result<Vec<(OrderNo, PaymentNo)>, StoreError> {
    let orders: Vec<&str> = payment.allocations.iter().map(|part| part.order_no.as_str()).collect();
    let rows: Vec<(String, String)> = allocation::table
        .filter(allocation::merchant_id.eq(payment.merchant_id.as_str()))
        .filter(allocation::order_no.eq_any(orders))
        .filter(allocation::state.eq(AllocationState::Effective.word()))
        .select((allocation::order_no, allocation::payment_no))
        .load(connection)
        .await?;
    let corrupt = |_| StoreError::Corrupt("allocation");
    let parse = |(order_no, payment_no): (String, String)| {
        Ok((OrderNo::parse(order_no).map_err(corrupt)?, PaymentNo::parse(payment_no).map_err(corrupt)?))
    };
    rows.into_iter().map(parse).collect()
}
