//! The judge of a history that came to rest: our records against themselves, against the channels' books, and against what
//! callers were promised. Pure, and shown to find what it is there for.

use std::collections::{BTreeMap, BTreeSet};

use payment_core::{
    invariant::{self, Ledger},
    merchant_event::MerchantEvent,
    payment::{Allocation, Payment, allocation::AllocationState, state::PaymentState},
    refund::{Refund, state::RefundState},
};

use super::channels::{BookedRefund, Books, RefundStage};

/// What callers were told and rely on.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    /// Payments that are paid.
    pub(crate) succeeded: BTreeSet<String>,
    /// Refunds that were accepted, and what they give back.
    pub(crate) refunds: BTreeMap<String, i64>,
}

/// Everything that is wrong, in sentences. `books` holds what the channel says about each payment of the ledger.
pub(crate) fn judge(ledger: &Ledger, books: &BTreeMap<String, Books>, promises: &Promises) -> Vec<String> {
    let breaches = invariant::check(ledger).into_iter();
    let mut wrong: Vec<_> =
        breaches.map(|breach| format!("{}: {}", breach.invariant, breach.description)).collect();
    for payment in &ledger.payments {
        let books = &books[payment.payment_no.as_str()];
        wrong.extend(decided_as_the_channel_says(payment, books));
        wrong.extend(kept_as_orders_say(payment, books));
        wrong.extend(refunds_as_booked(ledger, payment, books));
        wrong.extend(arrivals_told_once(ledger, payment));
    }
    wrong.extend(paid_orders_stay_paid(ledger));
    wrong.extend(promises_kept(ledger, promises));
    wrong
}

/// Taken money is a success, whatever was thought before; without it nothing is, and nothing is held or in doubt any more.
fn decided_as_the_channel_says(payment: &Payment, books: &Books) -> Option<String> {
    let decided = (books.held, books.doubtful) == (0, 0);
    let fits = match payment.state {
        PaymentState::Succeeded => decided && books.taken == payment.amount.minor_units(),
        PaymentState::Closed | PaymentState::Failed => decided && books.taken == 0,
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => false,
    };
    (!fits).then(|| {
        format!(
            "{} over {} is {:?}, the channel took {}, holds {} and is in doubt about {}",
            payment.payment_no, payment.amount, payment.state, books.taken, books.held, books.doubtful
        )
    })
}

/// Taken less given back is what its orders say was paid by it and not refunded: nothing, for a duplicate.
fn kept_as_orders_say(payment: &Payment, books: &Books) -> Option<String> {
    let paid = |allocation: &&Allocation| allocation.state == AllocationState::Effective;
    let left =
        |allocation: &Allocation| allocation.amount.minor_units() - allocation.refund_reserved.minor_units();
    let said: i64 = payment.allocations.iter().filter(paid).map(left).sum();
    let kept = books.taken - books.given_back;
    (kept != said).then(|| format!("{}: the channel kept {kept}, the orders say {said}", payment.payment_no))
}

/// Each refund arrived under its number, once; the channel made no other.
fn refunds_as_booked(ledger: &Ledger, payment: &Payment, books: &Books) -> Vec<String> {
    let alive: Vec<_> = books.refunds.iter().filter(|refund| refund.stage != RefundStage::Dead).collect();
    let ours = || ledger.refunds.iter().filter(|refund| refund.payment_no == payment.payment_no);
    let same = |ours: &Refund, booked: &BookedRefund| {
        ours.state == RefundState::Succeeded
            && booked.stage == RefundStage::Arrived
            && ours.sent_as.as_str() == booked.number
            && ours.amount.minor_units() == booked.amount
    };
    let missing = ours().filter(|ours| alive.iter().filter(|booked| same(ours, booked)).count() != 1);
    let missing =
        missing.map(|refund| format!("{} {:?}: the channel has {alive:?}", refund.refund_no, refund.state));
    let unknown = alive.iter().filter(|booked| !ours().any(|ours| same(ours, booked)));
    let unknown = unknown.map(|booked| format!("{}: nobody wanted {booked:?}", payment.payment_no));
    missing.chain(unknown).collect()
}

fn arrivals_told_once(ledger: &Ledger, payment: &Payment) -> Option<String> {
    let of_payment = ledger.events.iter().filter(|event| event.payment_no == payment.payment_no.as_str());
    let told = of_payment.filter(|event| event.event == MerchantEvent::RefundSucceeded).count();
    let arrived =
        |refund: &&Refund| refund.payment_no == payment.payment_no && refund.state == RefundState::Succeeded;
    let arrived = ledger.refunds.iter().filter(arrived).count();
    (told != arrived).then(|| format!("{}: {arrived} refunds arrived, {told} were told", payment.payment_no))
}

/// An order that any success covers is paid, by one payment, whatever was refunded.
fn paid_orders_stay_paid(ledger: &Ledger) -> Vec<String> {
    let mut payers: BTreeMap<&str, usize> = BTreeMap::new();
    let successes = ledger.payments.iter().filter(|payment| payment.state == PaymentState::Succeeded);
    for allocation in successes.flat_map(|payment| &payment.allocations) {
        let effective = usize::from(allocation.state == AllocationState::Effective);
        *payers.entry(allocation.order_no.as_str()).or_default() += effective;
    }
    let wrong = payers.into_iter().filter(|(_, payers)| *payers != 1);
    wrong.map(|(order_no, payers)| format!("order {order_no} is paid by {payers} payments")).collect()
}

fn promises_kept(ledger: &Ledger, promises: &Promises) -> Vec<String> {
    let succeeded = |number: &&String| {
        let mut payments = ledger.payments.iter().filter(|payment| payment.payment_no.as_str() == *number);
        !payments.any(|payment| payment.state == PaymentState::Succeeded)
    };
    let paid = promises.succeeded.iter().filter(succeeded);
    let paid = paid.map(|number| format!("{number} was told to be paid, and is not"));
    let recorded = |(number, amount): &(&String, &i64)| {
        let mut refunds = ledger.refunds.iter().filter(|refund| refund.refund_no.as_str() == *number);
        !refunds.any(|refund| refund.amount.minor_units() == **amount)
    };
    let refunds = promises.refunds.iter().filter(recorded);
    let refunds =
        refunds.map(|(number, amount)| format!("refund {number} of {amount} was accepted, and is gone"));
    paid.chain(refunds).collect()
}
