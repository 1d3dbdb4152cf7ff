//! The one writer of what happened to a payment (R25): lock, decide, write state, allocations, evidence, cases and
//! events, commit. The decision itself is `payment_core::payment::apply::decide`.

mod together;

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::AsyncPgConnection;
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    evidence::{Evidence, Source},
    identifiers::{MerchantId, PaymentNo},
    payment::{
        Hold, Payment,
        allocation::AllocationState,
        apply::{
            AllocationChange, Decision, Happening, PaymentTransition, Withdrawn, decide, transaction_taken,
        },
        state::PaymentState,
    },
    schedule::Schedules,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    lock::{Locked, payment_lock_after_orders, payment_orders_lock},
    row::HoldRow,
};
use crate::{
    Store,
    among::among,
    case::{CaseOrigin, cases_open},
    error::{ONE_FOR_EACH_CHANNEL_TRANSACTION, StoreError},
    inbox::{NotificationRecord, Verdict, notification_insert},
    outbox::{EventOf, Telling, outbox_append},
    refund::duplicates_refund_in_txn,
    schema::{allocation, payment, payment_hold, payment_transition},
    transaction::{self, Abort, commit_with},
    words::Word as _,
    writes::{Write, Writes},
};

/// Something that happened to a payment, with what proves it.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// Whose payment; another merchant's is not found.
    pub merchant_id: MerchantId,
    /// Which payment.
    pub payment_no: PaymentNo,
    /// What happened.
    pub happening: Happening,
    /// Who said so.
    pub evidence: Evidence,
    /// The delivery, if a notification said so. It is kept in the same transaction.
    pub notification: Option<NotificationRecord>,
    /// The present instant.
    pub now: OffsetDateTime,
}

/// A payment after something happened to it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The payment as it is now.
    pub payment: Payment,
    /// What it did.
    pub effect: Effect,
}

/// What a happening did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The payment changed.
    Changed,
    /// Nothing: a repeat, or a word that decides nothing (R3, R4).
    Nothing,
    /// The payment stays as it was and a case is open, new or known (R8).
    Case,
}

struct Context<'a> {
    store: &'a Store,
    request: &'a ApplyRequest,
    /// Set once the database said that the channel transaction is another payment's: the transaction is run again, knowing
    /// it. So the check costs nothing where all is well.
    transaction_taken: AtomicBool,
}

impl Store {
    /// Applies what happened, under the locks of the payment and its orders. `None`: there is no such payment of this
    /// merchant, or a notification came to another account than the payment's, and nothing was written, not even the
    /// notification.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn payment_apply(&self, request: &ApplyRequest) -> Result<Option<Applied>, StoreError> {
        let context = Context { store: self, request, transaction_taken: AtomicBool::new(false) };
        transaction::run_opened(&self.connections, &context, lock_orders, apply_in_txn).await
    }
}

fn lock_orders<'c>(
    connection: &'c AsyncPgConnection,
    context: &'c Context<'_>,
) -> BoxFuture<'c, QueryResult<Vec<String>>> {
    payment_orders_lock(connection, &context.request.merchant_id, &context.request.payment_no).boxed()
}

fn apply_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c Context<'_>,
    orders: Vec<String>,
) -> BoxFuture<'c, Result<Option<Applied>, Abort>> {
    async move {
        let request = context.request;
        let (merchant_id, payment_no) = (&request.merchant_id, &request.payment_no);
        let locked = payment_lock_after_orders(connection, merchant_id, payment_no, &orders).await?;
        let Some(locked) = locked else { return Ok(None) };
        if request.notification.as_ref().is_some_and(|record| !is_of_account(locked.value(), record)) {
            return Ok(None);
        }
        let decision = decision(context, &locked);
        let mut writes = Writes::default();
        let notification = request.notification.as_ref().map(|record| {
            let id = context.store.uuid(request.now);
            writes.add(notification_insert(id, record, verdict(&decision)));
            id
        });
        if decision.is_empty() {
            commit_with(connection, writes).await?;
            let payment = locked.into_value();
            return Ok(Some(Applied { payment, effect: Effect::Nothing }));
        }
        write(connection, context, locked, &decision, notification, writes).await.map(Some)
    }
    .boxed()
}

/// What one account's keys prove is no proof about another account's payment, not even of the same merchant (R8).
fn is_of_account(payment: &Payment, record: &NotificationRecord) -> bool {
    payment.channel == record.delivery.channel && payment.channel_account == record.delivery.channel_account
}

fn decision(context: &Context<'_>, locked: &Locked<Payment>) -> Decision {
    let request = context.request;
    let decision = decide(locked.value(), locked.paid_by(), &request.happening, request.now);
    let takes_up = decision.learned.channel_transaction_no.is_some();
    if takes_up && AtomicBool::load(&context.transaction_taken, Ordering::Relaxed) {
        return transaction_taken(locked.value(), &request.happening);
    }
    decision
}

fn verdict(decision: &Decision) -> Verdict {
    if decision.transition.is_some() {
        Verdict::Applied
    } else if decision.cases.is_empty() {
        Verdict::Repeated
    } else {
        Verdict::CaseOpened
    }
}

async fn write(
    connection: &mut AsyncPgConnection,
    context: &Context<'_>,
    locked: Locked<Payment>,
    decision: &Decision,
    notification: Option<Uuid>,
    delivery: Writes<'_>,
) -> Result<Applied, Abort> {
    let request = context.request;
    let after = decision.applied_to(locked.value(), request.now);
    let mut writes = delivery;
    let origin = CaseOrigin {
        merchant_id: &after.merchant_id,
        channel: &after.channel,
        channel_account: &after.channel_account,
        evidence: &request.evidence,
        notification,
        now: request.now,
    };
    let cases = cases_open(connection, context.store, &mut writes, &decision.cases, &origin).await?;
    let moves_payment = decision.transition.is_some() || decision.learned != Default::default();
    if !moves_payment && cases.is_empty() {
        return Ok(Applied { payment: locked.into_value(), effect: Effect::Case });
    }
    changes(&mut writes, context, &locked, decision, &after, notification);
    let refunded = if after.allocations.iter().any(|part| part.state == AllocationState::Duplicate) {
        // What is reserved of an allocation is written after its state.
        writes.flush(connection).await.inspect_err(|error| note_taken(context, error))?;
        duplicates_refund_in_txn(connection, after.clone(), request.now).await?
    } else {
        after.clone()
    };
    let about = EventOf::of_change(&after, request.now);
    let told = decision.events.iter().map(|event| Telling::of_payment(*event, &refunded));
    outbox_append(&mut writes, context.store, &about, told.chain(cases).collect())?;
    commit_with(connection, writes).await.inspect_err(|error| note_taken(context, error))?;
    let effect = if moves_payment { Effect::Changed } else { Effect::Case };
    Ok(Applied { payment: refunded, effect })
}

/// What a decision changes of the payment and around it.
fn changes<'a>(
    writes: &mut Writes<'a>,
    context: &Context<'a>,
    locked: &'a Locked<Payment>,
    decision: &'a Decision,
    after: &'a Payment,
    notification: Option<Uuid>,
) {
    let request = context.request;
    writes.add(payment_update(after, decision, context.store.schedules_of(&after.channel)));
    if let Some(hold) = &decision.learned.hold {
        writes.add(hold_write(&after.payment_no, hold));
    }
    allocations_update(writes, after, &decision.allocations);
    let pays = decision.allocations.iter().any(|change| change.to == AllocationState::Effective);
    if pays && !locked.rivals().is_empty() {
        writes.add(holds_hasten(locked.rivals(), request.now));
    }
    if let Some(transition) = decision.transition {
        writes.add(transition_insert(after, transition, &request.evidence, notification));
    }
}

fn note_taken(context: &Context<'_>, error: &DieselError) {
    if let DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) = error
        && information.constraint_name() == Some(ONE_FOR_EACH_CHANNEL_TRANSACTION)
    {
        context.transaction_taken.store(true, Ordering::Relaxed);
    }
}

/// A payment is held once mostly. Where somebody else had it held again after its end, the newer hold counts.
fn hold_write(payment_no: &PaymentNo, hold: &Hold) -> impl Write + use<> {
    diesel::insert_into(payment_hold::table)
        .values(HoldRow::of(payment_no, hold))
        .on_conflict(payment_hold::payment_no)
        .do_update()
        .set(HoldRow::of(payment_no, hold))
}

/// Money that is held for an order which another payment has paid is let go by a scheduler, at once. The orders are
/// locked, so nobody else who changes those payments is under way.
fn holds_hasten(rivals: &[String], now: OffsetDateTime) -> impl Write + '_ {
    let held = payment::table
        .filter(payment::payment_no.eq_any(rivals))
        .filter(payment::state.eq(PaymentState::Held.word()));
    diesel::update(held).set((payment::next_check_time.eq(now), payment::checks.eq(0)))
}

/// What any change of a payment writes to its row, beside when it is looked after next.
#[derive(AsChangeset)]
#[diesel(table_name = payment, treat_none_as_null = true)]
struct PaymentChange<'a> {
    state: &'static str,
    revision: i32,
    update_time: OffsetDateTime,
    channel_transaction_no: Option<&'a str>,
    handle: Option<&'a str>,
    handle_expire_time: Option<OffsetDateTime>,
    failure_reason: Option<&'static str>,
    failure_code: Option<&'a str>,
    client_report_time: Option<OffsetDateTime>,
    succeed_time: Option<OffsetDateTime>,
    end_time: Option<OffsetDateTime>,
    capture_intend_time: Option<OffsetDateTime>,
    hold_intend_time: Option<OffsetDateTime>,
}

impl<'a> PaymentChange<'a> {
    fn of(after: &'a Payment) -> Self {
        Self {
            state: after.state.word(),
            revision: after.revision,
            update_time: after.times.update,
            channel_transaction_no: after.channel_transaction_no.as_ref().map(|no| no.as_str()),
            handle: after.handle.as_ref().map(|handle| handle.value.as_str()),
            handle_expire_time: after.handle.as_ref().map(|handle| handle.expire_time),
            failure_reason: after.failure.as_ref().map(|failure| failure.reason.word()),
            failure_code: after.failure.as_ref().map(|failure| failure.channel_code.as_str()),
            client_report_time: after.times.client_report,
            succeed_time: after.times.succeed,
            end_time: after.times.end,
            capture_intend_time: after.capture_intend_time,
            hold_intend_time: after.hold_intend_time,
        }
    }
}

fn payment_update<'a>(after: &'a Payment, decision: &Decision, schedules: Schedules) -> impl Write + use<'a> {
    let due = due(after, decision, schedules).map(|(time, checks)| {
        (payment::next_check_time.eq(time), checks.map(|checks| payment::checks.eq(checks)))
    });
    diesel::update(payment::table.find(after.payment_no.as_str())).set((PaymentChange::of(after), due))
}

/// How long whoever intended to move money has to hear from the channel, before a scheduler asks.
const AFTER_INTENT: time::Duration = time::Duration::minutes(1);

/// When a scheduler looks after a payment next and how often it has, as far as a decision changes that. What is intended
/// is asked about in case whoever intended it dies. That it did not happen, or what becomes known of an ended payment
/// beside its state, leaves everything as it was planned.
fn due(
    after: &Payment,
    decision: &Decision,
    schedules: Schedules,
) -> Option<(Option<OffsetDateTime>, Option<i32>)> {
    let learned = &decision.learned;
    let intended = learned.hold_intend_time.is_some() || learned.capture_intend_time.is_some();
    match (decision.transition, learned.withdrawn) {
        (None, _) if intended => Some((Some(after.times.update + AFTER_INTENT), None)),
        (None, Withdrawn::Capture | Withdrawn::Everything) => None,
        (Some(_), _) => Some((next_check_time(after, schedules), Some(0))),
        (None, Withdrawn::Nothing) => {
            after.state.is_open().then(|| (next_check_time(after, schedules), Some(0)))
        }
    }
}

/// A payment that just changed is asked about soon; one that ended without money, a few times more; a paid one never again.
fn next_check_time(after: &Payment, schedules: Schedules) -> Option<OffsetDateTime> {
    match after.state {
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => Some(schedules.payment.first(after.times.update)),
        PaymentState::Closed | PaymentState::Failed => {
            after.times.end.and_then(|end| schedules.late.next(end, 0))
        }
        PaymentState::Succeeded => None,
    }
}

/// One UPDATE for each state that some of them come to.
fn allocations_update<'a>(writes: &mut Writes<'a>, after: &'a Payment, changes: &'a [AllocationChange]) {
    for state in AllocationState::ALL {
        let coming = changes.iter().filter(|change| change.to == state);
        let order_nos: Vec<&str> = coming.map(|change| change.order_no.as_str()).collect();
        if !order_nos.is_empty() {
            let of_payment = allocation::table
                .filter(allocation::payment_no.eq(after.payment_no.as_str()))
                .filter(among(allocation::order_no, order_nos));
            writes.add(diesel::update(of_payment).set(allocation::state.eq(state.word())));
        }
    }
}

/// Keeps a change of state with what caused it, at the time that the payment was last changed (R26).
pub(super) fn transition_insert<'a>(
    after: &'a Payment,
    transition: PaymentTransition,
    evidence: &'a Evidence,
    notification: Option<Uuid>,
) -> impl Write + 'a {
    diesel::insert_into(payment_transition::table).values(TransitionRow::of(
        after,
        transition,
        evidence,
        notification,
    ))
}

/// The row of a payment's change of state.
#[derive(Insertable)]
#[diesel(table_name = payment_transition, treat_none_as_default_value = false)]
struct TransitionRow<'a> {
    payment_no: &'a str,
    revision: i32,
    event: &'static str,
    from_state: &'static str,
    to_state: &'static str,
    source: &'static str,
    caller: Option<&'a str>,
    notification_id: Option<Uuid>,
    evidence: Option<&'a [u8]>,
    verified_by: Option<&'a str>,
    transition_time: OffsetDateTime,
}

impl<'a> TransitionRow<'a> {
    fn of(
        after: &'a Payment,
        transition: PaymentTransition,
        evidence: &'a Evidence,
        notification_id: Option<Uuid>,
    ) -> Self {
        let channel = evidence.channel.as_ref();
        // A notification's bytes are in the inbox; they are not kept twice.
        let bytes =
            channel.filter(|_| evidence.source != Source::Notification).map(|words| words.bytes.as_slice());
        Self {
            payment_no: after.payment_no.as_str(),
            revision: after.revision,
            event: transition.event.word(),
            from_state: transition.from.word(),
            to_state: transition.to.word(),
            source: evidence.source.word(),
            caller: evidence.caller.as_ref().map(|caller| caller.as_str()),
            notification_id,
            evidence: bytes,
            verified_by: channel.and_then(|words| words.verified_by.as_ref()).map(|key| key.as_str()),
            transition_time: after.times.update,
        }
    }
}
