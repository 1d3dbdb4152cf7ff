//! Rows made by COPY: payments that are due, payments that are finished, events that nobody has numbered.
//!
//! Triggers are off meanwhile, for foreign keys would be looked up for each row; CHECKs and unique indexes hold.

use bytes::Bytes;
use futures::{SinkExt as _, pin_mut};
use tokio_postgres::Client;

use crate::{failure::Failure, instant, stage::MERCHANT};

/// How many rows go over the wire at a time.
const CHUNK: usize = 2000;

/// Kinds of payment numbers that the service does not make: they tell the rows of the bench apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Awaits its payer.
    Due,
    /// Was paid long ago.
    Finished,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::Due => 'D',
            Self::Finished => 'F',
        }
    }

    fn payment_no(self, number: usize) -> String {
        format!("P2026010100{}{number:019}", self.letter())
    }
}

/// The number of one of [`due_payments`].
pub(crate) fn due_payment_no(number: usize) -> String {
    Kind::Due.payment_no(number)
}

/// Payments at the instant channel with their orders, not due for a long time.
pub(crate) async fn due_payments(client: &Client, count: usize) -> Result<(), Failure> {
    payments(client, Kind::Due, 0..count).await
}

/// Postpones everything that is due: payments that an operation left unpaid are not what is measured after it.
pub(crate) async fn nothing_due(client: &Client) -> Result<(), Failure> {
    let later = "next_check_time = '2998-01-01Z' WHERE next_check_time IS NOT NULL";
    let sql = format!("UPDATE payment SET {later}; UPDATE refund SET {later}");
    client.batch_execute(&sql).await.map_err(Failure::at("postponing what is due"))
}

/// Paid payments with everything that a payment leaves behind.
pub(crate) async fn finished_payments(
    client: &Client,
    numbers: std::ops::Range<usize>,
) -> Result<(), Failure> {
    let kind = Kind::Finished;
    payments(client, kind, numbers.clone()).await?;
    let requests = "create_request (merchant_id, request_id, payment_no, create_time)";
    copy(client, requests, numbers.clone(), |number| {
        format!("{MERCHANT}\tF-{number}\t{}\t2026-01-01Z", kind.payment_no(number))
    })
    .await?;
    let notifications = "notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, \
                         verdict, verified_by, channel_notification_id, payment_no)";
    copy(client, notifications, numbers.clone(), |number| {
        format!(
            "{}\t{MERCHANT}\tinstant\tinstant\t2026-01-01Z\t/v1/callbacks/instant/instant\t{}\t{}\tAPPLIED\tinstant\tN-{number}\t{}",
            id(1, number),
            "header: of some length; ".repeat(8),
            "a body of some length, as channels send them. ".repeat(16),
            kind.payment_no(number)
        )
    })
    .await?;
    let transitions = "payment_transition (payment_no, revision, event, from_state, to_state, source, notification_id, \
                       verified_by, transition_time)";
    copy(client, transitions, numbers.clone(), |number| {
        let payment_no = kind.payment_no(number);
        format!(
            "{payment_no}\t2\tCHANNEL_PAID\tAWAITING_PAYER\tSUCCEEDED\tNOTIFICATION\t{}\tinstant\t2026-01-01Z",
            id(1, number)
        )
    })
    .await?;
    let events = "outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time, feed_no, snapshot)";
    copy(client, events, numbers, |number| {
        format!(
            "{}\tfinished\t{}\t2\t0\tpayment.succeeded\t2026-01-01Z\t{}\t{{}}",
            id(2, number),
            kind.payment_no(number),
            number + 1
        )
    })
    .await
}

/// Events that were committed and have no number yet, each of another payment.
pub(crate) async fn events(
    client: &Client,
    merchant: &str,
    numbers: std::ops::Range<usize>,
) -> Result<(), Failure> {
    let events = "outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time)";
    copy(client, events, numbers, |number| {
        format!("{}\t{merchant}\tP2026010100E{number:019}\t2\t0\tpayment.closed\t2026-01-01Z", id(3, number))
    })
    .await
}

async fn payments(client: &Client, kind: Kind, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    let letter = kind.letter();
    let orders = "merchant_order (merchant_id, order_no, create_time)";
    copy(client, orders, numbers.clone(), |number| format!("{MERCHANT}\t{letter}-{number}\t2026-01-01Z"))
        .await?;
    let columns = "payment (payment_no, request_id, channel_transaction_no, succeed_time, state, next_check_time, handle, \
                   handle_expire_time, merchant_id, created_by, channel, channel_account, product, payee, currency, amount, \
                   description, options, revision, create_time, expire_time, update_time)";
    copy(client, columns, numbers.clone(), |number| {
        let own = match kind {
            Kind::Due => "\\N\t\\N\tAWAITING_PAYER\t2998-01-01Z\thandle\t2999-01-01Z".to_owned(),
            Kind::Finished => format!("T-{number}\t2026-01-01Z\tSUCCEEDED\t\\N\thandle\t2026-01-02Z"),
        };
        format!(
            "{}\t{letter}-{number}\t{own}\t{MERCHANT}\tbench\t{}\t{}\tapp\tinstant\tCNY\t6680\tbench\t{{}}\t2\t2026-01-01Z\t\
             2999-01-01Z\t2026-01-01Z",
            kind.payment_no(number),
            instant::CHANNEL,
            instant::CHANNEL
        )
    })
    .await?;
    let state = match kind {
        Kind::Due => "PENDING",
        Kind::Finished => "EFFECTIVE",
    };
    let allocations = "allocation (payment_no, order_no, merchant_id, amount, state)";
    copy(client, allocations, numbers, |number| {
        format!("{}\t{letter}-{number}\t{MERCHANT}\t6680\t{state}", kind.payment_no(number))
    })
    .await
}

/// A UUID of one of the tables.
fn id(table: u8, number: usize) -> String {
    format!("0000000{table}-0000-7000-8000-{number:012}")
}

async fn copy(
    client: &Client,
    into: &str,
    numbers: std::ops::Range<usize>,
    line: impl Fn(usize) -> String,
) -> Result<(), Failure> {
    client.batch_execute("SET session_replication_role = replica").await.map_err(Failure::new)?;
    let sink = client.copy_in(&format!("COPY {into} FROM STDIN")).await.map_err(Failure::at(into))?;
    pin_mut!(sink);
    let mut numbers = numbers.peekable();
    while numbers.peek().is_some() {
        let chunk: String = numbers.by_ref().take(CHUNK).map(|number| line(number) + "\n").collect();
        sink.send(Bytes::from(chunk)).await.map_err(Failure::at(into))?;
    }
    sink.finish().await.map_err(Failure::at(into))?;
    client.batch_execute("SET session_replication_role = origin").await.map_err(Failure::new)
}
