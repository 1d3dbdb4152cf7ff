//! Every word of a channel about a refund, in every state.

use super::*;
use crate::{
    identifiers::{
        ChannelAccountId, ChannelName, ChannelTransactionNo, MerchantId, OrderNo, PaymentNo, Product,
    },
    money::{Currency, Money},
    refund::{RefundOrigin, RefundPart, RefundReason, RefundTimes},
};
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-23 09:00 UTC);

pub(crate) fn refund(state: RefundState) -> Refund {
    let created = datetime!(2026-11-23 08:30 UTC);
    let forty = Money::new(Currency::CNY, 40);
    Refund {
        refund_no: RefundNo::parse("R-1").expect("a number"),
        merchant_id: MerchantId::parse("acme").expect("a merchant"),
        payment_no: PaymentNo::generate(created, 0, [1; 9]),
        channel: ChannelName::parse("wechat").expect("a channel"),
        channel_account: ChannelAccountId::parse("main").expect("an account"),
        product: Product::parse("app").expect("a product"),
        channel_transaction_no: ChannelTransactionNo::parse("4200001").expect("a transaction"),
        paid_amount: Money::new(Currency::CNY, 100),
        paid_time: created,
        amount: forty,
        parts: vec![RefundPart { order_no: OrderNo::parse("A").expect("an order"), amount: forty }],
        reason: RefundReason::Return,
        description: String::new(),
        origin: RefundOrigin::Caller,
        state,
        revision: 0,
        sent_as: RefundNo::parse("R-1").expect("a number"),
        successors: 0,
        notify_url: None,
        channel_refund_no: None,
        attention: None,
        times: RefundTimes { create: created, update: created, succeed: None },
    }
}

fn finding(status: RefundStatus) -> RefundFinding {
    RefundFinding {
        refund_no: RefundNo::parse("R-1").expect("a number"),
        payment_no: refund(RefundState::Pending).payment_no,
        channel_refund_no: Some(ChannelRefundNo::parse("5030001").expect("a number")),
        amount: Some(Money::new(Currency::CNY, 40)),
        status,
        refunded_time: None,
    }
}

fn on(state: RefundState, status: RefundStatus) -> RefundDecision {
    decide(&refund(state), &RefundHappening::Found(finding(status)), NOW)
}

#[test]
fn r17_f24_not_found_and_refusals_end_nothing_and_change_no_number() {
    for state in RefundState::ALL {
        assert!(on(state, RefundStatus::NotFound).is_empty());
        for reason in Reason::ALL {
            let decision = decide(&refund(state), &RefundHappening::Refused(reason), NOW);
            assert_eq!((decision.transition, decision.successor), (None, None), "{state:?} {reason:?}");
        }
    }
}

#[test]
fn r17_only_a_proven_death_brings_a_successor_number() {
    let decision = on(RefundState::Processing, RefundStatus::Dead);
    assert_eq!(decision.events, [MerchantEvent::RefundProgressed]);
    let after = decision.applied_to(&refund(RefundState::Processing), NOW);
    assert_eq!((after.state, after.sent_as.as_str(), after.successors), (RefundState::Pending, "R-1-S2", 1));
    let again = decide(&after, &RefundHappening::Found(finding(RefundStatus::Dead)), NOW);
    assert!(again.is_empty(), "the death of the old number is no news: {again:?}");
    assert_eq!(after.successor_no().map(|no| no.to_string()).as_deref(), Some("R-1-S3"));
    assert!(on(RefundState::Succeeded, RefundStatus::Dead).is_empty());
}

#[test]
fn r26_a_number_that_dies_before_it_was_accepted_leaves_a_transition_too() {
    let decision = on(RefundState::Pending, RefundStatus::Dead);
    let (from, to) = (RefundState::Pending, RefundState::Pending);
    assert_eq!(decision.transition, Some(RefundStateChange { from, event: RefundEvent::NumberDied, to }));
    let after = decision.applied_to(&refund(RefundState::Pending), NOW);
    assert_eq!((after.state, after.sent_as.as_str()), (RefundState::Pending, "R-1-S2"));
}

/// The refund stays as it was and is asked about again; the claim is in sight.
#[test]
fn r18_a_channel_refund_that_is_another_refunds_is_a_case_and_no_success() {
    let before = refund(RefundState::Processing);
    let taken = channel_refund_taken(&before, &RefundHappening::Found(finding(RefundStatus::Succeeded)));
    assert!(!taken.moves_refund());
    let case = taken.cases.first().expect("a case");
    assert_eq!(case.kind, CaseKind::RefundMismatch);
    assert_eq!(case.channel_transaction_no.as_ref().map(|no| no.as_str()), Some("5030001"));
    assert!(channel_refund_taken(&before, &RefundHappening::Refused(Reason::NotFound)).is_empty());
}

#[test]
fn a_refund_that_the_channel_accepts_takes_its_number_and_is_told_of() {
    let decision = on(RefundState::Pending, RefundStatus::Processing);
    assert!(decision.moves_refund() && !decision.is_empty() && !decision.arrives());
    assert_eq!((&decision.events[..], decision.attention), {
        (&[MerchantEvent::RefundProgressed][..], AttentionChange::Keep)
    });
    let after = decision.applied_to(&refund(RefundState::Pending), NOW);
    assert_eq!(after.channel_refund_no, ChannelRefundNo::parse("5030001").ok());
}

#[test]
fn success_is_proven_told_once_and_kept() {
    let decision = on(RefundState::Processing, RefundStatus::Succeeded);
    assert!(decision.arrives());
    assert_eq!(decision.events, [MerchantEvent::RefundSucceeded]);
    let after = decision.applied_to(&refund(RefundState::Processing), NOW);
    assert_eq!((after.state, after.times.succeed), (RefundState::Succeeded, Some(NOW)));
    for status in [RefundStatus::Succeeded, RefundStatus::Processing, RefundStatus::NotFound] {
        assert!(decide(&after, &RefundHappening::Found(finding(status)), NOW).is_empty(), "{status:?}");
    }
}

#[test]
fn r17_what_needs_a_person_is_a_flag_with_one_case_and_goes_when_it_moves() {
    let raised = decide(
        &refund(RefundState::Pending),
        &RefundHappening::Refused(Reason::MerchantBalanceInsufficient),
        NOW,
    );
    assert_eq!(raised.cases.len(), 1);
    assert_eq!(raised.events, [MerchantEvent::RefundNeedsAttention]);
    let flagged = raised.applied_to(&refund(RefundState::Pending), NOW);
    let again = decide(&flagged, &RefundHappening::Refused(Reason::MerchantBalanceInsufficient), NOW);
    assert!(again.is_empty());
    let accepted = decide(&flagged, &RefundHappening::Found(finding(RefundStatus::Processing)), NOW);
    let moving = accepted.applied_to(&flagged, NOW);
    assert_eq!(moving.attention, None);
    let flagged = Refund { attention: Some(Reason::NumberReused), ..moving };
    let repeated = decide(&flagged, &RefundHappening::Found(finding(RefundStatus::Processing)), NOW);
    assert!(repeated.is_empty(), "what does not move needs its person still");
    let arrived = decide(&flagged, &RefundHappening::Found(finding(RefundStatus::Succeeded)), NOW);
    assert_eq!(arrived.applied_to(&flagged, NOW).attention, None);
}

#[test]
fn r17_what_arrived_and_came_back_needs_a_person_and_a_late_refusal_does_not() {
    let bounced = on(RefundState::Succeeded, RefundStatus::NeedsPerson);
    assert_eq!(bounced.attention, AttentionChange::Raise(Reason::PayerAccountUnusable));
    assert_eq!(bounced.transition, None);
    let refused = RefundHappening::Refused(Reason::RefundExceedsPaid);
    assert!(decide(&refund(RefundState::Succeeded), &refused, NOW).is_empty());
}

#[test]
fn r08_another_amount_than_ours_is_a_case_and_no_success() {
    let mut lying = finding(RefundStatus::Succeeded);
    lying.amount = Some(Money::new(Currency::CNY, 39));
    let decision = decide(&refund(RefundState::Processing), &RefundHappening::Found(lying), NOW);
    assert_eq!(decision.transition, None);
    assert_eq!(decision.cases.first().map(|case| case.kind), Some(CaseKind::RefundMismatch));
}

#[test]
fn r12_the_number_of_a_duplicates_refund_is_derived() {
    let payment_no = refund(RefundState::Pending).payment_no;
    let derived = Refund::duplicate_no(&payment_no, 0).expect("a number");
    assert_eq!(Some(&derived), Refund::duplicate_no(&payment_no, 0).as_ref());
    assert_ne!(Some(&derived), Refund::duplicate_no(&payment_no, 1).as_ref());
    assert_eq!(derived.as_str(), format!("{payment_no}-D0"));
}

#[test]
fn r18_a_refund_of_the_console_that_died_is_not_sent_by_us() {
    let foreign = Refund { origin: RefundOrigin::Channel, ..refund(RefundState::Processing) };
    let decision = decide(&foreign, &RefundHappening::Found(finding(RefundStatus::Dead)), NOW);
    assert_eq!((decision.transition, decision.successor), (None, None));
    assert_eq!(decision.attention, AttentionChange::Raise(Reason::AlreadyClosed));
    assert_eq!(decision.cases.len(), 1);
}

#[test]
fn r08_another_payment_under_the_same_number_is_a_case_and_no_success() {
    let elsewhere = PaymentNo::generate(NOW, 0, [2; 9]);
    let other = RefundFinding { payment_no: elsewhere, ..finding(RefundStatus::Succeeded) };
    let decision = decide(&refund(RefundState::Processing), &RefundHappening::Found(other), NOW);
    assert!(!decision.moves_refund());
    assert_eq!(decision.cases.first().map(|case| case.kind), Some(CaseKind::RefundMismatch));
}
