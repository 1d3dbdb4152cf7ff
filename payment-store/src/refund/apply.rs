//! The one writer of what happened to a refund (R25): lock, decide, write state, number, evidence, cases and events.

use std::{
    slice,
    sync::atomic::{AtomicBool, Ordering},
};

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    case::CaseOpening,
    evidence::{Evidence, Source},
    gateway::{RefundFinding, RefundStatus},
    identifiers::{MerchantId, RefundNo},
    money::Money,
    payment::Payment,
    refund::{
        Refund, RefundOrigin, RefundPart, RefundReason,
        apply::{RefundDecision, RefundHappening, RefundStateChange, channel_refund_taken, decide},
        reserve::{Refundable, Split, reserve},
        state::RefundState,
    },
    schedule::Schedule,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    create::{Wanted, number_insert, refund_insert_in_txn, refundable},
    read::{refund_no_of_number, refunds_in_txn},
    row::RefundRow,
};
use crate::{
    Store,
    cached::Cached,
    case::{CaseOrigin, cases_open},
    error::{ONE_FOR_EACH_CHANNEL_REFUND, StoreError},
    inbox::{Delivery, NotificationRecord, Verdict, notification_insert},
    operator::refund_cases_settled_in_txn,
    outbox::{EventOf, Place, Telling, outbox_append},
    payment::lock::{Locked, payment_lock_in_txn},
    schema::{refund, refund_number, refund_transition},
    transaction::{self, Abort, commit_with},
    words::Word as _,
    writes::{Write, Writes},
};

/// Something that happened to a refund, with what proves it.
#[derive(Debug, Clone)]
pub struct RefundApplyRequest {
    /// Whose refund; another merchant's is not found.
    pub merchant_id: MerchantId,
    /// The number under which it was sent, its own or a successor's.
    pub number: RefundNo,
    /// What happened.
    pub happening: RefundHappening,
    /// Who said so.
    pub evidence: Evidence,
    /// The delivery, if a notification said so. It is kept in the same transaction.
    pub notification: Option<NotificationRecord>,
    /// The present instant.
    pub now: OffsetDateTime,
}

/// A refund after something happened to it.
#[derive(Debug, Clone)]
pub struct RefundApplied {
    /// The refund as it is now.
    pub refund: Refund,
    /// Whether it changed.
    pub effect: crate::payment::Effect,
}

struct Context<'a> {
    store: &'a Store,
    request: &'a RefundApplyRequest,
    /// Set once the database said that the channel's refund is another of ours: the transaction is run again, knowing it.
    channel_refund_taken: AtomicBool,
}

impl Store {
    /// Applies what happened, under the refund's lock. `None`: no refund of this merchant was ever sent under this
    /// number, and nothing was written.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn refund_apply(
        &self,
        request: &RefundApplyRequest,
    ) -> Result<Option<RefundApplied>, StoreError> {
        let context = Context { store: self, request, channel_refund_taken: AtomicBool::new(false) };
        transaction::run_opened(&self.connections, &context, lock_row, apply_in_txn).await
    }
}

fn lock_row<'c>(
    connection: &'c AsyncPgConnection,
    context: &'c Context<'_>,
) -> BoxFuture<'c, QueryResult<Vec<RefundRow>>> {
    refund_row_lock(connection, &context.request.merchant_id, &context.request.number).boxed()
}

fn apply_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c Context<'_>,
    locked: Vec<RefundRow>,
) -> BoxFuture<'c, Result<Option<RefundApplied>, Abort>> {
    async move {
        let request = context.request;
        let Some(refund) = refunds_in_txn(connection, locked).await?.pop() else { return Ok(None) };
        let decision = decision(context, &refund);
        let mut writes = Writes::default();
        let notification = request.notification.as_ref().map(|record| {
            let id = context.store.uuid(request.now);
            writes.add(notification_insert(id, record, verdict(&decision)));
            id
        });
        write(connection, context, refund, &decision, notification, writes).await.map(Some)
    }
    .boxed()
}

fn decision(context: &Context<'_>, refund: &Refund) -> RefundDecision {
    let request = context.request;
    let decision = decide(refund, &request.happening, request.now);
    let takes_up = decision.channel_refund_no.is_some();
    if takes_up && AtomicBool::load(&context.channel_refund_taken, Ordering::Relaxed) {
        return channel_refund_taken(refund, &request.happening);
    }
    decision
}

fn note_taken(context: &Context<'_>, error: &DieselError) {
    if let DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) = error
        && information.constraint_name() == Some(ONE_FOR_EACH_CHANNEL_REFUND)
    {
        context.channel_refund_taken.store(true, Ordering::Relaxed);
    }
}

/// Locks a refund by any number that it was sent under.
pub(crate) async fn refund_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
    number: &RefundNo,
) -> Result<Option<Refund>, Abort> {
    let rows = refund_row_lock(connection, merchant_id, number).await?;
    Ok(refunds_in_txn(connection, rows).await?.pop())
}

async fn refund_row_lock(
    mut connection: &AsyncPgConnection,
    merchant_id: &MerchantId,
    number: &RefundNo,
) -> QueryResult<Vec<RefundRow>> {
    // A number stands for the same refund for ever, so it may be looked up before the lock is held.
    let of_number = refund_number::table
        .filter(refund_number::merchant_id.eq(merchant_id.as_str()))
        .filter(refund_number::number.eq(number.as_str()))
        .select(refund_number::refund_no)
        .single_value();
    let locked = refund::table
        .filter(refund::merchant_id.eq(merchant_id.as_str()))
        .filter(refund::refund_no.nullable().eq(of_number))
        .select(RefundRow::as_select())
        .for_update();
    Cached(locked).load(&mut connection).await
}

fn verdict(decision: &RefundDecision) -> Verdict {
    if !decision.cases.is_empty() {
        Verdict::CaseOpened
    } else if decision.is_empty() {
        Verdict::Repeated
    } else {
        Verdict::Applied
    }
}

async fn write(
    connection: &mut AsyncPgConnection,
    context: &Context<'_>,
    before: Refund,
    decision: &RefundDecision,
    notification: Option<Uuid>,
    delivery: Writes<'_>,
) -> Result<RefundApplied, Abort> {
    use crate::payment::Effect;
    let request = context.request;
    if decision.is_empty() {
        commit_with(connection, delivery).await?;
        return Ok(RefundApplied { refund: before, effect: Effect::Nothing });
    }
    let moves_refund = decision.moves_refund();
    let after = decision.applied_to(&before, request.now);
    let settled = if decision.arrives() {
        refund_cases_settled_in_txn(connection, &after, &request.evidence, request.now).await?
    } else {
        Vec::new()
    };
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
    if !moves_refund && cases.is_empty() {
        return Ok(RefundApplied { refund: before, effect: Effect::Case });
    }
    if let Some(successor) = &decision.successor {
        writes.add(number_insert(&after, successor, request.now));
    }
    let schedule = context.store.schedules_of(&after.channel).refund;
    writes.add(refund_update(&after, decision, schedule));
    if let Some(change) = decision.transition {
        writes.add(transition_insert(&after, change, request, notification));
    }
    let about = EventOf {
        merchant_id: &after.merchant_id,
        payment_no: after.payment_no.as_str(),
        refund_no: Some(after.refund_no.as_str()),
        revision: after.revision,
        place: Place::OfChange,
        now: request.now,
    };
    let told = decision.events.iter().map(|event| Telling::of_refund(*event, &after));
    outbox_append(&mut writes, context.store, &about, told.chain(cases).collect())?;
    for case in &settled {
        case.write(&mut writes, context.store, after.revision)?;
    }
    commit_with(connection, writes).await.inspect_err(|error| note_taken(context, error))?;
    let effect = if moves_refund { Effect::Changed } else { Effect::Case };
    Ok(RefundApplied { refund: after, effect })
}

fn refund_update<'a>(
    after: &'a Refund,
    decision: &RefundDecision,
    schedule: Schedule,
) -> impl Write + use<'a> {
    let open = after.state != RefundState::Succeeded;
    let moved = decision.transition.is_some() || decision.successor.is_some();
    // One that just moved is looked after soon; one that arrived, never again; any other as was planned.
    let due = moved.then(|| {
        let next_check_time = open.then(|| schedule.first(after.times.update));
        (refund::next_check_time.eq(next_check_time), refund::checks.eq(0))
    });
    let key = (after.merchant_id.as_str(), after.refund_no.as_str());
    diesel::update(refund::table.find(key)).set((
        refund::state.eq(after.state.word()),
        refund::revision.eq(after.revision),
        refund::sent_as.eq(after.sent_as.as_str()),
        refund::successors.eq(i16::try_from(after.successors).unwrap_or(i16::MAX)),
        refund::channel_refund_no.eq(after.channel_refund_no.as_ref().map(|no| no.as_str())),
        refund::attention.eq(after.attention.map(|reason| reason.word())),
        refund::update_time.eq(after.times.update),
        refund::succeed_time.eq(after.times.succeed),
        due,
    ))
}

fn transition_insert<'a>(
    after: &'a Refund,
    change: RefundStateChange,
    request: &'a RefundApplyRequest,
    notification: Option<Uuid>,
) -> impl Write + 'a {
    let channel = request.evidence.channel.as_ref();
    let bytes = channel
        .filter(|_| request.evidence.source != Source::Notification)
        .map(|words| words.bytes.as_slice());
    diesel::insert_into(refund_transition::table).values((
        refund_transition::merchant_id.eq(after.merchant_id.as_str()),
        refund_transition::refund_no.eq(after.refund_no.as_str()),
        refund_transition::revision.eq(after.revision),
        refund_transition::event.eq(change.event.word()),
        refund_transition::from_state.eq(change.from.word()),
        refund_transition::to_state.eq(change.to.word()),
        refund_transition::number.eq(request.number.as_str()),
        refund_transition::source.eq(request.evidence.source.word()),
        refund_transition::notification_id.eq(notification),
        refund_transition::evidence.eq(bytes),
        refund_transition::verified_by
            .eq(channel.and_then(|words| words.verified_by.as_ref()).map(|key| key.as_str())),
        refund_transition::transition_time.eq(request.now),
    ))
}

/// A refund that the channel proves and that we did not start: somebody used the channel's console (R18).
#[derive(Debug, Clone)]
pub struct ForeignRefund {
    /// What the channel says.
    pub finding: RefundFinding,
    /// The delivery that says so.
    pub notification: NotificationRecord,
    /// Its evidence.
    pub evidence: Evidence,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignRefundOutcome {
    /// Recorded as a refund of the payment, by this delivery or another.
    Recorded,
    /// It does not fit the payment; a case is open.
    CaseOpened,
    /// It gave nothing back and never will; the delivery is kept.
    NothingGivenBack,
    /// There is no such paid payment of this merchant; nothing was written.
    PaymentNotFound,
}

struct ForeignContext<'a> {
    store: &'a Store,
    foreign: &'a ForeignRefund,
}

impl Store {
    /// Records a refund that we did not start, as pending: [`Store::refund_apply`] then says how far it is.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn refund_record_foreign(
        &self,
        foreign: &ForeignRefund,
    ) -> Result<ForeignRefundOutcome, StoreError> {
        let context = ForeignContext { store: self, foreign };
        transaction::run(&self.connections, &context, foreign_in_txn).await
    }
}

fn foreign_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    context: &'c ForeignContext<'_>,
) -> BoxFuture<'c, Result<ForeignRefundOutcome, Abort>> {
    async move {
        let record = &context.foreign.notification;
        let (finding, delivery) = (&context.foreign.finding, &record.delivery);
        let locked = payment_lock_in_txn(connection, &delivery.merchant_id, &finding.payment_no).await?;
        let Some(payment) =
            locked.as_ref().map(Locked::value).filter(|payment| is_paid_through(payment, delivery))
        else {
            return Ok(ForeignRefundOutcome::PaymentNotFound);
        };
        // Another delivery may have recorded it while we waited for the lock.
        if refund_no_of_number(connection, &delivery.merchant_id, &finding.refund_no).await?.is_some() {
            return Ok(ForeignRefundOutcome::Recorded);
        }
        if !gives_back(finding.status) {
            let id = context.store.uuid(delivery.receive_time);
            Cached(notification_insert(id, record, Verdict::Irrelevant)).execute(connection).await?;
            return Ok(ForeignRefundOutcome::NothingGivenBack);
        }
        let left = refundable(payment)?;
        let parts =
            finding.amount.and_then(|amount| reserve(&left, &Split::Parts(spread(&left, amount))).ok());
        let fits =
            |parts: &Vec<RefundPart>| Money::sum(parts.iter().map(|part| part.amount)).ok() == finding.amount;
        match parts.filter(fits) {
            Some(parts) => {
                let wanted = Wanted {
                    refund_no: &finding.refund_no,
                    parts,
                    reason: RefundReason::Other,
                    description: "",
                    origin: RefundOrigin::Channel,
                    created_by: None,
                    notify_url: None,
                    now: delivery.receive_time,
                    first_check_time: context
                        .store
                        .schedules_of(&payment.channel)
                        .refund
                        .first(delivery.receive_time),
                };
                refund_insert_in_txn(connection, payment, wanted).await?;
                Ok(ForeignRefundOutcome::Recorded)
            }
            None => foreign_case(connection, context, payment).await,
        }
    }
    .boxed()
}

fn is_paid_through(payment: &Payment, delivery: &Delivery) -> bool {
    payment.channel_transaction_no.is_some() && payment.channel_account == delivery.channel_account
}

const fn gives_back(status: RefundStatus) -> bool {
    match status {
        RefundStatus::Processing | RefundStatus::Succeeded | RefundStatus::NeedsPerson => true,
        RefundStatus::Dead | RefundStatus::NotFound => false,
    }
}

/// Which orders a refund of the console was for nobody tells: it is spread over them by number, as far as each reaches.
fn spread(left: &[Refundable], amount: Money) -> Vec<RefundPart> {
    let mut rest = amount.minor_units();
    let mut parts = Vec::new();
    for refundable in left {
        let taken = rest.min(refundable.left.minor_units());
        if taken > 0 {
            parts.push(RefundPart {
                order_no: refundable.order_no.clone(),
                amount: Money::new(amount.currency(), taken),
            });
            rest -= taken;
        }
    }
    parts
}

async fn foreign_case(
    connection: &mut AsyncPgConnection,
    context: &ForeignContext<'_>,
    payment: &Payment,
) -> Result<ForeignRefundOutcome, Abort> {
    let record = &context.foreign.notification;
    let now = record.delivery.receive_time;
    let id = context.store.uuid(now);
    let mut writes = Writes::default();
    writes.add(notification_insert(id, record, Verdict::CaseOpened));
    let case = CaseOpening::foreign_refund(payment, &context.foreign.finding);
    let origin = CaseOrigin {
        merchant_id: &payment.merchant_id,
        channel: &payment.channel,
        channel_account: &payment.channel_account,
        evidence: &context.foreign.evidence,
        notification: Some(id),
        now,
    };
    let about = EventOf {
        merchant_id: &payment.merchant_id,
        payment_no: payment.payment_no.as_str(),
        refund_no: None,
        revision: payment.revision,
        place: Place::Beside,
        now,
    };
    let opened = cases_open(connection, context.store, &mut writes, slice::from_ref(&case), &origin).await?;
    outbox_append(&mut writes, context.store, &about, opened)?;
    writes.run(connection).await?;
    Ok(ForeignRefundOutcome::CaseOpened)
}
