//! `channel`: how the accounts do.

use payment_proto::v1::{ChannelHealth, GetChannelHealthRequest};
use prost_types::Duration;

use super::Session;
use crate::{
    arguments::ChannelCommand,
    failure::Failure,
    table::{Table, delay, instant, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: ChannelCommand) -> Result<(), Failure> {
    let ChannelCommand::Health { minutes } = wanted;
    let window = Some(Duration { seconds: minutes * 60, nanos: 0 });
    let request = GetChannelHealthRequest { merchant_id: session.merchant(), window };
    let answer = session.operators().get_channel_health(request).await?.into_inner();
    session.terminal.show("GetChannelHealthResponse", &answer, |page| {
        page.line(&format!("By the records, payments created since {}:", instant(answer.from_time.as_ref())));
        page.table(recorded(&answer.accounts), "There is no account.");
        page.line("");
        page.line("By what the process that answers saw since it was started:");
        observed(page, &answer.accounts);
    })
}

fn recorded(accounts: &[ChannelHealth]) -> Table {
    let mut table = Table::new(&[
        "account",
        "payments",
        "paid",
        "by callback",
        "by asking",
        "no callback",
        "delay median",
        "p95",
        "longest",
    ]);
    for health in accounts {
        let recorded = health.recorded.unwrap_or_default();
        table.row([
            format!("{}/{}", health.channel, health.channel_account),
            recorded.payments.to_string(),
            recorded.succeeded.to_string(),
            recorded.told_by_callback.to_string(),
            recorded.found_by_asking.to_string(),
            recorded.callback_missing.to_string(),
            delay(recorded.callback_delay_median.as_ref()),
            delay(recorded.callback_delay_p95.as_ref()),
            delay(recorded.callback_delay_longest.as_ref()),
        ]);
    }
    table
}

fn observed(page: &mut Page, accounts: &[ChannelHealth]) {
    let mut table = Table::new(&[
        "account",
        "since",
        "answered",
        "refused",
        "not sent",
        "unknown",
        "query lies",
        "last failure",
        "breaker",
    ]);
    for health in accounts {
        let observed = health.observed.unwrap_or_default();
        table.row([
            format!("{}/{}", health.channel, health.channel_account),
            instant(observed.since.as_ref()),
            observed.answered.to_string(),
            observed.refused.to_string(),
            observed.not_sent.to_string(),
            observed.unknown.to_string(),
            observed.query_lies.to_string(),
            instant(observed.last_failure_time.as_ref()),
            word(observed.breaker().as_str_name(), "BREAKER_STATE_"),
        ]);
    }
    page.table(table, "There is no account.");
}
