//! What several notifications say at once, applied in one transaction: the same locks, the same decisions and the same rows as
//! one by one ([ADR 17](../../../docs/adr/0017-notifications-together.md)).
//!
//! Nobody waits for a neighbour. What is locked by somebody else, and whatever is more than a change of one payment by itself (a
//! second payment of an order, held money, a word that fits nowhere), is left to [`Store::payment_apply`]. So is everything
//! if one row is refused.

use std::{collections::BTreeSet, sync::Arc};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use futures::{FutureExt as _, future::BoxFuture, join};
use payment_core::payment::{
    Payment,
    allocation::AllocationState,
    apply::{AllocationChange, Decision, decide},
};
use time::OffsetDateTime;

use super::{Applied, ApplyRequest, Effect, PaymentChange, TransitionRow, due, is_of_account, verdict};
use crate::{
    Store,
    error::StoreError,
    inbox::{NotificationRecord, VerifiedRow, notifications_insert},
    many::ManyRows,
    outbox::{EventOf, EventRow, Telling, event_rows, events_insert},
    payment::lock::{
        Locked,
        together::{OrderOf, orders_lock_if_free, payments_lock_if_free},
    },
    schema::{allocation, payment, payment_transition},
    transaction::{self, Abort, commit_with},
    words::Word as _,
    writes::{Write, Writes},
};

/// How often a payment that just changed has been looked after.
const NO_CHECKS: i32 = 0;

/// Custom plans would pay once for the few rows that there are, but are made anew each time.
const KEPT_PLANS: &str = "SET LOCAL plan_cache_mode = force_generic_plan";

struct Together<'a> {
    store: &'a Store,
    requests: &'a [Arc<ApplyRequest>],
}

/// A decision that is written together with others.
struct Decided<'a> {
    request: &'a ApplyRequest,
    record: &'a NotificationRecord,
    decision: Decision,
    after: Payment,
    next_check_time: Option<OffsetDateTime>,
}

impl Store {
    /// Applies what notifications say, as [`Store::payment_apply`] does, as far as it can be done in one transaction without
    /// waiting for anybody. `None` stands for each request that is left, in the order of the requests; nothing of it is
    /// written.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept of any of them then, unless the connection broke during the commit.
    pub async fn payments_apply_together(
        &self,
        requests: &[Arc<ApplyRequest>],
    ) -> Result<Vec<Option<Applied>>, StoreError> {
        let together = Together { store: self, requests };
        transaction::run_opened_once(&self.connections, &together, lock_orders, apply_in_txn).await
    }
}

fn lock_orders<'c>(
    connection: &'c AsyncPgConnection,
    together: &'c Together<'_>,
) -> BoxFuture<'c, QueryResult<Vec<OrderOf>>> {
    async move {
        let payments: BTreeSet<_> =
            together.requests.iter().map(|request| (&request.payment_no, &request.merchant_id)).collect();
        let (mut first, second) = (connection, connection);
        let (kept_plans, locked) =
            join!(first.batch_execute(KEPT_PLANS), orders_lock_if_free(second, &payments));
        kept_plans?;
        locked
    }
    .boxed()
}

fn apply_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    together: &'c Together<'_>,
    orders: Vec<OrderOf>,
) -> BoxFuture<'c, Result<Vec<Option<Applied>>, Abort>> {
    async move {
        let mut locked = payments_lock_if_free(connection, orders).await?;
        let decided: Vec<Option<Decided<'_>>> = together
            .requests
            .iter()
            .map(|request| {
                // The second word about a payment finds it taken.
                let locked = locked.remove(request.payment_no.as_str())?;
                decided(together.store, request, locked)
            })
            .collect();
        write(connection, together.store, decided.iter().flatten()).await?;
        Ok(decided.into_iter().map(|decided| decided.map(Decided::applied)).collect())
    }
    .boxed()
}

/// The decision, if nothing follows from it beyond the payment itself.
fn decided<'a>(store: &Store, request: &'a ApplyRequest, locked: Locked<Payment>) -> Option<Decided<'a>> {
    let record = request.notification.as_ref()?;
    let before = locked.value();
    if before.merchant_id != request.merchant_id || !is_of_account(before, record) {
        return None;
    }
    let decision = decide(before, locked.paid_by(), &request.happening, request.now);
    if decision.is_empty() {
        return Some(Decided {
            request,
            record,
            decision,
            after: locked.into_value(),
            next_check_time: None,
        });
    }
    let after = decision.applied_to(before, request.now);
    let (next_check_time, checks) = due(&after, &decision, store.schedules_of(&after.channel))?;
    let plain = decision.transition.is_some()
        && checks == Some(NO_CHECKS)
        && decision.cases.is_empty()
        && decision.learned.hold.is_none()
        && after.allocations.iter().all(|part| part.state != AllocationState::Duplicate);
    plain.then_some(Decided { request, record, decision, after, next_check_time })
}

/// Writes all of it in one statement and commits it.
async fn write<'a>(
    connection: &mut AsyncPgConnection,
    store: &Store,
    decided: impl Iterator<Item = &'a Decided<'a>>,
) -> Result<(), Abort> {
    let mut rows = Rows::default();
    for decided in decided {
        rows.add(store, decided)?;
    }
    Ok(commit_with(connection, rows.writes()).await?)
}

/// The rows that are written, table by table.
#[derive(Default)]
struct Rows<'a> {
    notifications: Vec<VerifiedRow<'a>>,
    changes: Vec<ChangeRow<'a>>,
    parts: Vec<(&'a str, &'a AllocationChange)>,
    transitions: Vec<TransitionRow<'a>>,
    events: Vec<EventRow<'a>>,
}

/// A payment's change, and when it is looked after next.
struct ChangeRow<'a> {
    payment_no: &'a str,
    change: PaymentChange<'a>,
    next_check_time: Option<OffsetDateTime>,
}

impl<'a> Rows<'a> {
    fn add(&mut self, store: &Store, decided: &'a Decided<'a>) -> Result<(), StoreError> {
        let Decided { request, record, decision, after, next_check_time } = decided;
        let id = store.uuid(request.now);
        self.notifications.push(VerifiedRow::of(id, record, verdict(decision)));
        let Some(transition) = decision.transition else { return Ok(()) };
        let payment_no = after.payment_no.as_str();
        let (change, next_check_time) = (PaymentChange::of(after), *next_check_time);
        self.changes.push(ChangeRow { payment_no, change, next_check_time });
        self.parts.extend(decision.allocations.iter().map(|change| (payment_no, change)));
        self.transitions.push(TransitionRow::of(after, transition, &request.evidence, Some(id)));
        let about = EventOf::of_change(after, request.now);
        let told = decision.events.iter().map(|event| Telling::of_payment(*event, after));
        self.events.extend(event_rows(store, &about, told.collect())?);
        Ok(())
    }

    fn writes(&'a self) -> Writes<'a> {
        let mut writes = Writes::default();
        if !self.notifications.is_empty() {
            writes.add(notifications_insert(&self.notifications));
        }
        if !self.changes.is_empty() {
            writes.add(payments_update(&self.changes));
        }
        if !self.parts.is_empty() {
            writes.add(allocations_update(&self.parts));
        }
        if !self.transitions.is_empty() {
            writes.add(transitions_insert(&self.transitions));
        }
        if !self.events.is_empty() {
            writes.add(events_insert(&self.events));
        }
        writes
    }
}

fn payments_update<'a>(rows: &'a [ChangeRow<'a>]) -> impl Write + 'a {
    ManyRows::of(rows, payment::table)
        .column(payment::payment_no, |row| row.payment_no)
        .column(payment::state, |row| row.change.state)
        .column(payment::revision, |row| row.change.revision)
        .column(payment::update_time, |row| row.change.update_time)
        .column(payment::channel_transaction_no, |row| row.change.channel_transaction_no)
        .column(payment::handle, |row| row.change.handle)
        .column(payment::handle_expire_time, |row| row.change.handle_expire_time)
        .column(payment::failure_reason, |row| row.change.failure_reason)
        .column(payment::failure_code, |row| row.change.failure_code)
        .column(payment::client_report_time, |row| row.change.client_report_time)
        .column(payment::succeed_time, |row| row.change.succeed_time)
        .column(payment::end_time, |row| row.change.end_time)
        .column(payment::capture_intend_time, |row| row.change.capture_intend_time)
        .column(payment::hold_intend_time, |row| row.change.hold_intend_time)
        .column(payment::next_check_time, |row| row.next_check_time)
        .column(payment::checks, |_| NO_CHECKS)
        .update(1)
}

fn allocations_update<'a>(rows: &'a [(&'a str, &'a AllocationChange)]) -> impl Write + 'a {
    ManyRows::of(rows, allocation::table)
        .column(allocation::payment_no, |(payment_no, _)| *payment_no)
        .column(allocation::order_no, |(_, change)| change.order_no.as_str())
        .column(allocation::state, |(_, change)| change.to.word())
        .update(2)
}

fn transitions_insert<'a>(rows: &'a [TransitionRow<'a>]) -> impl Write + 'a {
    ManyRows::of(rows, payment_transition::table)
        .column(payment_transition::payment_no, |row| row.payment_no)
        .column(payment_transition::revision, |row| row.revision)
        .column(payment_transition::event, |row| row.event)
        .column(payment_transition::from_state, |row| row.from_state)
        .column(payment_transition::to_state, |row| row.to_state)
        .column(payment_transition::source, |row| row.source)
        .column(payment_transition::caller, |row| row.caller)
        .column(payment_transition::notification_id, |row| row.notification_id)
        .column(payment_transition::evidence, |row| row.evidence)
        .column(payment_transition::verified_by, |row| row.verified_by)
        .column(payment_transition::transition_time, |row| row.transition_time)
        .insert()
}

impl Decided<'_> {
    fn applied(self) -> Applied {
        let effect = if self.decision.is_empty() { Effect::Nothing } else { Effect::Changed };
        Applied { payment: self.after, effect }
    }
}
