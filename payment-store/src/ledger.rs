//! Everything that the named invariants look at, read in one snapshot.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo},
    invariant::{Ledger, RecordedEvent, RecordedTransition},
};

use crate::{
    Store,
    error::StoreError,
    payment::row::PaymentRow,
    refund::{refunds_in_txn, row::RefundRow},
    schema::{allocation, outbox_event, payment, payment_transition, refund},
    transaction::Abort,
    words::Word,
};

type TransitionRow = (String, String, String, String, Option<String>);

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

struct LedgerError(StoreError);

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
            payment_transition::event,
            payment_transition::from_state,
            payment_transition::to_state,
            payment_transition::verified_by,
        ))
        .into_boxed();
    let mut events = outbox_event::table
        .order((outbox_event::payment_no, outbox_event::revision, outbox_event::position))
        .select((outbox_event::payment_no, outbox_event::event))
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
    let events: Vec<(String, String)> = events.load(connection).await?;
    let refunds: Vec<RefundRow> = refunds.load(connection).await?;
    Ok(Ledger {
        refunds: refunds_in_txn(connection, refunds).await.map_err(Abort::into_store)?,
        payments: crate::payment::with_allocations(connection, rows).await?,
        transitions: transitions.into_iter().map(transition).collect::<Result<_, _>>()?,
        events: events.into_iter().filter_map(event).collect::<Result<_, _>>()?,
    })
}

fn transition(row: TransitionRow) -> Result<RecordedTransition, StoreError> {
    let (payment_no, event, from, to, verified_by) = row;
    Ok(RecordedTransition {
        payment_no: PaymentNo::parse(payment_no).map_err(|_| StoreError::Corrupt("payment_transition"))?,
        event: Word::of_word(&event)?,
        from: Word::of_word(&from)?,
        to: Word::of_word(&to)?,
        verified_by,
    })
}

/// Events about numbers that are not ours (cases) are none of a payment's.
fn event((payment_no, word): (String, String)) -> Option<Result<RecordedEvent, StoreError>> {
    let payment_no = PaymentNo::parse(payment_no).ok()?;
    Some(Word::of_word(&word).map(|event| RecordedEvent { payment_no, event }))
}
