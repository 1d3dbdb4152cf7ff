//! Payments of the domain to the contract's messages.

use payment_core::{
    gateway::PaymentData,
    money::Money,
    payment::{Allocation, Failure, Hold, Payment, allocation::AllocationState, state::PaymentState},
};
use payment_proto::v1;
use time::OffsetDateTime;

use super::time::timestamp;
use crate::app::command::ChannelContact;

/// A payment as callers see it: without the payee, the options and the handle that payment data is made from.
pub(crate) fn payment(payment: Payment) -> v1::Payment {
    let times = payment.times;
    v1::Payment {
        payment_no: payment.payment_no.to_string(),
        request_id: payment.request_id.to_string(),
        state: payment_state(payment.state).into(),
        amount: Some(money(payment.amount)),
        allocations: payment.allocations.iter().map(allocation).collect(),
        channel: payment.channel.to_string(),
        channel_account: payment.channel_account.to_string(),
        product: payment.product.to_string(),
        channel_transaction_no: payment.channel_transaction_no.map(|no| no.to_string()).unwrap_or_default(),
        description: payment.description,
        create_time: Some(timestamp(times.create)),
        expire_time: Some(timestamp(times.expire)),
        update_time: Some(timestamp(times.update)),
        client_report_time: times.client_report.map(timestamp),
        succeed_time: times.succeed.map(timestamp),
        end_time: times.end.map(timestamp),
        failure: payment.failure.map(failure),
        hold: payment.hold.map(|held| hold(held, payment.capture_intend_time)),
    }
}

/// What the payer needs.
pub(crate) fn payment_data(data: PaymentData) -> v1::PaymentData {
    use v1::payment_data::Kind;
    let kind = match data {
        PaymentData::SdkParameters(parameters) => {
            Kind::SdkParameters(v1::SdkParameters { parameters: parameters.into_iter().collect() })
        }
        PaymentData::SdkText(text) => Kind::SdkText(text),
        PaymentData::QrCode(text) => Kind::QrCode(text),
        PaymentData::RedirectUrl(url) => Kind::RedirectUrl(url),
    };
    v1::PaymentData { kind: Some(kind) }
}

/// Whether the channel answered.
pub(crate) fn channel_contact(contact: ChannelContact) -> v1::ChannelContact {
    match contact {
        ChannelContact::Answered => v1::ChannelContact::Answered,
        ChannelContact::NotReached => v1::ChannelContact::NotReached,
    }
}

/// The contract's word for a state.
pub(super) fn payment_state(state: PaymentState) -> v1::PaymentState {
    match state {
        PaymentState::Initiating => v1::PaymentState::Initiating,
        PaymentState::AwaitingPayer => v1::PaymentState::AwaitingPayer,
        PaymentState::ClientReported => v1::PaymentState::ClientReported,
        PaymentState::Held => v1::PaymentState::Held,
        PaymentState::Succeeded => v1::PaymentState::Succeeded,
        PaymentState::Closed => v1::PaymentState::Closed,
        PaymentState::Failed => v1::PaymentState::Failed,
    }
}

/// An amount.
pub(super) fn money(money: Money) -> v1::Money {
    v1::Money { currency_code: money.currency().code().to_owned(), minor_units: money.minor_units() }
}

/// The contract's word for an allocation's state.
pub(super) const fn allocation_state(state: AllocationState) -> v1::AllocationState {
    match state {
        AllocationState::Pending => v1::AllocationState::Pending,
        AllocationState::Effective => v1::AllocationState::Effective,
        AllocationState::Duplicate => v1::AllocationState::Duplicate,
        AllocationState::Released => v1::AllocationState::Released,
    }
}

fn allocation(allocation: &Allocation) -> v1::Allocation {
    v1::Allocation {
        order_no: allocation.order_no.to_string(),
        amount: Some(money(allocation.amount)),
        state: allocation_state(allocation.state).into(),
        refund_reserved: Some(money(allocation.refund_reserved)),
    }
}

fn hold(hold: Hold, capture_intend_time: Option<OffsetDateTime>) -> v1::Hold {
    v1::Hold {
        hold_no: hold.hold_no.to_string(),
        hold_time: Some(timestamp(hold.hold_time)),
        honour_end_time: Some(timestamp(hold.honour_end_time)),
        expire_time: Some(timestamp(hold.expire_time)),
        capture_time: capture_intend_time.map(timestamp),
    }
}

fn failure(failure: Failure) -> v1::PaymentFailure {
    v1::PaymentFailure { reason: failure.reason.as_str().to_owned(), channel_code: failure.channel_code }
}
