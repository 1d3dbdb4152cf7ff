//! Requests of the contract to commands, with all violations at once.

use std::{collections::BTreeSet, net::IpAddr};

use payment_core::{
    identifiers::{ChannelAccountId, OrderNo, PaymentNo, RequestId},
    money::{Currency, Money},
    payment::{create::OrderAmount, state::PaymentState},
};
use payment_proto::v1;

use super::{
    fields::Fields,
    options::{Chosen, chosen},
    page_token, time as wire_time,
};
use crate::{
    app::{
        command::{AccountChoice, Caller, ConfirmPayment, CreatePayment, EarlierAttemptPolicy, ListPayments},
        error::AppError,
    },
    grpc::convert::payment::payment_state,
};

/// Orders in one payment.
const MAX_ORDERS: usize = 50;

/// The largest report of a channel's SDK.
const MAX_SDK_RESULT: usize = 64 * 1024;

/// Payments on a page if the caller does not say.
const DEFAULT_PAGE_SIZE: u16 = 50;

/// Payments on a page at most.
const MAX_PAGE_SIZE: u16 = 200;

/// Reads a number that names a payment.
pub(crate) fn payment_no(payment_no: String) -> Result<PaymentNo, AppError> {
    Fields::read(|fields| fields.take("payment_no", PaymentNo::parse(payment_no)))
}

/// Reads a number that names an order.
pub(crate) fn order_no(order_no: String) -> Result<OrderNo, AppError> {
    Fields::read(|fields| fields.take("order_no", OrderNo::parse(order_no)))
}

/// Reads a request for a payment.
pub(crate) fn create_payment(request: v1::CreatePaymentRequest) -> Result<CreatePayment, AppError> {
    Fields::read(|fields| {
        let request_id = fields.take("request_id", RequestId::parse(request.request_id));
        let orders = orders(fields, request.orders);
        let description = description(fields, request.description);
        let account = fields.optional("channel_account", request.channel_account, ChannelAccountId::parse);
        let chosen = chosen(fields, request.channel_options);
        let account = account_choice(fields, account, chosen.as_ref());
        let time_to_pay = match request.time_to_pay.map(wire_time::time_to_pay).transpose() {
            Ok(time_to_pay) => Some(time_to_pay),
            Err(rule) => fields.refuse("time_to_pay", rule),
        };
        let payer_client_ip = fields.optional("payer_client_ip", request.payer_client_ip, ip_address);
        let earlier_attempt_policy = earlier_attempt_policy(fields, request.earlier_attempt_policy);
        let Chosen { product, options, .. } = chosen?;
        Some(CreatePayment {
            request_id: request_id?,
            orders: orders?,
            account: account?,
            product,
            options,
            description: description?,
            time_to_pay: time_to_pay?,
            payer_client_ip: payer_client_ip?,
            earlier_attempt_policy: earlier_attempt_policy?,
            trace_parent: None,
        })
    })
}

fn orders(fields: &mut Fields, orders: Vec<v1::OrderToPay>) -> Option<Vec<OrderAmount>> {
    // Checked first, so that a list of a million is refused by one sentence.
    fields.demand((1..=MAX_ORDERS).contains(&orders.len()), "orders", "must be 1 to 50 orders")?;
    let orders: Vec<_> =
        orders.into_iter().enumerate().map(|(index, order)| order_amount(fields, index, order)).collect();
    each_once(fields, &orders)?;
    let orders = orders.into_iter().collect::<Option<Vec<_>>>()?;
    fields.take("orders", Money::sum(orders.iter().map(|order| order.amount)))?;
    Some(orders)
}

fn order_amount(fields: &mut Fields, index: usize, order: v1::OrderToPay) -> Option<OrderAmount> {
    let order_no = fields.take(format!("orders[{index}].order_no"), OrderNo::parse(order.order_no));
    let amount = positive_money(fields, &format!("orders[{index}].amount"), order.amount);
    Some(OrderAmount { order_no: order_no?, amount: amount? })
}

/// Refuses a repeated order where it stands, and a second currency where it first stands.
fn each_once(fields: &mut Fields, orders: &[Option<OrderAmount>]) -> Option<()> {
    let mut seen = BTreeSet::new();
    let first_currency = orders.iter().flatten().map(|order| order.amount.currency()).next();
    let mut verdict = Some(());
    for (index, order) in orders.iter().enumerate() {
        let Some(order) = order else { continue };
        if !seen.insert(&order.order_no) {
            verdict = fields.refuse(format!("orders[{index}].order_no"), "must not repeat another order");
        }
        if first_currency.is_some_and(|first| first != order.amount.currency()) {
            let field = format!("orders[{index}].amount.currency_code");
            verdict = fields.refuse(field, "must be the same currency for all orders");
        }
    }
    verdict
}

pub(super) fn positive_money(fields: &mut Fields, field: &str, money: Option<v1::Money>) -> Option<Money> {
    let Some(money) = money else { return fields.refuse(field, "is required") };
    let currency = fields.take(format!("{field}.currency_code"), Currency::parse(&money.currency_code));
    // The amount is judged even if the currency is not known.
    let judged = Money::positive(currency.unwrap_or(Currency::CNY), money.minor_units);
    let judged = fields.take(format!("{field}.minor_units"), judged);
    currency.and(judged)
}

fn description(fields: &mut Fields, description: String) -> Option<String> {
    let holds = (1..=127).contains(&description.len()) && description.chars().all(is_printable);
    let rule =
        "must be 1 to 127 bytes of UTF-8 without control characters and characters beyond the basic plane";
    fields.demand(holds, "description", rule)?;
    Some(description)
}

/// Whether every channel shows the character to payers.
pub(super) fn is_printable(character: char) -> bool {
    u32::from(character) <= 0xFFFF && !character.is_control()
}

/// The account by name, or the only one at the channel that the options are for.
fn account_choice(
    fields: &mut Fields,
    account: Option<Option<ChannelAccountId>>,
    chosen: Option<&Chosen>,
) -> Option<AccountChoice> {
    let channel = chosen?.channel.clone();
    match (account?, channel) {
        (Some(account), channel) => Some(AccountChoice::Named { account, channel }),
        (None, Some(channel)) => Some(AccountChoice::OnlyOneAt(channel)),
        (None, None) => fields.refuse("channel_account", "is required with plugin"),
    }
}

fn ip_address(text: String) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address, v4 or v6")
}

fn earlier_attempt_policy(fields: &mut Fields, policy: i32) -> Option<Option<EarlierAttemptPolicy>> {
    match v1::EarlierAttemptPolicy::try_from(policy) {
        Ok(v1::EarlierAttemptPolicy::Unspecified) => Some(None),
        Ok(v1::EarlierAttemptPolicy::Refuse) => Some(Some(EarlierAttemptPolicy::Refuse)),
        Ok(v1::EarlierAttemptPolicy::Proceed) => Some(Some(EarlierAttemptPolicy::Proceed)),
        Err(_) => fields.refuse(
            "earlier_attempt_policy",
            "must be left out, EARLIER_ATTEMPT_POLICY_REFUSE or EARLIER_ATTEMPT_POLICY_PROCEED",
        ),
    }
}

/// Reads what the payer's app reported.
pub(crate) fn confirm_payment(request: v1::ConfirmPaymentRequest) -> Result<ConfirmPayment, AppError> {
    Fields::read(|fields| {
        let payment_no = fields.take("payment_no", PaymentNo::parse(request.payment_no));
        let hint = client_result(fields, request.result, request.sdk_result.is_empty());
        let size = request.sdk_result.len();
        fields.demand(size <= MAX_SDK_RESULT, "sdk_result", "must be at most 64 KiB");
        Some(ConfirmPayment { payment_no: payment_no?, hint: hint?, sdk_result: request.sdk_result })
    })
}

fn client_result(
    fields: &mut Fields,
    result: i32,
    required: bool,
) -> Option<Option<payment_core::gateway::ClientResultHint>> {
    use payment_core::gateway::ClientResultHint;
    const RULE: &str = "must be CLIENT_RESULT_PAID, CLIENT_RESULT_CANCELLED or CLIENT_RESULT_UNCLEAR, \
                        and may be left out only if sdk_result is given";
    match v1::ClientResult::try_from(result) {
        Ok(v1::ClientResult::Paid) => Some(Some(ClientResultHint::Paid)),
        Ok(v1::ClientResult::Cancelled) => Some(Some(ClientResultHint::Cancelled)),
        Ok(v1::ClientResult::Unclear) => Some(Some(ClientResultHint::Unclear)),
        Ok(v1::ClientResult::Unspecified) if !required => Some(None),
        Ok(v1::ClientResult::Unspecified) | Err(_) => fields.refuse("result", RULE),
    }
}

/// Reads which payments to list. The page token must have been made for the same caller and filters.
pub(crate) fn list_payments(
    caller: &Caller,
    request: v1::ListPaymentsRequest,
) -> Result<ListPayments, AppError> {
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let order_no = fields.optional("order_no", request.order_no, OrderNo::parse);
        let states = states(fields, &request.states);
        let from = instant(fields, "create_time_from", request.create_time_from);
        let before = instant(fields, "create_time_before", request.create_time_before);
        let mut command = ListPayments {
            page_size: page_size?,
            after: None,
            order_no: order_no?,
            states: states?,
            create_time_from: from?,
            create_time_before: before?,
        };
        if let (Some(from), Some(before)) = (command.create_time_from, command.create_time_before) {
            fields.demand(from < before, "create_time_before", "must be later than create_time_from")?;
        }
        let read = |token: String| page_token::read(&caller.merchant_id, &command, &token);
        command.after = fields.optional("page_token", request.page_token, read)?;
        Some(command)
    })
}

pub(super) fn page_size(fields: &mut Fields, page_size: i32) -> Option<u16> {
    match u16::try_from(page_size) {
        Ok(0) => Some(DEFAULT_PAGE_SIZE),
        Ok(size) if size <= MAX_PAGE_SIZE => Some(size),
        Ok(_) | Err(_) => fields.refuse("page_size", "must be 1 to 200, or left out for 50"),
    }
}

fn states(fields: &mut Fields, states: &[i32]) -> Option<Vec<PaymentState>> {
    let rule = "must be a PaymentState other than PAYMENT_STATE_UNSPECIFIED";
    fields.members("states", states, &PaymentState::ALL, |state| payment_state(state).into(), rule)
}

pub(super) fn instant(
    fields: &mut Fields,
    field: &str,
    timestamp: Option<prost_types::Timestamp>,
) -> Option<Option<time::OffsetDateTime>> {
    match timestamp.map(wire_time::instant).transpose() {
        Ok(instant) => Some(instant),
        Err(rule) => fields.refuse(field, rule),
    }
}
