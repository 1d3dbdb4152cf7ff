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
    refund::Refund,
};

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
}

/// A change of state as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTransition {
    /// The payment.
    pub payment_no: PaymentNo,
    /// What happened.
    pub event: PaymentEvent,
    /// The state before.
    pub from: PaymentState,
    /// The state after.
    pub to: PaymentState,
    /// The key that verified the channel's words, where it signed.
    pub verified_by: Option<String>,
}

/// An event as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The payment.
    pub payment_no: PaymentNo,
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
pub const ALL: [(&str, Check); 10] = [
    ("r01_success_is_proven_by_a_verified_channel_fact", success_is_proven),
    ("r05_f05_recorded_transitions_replay_through_the_table", transitions_replay),
    ("r09_at_most_one_effective_allocation_for_each_order", one_effective_allocation),
    ("r06_money_is_allocated_exactly_when_the_payment_succeeded", money_is_allocated),
    ("r27_each_success_is_told_exactly_once", success_is_told_once),
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
        PaymentState::Initiating | PaymentState::AwaitingPayer | PaymentState::ClientReported => {
            held == AllocationState::Pending
        }
    };
    let misfits =
        |payment: &&Payment| !payment.allocations.iter().all(|allocation| fits(payment, allocation.state));
    let describe =
        |payment: &Payment| format!("{} {:?}: {:?}", payment.payment_no, payment.state, payment.allocations);
    ledger.payments.iter().filter(misfits).map(describe).collect()
}

fn success_is_told_once(ledger: &Ledger) -> Vec<String> {
    let mut told: BTreeMap<&PaymentNo, usize> = BTreeMap::new();
    for event in ledger.events.iter().filter(|event| event.event == MerchantEvent::PaymentSucceeded) {
        *told.entry(&event.payment_no).or_default() += 1;
    }
    let expected = |payment: &Payment| usize::from(payment.state == PaymentState::Succeeded);
    let times = |payment: &Payment| told.get(&payment.payment_no).copied().unwrap_or(0);
    let describe = |payment: &Payment| format!("{} was told {} times", payment.payment_no, times(payment));
    ledger.payments.iter().filter(|payment| times(payment) != expected(payment)).map(describe).collect()
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
