//! Locks, in the one order that everybody takes them: orders by number, then the payment (R24).

pub(super) mod together;

use diesel::{
    dsl::{Eq, Or},
    prelude::*,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, OrderNo, PaymentNo},
    payment::{Payment, allocation::AllocationState, apply::PaidBy},
};

use super::{
    read::hold_of,
    row::{AllocationRow, HoldRow, PaymentRow},
};
use crate::{
    among::among,
    cached::{Cached, ForUpdateOf},
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

impl Locked<Payment> {
    /// From the payment's row and the allocations of its orders that count.
    fn of(row: PaymentRow, around: Vec<AllocationRow>, hold: Option<HoldRow>) -> Result<Self, StoreError> {
        let (own, others): (Vec<_>, Vec<_>) =
            around.into_iter().partition(|part| part.payment_no == row.payment_no);
        let (paying, waiting): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|part| part.state == AllocationState::Effective.as_str());
        let paid_by = paying.into_iter().map(paid_by).collect::<Result<_, _>>()?;
        let rivals = waiting.into_iter().map(|part| part.payment_no).collect();
        Ok(Self { value: row.into_domain(own, hold)?, paid_by, rivals })
    }

    /// Whether no other payment has paid one of its orders or may come to.
    fn stands_alone(&self) -> bool {
        self.paid_by.is_empty() && self.rivals.is_empty()
    }
}

type InState = Eq<allocation::state, &'static str>;

/// That an allocation holds its order's money, or may come to hold it.
pub(super) type MayPay = Or<InState, InState>;

pub(super) fn may_pay() -> MayPay {
    let effective = allocation::state.eq(AllocationState::Effective.as_str());
    effective.or(allocation::state.eq(AllocationState::Pending.as_str()))
}

/// Locks a payment of `merchant`'s with its orders, or finds that there is none.
///
/// The orders of a payment never change, so they may be looked up before they are locked. All else is read after.
pub(crate) async fn payment_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> Result<Option<Locked<Payment>>, Abort> {
    let orders = payment_orders_lock(connection, merchant_id, payment_no).await?;
    payment_lock_after_orders(connection, merchant_id, payment_no, &orders).await
}

/// Locks the orders of a payment of `merchant`'s: none if there is no such payment.
pub(crate) async fn payment_orders_lock(
    mut connection: &AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
) -> QueryResult<Vec<String>> {
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
    Cached(locked_orders).load(&mut connection).await
}

/// Locks a payment whose orders are locked, and reads what is decided upon.
pub(crate) async fn payment_lock_after_orders(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
    orders: &[String],
) -> Result<Option<Locked<Payment>>, Abort> {
    let Some((row, around)) =
        payment_lock_and_look_around(connection, merchant_id, payment_no, orders).await?
    else {
        return Ok(None);
    };
    let hold = hold_of(connection, &row).await?;
    Ok(Some(Locked::of(row, around, hold)?))
}

/// Locks the payment and reads the allocations of its orders that count: its own, and those of others that hold money or may
/// come to hold it. They change under the orders' locks only, and the statement begins when these are held.
async fn payment_lock_and_look_around(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    payment_no: &PaymentNo,
    orders: &[String],
) -> QueryResult<Option<(PaymentRow, Vec<AllocationRow>)>> {
    let counts = allocation::payment_no.eq(payment_no.as_str()).or(may_pay());
    let of_orders = among(allocation::order_no, orders.iter().map(String::as_str));
    let around = allocation::merchant_id.eq(payment::merchant_id).and(of_orders).and(counts);
    let query = payment::table
        .inner_join(allocation::table.on(around))
        .filter(payment::payment_no.eq(payment_no.as_str()))
        .filter(payment::merchant_id.eq(merchant_id.as_str()))
        .select((PaymentRow::as_select(), AllocationRow::as_select()));
    let locked = Cached(ForUpdateOf { query, table: "payment" });
    Ok(one_payment(locked.load(connection).await?))
}

/// A payment from the rows of its join with allocations.
pub(super) fn one_payment(
    rows: Vec<(PaymentRow, AllocationRow)>,
) -> Option<(PaymentRow, Vec<AllocationRow>)> {
    let (mut payments, allocations): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    payments.pop().map(|payment| (payment, allocations))
}

/// Whether an order was heard of before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orders {
    /// None of them was: nobody else has a payment for one, for that would refer to the order's row.
    New,
    /// At least one was.
    Known,
}

/// Makes sure that the orders have rows, and locks them by number.
pub(crate) async fn orders_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    orders: &[&str],
    now: time::OffsetDateTime,
) -> Result<Orders, Abort> {
    let made = orders_make(connection, merchant_id, orders, now).await?;
    orders_lock_after_making(connection, merchant_id, orders, made).await
}

/// Makes rows of those orders that have none, which locks these, and says how many.
pub(crate) async fn orders_make(
    mut connection: &AsyncPgConnection,
    merchant_id: &MerchantId,
    orders: &[&str],
    now: time::OffsetDateTime,
) -> QueryResult<usize> {
    use diesel::sql_types::{Array, Text, Timestamptz};
    let ensure = diesel::sql_query(
        "INSERT INTO merchant_order (merchant_id, order_no, create_time) \
         SELECT $1, order_no, $3 FROM unnest($2) AS order_no ORDER BY order_no ON CONFLICT DO NOTHING",
    )
    .bind::<Text, _>(merchant_id.as_str())
    .bind::<Array<Text>, _>(orders)
    .bind::<Timestamptz, _>(now);
    Cached(ensure).execute(&mut connection).await
}

/// Locks the others, by number, unless all were made: nobody else sees such a row before the transaction ends.
pub(crate) async fn orders_lock_after_making(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    orders: &[&str],
    made: usize,
) -> Result<Orders, Abort> {
    if made == orders.len() {
        return Ok(Orders::New);
    }
    let lock = merchant_order::table
        .filter(merchant_order::merchant_id.eq(merchant_id.as_str()))
        .filter(among(merchant_order::order_no, orders.iter().copied()))
        .order(merchant_order::order_no)
        .select(merchant_order::order_no)
        .for_update();
    Cached(lock).load::<String>(connection).await?;
    Ok(Orders::Known)
}

pub(super) fn paid_by(row: AllocationRow) -> Result<PaidBy, StoreError> {
    let corrupt = |_| StoreError::Corrupt("allocation");
    Ok(PaidBy {
        order_no: OrderNo::parse(row.order_no).map_err(corrupt)?,
        payment_no: PaymentNo::parse(row.payment_no).map_err(corrupt)?,
    })
}
