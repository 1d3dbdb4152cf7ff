//! A refund's first transaction: the reservation, under the locks of the orders and the payment. Whatever is called
//! afterwards, the row stands (R15, R16).

use diesel::{
    dsl::{sql, sum},
    prelude::*,
    sql_types::{Array, BigInt, Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    identifiers::{ApiKeyId, MerchantId, PaymentNo, RefundNo},
    money::Money,
    payment::{Allocation, Payment, allocation::AllocationState, state::PaymentState},
    refund::{
        Refund, RefundOrigin, RefundPart, RefundReason, RefundTimes,
        reserve::{CannotReserve, RefundContent, Refundable, reserve},
        state::RefundState,
    },
};
use time::OffsetDateTime;
use url::Url;

use super::{read::refunds_in_txn, row::RefundRow};
use crate::{
    Store,
    error::StoreError,
    payment::lock::{payment_lock_after_orders, payment_lock_in_txn, payment_orders_lock},
    schema::{payment, refund, refund_number},
    transaction::{self, Abort, commit_with},
    writes::{Write, Writes},
};

/// A refund to be recorded, if that much is left.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Whose payment.
    pub merchant_id: MerchantId,
    /// The number of the business that wants it.
    pub refund_no: RefundNo,
    /// What is wanted.
    pub content: RefundContent,
    /// The API key that asks for it.
    pub created_by: ApiKeyId,
    /// How many refunds the channel makes of one payment.
    pub most_parts: u32,
    /// Where the channel is told to notify us, each time that it is sent (R17).
    pub notify_url: Option<Url>,
    /// The present instant.
    pub now: OffsetDateTime,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum RefundOutcome {
    /// Recorded and reserved.
    Created(Box<Refund>),
    /// The number is known; this is its refund, whatever its content was.
    Known(Box<Refund>),
    /// There is no such payment of this merchant.
    PaymentNotFound,
    /// The payment is not paid.
    NotPaid(PaymentState),
    /// The channel makes no more refunds of this payment.
    TooManyParts,
    /// There is not that much left, or the split does not fit.
    CannotReserve(CannotReserve),
}

impl Store {
    /// Records a refund if that much is left of the payment and of each of its orders.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn refund_create(&self, new: &NewRefund) -> Result<RefundOutcome, StoreError> {
        let context = Context { store: self, new };
        transaction::run_opened(&self.connections, &context, lock_orders, create_in_txn).await
    }
}

struct Context<'a> {
    store: &'a Store,
    new: &'a NewRefund,
}

fn lock_orders<'c>(
    connection: &'c AsyncPgConnection,
    context: &'c Context<'_>,
) -> BoxFuture<'c, QueryResult<Vec<String>>> {
    payment_orders_lock(connection, &context.new.merchant_id, &context.new.content.payment_no).boxed()
}

fn create_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c Context<'_>,
    orders: Vec<String>,
) -> BoxFuture<'c, Result<RefundOutcome, Abort>> {
    async move {
        let new = context.new;
        let (merchant_id, payment_no) = (&new.merchant_id, &new.content.payment_no);
        let locked = payment_lock_after_orders(connection, merchant_id, payment_no, &orders).await?;
        let Some(locked) = locked else { return Ok(RefundOutcome::PaymentNotFound) };
        let payment = locked.value();
        let taken = taken(connection, new).await?;
        if let Some(refund_no) = taken.by {
            let known = refund_of_no(connection, &new.merchant_id, refund_no).await?;
            return Ok(RefundOutcome::Known(Box::new(known.ok_or(StoreError::Corrupt("refund"))?)));
        }
        if payment.state != PaymentState::Succeeded {
            return Ok(RefundOutcome::NotPaid(payment.state));
        }
        let parts = match reserve(&refundable(payment)?, &new.content.split) {
            Ok(parts) => parts,
            Err(cannot) => return Ok(RefundOutcome::CannotReserve(cannot)),
        };
        if taken.parts >= i64::from(new.most_parts) {
            return Ok(RefundOutcome::TooManyParts);
        }
        let wanted = Wanted {
            refund_no: &new.refund_no,
            parts,
            reason: new.content.reason,
            description: &new.content.description,
            origin: RefundOrigin::Caller,
            created_by: Some(new.created_by.as_str()),
            notify_url: new.notify_url.clone(),
            now: new.now,
            // Whoever records it drives it at once; schedulers look after it if nothing came of that.
            first_check_time: context.store.schedules_of(&payment.channel).refund.first(new.now),
        };
        let refund = pending(payment, &wanted)?;
        commit_with(connection, refund_insert(&refund, &wanted)).await?;
        Ok(RefundOutcome::Created(Box::new(refund)))
    }
    .boxed()
}

/// What earlier refunds have taken of what a new one needs.
struct Taken {
    /// The refund that has its number.
    by: Option<String>,
    /// How many refunds the channel has made of the payment, or was asked to.
    parts: i64,
}

/// Looked up and counted under the payment's lock, so that a crowd does not pass the channel's limit together. A number that
/// died was a refund to the channel too: each refund counts once, and once for each number that succeeded its own.
async fn taken(connection: &mut AsyncPgConnection, new: &NewRefund) -> Result<Taken, Abort> {
    let by = refund_number::table
        .filter(refund_number::merchant_id.eq(new.merchant_id.as_str()))
        .filter(refund_number::number.eq(new.refund_no.as_str()))
        .select(refund_number::refund_no);
    let made = refund::table
        .filter(refund::payment_no.eq(new.content.payment_no.as_str()))
        .select(sum(refund::successors + 1));
    let both = diesel::select((by.single_value(), made.single_value()));
    let (by, parts): (Option<String>, Option<i64>) = both.get_result(connection).await?;
    Ok(Taken { by, parts: parts.unwrap_or(0) })
}

async fn refund_of_no(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    refund_no: String,
) -> Result<Option<Refund>, Abort> {
    let rows: Vec<RefundRow> = refund::table
        .filter(refund::merchant_id.eq(merchant_id.as_str()).and(refund::refund_no.eq(refund_no)))
        .select(RefundRow::as_select())
        .load(connection)
        .await?;
    Ok(refunds_in_txn(connection, rows).await?.pop())
}

/// What is left of each allocation that holds money.
pub(crate) fn refundable(payment: &Payment) -> Result<Vec<Refundable>, StoreError> {
    let holds_money = |allocation: &&Allocation| match allocation.state {
        AllocationState::Effective | AllocationState::Duplicate => true,
        AllocationState::Pending | AllocationState::Released => false,
    };
    let left = |allocation: &Allocation| {
        let left = allocation.amount.checked_sub(allocation.refund_reserved);
        let left = left.map_err(|_| StoreError::Corrupt("allocation"))?;
        Ok(Refundable { order_no: allocation.order_no.clone(), left })
    };
    payment.allocations.iter().filter(holds_money).map(left).collect()
}

/// What is to be recorded of a refund whose parts were found to fit under the payment's lock.
pub(crate) struct Wanted<'a> {
    pub(crate) refund_no: &'a RefundNo,
    pub(crate) parts: Vec<RefundPart>,
    pub(crate) reason: RefundReason,
    pub(crate) description: &'a str,
    pub(crate) origin: RefundOrigin,
    pub(crate) created_by: Option<&'a str>,
    pub(crate) notify_url: Option<Url>,
    pub(crate) now: OffsetDateTime,
    pub(crate) first_check_time: OffsetDateTime,
}

/// Records a refund and its reservation. The payment is locked by the caller; CHECKs hold the sums all the same.
pub(crate) async fn refund_insert_in_txn(
    connection: &mut AsyncPgConnection,
    payment: &Payment,
    wanted: Wanted<'_>,
) -> Result<Refund, Abort> {
    let refund = pending(payment, &wanted)?;
    refund_insert(&refund, &wanted).run(connection).await?;
    Ok(refund)
}

fn pending(payment: &Payment, wanted: &Wanted<'_>) -> Result<Refund, StoreError> {
    let corrupt = StoreError::Corrupt("payment");
    let (Some(channel_transaction_no), Some(paid_time)) =
        (payment.channel_transaction_no.clone(), payment.times.succeed)
    else {
        return Err(corrupt);
    };
    let amount = Money::sum(wanted.parts.iter().map(|part| part.amount)).map_err(|_| corrupt)?;
    Ok(Refund {
        refund_no: wanted.refund_no.clone(),
        merchant_id: payment.merchant_id.clone(),
        payment_no: payment.payment_no.clone(),
        channel: payment.channel.clone(),
        channel_account: payment.channel_account.clone(),
        product: payment.product.clone(),
        channel_transaction_no,
        paid_amount: payment.amount,
        paid_time,
        amount,
        parts: wanted.parts.clone(),
        reason: wanted.reason,
        description: wanted.description.to_owned(),
        origin: wanted.origin,
        state: RefundState::Pending,
        revision: 0,
        sent_as: wanted.refund_no.clone(),
        successors: 0,
        notify_url: wanted.notify_url.clone(),
        channel_refund_no: None,
        attention: None,
        times: RefundTimes { create: wanted.now, update: wanted.now, succeed: None },
    })
}

/// The refund with its number, its parts and what they reserve.
fn refund_insert<'a>(refund: &'a Refund, wanted: &Wanted<'_>) -> Writes<'a> {
    let row = RefundRow::of(refund, wanted.created_by, wanted.first_check_time);
    let mut writes = Writes::default();
    writes.add(diesel::insert_into(refund::table).values(row));
    writes.add(number_insert(refund, &refund.refund_no, refund.times.create));
    writes.add(parts_insert(refund));
    writes.add(reservation_of_payment(refund));
    writes.add(reservation_of_orders(refund));
    writes
}

/// Notes that a number stands for a refund; the primary key says that it stands for no other.
pub(crate) fn number_insert<'a>(
    refund: &'a Refund,
    number: &'a RefundNo,
    now: OffsetDateTime,
) -> impl Write + 'a {
    diesel::insert_into(refund_number::table).values((
        refund_number::merchant_id.eq(refund.merchant_id.as_str()),
        refund_number::number.eq(number.as_str()),
        refund_number::refund_no.eq(refund.refund_no.as_str()),
        refund_number::create_time.eq(now),
    ))
}

/// Orders and amounts as arrays: one text, whatever the number of parts.
fn columns(parts: &[RefundPart]) -> (Vec<&str>, Vec<i64>) {
    parts.iter().map(|part| (part.order_no.as_str(), part.amount.minor_units())).unzip()
}

fn parts_insert(refund: &Refund) -> impl Write + '_ {
    let (order_nos, amounts) = columns(&refund.parts);
    sql::<Bool>("INSERT INTO refund_part (order_no, amount, merchant_id, refund_no) SELECT part.*, ")
        .bind::<Text, _>(refund.merchant_id.as_str())
        .sql(", ")
        .bind::<Text, _>(refund.refund_no.as_str())
        .sql(" FROM unnest(")
        .bind::<Array<Text>, _>(order_nos)
        .sql(", ")
        .bind::<Array<BigInt>, _>(amounts)
        .sql(") AS part")
}

fn reservation_of_payment(refund: &Refund) -> impl Write + '_ {
    diesel::update(payment::table.find(refund.payment_no.as_str()))
        .set(payment::refund_reserved.eq(payment::refund_reserved + refund.amount.minor_units()))
}

fn reservation_of_orders(refund: &Refund) -> impl Write + '_ {
    let (order_nos, amounts) = columns(&refund.parts);
    sql::<Bool>(
        "UPDATE allocation SET refund_reserved = allocation.refund_reserved + part.amount FROM unnest(",
    )
    .bind::<Array<Text>, _>(order_nos)
    .sql(", ")
    .bind::<Array<BigInt>, _>(amounts)
    .sql(
        ") AS part (order_no, amount) WHERE allocation.order_no = part.order_no AND allocation.payment_no = ",
    )
    .bind::<Text, _>(refund.payment_no.as_str())
}

/// Records the refund of each duplicate allocation that is not being given back yet (R12): in the transaction that finds
/// the duplicate, and by the scheduler's look for any that were missed. The payment is locked by the caller.
pub(crate) async fn duplicates_refund_in_txn(
    connection: &mut AsyncPgConnection,
    payment: Payment,
    now: OffsetDateTime,
) -> Result<Payment, Abort> {
    let mut payment = payment;
    for position in 0..payment.allocations.len() {
        let Some(part) = duplicate_part(&payment, position)? else { continue };
        let Some(refund_no) = Refund::duplicate_no(&payment.payment_no, position) else { continue };
        let wanted = Wanted {
            refund_no: &refund_no,
            parts: vec![part],
            reason: RefundReason::Duplicate,
            description: "",
            origin: RefundOrigin::Duplicate,
            created_by: None,
            notify_url: None,
            now,
            // It waits for nobody but the schedulers.
            first_check_time: now,
        };
        refund_insert_in_txn(connection, &payment, wanted).await?;
        if let Some(allocation) = payment.allocations.get_mut(position) {
            allocation.refund_reserved = allocation.amount;
        }
    }
    Ok(payment)
}

/// What is left to give back of a duplicate allocation.
fn duplicate_part(payment: &Payment, position: usize) -> Result<Option<RefundPart>, StoreError> {
    let duplicate = |allocation: &&Allocation| allocation.state == AllocationState::Duplicate;
    let Some(allocation) = payment.allocations.get(position).filter(duplicate) else { return Ok(None) };
    let left = allocation.amount.checked_sub(allocation.refund_reserved);
    let left = left.map_err(|_| StoreError::Corrupt("allocation"))?;
    let part = RefundPart { order_no: allocation.order_no.clone(), amount: left };
    Ok(Some(part).filter(|part| part.amount.minor_units() > 0))
}

impl Store {
    /// Makes sure that every duplicate allocation of a payment is being given back (R21).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn duplicates_ensure_refunded(
        &self,
        merchant_id: &MerchantId,
        payment_no: &PaymentNo,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let request = (merchant_id.clone(), payment_no.clone(), now);
        transaction::run(&self.connections, &request, ensure_in_txn).await
    }
}

fn ensure_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c (MerchantId, PaymentNo, OffsetDateTime),
) -> BoxFuture<'c, Result<(), Abort>> {
    async move {
        let (merchant_id, payment_no, now) = request;
        if let Some(locked) = payment_lock_in_txn(connection, merchant_id, payment_no).await? {
            duplicates_refund_in_txn(connection, locked.into_value(), *now).await?;
        }
        Ok(())
    }
    .boxed()
}
