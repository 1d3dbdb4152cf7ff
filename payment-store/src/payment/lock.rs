//! Locks, in the one order that everybody takes them: orders by number, then the payment (R24).

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo},
    payment::{Payment, allocation::AllocationState, apply::PaidBy},
};

use super::{
    read::hold_of,
    row::{AllocationRow, PaymentRow},
};
use crate::{
    cached::Cached,
    error::StoreError,
    schema::{allocation, merchant_order, payment},
    transaction::Abort,
};

/// A payment whose row and whose orders' rows are locked until the transaction ends, read under those locks.
pub struct Locked<T> {
    value: T,
    paid_by: Vec<PaidBy>,
    rivals: Vec<String>,
}

impl<T> Locked<T> {
    /// What is locked.
    pub(crate) const fn value(&self) -> &T {
        &self.value
    }

    /// What was locked, read under the lock.
    pub(crate) fn into_value(self) -> T {
        self.value
    }

    /// Those of its orders that other payments have paid.
    pub(crate) fn paid_by(&self) -> &[PaidBy] {
        &self.paid_by
    }

    /// The numbers of the other payments that may still come to pay one of its orders.
    pub(crate) fn rivals(&self) -> &[String] {
        &self.rivals
    }
}

/// Locks a payment of `merchant`'s with its orders, or finds that there is none.
///
/// The orders of a payment never change, so they may be looked up before they are locked. All else is read after.
pub(crate) async fn payment_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Option<Locked<Payment>>, Abort> {
    let locked_orders = merchant_order::table
        .inner_join(
            allocation::table.on(allocation::merchant_id
                .eq(merchant_order::merchant_id)
                .and(allocation::order_no.eq(merchant_order::order_no))),
        )
        .filter(allocation::payment_no.eq(payment_no.as_str()))
        // Nobody locks another merchant's orders, not even for a moment (R30).
        .filter(merchant_order::merchant_id.eq(merchant_id.as_str()))
        .order(merchant_order::order_no)
        .select(merchant_order::order_no)
        .for_update();
    let orders: Vec<String> = Cached(locked_orders).load(connection).await?;
    let locked_payment = payment::table
        .filter(
            payment::payment_no.eq(payment_no.as_str()).and(payment::merchant_id.eq(merchant_id.as_str())),
        )
        .select(PaymentRow::as_select())
        .for_update();
    let Some(row) = locked_payment.get_result::<PaymentRow>(connection).await.optional()? else {
        return Ok(None);
    };
    let hold = hold_of(connection, &row).await?;
    let around = Cached(
        allocation::table
            .filter(allocation::merchant_id.eq(merchant_id.as_str()))
            .filter(allocation::order_no.eq_any(&orders))
            .filter(
                allocation::payment_no
                    .eq(payment_no.as_str())
                    .or(allocation::state.eq(AllocationState::Effective.as_str()))
                    .or(allocation::state.eq(AllocationState::Pending.as_str())),
            )
            .select(AllocationRow::as_select()),
    );
    let rows: Vec<AllocationRow> = around.load(connection).await?;
    let (own, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.payment_no == payment_no.as_str());
    let (paying, waiting): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|row| row.state == AllocationState::Effective.as_str());
    let paid_by = paying.into_iter().map(paid_by).collect::<Result<_, _>>()?;
    let rivals = waiting.into_iter().map(|row| row.payment_no).collect();
    Ok(Some(Locked { value: row.into_domain(own, hold)?, paid_by, rivals }))
}

/// Makes sure that the orders have rows, and locks them by number.
pub(crate) async fn orders_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    orders: &[&str],
    now: time::OffsetDateTime,
) -> Result<(), Abort> {
    use diesel::sql_types::{Array, Text, Timestamptz};
    let ensure = diesel::sql_query(
        "INSERT INTO merchant_order (merchant_id, order_no, create_time) \
         SELECT $1, order_no, $3 FROM unnest($2) AS order_no ORDER BY order_no ON CONFLICT DO NOTHING",
    )
    .bind::<Text, _>(merchant_id.as_str())
    .bind::<Array<Text>, _>(orders)
    .bind::<Timestamptz, _>(now);
    Cached(ensure).execute(connection).await?;
    let lock = merchant_order::table
        .filter(merchant_order::merchant_id.eq(merchant_id.as_str()))
        .filter(merchant_order::order_no.eq_any(orders))
        .order(merchant_order::order_no)
        .select(merchant_order::order_no)
        .for_update();
    Cached(lock).load::<String>(connection).await?;
    Ok(())
}

pub(super) fn paid_by(row: AllocationRow) -> Result<PaidBy, StoreError> {
    let corrupt = |_| StoreError::Corrupt("allocation");
    Ok(PaidBy {
        order_no: OrderNo::parse(row.order_no).map_err(corrupt)?,
        payment_no: PaymentNo::parse(row.payment_no).map_err(corrupt)?,
    })
}
