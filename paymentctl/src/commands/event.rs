//! `event`: what callers are told, from any place that is kept.

use payment_proto::v1::{
    Event, ListEventsRequest, ListEventsResponse, StreamEventsRequest, StreamEventsResponse,
    event_service_client::EventServiceClient,
};

use super::{Session, pages};
use crate::{
    arguments::EventCommand,
    failure::Failure,
    table::{Table, instant, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: EventCommand) -> Result<(), Failure> {
    let mut client = EventServiceClient::new(session.connection.clone());
    match wanted {
        EventCommand::List { after, payment, limit } => {
            let page = |page_size, page_token| {
                let request = ListEventsRequest {
                    page_size,
                    page_token,
                    after: after.clone().unwrap_or_default(),
                    types: Vec::new(),
                    payment_no: payment.clone().unwrap_or_default(),
                };
                let mut client = client.clone();
                async move {
                    let answer = client.list_events(request).await?.into_inner();
                    Ok((answer.events, answer.next_page_token))
                }
            };
            let (events, next_page_token) = pages(limit, page).await?;
            let cursor = events.last().map(|event| event.cursor.clone()).or(after).unwrap_or_default();
            let found = ListEventsResponse { events, next_page_token, cursor };
            session.terminal.show("ListEventsResponse", &found, |page| list(page, &found))
        }
        EventCommand::Follow { after, now, payment } => {
            let request = StreamEventsRequest {
                after: after.unwrap_or_default(),
                types: Vec::new(),
                payment_no: payment.unwrap_or_default(),
                from_now: now,
            };
            let mut events = client.stream_events(request).await?.into_inner();
            while let Some(answer) = events.message().await? {
                // A sign of life holds no event, and nothing to be shown.
                if answer.event.is_some() {
                    session.terminal.show("StreamEventsResponse", &answer, |page| follow(page, &answer))?;
                }
            }
            Ok(())
        }
    }
}

fn list(page: &mut Page, found: &ListEventsResponse) {
    let mut table = Table::new(&["time", "event", "payment", "refund", "case", "cursor"]);
    for event in &found.events {
        table.row(row(event));
    }
    page.table(table, "There are no events.");
    if !found.cursor.is_empty() {
        page.line("");
        page.line(&format!("Go on with --after {}", found.cursor));
    }
}

fn row(event: &Event) -> [String; 6] {
    [
        instant(event.create_time.as_ref()),
        word(event.r#type().as_str_name(), "EVENT_TYPE_"),
        text(&event.payment_no),
        text(&event.refund_no),
        text(&event.case_id),
        event.cursor.clone(),
    ]
}

/// One line for each event as it comes.
fn follow(page: &mut Page, answer: &StreamEventsResponse) {
    if let Some(event) = &answer.event {
        page.line(&row(event).join("  "));
    }
}
