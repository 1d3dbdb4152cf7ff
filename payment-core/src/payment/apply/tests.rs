//! Every kind of word a channel or an app can say, in every state.

use super::*;
use crate::{
    gateway::{Approval, Contest, Reason},
    identifiers::{
        ChannelAccountId, ChannelHoldNo, ChannelName, ChannelRefundNo, MerchantId, Payee, Product, RequestId,
    },
    money::{Currency, Money},
    payment::PaymentTimes,
};
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-23 08:10 UTC);

fn order(text: &str) -> OrderNo {
    OrderNo::parse(text).expect("an order number")
}

fn transaction(text: &str) -> ChannelTransactionNo {
    ChannelTransactionNo::parse(text).expect("a transaction number")
}

/// A payment of 100 fen for orders A (60) and B (40), awaiting its payer.
pub(crate) fn payment() -> Payment {
    let created = datetime!(2026-11-23 08:00 UTC);
    let allocation = |no, fen| Allocation {
        order_no: order(no),
        amount: Money::new(Currency::CNY, fen),
        state: AllocationState::Pending,
        refund_reserved: Money::new(Currency::CNY, 0),
    };
    Payment {
        payment_no: PaymentNo::generate(created, 0, [7; 9]),
        merchant_id: MerchantId::parse("acme").expect("a merchant"),
        request_id: RequestId::parse("r-1").expect("a request id"),
        channel: ChannelName::parse("wechat").expect("a channel"),
        channel_account: ChannelAccountId::parse("main").expect("an account"),
        product: Product::parse("app").expect("a product"),
        payee: Payee::parse("1900000001/wx1").expect("a payee"),
        amount: Money::new(Currency::CNY, 100),
        description: "two books".to_owned(),
        options: serde_json::json!({}),
        payer_client_ip: None,
        revision: 1,
        state: PaymentState::AwaitingPayer,
        allocations: vec![allocation("A", 60), allocation("B", 40)],
        channel_transaction_no: None,
        handle: None,
        failure: None,
        notify_url: None,
        hold_intend_time: None,
        hold: None,
        capture_intend_time: None,
        times: PaymentTimes {
            create: created,
            expire: created + time::Duration::minutes(30),
            update: created,
            client_report: None,
            succeed: None,
            end: None,
        },
    }
}

fn in_state(state: PaymentState) -> Payment {
    let mut payment = payment();
    payment.state = state;
    let held = match state {
        PaymentState::Succeeded => AllocationState::Effective,
        PaymentState::Closed | PaymentState::Failed => AllocationState::Released,
        PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => AllocationState::Pending,
    };
    payment.allocations.iter_mut().for_each(|allocation| allocation.state = held);
    if state == PaymentState::Succeeded {
        payment.channel_transaction_no = Some(transaction("4200001"));
    }
    payment
}

fn paid(fen: i64) -> PaidFinding {
    PaidFinding {
        transaction_no: transaction("4200001"),
        amount: Money::new(Currency::CNY, fen),
        payee: Payee::parse("1900000001/wx1").expect("a payee"),
        paid_time: Some(datetime!(2026-11-23 08:09 UTC)),
    }
}

fn found(payment: &Payment, paid_by: &[PaidBy], finding: PaidFinding) -> Decision {
    decide(payment, paid_by, &Happening::Found(Finding::Paid(finding)), NOW)
}

#[test]
fn r01_r06_f01_f02_success_is_recorded_in_every_state() {
    for state in PaymentState::ALL.into_iter().filter(|state| *state != PaymentState::Succeeded) {
        let decision = found(&in_state(state), &[], paid(100));
        assert_eq!(
            decision.transition.map(|transition| transition.to),
            Some(PaymentState::Succeeded),
            "{state:?}"
        );
        assert!(decision.allocations.iter().all(|change| change.to == AllocationState::Effective));
        assert_eq!(decision.allocations.len(), 2);
        assert_eq!(decision.events, [MerchantEvent::PaymentSucceeded]);
        assert_eq!(decision.learned.succeed_time, Some(datetime!(2026-11-23 08:09 UTC)));
        assert_eq!(decision.learned.channel_transaction_no, Some(transaction("4200001")));
    }
}

#[test]
fn r03_f10_a_second_notification_changes_nothing() {
    assert!(!found(&payment(), &[], paid(100)).is_empty(), "the first one does");
    assert!(found(&in_state(PaymentState::Succeeded), &[], paid(100)).is_empty());
}

#[test]
fn r08_f36_f46_a_success_that_is_not_ours_opens_a_case_and_moves_nothing() {
    let foreign = PaidFinding { payee: Payee::parse("1900000002/wx1").expect("a payee"), ..paid(100) };
    let dollars =
        PaidFinding { amount: Money::new(Currency::parse("USD").expect("a code"), 100), ..paid(100) };
    for (finding, kind) in [
        (paid(1), CaseKind::AmountMismatch),
        (dollars, CaseKind::AmountMismatch),
        (foreign, CaseKind::PayeeMismatch),
    ] {
        let decision = found(&payment(), &[], finding);
        assert_eq!(decision.cases.iter().map(|case| case.kind).collect::<Vec<_>>(), [kind]);
        assert_eq!((decision.transition, decision.allocations.len()), (None, 0));
        assert_eq!(decision.events, []);
    }
}

#[test]
fn a_second_transaction_for_a_paid_payment_opens_a_case() {
    let other = PaidFinding { transaction_no: transaction("4200002"), ..paid(100) };
    let decision = found(&in_state(PaymentState::Succeeded), &[], other);
    assert_eq!(decision.cases.first().map(|case| case.kind), Some(CaseKind::TransactionMismatch));
}

#[test]
fn r08_a_transaction_that_paid_another_payment_is_a_case_and_no_success() {
    let taken = transaction_taken(&payment(), &Happening::Found(Finding::Paid(paid(100))));
    let case = taken.cases.first().expect("a case");
    assert_eq!(case.kind, CaseKind::TransactionMismatch);
    assert_eq!(case.channel_transaction_no, Some(transaction("4200001")));
    assert_eq!(Decision { cases: Vec::new(), ..taken }, Decision::default());
    assert!(transaction_taken(&payment(), &Happening::Found(Finding::Closed)).is_empty());
}

#[test]
fn r09_r12_the_order_that_was_paid_before_gets_a_duplicate_the_other_is_paid() {
    let earlier = PaymentNo::generate(datetime!(2026-11-23 07:00 UTC), 0, [1; 9]);
    let paid_by = [PaidBy { order_no: order("B"), payment_no: earlier }];
    let decision = found(&payment(), &paid_by, paid(100));
    let states: Vec<_> =
        decision.allocations.iter().map(|change| (change.order_no.as_str(), change.to)).collect();
    assert_eq!(states, [("A", AllocationState::Effective), ("B", AllocationState::Duplicate)]);
    let written = decision.applied_to(&payment(), NOW).allocations;
    let written: Vec<_> = written.iter().map(|part| (part.order_no.as_str(), part.state)).collect();
    assert_eq!(written, states);
    assert!(decision.events.contains(&MerchantEvent::DuplicateFound));
}

#[test]
fn r04_f31_not_paid_and_not_found_end_nothing() {
    for state in PaymentState::ALL {
        for finding in [
            Finding::AwaitingPayer,
            Finding::Approved(Approval::Capture),
            Finding::Approved(Approval::Hold),
            Finding::Pending,
            Finding::NotFound,
        ] {
            assert!(finding.decides_nothing(), "{finding:?}");
            assert!(decide(&in_state(state), &[], &Happening::Found(finding), NOW).is_empty(), "{state:?}");
        }
    }
}

#[test]
fn r04_f08_a_proven_end_releases_the_orders() {
    let failure = Failure { reason: Reason::ChannelRejected, channel_code: "PAYERROR".to_owned() };
    for finding in [Finding::Paid(paid(100)), Finding::Closed, Finding::Failed(failure.clone())] {
        assert!(!finding.decides_nothing(), "{finding:?}");
    }
    for state in PaymentState::open() {
        let closed = decide(&in_state(state), &[], &Happening::Found(Finding::Closed), NOW);
        assert_eq!(closed.events, [MerchantEvent::PaymentClosed]);
        assert!(closed.allocations.iter().all(|change| change.to == AllocationState::Released));
        let failed = decide(&in_state(state), &[], &Happening::Found(Finding::Failed(failure.clone())), NOW);
        assert_eq!(failed.events, [MerchantEvent::PaymentFailed]);
        assert_eq!(failed.learned.failure, Some(failure.clone()));
        assert_eq!((closed.learned.end_time, failed.learned.end_time), (Some(NOW), Some(NOW)));
    }
}

#[test]
fn f05_nothing_moves_a_paid_payment() {
    let succeeded = in_state(PaymentState::Succeeded);
    let failure = Failure { reason: Reason::ChannelRejected, channel_code: "X".to_owned() };
    for happening in [
        Happening::Found(Finding::Closed),
        Happening::Found(Finding::Failed(failure.clone())),
        Happening::CreateRefused(failure),
        Happening::ClientReported,
    ] {
        assert!(decide(&succeeded, &[], &happening, NOW).is_empty(), "{happening:?}");
    }
}

#[test]
fn f02_a_create_answer_after_the_callback_changes_nothing() {
    let handle = ChannelHandle { value: "wx1".to_owned(), expire_time: NOW };
    assert!(
        decide(&in_state(PaymentState::Succeeded), &[], &Happening::Created(handle.clone()), NOW).is_empty()
    );
    let first = decide(&in_state(PaymentState::Initiating), &[], &Happening::Created(handle.clone()), NOW);
    assert_eq!(first.transition.map(|transition| transition.to), Some(PaymentState::AwaitingPayer));
    let renewed = decide(&in_state(PaymentState::AwaitingPayer), &[], &Happening::Created(handle), NOW);
    assert_eq!((renewed.transition, renewed.learned.handle.is_some()), (None, true));
}

#[test]
fn r01_a_client_result_is_an_interim_state_only() {
    let reported = decide(&payment(), &[], &Happening::ClientReported, NOW);
    assert_eq!(reported.transition.map(|transition| transition.to), Some(PaymentState::ClientReported));
    assert!(reported.events.is_empty() && reported.allocations.is_empty());
    assert_eq!(reported.applied_to(&payment(), NOW).times.client_report, Some(NOW));
}

#[test]
fn r04_a_refused_repeat_of_the_create_does_not_end_a_payable_payment() {
    let failure = Failure { reason: Reason::ChannelRejected, channel_code: "PARAM_ERROR".to_owned() };
    let first =
        decide(&in_state(PaymentState::Initiating), &[], &Happening::CreateRefused(failure.clone()), NOW);
    assert_eq!(first.transition.map(|transition| transition.to), Some(PaymentState::Failed));
    assert!(decide(&payment(), &[], &Happening::CreateRefused(failure), NOW).is_empty());
}

#[test]
fn r11_money_is_captured_only_for_an_open_payment_of_unpaid_orders_and_the_gate_closes_only_before() {
    let intended = decide(&payment(), &[], &Happening::CaptureIntended, NOW);
    assert_eq!(intended.learned.capture_intend_time, Some(NOW));
    let capturing = intended.applied_to(&payment(), NOW);
    assert!(decide(&capturing, &[], &Happening::GateClosed, NOW).is_empty(), "the capture may be on its way");
    let gate = decide(&payment(), &[], &Happening::GateClosed, NOW);
    assert_eq!(gate.transition.map(|transition| transition.to), Some(PaymentState::Closed));
    let closed = gate.applied_to(&payment(), NOW);
    assert!(decide(&closed, &[], &Happening::CaptureIntended, NOW).is_empty());
    let other = PaymentNo::generate(datetime!(2026-11-23 07:00 UTC), 0, [1; 9]);
    let paid_by = [PaidBy { order_no: order("B"), payment_no: other }];
    assert!(decide(&payment(), &paid_by, &Happening::CaptureIntended, NOW).is_empty());
}

fn held(fen: i64) -> Happening {
    Happening::Found(Finding::Held(HeldFinding {
        hold_no: ChannelHoldNo::parse("0AW1").expect("a number"),
        amount: Money::new(Currency::CNY, fen),
        payee: Payee::parse("1900000001/wx1").expect("a payee"),
        hold_time: None,
        honour_end_time: NOW + time::Duration::days(3),
        expire_time: NOW + time::Duration::days(29),
    }))
}

fn applied(payment: &Payment, happening: &Happening) -> Payment {
    decide(payment, &[], happening, NOW).applied_to(payment, NOW)
}

#[test]
fn r01_a_hold_is_recorded_and_told_and_pays_nothing() {
    for state in PaymentState::open().into_iter().filter(|state| state.awaits_payer()) {
        let decision = decide(&in_state(state), &[], &held(100), NOW);
        assert_eq!(
            decision.transition.map(|transition| transition.to),
            Some(PaymentState::Held),
            "{state:?}"
        );
        assert_eq!(decision.events, [MerchantEvent::PaymentAuthorized]);
        assert_eq!((decision.allocations.len(), decision.learned.succeed_time), (0, None));
        let hold = decision.learned.hold.expect("a hold");
        assert_eq!(
            (hold.hold_time, hold.expire_time - hold.honour_end_time),
            (NOW, time::Duration::days(26))
        );
    }
    for state in [PaymentState::Held, PaymentState::Succeeded] {
        assert!(
            decide(&in_state(state), &[], &held(100), NOW).is_empty(),
            "{state:?}: a repeat, or an old word"
        );
    }
}

#[test]
fn r08_a_hold_over_another_amount_or_for_somebody_else_opens_a_case_and_holds_nothing() {
    let decision = decide(&payment(), &[], &held(99), NOW);
    assert_eq!(decision.cases.first().map(|case| case.kind), Some(CaseKind::AmountMismatch));
    assert_eq!((decision.transition, decision.learned.hold), (None, None));
    let mut elsewhere = payment();
    elsewhere.payee = Payee::parse("1900000002/wx1").expect("a payee");
    let decision = decide(&elsewhere, &[], &held(100), NOW);
    assert_eq!(decision.cases.first().map(|case| case.kind), Some(CaseKind::PayeeMismatch));
}

#[test]
fn r06_money_held_after_the_end_is_in_sight_and_cannot_be_taken() {
    for state in [PaymentState::Closed, PaymentState::Failed] {
        let mut ended = in_state(state);
        ended.times.end = Some(NOW);
        let decision = decide(&ended, &[], &held(100), NOW);
        assert!(decision.allocations.iter().all(|change| change.to == AllocationState::Pending));
        assert_eq!(
            (decision.allocations.len(), decision.events.as_slice()),
            (2, &[MerchantEvent::PaymentAuthorized][..])
        );
        let late = decision.applied_to(&ended, NOW);
        assert!(late.is_held_late());
        assert!(decide(&late, &[], &Happening::CaptureIntended, NOW).is_empty());
        let let_go = decide(&late, &[], &Happening::Found(Finding::Closed), NOW);
        assert_eq!(let_go.transition.map(|transition| transition.to), Some(PaymentState::Closed));
        assert_eq!(let_go.events, [MerchantEvent::PaymentClosed]);
    }
}

#[test]
fn r11_held_money_is_taken_by_intent_only_and_let_go_by_the_channel_only() {
    let holding = applied(&payment(), &Happening::HoldIntended);
    assert_eq!(holding.hold_intend_time, Some(NOW));
    assert!(decide(&holding, &[], &Happening::GateClosed, NOW).is_empty(), "the hold may be on its way");
    assert!(
        decide(&holding, &[], &Happening::CaptureIntended, NOW).is_empty(),
        "it is to be held, not taken"
    );
    let held = applied(&holding, &held(100));
    assert!(decide(&held, &[], &Happening::GateClosed, NOW).is_empty());
    assert!(decide(&held, &[], &Happening::HoldIntended, NOW).is_empty());
    let other = PaymentNo::generate(datetime!(2026-11-23 07:00 UTC), 0, [1; 9]);
    let paid_by = [PaidBy { order_no: order("B"), payment_no: other }];
    assert!(decide(&held, &paid_by, &Happening::CaptureIntended, NOW).is_empty(), "its order is paid");
    let taking = applied(&held, &Happening::CaptureIntended);
    assert_eq!(taking.capture_intend_time, Some(NOW));
    let taken = found(&taking, &[], paid(100));
    assert_eq!(taken.transition.map(|transition| transition.to), Some(PaymentState::Succeeded));
    let let_go = decide(&taking, &[], &Happening::Found(Finding::Closed), NOW);
    assert_eq!(let_go.events, [MerchantEvent::PaymentClosed]);
}

#[test]
fn r11_money_is_held_only_for_an_open_payment_of_unpaid_orders_that_nothing_is_intended_with() {
    let other = PaymentNo::generate(datetime!(2026-11-23 07:00 UTC), 0, [1; 9]);
    let paid_by = [PaidBy { order_no: order("B"), payment_no: other }];
    assert!(decide(&payment(), &paid_by, &Happening::HoldIntended, NOW).is_empty());
    let taking = applied(&payment(), &Happening::CaptureIntended);
    assert!(decide(&taking, &[], &Happening::HoldIntended, NOW).is_empty());
    let closed = in_state(PaymentState::Closed);
    assert!(decide(&closed, &[], &Happening::HoldIntended, NOW).is_empty());
}

#[test]
fn r05_what_the_channel_says_did_not_happen_may_be_intended_again_or_closed() {
    let taking = applied(&payment(), &Happening::CaptureIntended);
    let declined = applied(&taking, &Happening::NothingMoved);
    assert!(!declined.is_intended());
    let closed = decide(&declined, &[], &Happening::GateClosed, NOW);
    assert_eq!(closed.transition.map(|transition| transition.to), Some(PaymentState::Closed));
    assert_eq!(applied(&declined, &Happening::CaptureIntended).capture_intend_time, Some(NOW));

    let held = applied(&applied(&payment(), &Happening::HoldIntended), &held(100));
    let refused = applied(&applied(&held, &Happening::CaptureIntended), &Happening::NothingMoved);
    assert_eq!((refused.capture_intend_time, refused.hold_intend_time), (None, Some(NOW)), "it stays held");
    for state in
        [PaymentState::Succeeded, PaymentState::Closed, PaymentState::AwaitingPayer, PaymentState::Held]
    {
        assert!(decide(&in_state(state), &[], &Happening::NothingMoved, NOW).is_empty(), "{state:?}");
    }
}

#[test]
fn r18_money_taken_back_by_others_is_a_case_and_the_payment_stays_paid() {
    let number = payment().payment_no.to_string();
    for (kind, expected) in
        [(Contest::Reversed, CaseKind::PaymentReversed), (Contest::Disputed, CaseKind::PaymentDisputed)]
    {
        let contest = ContestFinding {
            kind,
            payment_no: number.clone(),
            transaction_no: transaction("4200001"),
            reference: ChannelRefundNo::parse("1RF2").expect("a number"),
            amount: Some(Money::new(Currency::CNY, 40)),
        };
        let decision = decide(&in_state(PaymentState::Succeeded), &[], &Happening::Contested(contest), NOW);
        assert_eq!(decision.cases.iter().map(|case| case.kind).collect::<Vec<_>>(), [expected]);
        assert_eq!(decision.cases.first().and_then(|case| case.amount), Some(Money::new(Currency::CNY, 40)));
        assert_eq!((decision.transition, decision.events.len()), (None, 0));
    }
}
