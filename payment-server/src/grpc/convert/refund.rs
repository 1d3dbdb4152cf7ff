//! Refunds between the contract's messages and the domain.

use std::collections::BTreeSet;

use payment_core::{
    identifiers::{OrderNo, PaymentNo, RefundNo},
    money::Money,
    refund::{
        LONGEST_REFUND_NO, Refund, RefundOrigin, RefundPart, RefundReason, is_reserved_no, reserve::Split,
        state::RefundState,
    },
};
use payment_proto::v1::{
    self,
    create_refund_request::{Extent, Payment},
};

use super::{
    fields::Fields,
    page_token,
    payment::money,
    request::{is_printable, page_size, positive_money},
    time::timestamp,
};
use crate::app::{
    command::{Caller, CreateRefund, ListRefunds, PaymentChoice},
    error::AppError,
};

/// Orders in one payment, and so parts of one refund.
const MAX_PARTS: usize = 50;

/// The longest description; WeChat Pay's limit, the strictest of all channels'.
const MAX_DESCRIPTION: usize = 80;

/// A refund as callers see it.
pub(crate) fn refund(refund: Refund) -> v1::Refund {
    let times = refund.times;
    v1::Refund {
        refund_no: refund.refund_no.to_string(),
        payment_no: refund.payment_no.to_string(),
        state: refund_state(refund.state).into(),
        amount: Some(money(refund.amount)),
        parts: refund.parts.iter().map(part).collect(),
        reason: refund_reason(refund.reason).into(),
        description: refund.description,
        origin: refund_origin(refund.origin).into(),
        channel: refund.channel.to_string(),
        channel_account: refund.channel_account.to_string(),
        sent_as: refund.sent_as.to_string(),
        channel_refund_no: refund.channel_refund_no.map(|no| no.to_string()).unwrap_or_default(),
        attention_reason: refund.attention.map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
        create_time: Some(timestamp(times.create)),
        update_time: Some(timestamp(times.update)),
        succeed_time: times.succeed.map(timestamp),
    }
}

fn part(part: &RefundPart) -> v1::RefundPart {
    v1::RefundPart { order_no: part.order_no.to_string(), amount: Some(money(part.amount)) }
}

/// The contract's word for a state.
pub(super) const fn refund_state(state: RefundState) -> v1::RefundState {
    match state {
        RefundState::Pending => v1::RefundState::Pending,
        RefundState::Processing => v1::RefundState::Processing,
        RefundState::Succeeded => v1::RefundState::Succeeded,
    }
}

/// The contract's word for a reason.
pub(super) const fn refund_reason(reason: RefundReason) -> v1::RefundReason {
    match reason {
        RefundReason::Return => v1::RefundReason::Return,
        RefundReason::Cancellation => v1::RefundReason::Cancellation,
        RefundReason::Duplicate => v1::RefundReason::Duplicate,
        RefundReason::Other => v1::RefundReason::Other,
    }
}

/// The contract's word for who wants it.
pub(super) const fn refund_origin(origin: RefundOrigin) -> v1::RefundOrigin {
    match origin {
        RefundOrigin::Caller => v1::RefundOrigin::Caller,
        RefundOrigin::Duplicate => v1::RefundOrigin::Duplicate,
        RefundOrigin::Channel => v1::RefundOrigin::Channel,
    }
}

/// Reads a number that names a refund, whoever made it.
pub(crate) fn refund_no(refund_no: String) -> Result<RefundNo, AppError> {
    Fields::read(|fields| fields.take("refund_no", RefundNo::parse(refund_no)))
}

/// Reads a request for a refund.
pub(crate) fn create_refund(request: v1::CreateRefundRequest) -> Result<CreateRefund, AppError> {
    Fields::read(|fields| {
        let refund_no = fields.take("refund_no", callers_refund_no(request.refund_no));
        let payment = payment_choice(fields, request.payment);
        let split = split(fields, payment.as_ref(), request.extent);
        let reason = reason(fields, request.reason);
        let description = description(fields, request.description);
        Some(CreateRefund {
            refund_no: refund_no?,
            payment: payment?,
            split: split?,
            reason: reason?,
            description: description?,
        })
    })
}

fn callers_refund_no(text: String) -> Result<RefundNo, &'static str> {
    const RULE: &str = "must be 1 to 58 of [0-9A-Za-z_-]";
    let refund_no = RefundNo::parse(text).map_err(|_| RULE)?;
    if refund_no.as_str().len() > LONGEST_REFUND_NO {
        return Err(RULE);
    }
    if is_reserved_no(&refund_no) {
        return Err(
            "must not end as the service's own numbers do: in -S and digits, or in a payment's number, -D and digits",
        );
    }
    Ok(refund_no)
}

fn payment_choice(fields: &mut Fields, payment: Option<Payment>) -> Option<PaymentChoice> {
    match payment {
        Some(Payment::PaymentNo(no)) => {
            fields.take("payment_no", PaymentNo::parse(no)).map(PaymentChoice::Payment)
        }
        Some(Payment::OrderNo(no)) => fields.take("order_no", OrderNo::parse(no)).map(PaymentChoice::OfOrder),
        None => fields.refuse("payment", "is required: payment_no or order_no"),
    }
}

/// What is said of an order is for that order, whatever else its payment covers.
fn split(fields: &mut Fields, payment: Option<&PaymentChoice>, extent: Option<Extent>) -> Option<Split> {
    let of_order = match payment {
        Some(PaymentChoice::OfOrder(order_no)) => Some(order_no.clone()),
        Some(PaymentChoice::Payment(_)) | None => None,
    };
    match (extent, of_order) {
        (None, _) => fields.refuse("extent", "is required: everything, amount or split"),
        (Some(Extent::Everything(_)), None) => Some(Split::Everything),
        (Some(Extent::Everything(_)), Some(order_no)) => Some(Split::EverythingOf(order_no)),
        (Some(Extent::Amount(amount)), None) => {
            positive_money(fields, "amount", Some(amount)).map(Split::OfOnlyOrder)
        }
        (Some(Extent::Amount(amount)), Some(order_no)) => {
            let amount = positive_money(fields, "amount", Some(amount))?;
            Some(Split::Parts(vec![RefundPart { order_no, amount }]))
        }
        (Some(Extent::Split(split)), None) => parts(fields, split.parts).map(Split::Parts),
        (Some(Extent::Split(_)), Some(_)) => fields
            .refuse("split", "must be left out with order_no, which is one order: give everything or amount"),
    }
}

/// Sorted by order number, as refunds are recorded, so that a repeated request is recognised in any order.
fn parts(fields: &mut Fields, parts: Vec<v1::RefundPart>) -> Option<Vec<RefundPart>> {
    // Checked first, so that a list of a million is refused by one sentence.
    fields.demand((1..=MAX_PARTS).contains(&parts.len()), "split.parts", "must be 1 to 50 parts")?;
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let field = format!("split.parts[{index}]");
        let order_no = fields.take(format!("{field}.order_no"), OrderNo::parse(part.order_no));
        let amount = positive_money(fields, &format!("{field}.amount"), part.amount);
        let once = order_no.as_ref().is_none_or(|order_no| seen.insert(order_no.clone()));
        let once = fields.demand(once, format!("{field}.order_no"), "must not repeat another part's");
        read.push(once.and(order_no).zip(amount).map(|(order_no, amount)| RefundPart { order_no, amount }));
    }
    let mut parts = read.into_iter().collect::<Option<Vec<_>>>()?;
    fields.take("split.parts", Money::sum(parts.iter().map(|part| part.amount)))?;
    parts.sort_by(|one, other| one.order_no.cmp(&other.order_no));
    Some(parts)
}

fn reason(fields: &mut Fields, reason: i32) -> Option<RefundReason> {
    let named = v1::RefundReason::try_from(reason).ok();
    let known = RefundReason::ALL.into_iter().find(|known| named == Some(refund_reason(*known)));
    let rule = "must be a RefundReason other than REFUND_REASON_UNSPECIFIED";
    known.or_else(|| fields.refuse("reason", rule))
}

fn description(fields: &mut Fields, description: String) -> Option<String> {
    let holds = description.len() <= MAX_DESCRIPTION && description.chars().all(is_printable);
    let rule =
        "must be at most 80 bytes of UTF-8 without control characters and characters beyond the basic plane";
    fields.demand(holds, "description", rule)?;
    Some(description)
}

/// Reads which refunds to list. The page token must have been made for the same caller and filters.
pub(crate) fn list_refunds(
    caller: &Caller,
    request: v1::ListRefundsRequest,
) -> Result<ListRefunds, AppError> {
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let payment_no = fields.optional("payment_no", request.payment_no, PaymentNo::parse);
        let order_no = fields.optional("order_no", request.order_no, OrderNo::parse);
        let states = states(fields, &request.states);
        let mut command = ListRefunds {
            page_size: page_size?,
            after: None,
            payment_no: payment_no?,
            order_no: order_no?,
            states: states?,
        };
        let read = |token: String| page_token::read_refunds(&caller.merchant_id, &command, &token);
        command.after = fields.optional("page_token", request.page_token, read)?;
        Some(command)
    })
}

fn states(fields: &mut Fields, states: &[i32]) -> Option<Vec<RefundState>> {
    let rule = "must be a RefundState other than REFUND_STATE_UNSPECIFIED";
    fields.members("states", states, &RefundState::ALL, |state| refund_state(state).into(), rule)
}
