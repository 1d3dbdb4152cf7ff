//! Points 4 to 9: what callers, channels, consumers and logs say.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::stage::JOB_INTERVAL;

/// What a replica may have in use in the worst moment, in KiB; a debug build takes more.
const MEMORY_LIMIT: u64 = if cfg!(debug_assertions) { 256 * 1024 } else { 128 * 1024 };

pub(super) fn nothing_forged_counts(case: &Case) -> Vec<String> {
    let believed = case.deliveries.believed.iter().cloned();
    let moved = case.records.moved_by_rejected;
    let moved = (moved > 0).then(|| format!("{moved} transitions have a rejected notification as evidence"));
    believed.chain(moved).collect()
}

pub(super) fn what_was_answered_survived(case: &Case) -> Vec<String> {
    let acknowledged: BTreeSet<_> = case.deliveries.acknowledged.iter().collect();
    let gone = acknowledged.into_iter().filter(|hash| !case.records.notifications.contains(*hash));
    let gone = gone.map(|hash| format!("a callback was acknowledged and is gone: SHA-256 {hash}"));
    let payments = &case.records.payments;
    let created =
        case.told.created.iter().filter(|(number, amount)| {
            payments.get(*number).is_none_or(|payment| payment.amount != **amount)
        });
    let created = created.map(|(number, amount)| format!("{number} over {amount} was made, and is gone"));
    let paid = case
        .told
        .succeeded
        .iter()
        .filter(|number| payments.get(*number).is_none_or(|payment| payment.state != "SUCCEEDED"));
    let paid = paid.map(|number| format!("{number} was told to be paid, and is not"));
    let refunds = case.told.refunds.iter().filter(|(number, amount)| {
        case.records.refunds.get(*number).is_none_or(|refund| refund.amount != **amount)
    });
    let refunds = refunds.map(|(number, amount)| format!("{number} over {amount} was accepted, and is gone"));
    gone.chain(created).chain(paid).chain(refunds).collect()
}

pub(super) fn events_arrived(case: &Case) -> Vec<String> {
    let heard: BTreeMap<i64, &str> =
        case.heard.iter().map(|heard| (heard.sequence, heard.event_id.as_str())).collect();
    let missing = case.records.events.iter().filter(|event| {
        event.sequence.is_none_or(|sequence| heard.get(&sequence) != Some(&event.event_id.as_str()))
    });
    let missing = missing.map(|event| format!("{} of {} was not told", event.kind, event.payment_no));
    let order = case.heard.windows(2).filter(|two| two[1].sequence <= two[0].sequence);
    let order = order.map(|two| format!("{} was told after {}", two[1].sequence, two[0].sequence));
    missing.chain(order).chain(in_order(case)).chain(told_once(case)).collect()
}

/// Of one payment, and of one refund, a later revision comes later.
fn in_order(case: &Case) -> Vec<String> {
    let mut last: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for heard in &case.heard {
        let newest = last.entry((&heard.payment_no, &heard.refund_no)).or_insert(heard.revision);
        if heard.revision < *newest {
            wrong.push(format!("{heard:?} came after revision {newest}"));
        }
        *newest = heard.revision;
    }
    wrong
}

/// What became true was told, once.
fn told_once(case: &Case) -> Vec<String> {
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in &case.records.events {
        let about = event.refund_no.as_deref().unwrap_or(&event.payment_no);
        *told.entry((&event.kind, about)).or_default() += 1;
    }
    let once = |kind, number: &String| {
        let times = told.get(&(kind, number.as_str())).copied().unwrap_or_default();
        (times != 1).then(|| format!("{kind} of {number} was told {times} times"))
    };
    let paid = case.records.payments.iter().filter(|(_, payment)| payment.state == "SUCCEEDED");
    let paid = paid.filter_map(|(number, _)| once("payment.succeeded", number));
    let arrived = case.records.refunds.iter().filter(|(_, refund)| refund.state == "SUCCEEDED");
    let arrived = arrived.filter_map(|(number, _)| once("refund.succeeded", number));
    paid.chain(arrived).collect()
}

pub(super) fn cases_are_explained(case: &Case) -> Vec<String> {
    let unexplained = case.records.cases.iter().filter(|opened| match opened.kind.as_str() {
        "AMOUNT_MISMATCH" | "PAYEE_MISMATCH" | "TRANSACTION_MISMATCH" => {
            !case.told.slandered.contains(&opened.payment_no)
        }
        _ => true,
    });
    unexplained
        .map(|opened| format!("{} {}: {}", opened.kind, opened.payment_no, opened.description))
        .collect()
}

pub(super) fn nothing_is_stuck(case: &Case) -> Vec<String> {
    let mut wrong = case.told.wrong.clone();
    wrong.extend(case.stuck.iter().cloned());
    for log in &case.logs {
        let bad = |line: &&str| line.contains("panicked") || line.contains("corrupt");
        wrong.extend(log.lines().filter(bad).map(|line| line.chars().take(300).collect()));
    }
    let records = &case.records;
    let open = ["INITIATING", "AWAITING_PAYER", "CLIENT_REPORTED", "HELD"];
    let payments = records.payments.iter().filter(|(_, payment)| open.contains(&payment.state.as_str()));
    wrong.extend(payments.map(|(number, payment)| format!("{number} is still {}", payment.state)));
    let counts = [
        (records.due, "rows are due"),
        (records.idle_in_transaction, "sessions hold an idle transaction"),
        (records.waiting_for_locks, "sessions wait for a lock"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    wrong.extend(counts.map(|(count, what)| format!("{count} {what}")));
    if case.peak_memory.resident > MEMORY_LIMIT {
        wrong.push(format!("a replica had {} KiB in use", case.peak_memory.resident));
    }
    wrong
}

pub(super) fn nothing_was_late(case: &Case) -> Vec<String> {
    let limit = JOB_INTERVAL * 2 * case.slack;
    let none = (case.seen.looks == 0).then(|| "nobody looked".to_owned());
    let late = case.seen.slow.iter().filter(|(_, waited)| **waited > limit);
    let late = late.map(|(row, waited)| format!("{row} was due for {waited:?} while a replica lived"));
    none.into_iter().chain(late).collect()
}
