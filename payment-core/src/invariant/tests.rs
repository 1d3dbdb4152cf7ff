//! A small sound ledger, and each way to break it: which invariant tells it, and where.

use super::*;
use crate::{
    money::Currency,
    payment::{Allocation, apply::tests::payment},
    refund::{RefundPart, apply::tests::refund},
};
use AllocationState::{Duplicate, Effective, Pending, Released};
use PaymentEvent as E;
use PaymentState as S;
use time::{Duration, macros::datetime};

const PROVEN: &str = "r01_success_is_proven_by_a_verified_channel_fact";
const REPLAYED: &str = "r05_f05_recorded_transitions_replay_through_the_table";
const PAID_ONCE: &str = "r09_at_most_one_effective_allocation_for_each_order";
const ALLOCATED: &str = "r06_money_is_allocated_exactly_when_the_payment_succeeded";
const TOLD_ONCE: &str = "r27_each_success_is_told_exactly_once";
const PAYMENTS_TOLD: &str = "r27_f20_each_change_of_a_payment_is_told_with_its_revision";
const REFUNDS_TOLD: &str = "r27_f20_each_change_of_a_refund_is_told_with_its_revision";
const CASES_TOLD: &str = "r27_f20_each_case_is_told_once";
const SUMMED: &str = "r28_a_payment_is_the_sum_of_its_orders";
const WITHIN_PAID: &str = "r15_refunds_never_exceed_what_was_paid_for_an_order";
const RESERVED: &str = "r15_reservations_are_the_sum_of_refunds";
const GIVEN_BACK: &str = "r12_each_duplicate_is_being_given_back_whole";
const NUMBERS: &str = "r16_no_number_is_used_for_two_refunds";

const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

/// Payments in the sound ledger, by their places.
const PAID: usize = 0;
const TWICE: usize = 1;
const CLOSED: usize = 2;
const FAILED: usize = 3;
const HELD: usize = 4;
const FRESH: usize = 5;
const ELSEWHERE: usize = 6;

/// Refunds in the sound ledger, by their places.
const ARRIVED: usize = 0;
const OF_DUPLICATE: usize = 2;

fn merchant(name: &str) -> MerchantId {
    MerchantId::parse(name).expect("a merchant")
}

fn fen(amount: i64) -> Money {
    Money::new(Currency::CNY, amount)
}

fn number(place: usize) -> PaymentNo {
    PaymentNo::generate(START, 0, [u8::try_from(place).expect("a few payments"); 9])
}

fn event(merchant_id: &MerchantId, payment_no: &str, revision: i32, event: MerchantEvent) -> RecordedEvent {
    let (refund_no, case_id) = (None, None);
    let (merchant_id, payment_no) = (merchant_id.clone(), payment_no.to_owned());
    RecordedEvent { merchant_id, payment_no, refund_no, case_id, revision, event }
}

/// What happened, where it led, and what callers were told.
type Step = (PaymentEvent, PaymentState, Option<MerchantEvent>);

const PREPARED: Step = (E::PaymentDataReady, S::AwaitingPayer, None);
const SUCCEEDED: Step = (E::ChannelPaid, S::Succeeded, Some(MerchantEvent::PaymentSucceeded));

type RefundStep = (RefundState, MerchantEvent);

const ACCEPTED: RefundStep = (RefundState::Processing, MerchantEvent::RefundProgressed);
const DIED: RefundStep = (RefundState::Pending, MerchantEvent::RefundProgressed);
const CAME_BACK: RefundStep = (RefundState::Succeeded, MerchantEvent::RefundSucceeded);

impl Ledger {
    /// Adds a payment of orders with their amounts and what refunds reserve, its steps a minute apart.
    fn paying(
        mut self,
        name: &str,
        state: AllocationState,
        parts: &[(&str, i64, i64)],
        steps: &[Step],
    ) -> Self {
        let (merchant_id, payment_no) = (merchant(name), number(self.payments.len()));
        let mut from = S::Initiating;
        for (revision, (happened, to, told)) in (1..).zip(steps.iter().copied()) {
            let verified_by = (happened == E::ChannelPaid).then(|| "4F2A".to_owned());
            let time = START + Duration::minutes(i64::from(revision));
            self.events.extend(told.map(|told| event(&merchant_id, payment_no.as_str(), revision, told)));
            let (payment_no, event) = (payment_no.clone(), happened);
            self.transitions.push(RecordedTransition {
                payment_no,
                revision,
                time,
                event,
                from,
                to,
                verified_by,
            });
            from = to;
        }
        let allocation = |(order_no, amount, reserved): &(&str, i64, i64)| Allocation {
            order_no: OrderNo::parse(*order_no).expect("an order"),
            amount: fen(*amount),
            state,
            refund_reserved: fen(*reserved),
        };
        let allocations = parts.iter().map(allocation).collect();
        let amount = fen(parts.iter().map(|(_, amount, _)| amount).sum());
        self.payments.push(Payment {
            payment_no,
            merchant_id,
            state: from,
            amount,
            allocations,
            ..payment()
        });
        self
    }

    /// Adds a refund of a part of the payment at `place`, its steps a minute apart.
    fn refunding(mut self, place: usize, no: &str, part: (&str, i64), steps: &[RefundStep]) -> Self {
        let refund_no = RefundNo::parse(no).expect("a refund number");
        let (order_no, amount) = (OrderNo::parse(part.0).expect("an order"), fen(part.1));
        let Payment { payment_no, merchant_id, .. } = self.payments[place].clone();
        let mut state = RefundState::Pending;
        for (revision, (to, told)) in (1..).zip(steps.iter().copied()) {
            let time = START + Duration::minutes(i64::from(revision));
            let (merchant_id, refund_no) = (merchant_id.clone(), refund_no.clone());
            let told = event(&merchant_id, payment_no.as_str(), revision, told);
            self.events.push(RecordedEvent { refund_no: Some(no.to_owned()), ..told });
            let change = RecordedRefundTransition { merchant_id, refund_no, revision, time, to };
            self.refund_transitions.push(change);
            state = to;
        }
        self.refunds.push(Refund {
            sent_as: refund_no.clone(),
            refund_no,
            merchant_id,
            payment_no,
            amount,
            parts: vec![RefundPart { order_no, amount }],
            ..refund(state)
        });
        self
    }

    fn change(&mut self, place: usize, change: impl FnOnce(&mut Payment)) {
        change(&mut self.payments[place]);
    }

    fn forget(&mut self, forgotten: MerchantEvent) {
        self.events.retain(|event| event.event != forgotten);
    }

    fn trim(&mut self, name: &str, before: OffsetDateTime) {
        self.trimmed_before.insert(merchant(name), before);
    }
}

/// Order B of acme was paid twice and goes back; order A of acme is given back in two refunds, order A of globex is
/// another order, and its refund another refund.
fn sound() -> Ledger {
    let closed = (E::ChannelClosed, S::Closed, Some(MerchantEvent::PaymentClosed));
    let failed = (E::CreateRefused, S::Failed, Some(MerchantEvent::PaymentFailed));
    let reported = (E::ClientReported, S::ClientReported, None);
    let held = (E::ChannelHeld, S::Held, Some(MerchantEvent::PaymentAuthorized));
    let mut ledger = Ledger::default()
        .paying("acme", Effective, &[("A", 60, 60), ("B", 40, 0)], &[PREPARED, SUCCEEDED])
        .paying("acme", Duplicate, &[("B", 40, 40)], &[PREPARED, SUCCEEDED])
        .paying("acme", Released, &[("C", 100, 0)], &[PREPARED, closed])
        .paying("acme", Released, &[("C", 100, 0)], &[failed])
        .paying("acme", Pending, &[("D", 70, 0), ("E", 30, 0)], &[reported, held])
        .paying("acme", Pending, &[("C", 100, 0)], &[])
        .paying("globex", Effective, &[("A", 60, 10)], &[PREPARED, SUCCEEDED])
        .refunding(PAID, "R-1", ("A", 20), &[ACCEPTED, CAME_BACK])
        .refunding(PAID, "R-2", ("A", 40), &[ACCEPTED, DIED])
        .refunding(TWICE, "R-3", ("B", 40), &[])
        .refunding(ELSEWHERE, "R-1", ("A", 10), &[]);
    for case_id in ["case-1", "case-2"] {
        let (merchant_id, payment_no) = (merchant("acme"), number(PAID).to_string());
        let opened = event(&merchant_id, &payment_no, 2, MerchantEvent::CaseOpened);
        let case_id = case_id.to_owned();
        ledger.events.push(RecordedEvent { case_id: Some(case_id.clone()), ..opened });
        ledger.cases.push(RecordedCase { merchant_id, case_id, payment_no, open_time: START });
    }
    ledger
}

/// What is told of the sound ledger once it was changed.
fn told_after(change: impl FnOnce(&mut Ledger)) -> Vec<Breach> {
    let mut ledger = sound();
    change(&mut ledger);
    check(&ledger)
}

/// The change breaks these invariants and no other, and what is told of each names the place.
fn assert_breaks(invariants: &[&str], place: &str, change: impl FnOnce(&mut Ledger)) {
    let breaches = told_after(change);
    assert_eq!(
        breaches.iter().map(|breach| breach.invariant).collect::<Vec<_>>(),
        invariants,
        "{breaches:?}"
    );
    assert!(breaches.iter().all(|breach| breach.description.contains(place)), "{place}: {breaches:?}");
}

#[test]
fn a_sound_ledger_breaks_nothing() {
    assert_eq!(told_after(|_| ()), []);
    assert_eq!(check(&Ledger::default()), []);
}

#[test]
fn r01_a_success_without_a_channels_verified_word_is_told() {
    let succeeds = |ledger: &Ledger| ledger.transitions.iter().position(|step| step.to == S::Succeeded);
    assert_breaks(&[PROVEN], number(PAID).as_str(), |ledger| {
        let place = succeeds(ledger).expect("a success");
        ledger.transitions[place].verified_by = None;
    });
    assert_breaks(&[PROVEN, REPLAYED], number(PAID).as_str(), |ledger| {
        let place = succeeds(ledger).expect("a success");
        ledger.transitions[place].event = E::ClientReported;
    });
}

#[test]
fn r05_a_record_that_does_not_lead_to_the_state_is_told() {
    let paid = number(PAID);
    assert_breaks(&[REPLAYED], paid.as_str(), |ledger| drop(ledger.transitions.remove(0)));
    assert_breaks(&[REPLAYED], paid.as_str(), |ledger| ledger.transitions[0].event = E::ClientReported);
    assert_breaks(&[REPLAYED], number(FRESH).as_str(), |ledger| {
        ledger.change(FRESH, |fresh| fresh.state = S::AwaitingPayer);
    });
}

#[test]
fn r09_an_order_that_two_payments_paid_is_told() {
    assert_breaks(&[PAID_ONCE], "order B of acme is paid twice", |ledger| {
        ledger.change(TWICE, |twice| twice.allocations[0].state = Effective);
    });
}

#[test]
fn r06_allocations_hold_money_exactly_when_their_payment_succeeded() {
    for state in S::ALL {
        let fitting: &[AllocationState] = match state {
            S::Succeeded => &[Effective, Duplicate],
            S::Closed | S::Failed => &[Released],
            S::Initiating | S::AwaitingPayer | S::ClientReported | S::Held => &[Pending],
        };
        for allocation in AllocationState::ALL {
            let mut ledger = Ledger::default().paying("acme", allocation, &[("A", 1, 0)], &[]);
            ledger.change(0, |payment| payment.state = state);
            assert_eq!(
                money_is_allocated(&ledger).is_empty(),
                fitting.contains(&allocation),
                "{state:?} {allocation:?}"
            );
        }
    }
    assert_breaks(&[ALLOCATED], number(HELD).as_str(), |ledger| {
        ledger.change(HELD, |held| held.allocations[1].state = Released);
    });
}

#[test]
fn r27_a_success_that_is_told_never_or_twice_or_did_not_happen_is_told() {
    let success = |ledger: &Ledger| {
        let mut events = ledger.events.iter();
        events.find(|event| event.event == MerchantEvent::PaymentSucceeded).cloned().expect("a success")
    };
    assert_breaks(&[TOLD_ONCE], &format!("{} was told 2 times", number(PAID)), |ledger| {
        ledger.events.push(success(ledger));
    });
    assert_breaks(&[TOLD_ONCE, PAYMENTS_TOLD], number(PAID).as_str(), |ledger| drop(ledger.events.remove(0)));
    assert_breaks(&[TOLD_ONCE, PAYMENTS_TOLD], number(FRESH).as_str(), |ledger| {
        ledger.events.push(RecordedEvent { payment_no: number(FRESH).to_string(), ..success(ledger) });
    });
}

#[test]
fn r27_what_was_deleted_for_its_age_need_not_be_told_and_nothing_younger() {
    let success = START + Duration::minutes(2);
    let trimmed = |name: &str, before| {
        let breaches = told_after(|ledger| {
            ledger.events.remove(0);
            ledger.trim(name, before);
        });
        breaches.iter().map(|breach| breach.invariant).collect::<Vec<_>>()
    };
    assert_eq!(trimmed("acme", success + Duration::NANOSECOND), [""; 0]);
    assert_eq!(trimmed("acme", success), [TOLD_ONCE, PAYMENTS_TOLD]);
    assert_eq!(trimmed("globex", success + Duration::HOUR), [TOLD_ONCE, PAYMENTS_TOLD]);
}

#[test]
fn r27_f20_a_change_of_a_payment_that_is_not_told_with_its_revision_is_told() {
    for (missing, place) in [
        (MerchantEvent::PaymentClosed, number(CLOSED)),
        (MerchantEvent::PaymentAuthorized, number(HELD)),
        (MerchantEvent::PaymentFailed, number(FAILED)),
    ] {
        assert_breaks(&[PAYMENTS_TOLD], place.as_str(), |ledger| ledger.forget(missing));
    }
    assert_breaks(&[PAYMENTS_TOLD, PAYMENTS_TOLD], number(PAID).as_str(), |ledger| {
        ledger.events[0].revision = 3;
    });
    assert_breaks(&[PAYMENTS_TOLD], "was told and did not happen", |ledger| {
        let (acme, fresh) = (merchant("acme"), number(FRESH));
        ledger.events.push(event(&acme, fresh.as_str(), 1, MerchantEvent::PaymentClosed));
    });
}

#[test]
fn r27_f20_a_change_of_a_refund_that_is_not_told_with_its_revision_is_told() {
    let arrived = MerchantEvent::RefundSucceeded;
    assert_breaks(&[REFUNDS_TOLD], "R-1", |ledger| ledger.forget(arrived));
    assert_eq!(
        told_after(|ledger| {
            ledger.forget(arrived);
            ledger.trim("acme", START + Duration::minutes(3));
        }),
        []
    );
    assert_breaks(&[REFUNDS_TOLD], "was told and did not happen", |ledger| {
        let told = event(&merchant("acme"), number(TWICE).as_str(), 1, arrived);
        ledger.events.push(RecordedEvent { refund_no: Some("R-3".to_owned()), ..told });
    });
}

#[test]
fn r27_f20_a_case_that_is_told_never_or_twice_is_told() {
    let last = |ledger: &mut Ledger| ledger.events.pop().expect("the event of case-2");
    let never = "case case-2 was told 0 times";
    assert_breaks(&[CASES_TOLD], never, |ledger| drop(last(ledger)));
    assert_breaks(&[CASES_TOLD], never, |ledger| {
        let opened = last(ledger);
        ledger.events.push(RecordedEvent { event: MerchantEvent::CaseResolved, ..opened });
    });
    assert_breaks(&[CASES_TOLD], never, |ledger| {
        drop(last(ledger));
        ledger.trim("acme", START);
    });
    assert_eq!(
        told_after(|ledger| {
            drop(last(ledger));
            ledger.trim("acme", START + Duration::NANOSECOND);
        }),
        []
    );
    assert_breaks(&[CASES_TOLD], "case case-2 was told 2 times", |ledger| {
        let opened = last(ledger);
        ledger.events.extend([opened.clone(), RecordedEvent { case_id: None, ..opened.clone() }, opened]);
    });
}

/// Events of versions before they named their case.
#[test]
fn r27_f20_an_event_without_its_case_tells_the_cases_of_its_payment_only() {
    let unnamed = |payment_no: String| {
        told_after(move |ledger| {
            let opened = ledger.events.pop().expect("the event of case-2");
            ledger.events.push(RecordedEvent { case_id: None, payment_no, ..opened });
        })
    };
    assert_eq!(unnamed(number(PAID).to_string()), []);
    let elsewhere = unnamed(number(TWICE).to_string());
    assert_eq!(elsewhere.iter().map(|breach| breach.invariant).collect::<Vec<_>>(), [CASES_TOLD]);
}

#[test]
fn r28_a_payment_over_another_amount_than_its_orders_is_told() {
    for amount in [fen(99), fen(101), Money::new(Currency::parse("USD").expect("a code"), 100)] {
        assert_breaks(&[SUMMED], number(PAID).as_str(), |ledger| {
            ledger.change(PAID, |paid| paid.amount = amount);
        });
    }
}

#[test]
fn r15_refunds_beyond_what_was_paid_or_below_nothing_are_told() {
    for (place, order, amount) in [(PAID, "A", 1), (FRESH, "C", -1)] {
        assert_breaks(&[WITHIN_PAID], number(place).as_str(), |ledger| {
            ledger.change(place, |payment| {
                let reserved = payment.allocations[0].refund_reserved.minor_units();
                payment.allocations[0].refund_reserved = fen(reserved + amount);
            });
            *ledger = std::mem::take(ledger).refunding(place, "R-4", (order, amount), &[]);
        });
    }
}

#[test]
fn r15_a_reservation_that_is_not_the_sum_of_its_refunds_is_told() {
    assert_breaks(&[RESERVED], &format!("{}: refunds of 59", number(PAID)), |ledger| {
        ledger.refunds[ARRIVED].parts[0].amount = fen(19);
    });
    assert_breaks(&[RESERVED], &format!("{}: refunds of 0", number(FRESH)), |ledger| {
        ledger.change(FRESH, |fresh| fresh.allocations[0].refund_reserved = fen(1));
    });
}

#[test]
fn r12_a_duplicate_that_is_not_given_back_whole_is_told() {
    for left in [0, 39] {
        assert_breaks(&[GIVEN_BACK], number(TWICE).as_str(), |ledger| {
            ledger.change(TWICE, |twice| twice.allocations[0].refund_reserved = fen(left));
            ledger.refunds[OF_DUPLICATE].parts[0].amount = fen(left);
        });
    }
}

#[test]
fn r16_a_number_that_two_refunds_of_a_merchant_are_sent_under_is_told() {
    assert_breaks(&[NUMBERS], "R-1 is used twice", |ledger| {
        ledger.refunds[OF_DUPLICATE].sent_as = ledger.refunds[ARRIVED].sent_as.clone();
    });
}
