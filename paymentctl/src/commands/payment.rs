//! `payment`: as recorded, asked about, closed.

use payment_proto::v1::{
    ClosePaymentRequest, GetPaymentRequest, ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentState,
    SyncPaymentRequest, payment_service_client::PaymentServiceClient,
};

use super::{Session, explain, pages};
use crate::{
    arguments::PaymentCommand,
    failure::Failure,
    table::{Table, instant, money, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: PaymentCommand) -> Result<(), Failure> {
    let mut client = PaymentServiceClient::new(session.connection.clone());
    match wanted {
        PaymentCommand::Get { payment_no } => {
            let answer = client.get_payment(GetPaymentRequest { payment_no }).await?.into_inner();
            session.terminal.show("GetPaymentResponse", &answer, |page| one(page, answer.payment.as_ref()))
        }
        PaymentCommand::List { order, state, limit } => {
            let states: Vec<i32> = state.into_iter().map(|word| PaymentState::from(word).into()).collect();
            let page = |page_size, page_token| {
                let request = ListPaymentsRequest {
                    page_size,
                    page_token,
                    order_no: order.clone().unwrap_or_default(),
                    states: states.clone(),
                    ..ListPaymentsRequest::default()
                };
                let mut client = client.clone();
                async move {
                    let answer = client.list_payments(request).await?.into_inner();
                    Ok((answer.payments, answer.next_page_token))
                }
            };
            let (payments, next_page_token) = pages(limit, page).await?;
            let found = ListPaymentsResponse { payments, next_page_token };
            session.terminal.show("ListPaymentsResponse", &found, |page| {
                list(page, found.payments.iter());
            })
        }
        PaymentCommand::Sync { payment_no } => {
            let answer = client.sync_payment(SyncPaymentRequest { payment_no }).await?.into_inner();
            session.terminal.show("SyncPaymentResponse", &answer, |page| {
                one(page, answer.payment.as_ref());
                let contact = word(answer.channel_contact().as_str_name(), "CHANNEL_CONTACT_");
                page.line(&format!("The channel: {contact}"));
            })
        }
        PaymentCommand::Close { payment_no } => {
            let answer = client.close_payment(ClosePaymentRequest { payment_no }).await?.into_inner();
            session.terminal.show("ClosePaymentResponse", &answer, |page| one(page, answer.payment.as_ref()))
        }
        PaymentCommand::Explain(wanted) => explain::run(session, wanted).await,
    }
}

/// Payments as a table.
pub(super) fn list<'a>(page: &mut Page, payments: impl Iterator<Item = &'a Payment>) {
    let mut table =
        Table::new(&["payment", "state", "amount", "orders", "channel", "account", "created", "paid"]);
    for payment in payments {
        let orders: Vec<_> = payment.allocations.iter().map(order).collect();
        table.row([
            payment.payment_no.clone(),
            word(payment.state().as_str_name(), "PAYMENT_STATE_"),
            money(payment.amount.as_ref()),
            orders.join(" "),
            format!("{}/{}", payment.channel, payment.product),
            payment.channel_account.clone(),
            instant(payment.create_time.as_ref()),
            instant(payment.succeed_time.as_ref()),
        ]);
    }
    page.table(table, "There are no payments.");
}

fn order(allocation: &payment_proto::v1::Allocation) -> String {
    let state = word(allocation.state().as_str_name(), "ALLOCATION_STATE_");
    format!("{}:{state}", allocation.order_no)
}

/// One payment.
fn one(page: &mut Page, payment: Option<&Payment>) {
    let Some(payment) = payment else { return };
    let failure = payment.failure.as_ref();
    let failure = failure.map(|failure| format!("{} ({})", failure.reason, failure.channel_code));
    page.table(
        Table::of_fields(&[
            ("payment", payment.payment_no.clone()),
            ("state", word(payment.state().as_str_name(), "PAYMENT_STATE_")),
            ("amount", money(payment.amount.as_ref())),
            (
                "channel",
                format!("{} {} of account {}", payment.channel, payment.product, payment.channel_account),
            ),
            ("channel transaction", text(&payment.channel_transaction_no)),
            ("description", payment.description.clone()),
            ("request", payment.request_id.clone()),
            ("failure", failure.unwrap_or_default()),
            ("created", instant(payment.create_time.as_ref())),
            ("expires", instant(payment.expire_time.as_ref())),
            ("app reported", instant(payment.client_report_time.as_ref())),
            ("paid", instant(payment.succeed_time.as_ref())),
            ("ended", instant(payment.end_time.as_ref())),
        ]),
        "",
    );
    let mut table = Table::new(&["order", "amount", "state", "refunds"]);
    for allocation in &payment.allocations {
        table.row([
            allocation.order_no.clone(),
            money(allocation.amount.as_ref()),
            word(allocation.state().as_str_name(), "ALLOCATION_STATE_"),
            money(allocation.refund_reserved.as_ref()),
        ]);
    }
    page.line("");
    page.table(table, "");
}
