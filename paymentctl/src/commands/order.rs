//! `order`: paid, and by what.

use payment_proto::v1::{GetOrderRequest, Order, order_service_client::OrderServiceClient};

use super::{Session, payment, refund};
use crate::{
    arguments::OrderCommand,
    failure::Failure,
    table::{Table, money, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: OrderCommand) -> Result<(), Failure> {
    let OrderCommand::Get { order_no } = wanted;
    let mut client = OrderServiceClient::new(session.connection.clone())
        .max_decoding_message_size(crate::connection::LARGEST_ANSWER);
    let answer = client.get_order(GetOrderRequest { order_no }).await?.into_inner();
    session.terminal.show("GetOrderResponse", &answer, |page| {
        if let Some(order) = &answer.order {
            tell(page, order);
        }
    })
}

fn tell(page: &mut Page, order: &Order) {
    page.table(
        Table::of_fields(&[
            ("order", order.order_no.clone()),
            ("state", word(order.state().as_str_name(), "ORDER_STATE_")),
            ("paid by", text(&order.effective_payment_no)),
            ("paid amount", money(order.paid_amount.as_ref())),
        ]),
        "",
    );
    page.line("");
    payment::list(page, order.payments.iter());
    if !order.refunds.is_empty() {
        page.line("");
        refund::list(page, order.refunds.iter());
    }
}
