//! The named invariants: one for each rule of the mission that recorded data can show to be broken.
//!
//! `payment-server verify` checks them against a database, and so does every test that ends.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    identifiers::{MerchantId, OrderNo, PaymentNo, RefundNo},
    merchant_event::MerchantEvent,
    money::Money,
    payment::{
        Payment,
        allocation::AllocationState,
        state::{self, PaymentEvent, PaymentState, Transition},
    },
    refund::{Refund, state::RefundState},
};
use time::OffsetDateTime;

/// All that the invariants look at, read in one snapshot.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Every payment.
    pub payments: Vec<Payment>,
    /// Every change of state with its evidence, oldest first.
    pub transitions: Vec<RecordedTransition>,
    /// Every event that callers are told, oldest first.
    pub events: Vec<RecordedEvent>,
    /// Every refund.
    pub refunds: Vec<Refund>,
    /// Every change of a refund's state.
    pub refund_transitions: Vec<RecordedRefundTransition>,
    /// Every case.
    pub cases: Vec<RecordedCase>,
    /// The merchants whose old events were deleted. Every event that was is older than this.
    pub trimmed_before: BTreeMap<MerchantId, OffsetDateTime>,
}

impl Ledger {
    /// Whether an event of this time may have been deleted because it was older than is kept.
    fn was_deleted(&self, merchant_id: &MerchantId, time: OffsetDateTime) -> bool {
        self.trimmed_before.get(merchant_id).is_some_and(|before| time < *before)
    }
}

/// A change of state as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTransition {
    /// The payment.
    pub payment_no: PaymentNo,
    /// The payment's revision that it made.
    pub revision: i32,
    /// When.
    pub time: OffsetDateTime,
    /// What happened.
    pub event: PaymentEvent,
    /// The state before.
    pub from: PaymentState,
    /// The state after.
    pub to: PaymentState,
    /// The key that verified the channel's words, where it signed.
    pub verified_by: Option<String>,
}

/// A refund's change of state as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRefundTransition {
    /// Whose refund.
    pub merchant_id: MerchantId,
    /// The refund.
    pub refund_no: RefundNo,
    /// The refund's revision that it made.
    pub revision: i32,
    /// When.
    pub time: OffsetDateTime,
    /// The state after.
    pub to: RefundState,
}

/// A case as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCase {
    /// Whose account it came to.
    pub merchant_id: MerchantId,
    /// Its number.
    pub case_id: String,
    /// The payment number that it is about, ours or not.
    pub payment_no: String,
    /// When it was opened.
    pub open_time: OffsetDateTime,
}

/// An event as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Who is told.
    pub merchant_id: MerchantId,
    /// The payment, ours or one that a channel named.
    pub payment_no: String,
    /// The refund, where it is about one.
    pub refund_no: Option<String>,
    /// The case, where it is about one.
    pub case_id: Option<String>,
    /// The revision of the payment, or of the refund where it is about one.
    pub revision: i32,
    /// What callers are told.
    pub event: MerchantEvent,
}

/// A rule that the data breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The invariant's name.
    pub invariant: &'static str,
    /// Where, with the numbers to look up.
    pub description: String,
}

type Check = fn(&Ledger) -> Vec<String>;

/// Every invariant by its name.
pub const ALL: [(&str, Check); 13] = [
    ("r01_success_is_proven_by_a_verified_channel_fact", success_is_proven),
    ("r05_f05_recorded_transitions_replay_through_the_table", transitions_replay),
    ("r09_at_most_one_effective_allocation_for_each_order", one_effective_allocation),
    ("r06_money_is_allocated_exactly_when_the_payment_succeeded", money_is_allocated),
    ("r27_each_success_is_told_exactly_once", success_is_told_once),
    ("r27_f20_each_change_of_a_payment_is_told_with_its_revision", payment_changes_are_told),
    ("r27_f20_each_change_of_a_refund_is_told_with_its_revision", refund_changes_are_told),
    ("r27_f20_each_case_is_told_once", cases_are_told_once),
    ("r28_a_payment_is_the_sum_of_its_orders", payment_is_sum_of_orders),
    ("r15_refunds_never_exceed_what_was_paid_for_an_order", refunds_within_paid),
    ("r15_reservations_are_the_sum_of_refunds", reservations_are_refunds),
    ("r12_each_duplicate_is_being_given_back_whole", duplicates_are_refunded),
    ("r16_no_number_is_used_for_two_refunds", numbers_are_unique),
];

/// Checks every invariant.
#[must_use]
pub fn check(ledger: &Ledger) -> Vec<Breach> {
    let breaches = |(invariant, check): (&'static str, Check)| {
        check(ledger).into_iter().map(move |description| Breach { invariant, description })
    };
    ALL.into_iter().flat_map(breaches).collect()
}

fn success_is_proven(ledger: &Ledger) -> Vec<String> {
    let unproven = |transition: &&RecordedTransition| {
        transition.to == PaymentState::Succeeded
            && (transition.event != PaymentEvent::ChannelPaid || transition.verified_by.is_none())
    };
    let describe = |transition: &RecordedTransition| format!("{} succeeded unproven", transition.payment_no);
    ledger.transitions.iter().filter(unproven).map(describe).collect()
}

fn transitions_replay(ledger: &Ledger) -> Vec<String> {
    let mut states: BTreeMap<&PaymentNo, PaymentState> = BTreeMap::new();
    let mut breaches = Vec::new();
    for transition in &ledger.transitions {
        let before = states.insert(&transition.payment_no, transition.to).unwrap_or(PaymentState::Initiating);
        let allowed = state::next(transition.from, transition.event) == Transition::To(transition.to);
        if before != transition.from || !allowed {
            breaches.push(format!("{}: {:?} after {before:?}", transition.payment_no, transition));
        }
    }
    for payment in &ledger.payments {
        let replayed = states.get(&payment.payment_no).copied().unwrap_or(PaymentState::Initiating);
        if replayed != payment.state {
            breaches
                .push(format!("{} is {:?}, its record says {replayed:?}", payment.payment_no, payment.state));
        }
    }
    breaches
}

fn one_effective_allocation(ledger: &Ledger) -> Vec<String> {
    let mut effective: BTreeSet<(&MerchantId, &OrderNo)> = BTreeSet::new();
    let mut breaches = Vec::new();
    for payment in &ledger.payments {
        for allocation in &payment.allocations {
            let holds = allocation.state == AllocationState::Effective;
            if holds && !effective.insert((&payment.merchant_id, &allocation.order_no)) {
                breaches
                    .push(format!("order {} of {} is paid twice", allocation.order_no, payment.merchant_id));
            }
        }
    }
    breaches
}

fn money_is_allocated(ledger: &Ledger) -> Vec<String> {
    let fits = |payment: &Payment, held: AllocationState| match payment.state {
        PaymentState::Succeeded => matches!(held, AllocationState::Effective | AllocationState::Duplicate),
        PaymentState::Closed | PaymentState::Failed => held == AllocationState::Released,
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => held == AllocationState::Pending,
    };
    let misfits =
        |payment: &&Payment| !payment.allocations.iter().all(|allocation| fits(payment, allocation.state));
    let describe =
        |payment: &Payment| format!("{} {:?}: {:?}", payment.payment_no, payment.state, payment.allocations);
    ledger.payments.iter().filter(misfits).map(describe).collect()
}

fn success_is_told_once(ledger: &Ledger) -> Vec<String> {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for event in ledger.events.iter().filter(|event| event.event == MerchantEvent::PaymentSucceeded) {
        *told.entry(&event.payment_no).or_default() += 1;
    }
    let deleted: BTreeSet<&PaymentNo> = deleted_successes(ledger);
    let times = |payment: &Payment| told.get(payment.payment_no.as_str()).copied().unwrap_or(0);
    let holds = |payment: &&Payment| match (payment.state == PaymentState::Succeeded, times(payment)) {
        (false, 0) | (true, 1) => true,
        (true, 0) => deleted.contains(&payment.payment_no),
        (_, _) => false,
    };
    let describe = |payment: &Payment| format!("{} was told {} times", payment.payment_no, times(payment));
    ledger.payments.iter().filter(|payment| !holds(payment)).map(describe).collect()
}

/// Payments whose success was told so long ago that the event was deleted.
fn deleted_successes(ledger: &Ledger) -> BTreeSet<&PaymentNo> {
    let merchants: BTreeMap<&PaymentNo, &MerchantId> =
        ledger.payments.iter().map(|payment| (&payment.payment_no, &payment.merchant_id)).collect();
    let of_old = |transition: &&RecordedTransition| {
        transition.to == PaymentState::Succeeded
            && merchants
                .get(&transition.payment_no)
                .is_some_and(|merchant_id| ledger.was_deleted(merchant_id, transition.time))
    };
    ledger.transitions.iter().filter(of_old).map(|transition| &transition.payment_no).collect()
}

/// What must be told of a payment that comes to a state.
const fn told_of_payment(to: PaymentState) -> Option<MerchantEvent> {
    match to {
        PaymentState::Held => Some(MerchantEvent::PaymentAuthorized),
        PaymentState::Succeeded => Some(MerchantEvent::PaymentSucceeded),
        PaymentState::Closed => Some(MerchantEvent::PaymentClosed),
        PaymentState::Failed => Some(MerchantEvent::PaymentFailed),
        PaymentState::Initiating | PaymentState::AwaitingPayer | PaymentState::ClientReported => None,
    }
}

/// What must be told of a refund that comes to a state. It comes back to pending when its number died.
const fn told_of_refund(to: RefundState) -> MerchantEvent {
    match to {
        RefundState::Pending | RefundState::Processing => MerchantEvent::RefundProgressed,
        RefundState::Succeeded => MerchantEvent::RefundSucceeded,
    }
}

/// Whose, which, at which revision, what.
type Told<'a> = (&'a MerchantId, &'a str, i32, &'static str);

/// Compares what must have been told, each with its time, with what was.
fn compare<'a>(
    ledger: &Ledger,
    must: impl Iterator<Item = (Told<'a>, OffsetDateTime)>,
    told: &BTreeSet<Told<'a>>,
) -> Vec<String> {
    let must: BTreeMap<Told<'a>, OffsetDateTime> = must.collect();
    let missing =
        must.iter().filter(|(change, time)| !told.contains(*change) && !ledger.was_deleted(change.0, **time));
    let missing = missing.map(|(change, _)| format!("{change:?} was not told"));
    let unfounded = told.iter().filter(|told| !must.contains_key(*told));
    missing.chain(unfounded.map(|told| format!("{told:?} was told and did not happen"))).collect()
}

fn payment_changes_are_told(ledger: &Ledger) -> Vec<String> {
    let merchants: BTreeMap<&str, &MerchantId> =
        ledger.payments.iter().map(|payment| (payment.payment_no.as_str(), &payment.merchant_id)).collect();
    let must = ledger.transitions.iter().filter_map(|transition| {
        let payment_no = transition.payment_no.as_str();
        let event = told_of_payment(transition.to)?;
        let merchant_id = merchants.get(payment_no).copied()?;
        Some(((merchant_id, payment_no, transition.revision, event.as_str()), transition.time))
    });
    let is_of_change = |event: &&RecordedEvent| match event.event {
        MerchantEvent::PaymentAuthorized
        | MerchantEvent::PaymentSucceeded
        | MerchantEvent::PaymentClosed
        | MerchantEvent::PaymentFailed => merchants.contains_key(event.payment_no.as_str()),
        MerchantEvent::DuplicateFound
        | MerchantEvent::RefundProgressed
        | MerchantEvent::RefundNeedsAttention
        | MerchantEvent::RefundSucceeded
        | MerchantEvent::CaseOpened
        | MerchantEvent::CaseResolved => false,
    };
    let told = ledger.events.iter().filter(is_of_change);
    let told = told
        .map(|event| (&event.merchant_id, event.payment_no.as_str(), event.revision, event.event.as_str()));
    compare(ledger, must, &told.collect())
}

fn refund_changes_are_told(ledger: &Ledger) -> Vec<String> {
    let known: BTreeSet<(&MerchantId, &str)> =
        ledger.refunds.iter().map(|refund| (&refund.merchant_id, refund.refund_no.as_str())).collect();
    let of_known = |change: &&RecordedRefundTransition| {
        known.contains(&(&change.merchant_id, change.refund_no.as_str()))
    };
    let must = ledger.refund_transitions.iter().filter(of_known).map(|change| {
        let event = told_of_refund(change.to).as_str();
        ((&change.merchant_id, change.refund_no.as_str(), change.revision, event), change.time)
    });
    let told = ledger.events.iter().filter_map(|event| {
        let of_change =
            matches!(event.event, MerchantEvent::RefundProgressed | MerchantEvent::RefundSucceeded);
        let refund_no = event.refund_no.as_deref().filter(|_| of_change)?;
        let told = (&event.merchant_id, refund_no, event.revision, event.event.as_str());
        known.contains(&(&event.merchant_id, refund_no)).then_some(told)
    });
    compare(ledger, must, &told.collect())
}

/// Versions before events named their case told it by the payment only.
fn cases_are_told_once(ledger: &Ledger) -> Vec<String> {
    let opened: Vec<&RecordedEvent> =
        ledger.events.iter().filter(|event| event.event == MerchantEvent::CaseOpened).collect();
    let times = |case: &RecordedCase| {
        let of_case = |event: &&&RecordedEvent| event.case_id.as_ref() == Some(&case.case_id);
        opened.iter().filter(of_case).count()
    };
    let unnamed = |case: &RecordedCase| {
        opened.iter().any(|event| event.case_id.is_none() && event.payment_no == case.payment_no)
    };
    let holds = |case: &&RecordedCase| {
        times(case) == 1
            || times(case) == 0 && (unnamed(case) || ledger.was_deleted(&case.merchant_id, case.open_time))
    };
    let describe = |case: &RecordedCase| format!("case {} was told {} times", case.case_id, times(case));
    ledger.cases.iter().filter(|case| !holds(case)).map(describe).collect()
}

fn refunds_within_paid(ledger: &Ledger) -> Vec<String> {
    let allocations = ledger.payments.iter().flat_map(|payment| {
        payment.allocations.iter().map(move |allocation| (&payment.payment_no, allocation))
    });
    allocations
        .filter(|(_, allocation)| {
            let reserved = allocation.refund_reserved.minor_units();
            reserved < 0 || reserved > allocation.amount.minor_units()
        })
        .map(|(payment_no, allocation)| format!("{payment_no}: {allocation:?}"))
        .collect()
}

fn reservations_are_refunds(ledger: &Ledger) -> Vec<String> {
    let mut refunded: BTreeMap<(&PaymentNo, &OrderNo), i64> = BTreeMap::new();
    for refund in &ledger.refunds {
        for part in &refund.parts {
            *refunded.entry((&refund.payment_no, &part.order_no)).or_default() += part.amount.minor_units();
        }
    }
    let mut breaches = Vec::new();
    for payment in &ledger.payments {
        for allocation in &payment.allocations {
            let refunds = refunded.get(&(&payment.payment_no, &allocation.order_no)).copied().unwrap_or(0);
            if refunds != allocation.refund_reserved.minor_units() {
                breaches.push(format!("{}: refunds of {refunds} for {allocation:?}", payment.payment_no));
            }
        }
    }
    breaches
}

fn duplicates_are_refunded(ledger: &Ledger) -> Vec<String> {
    let mut breaches = Vec::new();
    for payment in &ledger.payments {
        for allocation in &payment.allocations {
            if allocation.state == AllocationState::Duplicate
                && allocation.refund_reserved != allocation.amount
            {
                breaches.push(format!("{}: {allocation:?} is not being given back", payment.payment_no));
            }
        }
    }
    breaches
}

fn numbers_are_unique(ledger: &Ledger) -> Vec<String> {
    let mut seen: BTreeSet<(&MerchantId, &RefundNo)> = BTreeSet::new();
    let mut breaches = Vec::new();
    for refund in &ledger.refunds {
        if !seen.insert((&refund.merchant_id, &refund.sent_as)) {
            breaches.push(format!("{} is used twice", refund.sent_as));
        }
    }
    breaches
}

fn payment_is_sum_of_orders(ledger: &Ledger) -> Vec<String> {
    let sum = |payment: &Payment| Money::sum(payment.allocations.iter().map(|allocation| allocation.amount));
    let describe =
        |payment: &Payment| format!("{} over {}: {:?}", payment.payment_no, payment.amount, sum(payment));
    ledger.payments.iter().filter(|payment| sum(payment) != Ok(payment.amount)).map(describe).collect()
}

#[cfg(test)]
mod tests;
