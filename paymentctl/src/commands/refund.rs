//! `refund`: asked for, read, driven.

use payment_proto::v1::{
    CreateRefundRequest, GetRefundRequest, ListRefundsRequest, ListRefundsResponse, Money,
    PostponeRefundRequest, Refund, RefundEverything, RefundReason, RetryRefundRequest,
    create_refund_request::{Extent, Payment},
    refund_service_client::RefundServiceClient,
};
use prost_types::Timestamp;
use time::{Duration, OffsetDateTime};

use super::{Session, pages, timestamp};
use crate::{
    arguments::{CreateRefund, RefundCommand},
    failure::Failure,
    table::{Table, instant, money, text, word},
    terminal::Page,
};

pub(super) async fn run(
    session: &mut Session<'_, '_>,
    wanted: RefundCommand,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let mut client = RefundServiceClient::new(session.connection.clone());
    match wanted {
        RefundCommand::Create(wanted) => {
            let answer = client.create_refund(create(wanted)).await?.into_inner();
            session.terminal.show("CreateRefundResponse", &answer, |page| one(page, answer.refund.as_ref()))
        }
        RefundCommand::Get { refund_no } => {
            let answer = client.get_refund(GetRefundRequest { refund_no }).await?.into_inner();
            session.terminal.show("GetRefundResponse", &answer, |page| one(page, answer.refund.as_ref()))
        }
        RefundCommand::List { payment, order, limit } => {
            let page = |page_size, page_token| {
                let request = ListRefundsRequest {
                    page_size,
                    page_token,
                    payment_no: payment.clone().unwrap_or_default(),
                    order_no: order.clone().unwrap_or_default(),
                    states: Vec::new(),
                };
                let mut client = client.clone();
                async move {
                    let answer = client.list_refunds(request).await?.into_inner();
                    Ok((answer.refunds, answer.next_page_token))
                }
            };
            let (refunds, next_page_token) = pages(limit, page).await?;
            let found = ListRefundsResponse { refunds, next_page_token };
            session.terminal.show("ListRefundsResponse", &found, |page| list(page, found.refunds.iter()))
        }
        RefundCommand::Retry { refund_no, reason } => {
            let request = RetryRefundRequest { merchant_id: session.merchant(), refund_no, reason };
            let answer = session.operators().retry_refund(request).await?.into_inner();
            session.terminal.show("RetryRefundResponse", &answer, |page| {
                one(page, answer.refund.as_ref());
                page.line("It is due now: the next look of refund-success drives it.");
            })
        }
        RefundCommand::Postpone { refund_no, until, hours, reason } => {
            let not_before = Some(not_before(until.as_deref(), hours, now)?);
            let request =
                PostponeRefundRequest { merchant_id: session.merchant(), refund_no, not_before, reason };
            let answer = session.operators().postpone_refund(request).await?.into_inner();
            session.terminal.show("PostponeRefundResponse", &answer, |page| {
                one(page, answer.refund.as_ref());
                page.line(&format!("No job drives it before {}.", instant(not_before.as_ref())));
            })
        }
    }
}

fn create(wanted: CreateRefund) -> CreateRefundRequest {
    let payment = match (wanted.order, wanted.payment) {
        (Some(order_no), _) => Some(Payment::OrderNo(order_no)),
        (None, payment_no) => payment_no.map(Payment::PaymentNo),
    };
    let extent = match (wanted.amount, wanted.currency) {
        (Some(minor_units), Some(currency_code)) => Extent::Amount(Money { currency_code, minor_units }),
        (_, _) => Extent::Everything(RefundEverything {}),
    };
    CreateRefundRequest {
        refund_no: wanted.refund_no,
        payment,
        extent: Some(extent),
        reason: RefundReason::from(wanted.reason).into(),
        description: wanted.description,
    }
}

fn not_before(until: Option<&str>, hours: Option<i64>, now: OffsetDateTime) -> Result<Timestamp, Failure> {
    match (until, hours) {
        (Some(text), _) => timestamp("--until", text),
        (None, hours) => {
            let time = now + Duration::hours(hours.unwrap_or(1));
            Ok(Timestamp { seconds: time.unix_timestamp(), nanos: 0 })
        }
    }
}

/// Refunds as a table.
pub(super) fn list<'a>(page: &mut Page, refunds: impl Iterator<Item = &'a Refund>) {
    let columns = ["refund", "payment", "state", "amount", "origin", "attention", "created", "arrived"];
    let mut table = Table::new(&columns);
    for refund in refunds {
        table.row([
            refund.refund_no.clone(),
            refund.payment_no.clone(),
            word(refund.state().as_str_name(), "REFUND_STATE_"),
            money(refund.amount.as_ref()),
            word(refund.origin().as_str_name(), "REFUND_ORIGIN_"),
            text(&refund.attention_reason),
            instant(refund.create_time.as_ref()),
            instant(refund.succeed_time.as_ref()),
        ]);
    }
    page.table(table, "There are no refunds.");
}

fn one(page: &mut Page, refund: Option<&Refund>) {
    let Some(refund) = refund else { return };
    let parts: Vec<_> = refund
        .parts
        .iter()
        .map(|part| format!("{} {}", part.order_no, money(part.amount.as_ref())))
        .collect();
    page.table(
        Table::of_fields(&[
            ("refund", refund.refund_no.clone()),
            ("payment", refund.payment_no.clone()),
            ("state", word(refund.state().as_str_name(), "REFUND_STATE_")),
            ("attention", text(&refund.attention_reason)),
            ("amount", money(refund.amount.as_ref())),
            ("orders", parts.join(", ")),
            ("reason", word(refund.reason().as_str_name(), "REFUND_REASON_")),
            ("origin", word(refund.origin().as_str_name(), "REFUND_ORIGIN_")),
            ("channel", format!("{} of account {}", refund.channel, refund.channel_account)),
            ("sent as", refund.sent_as.clone()),
            ("channel refund", text(&refund.channel_refund_no)),
            ("created", instant(refund.create_time.as_ref())),
            ("arrived", instant(refund.succeed_time.as_ref())),
        ]),
        "",
    );
}
