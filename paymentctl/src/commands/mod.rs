//! The commands: each makes its requests and shows their answers.

mod case;
mod channel;
mod event;
mod explain;
mod job;
mod key;
mod notification;
mod order;
mod payment;
mod refund;
mod webhook;

use std::future::Future;

use payment_proto::v1::operator_service_client::OperatorServiceClient;
use prost_types::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Status;

use crate::{
    arguments::Command,
    connection::{Connection, LARGEST_ANSWER, connect},
    failure::Failure,
    profile::Settings,
    terminal::Terminal,
};

/// The largest page that the service gives.
const LARGEST_PAGE: usize = 200;

/// What every command has.
struct Session<'a, 'b> {
    settings: &'a Settings,
    connection: Connection,
    terminal: &'a mut Terminal<'b>,
}

/// Runs a command.
pub(crate) async fn execute(
    command: Command,
    settings: &Settings,
    now: OffsetDateTime,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    let connection = connect(settings).await?;
    let mut session = Session { settings, connection, terminal };
    match command {
        Command::Explain(wanted) => explain::run(&mut session, wanted).await,
        Command::Payment(wanted) => payment::run(&mut session, wanted).await,
        Command::Order(wanted) => order::run(&mut session, wanted).await,
        Command::Refund(wanted) => refund::run(&mut session, wanted, now).await,
        Command::Case(wanted) => case::run(&mut session, wanted).await,
        Command::Notification(wanted) => notification::run(&mut session, wanted).await,
        Command::Job(wanted) => job::run(&mut session, wanted).await,
        Command::Channel(wanted) => channel::run(&mut session, wanted).await,
        Command::Event(wanted) => event::run(&mut session, wanted).await,
        Command::Webhook(wanted) => webhook::run(&mut session, wanted).await,
        Command::Key(wanted) => key::run(&mut session, wanted).await,
        // It needs no connection, and was answered before there was one.
        Command::Completion { .. } => Ok(()),
    }
}

impl Session<'_, '_> {
    fn operators(&self) -> OperatorServiceClient<Connection> {
        OperatorServiceClient::new(self.connection.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    fn merchant(&self) -> String {
        self.settings.merchant.clone()
    }
}

/// Asks for page after page until so many are there, or all of them: what was found, and the token of the next page.
async fn pages<T, F: Future<Output = Result<(Vec<T>, String), Status>>>(
    limit: u32,
    mut page: impl FnMut(i32, String) -> F,
) -> Result<(Vec<T>, String), Failure> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let wanted = limit.saturating_sub(found.len()).min(LARGEST_PAGE);
        let (more, next) = page(i32::try_from(wanted).unwrap_or(1), token).await?;
        found.extend(more);
        if next.is_empty() || found.len() >= limit {
            return Ok((found, next));
        }
        token = next;
    }
}

/// A time that stands on the command line.
fn timestamp(flag: &str, text: &str) -> Result<Timestamp, Failure> {
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| Failure::Usage(format!("{flag} {text}: must be a time such as 2026-11-27T18:00:00Z")))?;
    Ok(Timestamp { seconds: time.unix_timestamp(), nanos: 0 })
}
