//! A payment's first transaction: is the request a repeat, is an order paid, is an earlier attempt open? If nothing
//! stands against it, the intent is recorded before any channel hears of it (R23, F2).

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    evidence::{Evidence, Source},
    identifiers::{ApiKeyId, OrderNo, PaymentNo},
    payment::{
        ChannelHandle, Payment,
        allocation::AllocationState,
        apply::{Happening, PaymentTransition, decide},
    },
    trace::TraceParent,
};

use super::{
    apply::transition_insert,
    lock::{Orders, may_pay, orders_lock_after_making, orders_make},
    read::payments_in_txn,
    row::{AllocationRow, PaymentRow},
    trace::trace_insert,
};
use crate::{
    Store,
    among::among,
    cached::Cached,
    error::StoreError,
    schema::{allocation, create_request, payment},
    transaction::{self, Abort, commit_with},
    writes::{Write, Writes},
};

/// A payment to be recorded, unless something stands against it.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// The payment, initiating, with pending allocations by order number.
    pub payment: Payment,
    /// The API key that asks for it.
    pub created_by: ApiKeyId,
    /// What payment data is made from, where it was signed without asking the channel: intent and handle are then one
    /// commit.
    pub signed_locally: Option<ChannelHandle>,
    /// The trace that the request belongs to, kept for what happens to the payment later.
    pub trace_parent: Option<TraceParent>,
    /// What was decided about earlier attempts after their channels were asked, outside of any transaction.
    pub verdicts: Vec<(PaymentNo, EarlierVerdict)>,
}

/// What to do about an earlier attempt that is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierVerdict {
    /// Answer the request with it, if it is still open under the lock.
    Reuse,
    /// Go ahead beside it and rely on the detection of duplicates.
    Tolerate,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum CreateOutcome {
    /// Recorded.
    Created(Payment),
    /// The request id is known; this is its payment, whatever its content was.
    Known(Payment),
    /// An earlier attempt now answers this request too.
    Reused(Payment),
    /// An order is paid.
    OrderPaid {
        /// The order.
        order_no: OrderNo,
        /// The payment that paid it.
        payment_no: PaymentNo,
    },
    /// Earlier attempts are open and nothing was decided about them yet.
    EarlierAttempts(Vec<Payment>),
}

impl Store {
    /// Records a payment unless something stands against it, under the locks of its orders.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn payment_create(&self, new: &NewPayment) -> Result<CreateOutcome, StoreError> {
        let context = Context { store: self, new };
        transaction::run_opened(&self.connections, &context, make_orders, create_in_txn).await
    }
}

/// What the transactions that record a payment are made of.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Store,
    pub(crate) new: &'a NewPayment,
}

fn make_orders<'c>(
    connection: &'c AsyncPgConnection,
    context: &'c Context<'_>,
) -> BoxFuture<'c, QueryResult<usize>> {
    async move {
        let wanted = &context.new.payment;
        orders_make(connection, &wanted.merchant_id, &order_nos(wanted), wanted.times.create).await
    }
    .boxed()
}

pub(crate) fn order_nos(payment: &Payment) -> Vec<&str> {
    payment.allocations.iter().map(|allocation| allocation.order_no.as_str()).collect()
}

fn create_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c Context<'_>,
    made: usize,
) -> BoxFuture<'c, Result<CreateOutcome, Abort>> {
    async move {
        let new = context.new;
        let wanted = &new.payment;
        let orders = order_nos(wanted);
        let known_orders = orders_lock_after_making(connection, &wanted.merchant_id, &orders, made).await?;
        if let Some(payment) = known_request(connection, wanted).await? {
            return Ok(CreateOutcome::Known(payment));
        }
        let standing = match known_orders {
            Orders::New => Vec::new(),
            Orders::Known => standing_allocations(connection, wanted, &orders).await?,
        };
        if let Some(paid) = standing.iter().find(|row| row.state == AllocationState::Effective.as_str()) {
            return order_paid(paid).map_err(Abort::Store);
        }
        match earlier_attempts(connection, new, standing).await? {
            Earlier::None => {}
            Earlier::Reuse(payment) => {
                Cached(request_insert(wanted, &payment.payment_no)).execute(connection).await?;
                return Ok(CreateOutcome::Reused(*payment));
            }
            Earlier::Undecided(payments) => return Ok(CreateOutcome::EarlierAttempts(payments)),
        }
        // Nothing stands against it.
        record(connection, context).await.map(CreateOutcome::Created)
    }
    .boxed()
}

async fn known_request(
    connection: &mut AsyncPgConnection,
    wanted: &Payment,
) -> Result<Option<Payment>, Abort> {
    let known: Option<String> = create_request::table
        .find((wanted.merchant_id.as_str(), wanted.request_id.as_str()))
        .select(create_request::payment_no)
        .get_result(connection)
        .await
        .optional()?;
    match known {
        None => Ok(None),
        Some(payment_no) => Ok(payments_in_txn(connection, &[payment_no]).await?.into_iter().next()),
    }
}

/// Allocations of the same orders that hold money or may come to hold it.
async fn standing_allocations(
    connection: &mut AsyncPgConnection,
    wanted: &Payment,
    orders: &[&str],
) -> Result<Vec<AllocationRow>, Abort> {
    let standing = allocation::table
        .filter(allocation::merchant_id.eq(wanted.merchant_id.as_str()))
        .filter(among(allocation::order_no, orders.iter().copied()))
        .filter(may_pay())
        .order((allocation::order_no, allocation::payment_no))
        .select(AllocationRow::as_select());
    Ok(Cached(standing).load(connection).await?)
}

fn order_paid(row: &AllocationRow) -> Result<CreateOutcome, StoreError> {
    let corrupt = |_| StoreError::Corrupt("allocation");
    Ok(CreateOutcome::OrderPaid {
        order_no: OrderNo::parse(row.order_no.as_str()).map_err(corrupt)?,
        payment_no: PaymentNo::parse(row.payment_no.as_str()).map_err(corrupt)?,
    })
}

enum Earlier {
    None,
    Reuse(Box<Payment>),
    Undecided(Vec<Payment>),
}

async fn earlier_attempts(
    connection: &mut AsyncPgConnection,
    new: &NewPayment,
    standing: Vec<AllocationRow>,
) -> Result<Earlier, Abort> {
    let verdict = |payment_no: &str| {
        new.verdicts.iter().find(|(decided, _)| decided.as_str() == payment_no).map(|(_, verdict)| *verdict)
    };
    let mut open: Vec<String> = standing.into_iter().map(|row| row.payment_no).collect();
    open.sort_unstable();
    open.dedup();
    open.retain(|payment_no| verdict(payment_no) != Some(EarlierVerdict::Tolerate));
    if open.is_empty() {
        return Ok(Earlier::None);
    }
    let undecided = open.iter().any(|payment_no| verdict(payment_no).is_none());
    let mut payments = payments_in_txn(connection, &open).await?;
    match (undecided, payments.pop()) {
        (false, Some(payment)) if payments.is_empty() => Ok(Earlier::Reuse(Box::new(payment))),
        (_, Some(last)) => {
            payments.push(last);
            Ok(Earlier::Undecided(payments))
        }
        (_, None) => Err(StoreError::Corrupt("allocation").into()),
    }
}

/// Records the payment as far as it has come, and answers with it.
async fn record(connection: &mut AsyncPgConnection, context: &Context<'_>) -> Result<Payment, Abort> {
    let new = context.new;
    let (payment, transition) = as_far_as_it_came(new);
    let evidence = Evidence::of_caller(Source::CallerRequest, new.created_by.clone());
    let mut writes = Writes::default();
    payment_insert(&mut writes, context, &payment);
    if let Some(transition) = transition {
        writes.add(transition_insert(&payment, transition, &evidence, None));
    }
    if let Some(parent) = &new.trace_parent {
        writes.add(trace_insert(&payment.payment_no, parent));
    }
    commit_with(connection, writes).await?;
    Ok(payment)
}

/// A payment that was signed without asking the channel awaits its payer from the beginning.
fn as_far_as_it_came(new: &NewPayment) -> (Payment, Option<PaymentTransition>) {
    let Some(handle) = &new.signed_locally else { return (new.payment.clone(), None) };
    let now = new.payment.times.create;
    let decision = decide(&new.payment, &[], &Happening::Created(handle.clone()), now);
    (decision.applied_to(&new.payment, now), decision.transition)
}

/// The payment with its allocations and the request that made it.
pub(crate) fn payment_insert<'a>(writes: &mut Writes<'a>, context: &Context<'_>, payment: &'a Payment) {
    let schedules = context.store.schedules_of(&payment.channel);
    let row = PaymentRow::of(payment, context.new.created_by.as_str(), schedules);
    writes.add(diesel::insert_into(payment::table).values(row));
    writes.add(allocations_insert(payment));
    writes.add(request_insert(payment, &payment.payment_no));
}

/// From arrays, so that the text is the same for baskets of every size.
fn allocations_insert(payment: &Payment) -> impl Write + '_ {
    use diesel::{
        dsl::sql,
        sql_types::{Array, BigInt, Bool, Text},
    };
    let amounts: Vec<i64> =
        payment.allocations.iter().map(|allocation| allocation.amount.minor_units()).collect();
    sql::<Bool>("INSERT INTO allocation (order_no, amount, payment_no, merchant_id, state) SELECT part.*, ")
        .bind::<Text, _>(payment.payment_no.as_str())
        .sql(", ")
        .bind::<Text, _>(payment.merchant_id.as_str())
        .sql(", ")
        .bind::<Text, _>(AllocationState::Pending.as_str())
        .sql(" FROM unnest(")
        .bind::<Array<Text>, _>(order_nos(payment))
        .sql(", ")
        .bind::<Array<BigInt>, _>(amounts)
        .sql(") AS part")
}

fn request_insert<'a>(wanted: &'a Payment, payment_no: &'a PaymentNo) -> impl Write + 'a {
    diesel::insert_into(create_request::table).values((
        create_request::merchant_id.eq(wanted.merchant_id.as_str()),
        create_request::request_id.eq(wanted.request_id.as_str()),
        create_request::payment_no.eq(payment_no.as_str()),
        create_request::create_time.eq(wanted.times.create),
    ))
}
