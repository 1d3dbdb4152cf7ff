//! Everything that the named invariants look at, read in one snapshot.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo, RefundNo},
    invariant::{Ledger, RecordedCase, RecordedEvent, RecordedRefundTransition, RecordedTransition},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store,
    error::StoreError,
    payment::row::PaymentRow,
    refund::{refunds_in_txn, row::RefundRow},
    schema::{
        allocation, event_feed, outbox_event, payment, payment_case, payment_transition, refund,
        refund_transition,
    },
    transaction::Abort,
    words::Word,
};

type TransitionRow = (String, i32, OffsetDateTime, String, String, String, Option<String>);
type RefundTransitionRow = (String, String, i32, OffsetDateTime, String);
type CaseRow = (String, Uuid, String, OffsetDateTime);
type EventRow = (String, String, Option<String>, Option<Uuid>, i32, String);

impl Store {
    /// Reads the ledger as it is at one instant. Reads all of it: for audits and tests, not for the paths of money.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        self.snapshot(None).await
    }

    /// Reads what the ledger says about some orders of a merchant: every payment that covers one of them, with all that
    /// belongs to it. Costs what these payments are, whatever else is recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ledger_of_orders(
        &self,
        merchant_id: &MerchantId,
        orders: &[OrderNo],
    ) -> Result<Ledger, StoreError> {
        self.snapshot(Some((merchant_id, orders))).await
    }

    async fn snapshot(&self, scope: Option<(&MerchantId, &[OrderNo])>) -> Result<Ledger, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut snapshot = connection.build_transaction().read_only().repeatable_read();
        snapshot
            .run::<_, LedgerError, _>(async |connection| {
                let payment_nos = match scope {
                    Some((merchant_id, orders)) => Some(covering(connection, merchant_id, orders).await?),
                    None => None,
                };
                Ok(read(connection, payment_nos.as_deref()).await?)
            })
            .await
            .map_err(|error| error.0)
    }
}

/// What ends a snapshot before its reading is done.
pub(crate) struct LedgerError(pub(crate) StoreError);

impl From<diesel::result::Error> for LedgerError {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.into())
    }
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

/// The numbers of the payments that cover one of these orders.
async fn covering(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    orders: &[OrderNo],
) -> Result<Vec<String>, StoreError> {
    let order_nos: Vec<_> = orders.iter().map(OrderNo::as_str).collect();
    let payment_nos = allocation::table
        .filter(allocation::merchant_id.eq(merchant_id.as_str()).and(allocation::order_no.eq_any(order_nos)))
        .select(allocation::payment_no)
        .distinct()
        .load(connection)
        .await?;
    Ok(payment_nos)
}

/// Everything about these payments, or about all.
async fn read(
    connection: &mut AsyncPgConnection,
    payment_nos: Option<&[String]>,
) -> Result<Ledger, StoreError> {
    let mut payments = payment::table.order(payment::payment_no).select(PaymentRow::as_select()).into_boxed();
    let mut transitions = payment_transition::table
        .order((payment_transition::payment_no, payment_transition::revision))
        .select((
            payment_transition::payment_no,
            payment_transition::revision,
            payment_transition::transition_time,
            payment_transition::event,
            payment_transition::from_state,
            payment_transition::to_state,
            payment_transition::verified_by,
        ))
        .into_boxed();
    let mut events = outbox_event::table
        .order((outbox_event::payment_no, outbox_event::revision, outbox_event::position))
        .select((
            outbox_event::merchant_id,
            outbox_event::payment_no,
            outbox_event::refund_no,
            outbox_event::case_id,
            outbox_event::revision,
            outbox_event::event,
        ))
        .into_boxed();
    let mut refunds = refund::table
        .order((refund::merchant_id, refund::refund_no))
        .select(RefundRow::as_select())
        .into_boxed();
    if let Some(payment_nos) = payment_nos {
        payments = payments.filter(payment::payment_no.eq_any(payment_nos));
        transitions = transitions.filter(payment_transition::payment_no.eq_any(payment_nos));
        events = events.filter(outbox_event::payment_no.eq_any(payment_nos));
        refunds = refunds.filter(refund::payment_no.eq_any(payment_nos));
    }
    let rows: Vec<PaymentRow> = payments.load(connection).await?;
    let transitions: Vec<TransitionRow> = transitions.load(connection).await?;
    let events: Vec<EventRow> = events.load(connection).await?;
    let refunds: Vec<RefundRow> = refunds.load(connection).await?;
    let refund_nos: Vec<String> = refunds.iter().map(|refund| refund.refund_no.clone()).collect();
    Ok(Ledger {
        refunds: refunds_in_txn(connection, refunds).await.map_err(Abort::into_store)?,
        payments: crate::payment::with_allocations(connection, rows).await?,
        transitions: transitions.into_iter().map(transition).collect::<Result<_, _>>()?,
        events: events.into_iter().map(event).collect::<Result<_, _>>()?,
        refund_transitions: refund_transitions(connection, payment_nos.map(|_| refund_nos)).await?,
        cases: cases(connection, payment_nos).await?,
        trimmed_before: trimmed_before(connection).await?,
    })
}

/// Of all refunds, or of those with these numbers; another merchant's may have the same, which the invariants pass over.
async fn refund_transitions(
    connection: &mut AsyncPgConnection,
    refund_nos: Option<Vec<String>>,
) -> Result<Vec<RecordedRefundTransition>, StoreError> {
    let mut transitions = refund_transition::table
        .select((
            refund_transition::merchant_id,
            refund_transition::refund_no,
            refund_transition::revision,
            refund_transition::transition_time,
            refund_transition::to_state,
        ))
        .into_boxed();
    if let Some(refund_nos) = refund_nos {
        transitions = transitions.filter(refund_transition::refund_no.eq_any(refund_nos));
    }
    let rows: Vec<RefundTransitionRow> = transitions.load(connection).await?;
    let recorded = |(merchant_id, refund_no, revision, time, to): RefundTransitionRow| {
        Ok(RecordedRefundTransition {
            merchant_id: merchant(merchant_id)?,
            refund_no: RefundNo::parse(refund_no).map_err(|_| StoreError::Corrupt("refund_transition"))?,
            revision,
            time,
            to: Word::of_word(&to)?,
        })
    };
    rows.into_iter().map(recorded).collect()
}

async fn cases(
    connection: &mut AsyncPgConnection,
    payment_nos: Option<&[String]>,
) -> Result<Vec<RecordedCase>, StoreError> {
    let mut cases = payment_case::table
        .select((
            payment_case::merchant_id,
            payment_case::case_id,
            payment_case::payment_no,
            payment_case::open_time,
        ))
        .into_boxed();
    if let Some(payment_nos) = payment_nos {
        cases = cases.filter(payment_case::payment_no.eq_any(payment_nos));
    }
    let rows: Vec<CaseRow> = cases.load(connection).await?;
    let recorded = |(merchant_id, case_id, payment_no, open_time): CaseRow| {
        let case_id = case_id.to_string();
        Ok(RecordedCase { merchant_id: merchant(merchant_id)?, case_id, payment_no, open_time })
    };
    rows.into_iter().map(recorded).collect()
}

async fn trimmed_before(
    connection: &mut AsyncPgConnection,
) -> Result<BTreeMap<MerchantId, OffsetDateTime>, StoreError> {
    let rows: Vec<(String, Option<OffsetDateTime>)> = event_feed::table
        .select((event_feed::merchant_id, event_feed::trimmed_before))
        .load(connection)
        .await?;
    let trimmed = rows
        .into_iter()
        .filter_map(|(merchant_id, before)| before.map(|before| Ok((merchant(merchant_id)?, before))));
    trimmed.collect()
}

fn merchant(name: String) -> Result<MerchantId, StoreError> {
    MerchantId::parse(name).map_err(|_| StoreError::Corrupt("merchant_id"))
}

fn transition(row: TransitionRow) -> Result<RecordedTransition, StoreError> {
    let (payment_no, revision, time, event, from, to, verified_by) = row;
    Ok(RecordedTransition {
        payment_no: PaymentNo::parse(payment_no).map_err(|_| StoreError::Corrupt("payment_transition"))?,
        revision,
        time,
        event: Word::of_word(&event)?,
        from: Word::of_word(&from)?,
        to: Word::of_word(&to)?,
        verified_by,
    })
}

fn event(row: EventRow) -> Result<RecordedEvent, StoreError> {
    let (merchant_id, payment_no, refund_no, case_id, revision, word) = row;
    Ok(RecordedEvent {
        merchant_id: merchant(merchant_id)?,
        payment_no,
        refund_no,
        case_id: case_id.map(|id| id.to_string()),
        revision,
        event: Word::of_word(&word)?,
    })
}
