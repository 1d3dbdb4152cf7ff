//! An order of the domain to the contract's message.

use payment_proto::v1;

use super::{
    payment::{money, payment},
    refund::refund,
};
use crate::app::command::Order;

/// An order as callers see it: paid by its effective allocation, open while an attempt at it is.
pub(crate) fn order(order: Order) -> v1::Order {
    let paid_by = order
        .payments
        .iter()
        .find_map(|payment| payment.paid_part(&order.order_no).map(|part| (payment, part)));
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
        refunds: order.refunds.into_iter().map(refund).collect(),
    }
}
