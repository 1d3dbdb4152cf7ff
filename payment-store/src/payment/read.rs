//! Payments as they are recorded, read without locks.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo},
    payment::{Payment, allocation::AllocationState, apply::PaidBy, state::PaymentState},
};
use time::OffsetDateTime;

use super::{
    lock::{one_payment, paid_by},
    row::{AllocationRow, HoldRow, PaymentRow},
};
use crate::{
    Store,
    among::among,
    error::StoreError,
    schema::{allocation, payment, payment_hold},
    transaction::Abort,
    words::Word as _,
};

/// Which payments to list.
#[derive(Debug, Clone)]
pub struct PaymentFilter {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only those that cover this order.
    pub order_no: Option<OrderNo>,
    /// Only those in one of these states; empty for all.
    pub states: Vec<PaymentState>,
    /// Only those created at this time or later.
    pub create_time_from: Option<OffsetDateTime>,
    /// Only those created before this time.
    pub create_time_before: Option<OffsetDateTime>,
    /// Only those with a lower number than this.
    pub below: Option<PaymentNo>,
    /// At most this many.
    pub limit: i64,
}

impl Store {
    /// A merchant's payment. Another merchant's does not exist for it (R30).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payment_get(
        &self,
        merchant_id: &MerchantId,
        payment_no: &PaymentNo,
    ) -> Result<Option<Payment>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let rows = payment::table
            .inner_join(allocation::table.on(allocation::payment_no.eq(payment::payment_no)))
            .filter(payment::payment_no.eq(payment_no.as_str()))
            .filter(payment::merchant_id.eq(merchant_id.as_str()))
            .select((PaymentRow::as_select(), AllocationRow::as_select()))
            .load(&mut connection)
            .await?;
        let Some((row, allocations)) = one_payment(rows) else { return Ok(None) };
        let hold = hold_of(&mut connection, &row).await?;
        row.into_domain(allocations, hold).map(Some)
    }

    /// The order of a payment that another payment has paid, and which. Only a look: under the locks it is looked at again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payment_outrun(&self, payment: &Payment) -> Result<Option<PaidBy>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let orders = payment.allocations.iter().map(|part| part.order_no.as_str());
        let paid = allocation::table
            .filter(allocation::merchant_id.eq(payment.merchant_id.as_str()))
            .filter(among(allocation::order_no, orders))
            .filter(allocation::payment_no.ne(payment.payment_no.as_str()))
            .filter(allocation::state.eq(AllocationState::Effective.as_str()))
            .order(allocation::order_no)
            .select(AllocationRow::as_select());
        let row: Option<AllocationRow> = paid.first(&mut connection).await.optional()?;
        row.map(paid_by).transpose()
    }

    /// Payments, newest number first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payment_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut query =
            payment::table.into_boxed().filter(payment::merchant_id.eq(filter.merchant_id.as_str()));
        if let Some(order_no) = &filter.order_no {
            let covering = allocation::table
                .filter(allocation::merchant_id.eq(filter.merchant_id.as_str()))
                .filter(allocation::order_no.eq(order_no.as_str()))
                .select(allocation::payment_no);
            query = query.filter(payment::payment_no.eq_any(covering));
        }
        if !filter.states.is_empty() {
            let words: Vec<_> = filter.states.iter().map(|state| state.word()).collect();
            query = query.filter(payment::state.eq_any(words));
        }
        if let Some(from) = filter.create_time_from {
            query = query.filter(payment::create_time.ge(from));
        }
        if let Some(before) = filter.create_time_before {
            query = query.filter(payment::create_time.lt(before));
        }
        if let Some(below) = &filter.below {
            query = query.filter(payment::payment_no.lt(below.as_str()));
        }
        let rows: Vec<PaymentRow> = query
            .order(payment::payment_no.desc())
            .limit(filter.limit)
            .select(PaymentRow::as_select())
            .load(&mut connection)
            .await?;
        with_allocations(&mut connection, rows).await
    }
}

/// The payments of these numbers, by number.
pub(crate) async fn payments_in_txn(
    connection: &mut AsyncPgConnection,
    payment_nos: &[String],
) -> Result<Vec<Payment>, Abort> {
    let rows = payment::table
        .filter(among(payment::payment_no, payment_nos.iter().map(String::as_str)))
        .order(payment::payment_no)
        .select(PaymentRow::as_select())
        .load(connection)
        .await?;
    Ok(with_allocations(connection, rows).await?)
}

/// The money that is held for a payment.
pub(crate) async fn hold_of(
    connection: &mut AsyncPgConnection,
    row: &PaymentRow,
) -> QueryResult<Option<HoldRow>> {
    Ok(holds_of(connection, std::slice::from_ref(row)).await?.into_values().next())
}

/// The money that is held for payments, by their numbers. Asks only where there may be some.
async fn holds_of(
    connection: &mut AsyncPgConnection,
    rows: &[PaymentRow],
) -> QueryResult<HashMap<String, HoldRow>> {
    let payment_nos: Vec<_> =
        rows.iter().filter(|row| row.may_have_hold()).map(|row| row.payment_no.as_str()).collect();
    if payment_nos.is_empty() {
        return Ok(HashMap::new());
    }
    let holds: Vec<HoldRow> = payment_hold::table
        .filter(among(payment_hold::payment_no, payment_nos))
        .select(HoldRow::as_select())
        .load(connection)
        .await?;
    Ok(holds.into_iter().map(|hold| (hold.payment_no.clone(), hold)).collect())
}

/// Joins rows with their allocations, in the rows' order.
pub(crate) async fn with_allocations(
    connection: &mut AsyncPgConnection,
    rows: Vec<PaymentRow>,
) -> Result<Vec<Payment>, StoreError> {
    let payment_nos = rows.iter().map(|row| row.payment_no.as_str());
    let allocations: Vec<AllocationRow> = allocation::table
        .filter(among(allocation::payment_no, payment_nos))
        .select(AllocationRow::as_select())
        .load(connection)
        .await?;
    let mut by_payment: HashMap<String, Vec<AllocationRow>> = HashMap::new();
    for row in allocations {
        by_payment.entry(row.payment_no.clone()).or_default().push(row);
    }
    let mut holds = holds_of(connection, &rows).await?;
    rows.into_iter()
        .map(|row| {
            let own = by_payment.remove(&row.payment_no).unwrap_or_default();
            let hold = holds.remove(&row.payment_no);
            row.into_domain(own, hold)
        })
        .collect()
}
