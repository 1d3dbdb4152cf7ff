//! An order of the domain to the contract's message.

use payment_core::payment::{Allocation, Payment, allocation::AllocationState};
use payment_proto::v1;

use super::payment::{money, payment};
use crate::app::command::Order;

/// An order as callers see it: paid by its effective allocation, open while an attempt at it is.
pub(crate) fn order(order: Order) -> v1::Order {
    let paid_by =
        order.payments.iter().find_map(|payment| effective(payment, &order).map(|part| (payment, part)));
    let state = match paid_by {
        Some(_) => v1::OrderState::Paid,
        None if order.payments.iter().any(|payment| payment.state.is_open()) => v1::OrderState::PaymentOpen,
        None => v1::OrderState::Unpaid,
    };
    v1::Order {
        order_no: order.order_no.to_string(),
        state: state.into(),
        effective_payment_no: paid_by.map(|(payment, _)| payment.payment_no.to_string()).unwrap_or_default(),
        paid_amount: paid_by.map(|(_, part)| money(part.amount)),
        payments: order.payments.into_iter().map(payment).collect(),
    }
}

/// The part of `payment` that paid the order, if it did. There is at most one in all payments (R9).
fn effective<'a>(payment: &'a Payment, order: &Order) -> Option<&'a Allocation> {
    let mut parts = payment.allocations.iter();
    parts.find(|part| part.order_no == order.order_no && part.state == AllocationState::Effective)
}
