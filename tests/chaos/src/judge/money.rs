//! Points 1 to 3: where the money is, by the channels' books and by ours.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case,
    records::{Allocation, Payment, Refund},
};
use crate::channels::{BookedRefund, Entry, RefundStage};

pub(super) fn orders_are_paid_once(case: &Case) -> Vec<String> {
    let mut orders: BTreeMap<&str, Vec<&Allocation>> = BTreeMap::new();
    for allocation in &case.records.allocations {
        orders.entry(&allocation.order_no).or_default().push(allocation);
    }
    let wrong = orders.into_iter().filter_map(|(order_no, allocations)| {
        let effective = allocations.iter().filter(|allocation| allocation.state == "EFFECTIVE").count();
        let money = allocations.iter().any(|allocation| taken(case, &allocation.payment_no) > 0);
        (effective != usize::from(money)).then(|| {
            let all = allocations.iter().map(|part| {
                format!("{} {} took {}", part.payment_no, part.state, taken(case, &part.payment_no))
            });
            format!("{order_no} is paid {effective} times: {}", all.collect::<Vec<_>>().join(", "))
        })
    });
    let phantom = case
        .records
        .allocations
        .iter()
        .filter(|part| part.state == "EFFECTIVE" && taken(case, &part.payment_no) == 0);
    let phantom =
        phantom.map(|part| format!("{} is paid by {}, which took nothing", part.order_no, part.payment_no));
    wrong.chain(phantom).collect()
}

fn taken(case: &Case, payment_no: &str) -> i64 {
    case.books.get(payment_no).map_or(0, |entry| entry.taken)
}

pub(super) fn successes_are_recorded(case: &Case) -> Vec<String> {
    let twice = case.booked_twice.iter().map(|number| format!("{number} was paid twice at its channel"));
    let booked = case.books.values().filter_map(|entry| {
        let payment = case.records.payments.get(&entry.number);
        (!agrees(entry, payment)).then(|| {
            let ours = payment.map(|payment| (&payment.state, payment.amount, &payment.transaction));
            format!("{}: took {} as {:?}, ours is {ours:?}", entry.number, entry.taken, entry.transactions)
        })
    });
    let unbooked = case
        .records
        .payments
        .iter()
        .filter(|(number, payment)| payment.state == "SUCCEEDED" && !case.books.contains_key(*number));
    let unbooked = unbooked.map(|(number, _)| format!("{number} is paid and in nobody's books"));
    twice.chain(booked).chain(unbooked).chain(kept_as_orders_say(case)).collect()
}

fn agrees(entry: &Entry, payment: Option<&Payment>) -> bool {
    match payment {
        Some(payment) if payment.state == "SUCCEEDED" => {
            let transaction: BTreeSet<_> = payment.transaction.iter().collect();
            payment.amount == entry.taken && transaction == entry.transactions.iter().collect()
        }
        Some(_) | None => entry.taken == 0,
    }
}

/// What is too much goes back, once: a duplicate keeps nothing, and what is kept is what orders say.
fn kept_as_orders_say(case: &Case) -> Vec<String> {
    let duplicates = case.records.allocations.iter().filter(|part| part.state == "DUPLICATE");
    let duplicates = duplicates.filter(|part| part.given_back != part.amount).map(|part| {
        let Allocation { payment_no, order_no, given_back, amount, .. } = part;
        format!("{payment_no} paid {order_no} again: {given_back} of {amount} go back")
    });
    let mut said: BTreeMap<&str, i64> = BTreeMap::new();
    for part in case.records.allocations.iter().filter(|part| part.state == "EFFECTIVE") {
        *said.entry(&part.payment_no).or_default() += part.amount - part.given_back;
    }
    let kept = case.books.values().filter_map(|entry| {
        let kept = entry.taken - arrived(entry).map(|refund| refund.amount).sum::<i64>();
        let said = said.get(entry.number.as_str()).copied().unwrap_or_default();
        (kept != said).then(|| format!("{}: {kept} were kept, orders say {said}", entry.number))
    });
    duplicates.chain(kept).collect()
}

fn arrived(entry: &Entry) -> impl Iterator<Item = &BookedRefund> {
    entry.refunds.iter().filter(|refund| refund.stage == RefundStage::Arrived)
}

pub(super) fn refunds_agree(case: &Case) -> Vec<String> {
    let ours = case.records.refunds.iter().filter_map(|(refund_no, refund)| {
        let booked = case.books.get(&refund.payment_no).map_or(&[][..], |entry| &entry.refunds);
        let arrived = booked.iter().filter(|booked| is_arrival(refund, booked)).count();
        (arrived != 1 || refund.state != "SUCCEEDED").then(|| {
            let Refund { payment_no, amount, state, sent_as } = refund;
            format!("{refund_no} of {payment_no}, {amount}, {state}, sent as {sent_as}: booked {booked:?}")
        })
    });
    let booked = case.books.values().flat_map(|entry| {
        let alive = entry.refunds.iter().filter(|refund| refund.stage != RefundStage::Dead);
        alive
            .filter(|booked| !is_wanted(case, entry, booked))
            .map(|booked| format!("{}: nobody wanted {booked:?}", entry.number))
    });
    let exceeding = case.books.values().filter_map(|entry| {
        let back: i64 = arrived(entry).map(|refund| refund.amount).sum();
        (back > entry.taken).then(|| format!("{}: {back} of {} were given back", entry.number, entry.taken))
    });
    let seen = case.seen.given_too_much.iter().cloned();
    ours.chain(booked).chain(exceeding).chain(seen).collect()
}

fn is_arrival(refund: &Refund, booked: &BookedRefund) -> bool {
    booked.number == refund.sent_as && booked.amount == refund.amount && booked.stage == RefundStage::Arrived
}

fn is_wanted(case: &Case, entry: &Entry, booked: &BookedRefund) -> bool {
    let refund_no = case.records.numbers.get(&booked.number);
    let refund = refund_no.and_then(|refund_no| case.records.refunds.get(refund_no));
    refund.is_some_and(|refund| refund.payment_no == entry.number && is_arrival(refund, booked))
}
