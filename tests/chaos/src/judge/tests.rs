//! The judge finds what it is there for: a case in which everything holds, and one breach of each point.

use std::time::Duration;

use super::{
    records::{Allocation, Event, Opened, Payment, Refund},
    *,
};
use crate::channels::{BookedRefund, RefundStage};

fn records() -> Records {
    let payment = |state: &str, transaction: Option<&str>| Payment {
        state: state.to_owned(),
        amount: 100,
        transaction: transaction.map(str::to_owned),
    };
    let allocation = |payment_no: &str, state: &str, given_back| Allocation {
        payment_no: payment_no.to_owned(),
        order_no: "O".to_owned(),
        amount: 100,
        state: state.to_owned(),
        given_back,
    };
    let event = |sequence, kind: &str, payment_no: &str, refund_no: Option<&str>| Event {
        event_id: format!("event-{sequence}"),
        sequence: Some(sequence),
        kind: kind.to_owned(),
        payment_no: payment_no.to_owned(),
        refund_no: refund_no.map(str::to_owned),
    };
    let refund = Refund {
        payment_no: "P2".to_owned(),
        amount: 100,
        state: "SUCCEEDED".to_owned(),
        sent_as: "D2".to_owned(),
    };
    Records {
        payments: [
            ("P1".to_owned(), payment("SUCCEEDED", Some("T1"))),
            ("P2".to_owned(), payment("SUCCEEDED", Some("T2"))),
            ("P3".to_owned(), payment("CLOSED", None)),
        ]
        .into(),
        allocations: vec![
            allocation("P1", "EFFECTIVE", 0),
            allocation("P2", "DUPLICATE", 100),
            allocation("P3", "RELEASED", 0),
        ],
        refunds: [("D2".to_owned(), refund)].into(),
        numbers: [("D2".to_owned(), "D2".to_owned())].into(),
        events: vec![
            event(1, "payment.succeeded", "P1", None),
            event(2, "payment.succeeded", "P2", None),
            event(3, "refund.succeeded", "P2", Some("D2")),
        ],
        cases: Vec::new(),
        notifications: ["body".to_owned()].into(),
        moved_by_rejected: 0,
        idle_in_transaction: 0,
        waiting_for_locks: 0,
        due: 0,
    }
}

/// An order that was paid twice, whose second payment went back.
fn case() -> Case {
    let entry = |number: &str, transaction: &str, refunds| Entry {
        number: number.to_owned(),
        taken: 100,
        refunds,
        transactions: vec![transaction.to_owned()],
    };
    let back = BookedRefund { number: "D2".to_owned(), amount: 100, stage: RefundStage::Arrived };
    let records = records();
    let heard = records.events.iter().map(|event| Heard {
        event_id: event.event_id.clone(),
        sequence: event.sequence.unwrap(),
        payment_no: event.payment_no.clone(),
        refund_no: event.refund_no.clone().unwrap_or_default(),
        revision: 1,
    });
    Case {
        heard: heard.collect(),
        records,
        books: [
            ("P1".to_owned(), entry("P1", "T1", Vec::new())),
            ("P2".to_owned(), entry("P2", "T2", vec![back])),
        ]
        .into(),
        booked_twice: Vec::new(),
        told: Memory {
            created: [("P1".to_owned(), 100)].into(),
            succeeded: ["P1".to_owned()].into(),
            ..Memory::default()
        },
        deliveries: Deliveries { acknowledged: vec!["body".to_owned()], ..Deliveries::default() },
        seen: Seen { looks: 1, ..Seen::default() },
        stuck: Vec::new(),
        slack: 1,
        logs: Vec::new(),
        peak_memory: InUse::default(),
    }
}

/// The points, from 1 up, against which the case speaks.
fn broken(case: &Case) -> Vec<usize> {
    let verdicts = judge(case).into_iter().enumerate();
    verdicts.filter(|(_, verdict)| !verdict.findings.is_empty()).map(|(index, _)| index + 1).collect()
}

fn after(change: impl FnOnce(&mut Case)) -> Vec<usize> {
    let mut case = case();
    change(&mut case);
    broken(&case)
}

#[test]
fn what_holds_is_not_accused() {
    assert_eq!(broken(&case()), [0; 0]);
}

#[test]
fn r09_an_order_paid_twice_or_by_no_money_is_found() {
    assert!(after(|case| case.records.allocations[1].state = "EFFECTIVE".to_owned()).contains(&1));
    assert!(after(|case| case.records.allocations[0].state = "RELEASED".to_owned()).contains(&1));
    assert!(after(|case| case.books.get_mut("P1").unwrap().taken = 0).contains(&1));
}

#[test]
fn r06_r12_money_that_nobody_recorded_or_gave_back_is_found() {
    assert!(
        after(|case| case.records.payments.get_mut("P1").unwrap().state = "CLOSED".to_owned()).contains(&2)
    );
    assert!(after(|case| case.records.allocations[1].given_back = 0).contains(&2));
    assert!(after(|case| case.books.get_mut("P1").unwrap().transactions[0] = "T9".to_owned()).contains(&2));
    assert!(after(|case| drop(case.books.remove("P1"))).contains(&2));
    assert!(after(|case| case.booked_twice.push("P1".to_owned())).contains(&2));
}

#[test]
fn r15_r16_a_refund_that_is_not_booked_or_not_wanted_is_found() {
    assert!(after(|case| case.books.get_mut("P2").unwrap().refunds.clear()).contains(&3));
    assert!(after(|case| drop(case.records.numbers.remove("D2"))).contains(&3));
    let twice = after(|case| {
        let refunds = &mut case.books.get_mut("P2").unwrap().refunds;
        refunds.push(refunds[0].clone());
    });
    assert!(twice.contains(&3));
}

#[test]
fn r02_a_forged_callback_that_counts_is_found() {
    assert_eq!(after(|case| case.records.moved_by_rejected = 1), [4]);
    assert_eq!(after(|case| case.deliveries.believed.push("it".to_owned())), [4]);
}

#[test]
fn r02_r05_what_was_answered_and_is_gone_is_found() {
    assert_eq!(after(|case| case.records.notifications.clear()), [5]);
    let created = after(|case| case.told.created.extend([("P9".to_owned(), 1)]));
    let succeeded = after(|case| case.told.succeeded.extend(["P3".to_owned()]));
    let refunds = after(|case| case.told.refunds.extend([("F9".to_owned(), 1)]));
    assert_eq!([created, succeeded, refunds], [[5], [5], [5]]);
}

#[test]
fn r27_an_event_that_is_missing_twice_or_out_of_order_is_found() {
    assert_eq!(after(|case| drop(case.heard.pop())), [6]);
    assert_eq!(after(|case| case.heard.swap(0, 1)), [6]);
    let older = after(|case| {
        case.heard[1] = Heard { payment_no: "P1".to_owned(), revision: 0, ..case.heard[1].clone() };
    });
    assert_eq!(older, [6]);
    assert_eq!(after(|case| case.records.events[2].kind = "refund.progressed".to_owned()), [6]);
}

#[test]
fn r08_a_case_that_nothing_explains_is_found() {
    let opened = |kind: &str| Opened {
        kind: kind.to_owned(),
        payment_no: "P1".to_owned(),
        description: String::new(),
    };
    assert_eq!(after(|case| case.records.cases.push(opened("AMOUNT_MISMATCH"))), [7]);
    assert_eq!(after(|case| case.records.cases.push(opened("UNKNOWN_PAYMENT"))), [7]);
    let explained = after(|case| {
        case.records.cases.push(opened("AMOUNT_MISMATCH"));
        case.told.slandered.extend(["P1".to_owned()]);
    });
    assert_eq!(explained, [0; 0]);
}

#[test]
fn what_is_stuck_or_late_is_found() {
    assert_eq!(
        after(|case| case.records.payments.get_mut("P3").unwrap().state = "INITIATING".to_owned()),
        [8]
    );
    assert_eq!(after(|case| case.logs.push("thread 'x' panicked at y".to_owned())), [8]);
    assert_eq!(after(|case| case.records.idle_in_transaction = 1), [8]);
    assert_eq!(after(|case| case.peak_memory.resident = 512 * 1024), [8]);
    let waited = |milliseconds| {
        after(|case| case.seen.slow = [("P1".to_owned(), Duration::from_millis(milliseconds))].into())
    };
    assert_eq!([waited(1900), waited(2100)], [vec![], vec![9]]);
    assert_eq!(after(|case| case.seen.looks = 0), [9]);
}
