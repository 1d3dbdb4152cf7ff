//! The words in which steps are told.

use payment_proto::v1::{
    AllocationState, CreatePaymentRequest, Money, Order, OrderState, Payment, PaymentState, Refund,
    RefundState,
};

use super::books::Trail;

/// An amount as people write it, without a float. The demo's currencies have two decimals.
pub(super) fn money(currency: &str, minor: i64) -> String {
    let sign = match currency {
        "CNY" => "¥",
        "USD" => "$",
        other => other,
    };
    format!("{sign}{}", decimal(minor))
}

/// The same without its currency.
pub(super) fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// An amount of the contract.
pub(super) fn amount(amount: Option<&Money>) -> String {
    amount.map_or_else(String::new, |amount| money(&amount.currency_code, amount.minor_units))
}

/// What a request is over, in minor units.
pub(super) fn total(request: &CreatePaymentRequest) -> i64 {
    request.orders.iter().filter_map(|order| order.amount.as_ref()).map(|amount| amount.minor_units).sum()
}

/// A short word for the orders of a request.
pub(super) fn listed(request: &CreatePaymentRequest) -> String {
    match request.orders.as_slice() {
        [_] => "1 order".to_owned(),
        orders => format!("{} orders", orders.len()),
    }
}

/// HTTP statuses as they came.
pub(super) fn listed_statuses(statuses: &[u16]) -> String {
    let words: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    format!("HTTP {}", words.join(" "))
}

/// A payment in a few words.
pub(super) fn payment_line(payment: &Payment) -> String {
    let allocations: Vec<_> =
        payment.allocations.iter().map(|allocation| allocation_word(allocation.state())).collect();
    format!("{}, allocated {}", word(payment.state()), allocations.join(" "))
}

/// An order in a few words.
pub(super) fn order_line(order: &Order) -> String {
    match &order.paid_amount {
        Some(paid) => format!("{}, {}", order_word(order.state()), amount(Some(paid))),
        None => order_word(order.state()).to_owned(),
    }
}

/// A refund in a few words.
pub(super) fn refund_line(refund: &Refund) -> String {
    let state = refund_word(refund.state());
    match refund.attention_reason.as_str() {
        "" => state.to_owned(),
        reason => format!("{state}, a person is told: {reason}"),
    }
}

/// The states that a payment came to, and what callers are told.
pub(super) fn trail_line(trail: &Trail) -> String {
    let events: Vec<_> = trail.events.iter().map(|event| event.as_str()).collect();
    let told = if events.is_empty() { "nothing".to_owned() } else { events.join(" ") };
    let states: Vec<_> = trail.states.iter().map(|state| state.as_str()).collect();
    format!("{}; {told}", states.join(" "))
}

/// A payment's state without the prefix that the wire needs.
pub(super) fn word(state: PaymentState) -> &'static str {
    state.as_str_name().trim_start_matches("PAYMENT_STATE_")
}

/// As [`word`].
pub(super) fn order_word(state: OrderState) -> &'static str {
    state.as_str_name().trim_start_matches("ORDER_STATE_")
}

/// As [`word`].
pub(super) fn refund_word(state: RefundState) -> &'static str {
    state.as_str_name().trim_start_matches("REFUND_STATE_")
}

/// As [`word`].
fn allocation_word(state: AllocationState) -> &'static str {
    state.as_str_name().trim_start_matches("ALLOCATION_STATE_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_without_floats() {
        assert_eq!(money("CNY", 3_990), "¥39.90");
        assert_eq!(money("USD", 5), "$0.05");
        assert_eq!(decimal(100), "1.00");
    }
}
