//! Locks of many payments at once, in the same order as one's: all orders, then the payments. None of them is waited for: what
//! somebody else has locked is passed over, and so is every payment that others might have a say in.
//!
//! Each table is looked up by a subquery of its own for each number. PostgreSQL does not take those apart, so it cannot read a
//! whole table either, with a plan that was made while the table was small.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::AsSelect,
    expression::Expression,
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use payment_core::{
    identifiers::{MerchantId, PaymentNo},
    payment::Payment,
};

use super::{AllocationRow, Locked, MayPay, PaymentRow, may_pay};
use crate::{cached::Cached, transaction::Abort};

/// An order of one of the payments.
#[derive(QueryableByName)]
pub(crate) struct OrderOf {
    #[diesel(sql_type = Text)]
    payment_no: String,
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = Text)]
    order_no: String,
    /// Whether it could be locked.
    #[diesel(sql_type = Bool)]
    locked: bool,
}

impl OrderOf {
    fn of_merchant(&self) -> (String, String) {
        (self.merchant_id.clone(), self.order_no.clone())
    }
}

/// The orders that several of the payments are for: these are not each by themselves, whatever state they are in.
fn twice<'a>(orders: impl Iterator<Item = &'a OrderOf>) -> BTreeSet<(String, String)> {
    let mut seen = BTreeSet::new();
    orders.map(OrderOf::of_merchant).filter(|order| !seen.insert(order.clone())).collect()
}

const LOCK_ORDERS: &str = "\
    SELECT asked.payment_no, asked.merchant_id, covered.order_no, locked.order_no IS NOT NULL AS locked \
    FROM unnest($1, $2) AS asked (payment_no, merchant_id), \
    LATERAL (SELECT merchant_id, order_no FROM allocation WHERE payment_no = asked.payment_no OFFSET 0) AS covered \
    LEFT JOIN LATERAL (SELECT order_no FROM merchant_order \
        WHERE merchant_id = asked.merchant_id AND order_no = covered.order_no FOR UPDATE SKIP LOCKED) AS locked \
    ON true \
    WHERE covered.merchant_id = asked.merchant_id";

/// Locks those orders of the payments that nobody else has locked, and tells of all: of none where the payment is another
/// merchant's than was said, for nobody locks another merchant's rows, not even for a moment (R30).
pub(crate) async fn orders_lock_if_free(
    mut connection: &AsyncPgConnection,
    payments: &BTreeSet<(&PaymentNo, &MerchantId)>,
) -> QueryResult<Vec<OrderOf>> {
    let (payment_nos, merchant_ids): (Vec<_>, Vec<_>) =
        payments.iter().map(|(payment_no, merchant_id)| (payment_no.as_str(), merchant_id.as_str())).unzip();
    let lock = diesel::sql_query(LOCK_ORDERS)
        .bind::<Array<Text>, _>(payment_nos)
        .bind::<Array<Text>, _>(merchant_ids);
    Cached(lock).load(&mut connection).await
}

/// Locks those payments that nobody else has locked, of those all of whose orders are, and gives those among them that stand by
/// themselves: no other payment holds money for one of their orders or may come to, none of the others here is for one of them,
/// and the channel holds no money for them.
pub(crate) async fn payments_lock_if_free(
    connection: &mut AsyncPgConnection,
    orders: Vec<OrderOf>,
) -> Result<BTreeMap<String, Locked<Payment>>, Abort> {
    let mut covered: BTreeMap<String, Vec<OrderOf>> = BTreeMap::new();
    for order in orders {
        covered.entry(order.payment_no.clone()).or_default().push(order);
    }
    let shared = twice(covered.values().flatten());
    covered.retain(|_, orders| {
        orders.iter().all(|order| order.locked && !shared.contains(&order.of_merchant()))
    });
    if covered.is_empty() {
        return Ok(BTreeMap::new());
    }
    let look = Look::at(covered.values().flatten());
    let rows: Vec<(PaymentRow, AllocationRow)> = Cached(look).load(connection).await?;
    let mut found: BTreeMap<String, (PaymentRow, Vec<AllocationRow>)> = BTreeMap::new();
    for (payment, allocation) in rows {
        let (_, around) = found.entry(payment.payment_no.clone()).or_insert_with(|| (payment, Vec::new()));
        around.push(allocation);
    }
    let mut alone = BTreeMap::new();
    for (payment_no, (row, around)) in found {
        if row.may_have_hold() {
            continue;
        }
        let locked = Locked::of(row, around, None)?;
        let whole =
            covered.get(&payment_no).is_some_and(|orders| orders.len() == locked.value.allocations.len());
        if whole && locked.stands_alone() {
            alone.insert(payment_no, locked);
        }
    }
    Ok(alone)
}

/// Payments, and the allocations of their orders that count.
struct Look<'a> {
    columns: Columns,
    may_pay: MayPay,
    payment_nos: Vec<&'a str>,
    merchant_ids: Vec<&'a str>,
    order_nos: Vec<&'a str>,
}

type Columns = (AsSelect<PaymentRow, Pg>, AsSelect<AllocationRow, Pg>);

impl<'a> Look<'a> {
    fn at(orders: impl Iterator<Item = &'a OrderOf>) -> Self {
        let columns = (PaymentRow::as_select(), AllocationRow::as_select());
        let (payment_nos, merchant_ids, order_nos) = (Vec::new(), Vec::new(), Vec::new());
        let mut look = Self { columns, may_pay: may_pay(), payment_nos, merchant_ids, order_nos };
        for order in orders {
            look.payment_nos.push(&order.payment_no);
            look.merchant_ids.push(&order.merchant_id);
            look.order_nos.push(&order.order_no);
        }
        look
    }
}

impl QueryId for Look<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Look<'_> {
    type SqlType = <Columns as Expression>::SqlType;
}

impl QueryFragment<Pg> for Look<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("SELECT ");
        self.columns.walk_ast(pass.reborrow())?;
        pass.push_sql(" FROM unnest(");
        pass.push_bind_param::<Array<Text>, _>(&self.payment_nos)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.merchant_ids)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.order_nos)?;
        pass.push_sql(
            ") AS asked (payment_no, merchant_id, order_no), \
             LATERAL (SELECT * FROM payment WHERE payment_no = asked.payment_no \
                 AND merchant_id = asked.merchant_id FOR UPDATE SKIP LOCKED) AS payment, \
             LATERAL (SELECT * FROM allocation \
                 WHERE merchant_id = asked.merchant_id AND order_no = asked.order_no \
                 AND (payment_no = asked.payment_no OR ",
        );
        self.may_pay.walk_ast(pass.reborrow())?;
        pass.push_sql(") OFFSET 0) AS allocation");
        Ok(())
    }
}
