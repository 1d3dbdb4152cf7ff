//! `webhook`: endpoints of a merchant, what they got, and what they are to get.

use payment_proto::v1::{
    ListWebhookDeliveriesRequest, ListWebhookDeliveriesResponse, ListWebhookEndpointsRequest,
    PauseWebhookEndpointRequest, ReplayWebhookEventsRequest, ResumeWebhookEndpointRequest, WebhookAttempt,
    WebhookDelivery, WebhookEndpoint, WebhookEventIds, WebhookPauseReason, WebhookSequenceRange,
    WebhookTimeRange, replay_webhook_events_request::Range, webhook_service_client::WebhookServiceClient,
};

use super::{Session, pages, timestamp};
use crate::{
    arguments::{ReplayWebhooks, WebhookCommand},
    failure::Failure,
    table::{Table, instant, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: WebhookCommand) -> Result<(), Failure> {
    let mut client = WebhookServiceClient::new(session.connection.clone());
    let merchant_id = session.merchant();
    match wanted {
        WebhookCommand::Endpoints => {
            let request = ListWebhookEndpointsRequest { merchant_id };
            let answer = client.list_webhook_endpoints(request).await?.into_inner();
            session
                .terminal
                .show("ListWebhookEndpointsResponse", &answer, |page| endpoints(page, &answer.endpoints))
        }
        WebhookCommand::Deliveries { endpoint, payment, undelivered, limit } => {
            let page = |page_size, page_token| {
                let request = ListWebhookDeliveriesRequest {
                    merchant_id: merchant_id.clone(),
                    endpoint: endpoint.clone(),
                    page_size,
                    page_token,
                    undelivered_only: undelivered,
                    payment_no: payment.clone().unwrap_or_default(),
                };
                let mut client = client.clone();
                async move {
                    let answer = client.list_webhook_deliveries(request).await?.into_inner();
                    Ok((answer.deliveries, answer.next_page_token))
                }
            };
            let (deliveries, next_page_token) = pages(limit, page).await?;
            let found = ListWebhookDeliveriesResponse { deliveries, next_page_token };
            session.terminal.show("ListWebhookDeliveriesResponse", &found, |page| {
                list(page, &found.deliveries);
            })
        }
        WebhookCommand::Replay(wanted) => {
            let request = replay(merchant_id, wanted)?;
            let answer = client.replay_webhook_events(request).await?.into_inner();
            session.terminal.show("ReplayWebhookEventsResponse", &answer, |page| {
                let (count, last) = (answer.replayed_count, answer.last_sequence);
                page.line(&format!(
                    "{count} events are delivered again; the last of them has sequence {last}."
                ));
            })
        }
        WebhookCommand::Pause { endpoint } => {
            let request = PauseWebhookEndpointRequest { merchant_id, endpoint };
            let answer = client.pause_webhook_endpoint(request).await?.into_inner();
            session.terminal.show("PauseWebhookEndpointResponse", &answer, |page| {
                endpoints(page, answer.endpoint.as_slice());
            })
        }
        WebhookCommand::Resume { endpoint } => {
            let request = ResumeWebhookEndpointRequest { merchant_id, endpoint };
            let answer = client.resume_webhook_endpoint(request).await?.into_inner();
            session.terminal.show("ResumeWebhookEndpointResponse", &answer, |page| {
                endpoints(page, answer.endpoint.as_slice());
            })
        }
    }
}

fn replay(merchant_id: String, wanted: ReplayWebhooks) -> Result<ReplayWebhookEventsRequest, Failure> {
    let range = match (wanted.from_sequence, wanted.to_sequence, wanted.since, wanted.before) {
        (Some(first), Some(last), _, _) => Range::Sequences(WebhookSequenceRange { first, last }),
        (_, _, Some(since), Some(before)) => Range::Times(WebhookTimeRange {
            from_time: Some(timestamp("--since", &since)?),
            before_time: Some(timestamp("--before", &before)?),
        }),
        (_, _, _, _) => Range::Events(WebhookEventIds { event_ids: wanted.event }),
    };
    Ok(ReplayWebhookEventsRequest { merchant_id, endpoint: wanted.endpoint, range: Some(range) })
}

fn endpoints(page: &mut Page, endpoints: &[WebhookEndpoint]) {
    let columns =
        ["endpoint", "paused", "since", "waiting", "oldest", "last success", "failing since", "held until"];
    let mut table = Table::new(&columns);
    for endpoint in endpoints {
        let paused = match endpoint.pause_reason() {
            WebhookPauseReason::Unspecified => String::new(),
            reason @ (WebhookPauseReason::Failing
            | WebhookPauseReason::Gone
            | WebhookPauseReason::Operator) => word(reason.as_str_name(), "WEBHOOK_PAUSE_REASON_"),
        };
        table.row([
            endpoint.name.clone(),
            text(&paused),
            instant(endpoint.pause_time.as_ref()),
            endpoint.undelivered_count.to_string(),
            instant(endpoint.oldest_undelivered_time.as_ref()),
            instant(endpoint.last_success_time.as_ref()),
            instant(endpoint.failing_since.as_ref()),
            instant(endpoint.hold_until_time.as_ref()),
        ]);
    }
    page.table(table, "There are no endpoints.");
}

fn list(page: &mut Page, deliveries: &[WebhookDelivery]) {
    let columns = [
        "sequence",
        "event",
        "type",
        "payment",
        "true since",
        "delivered",
        "next",
        "attempts",
        "last attempt",
    ];
    let mut table = Table::new(&columns);
    for delivery in deliveries {
        table.row([
            delivery.sequence.to_string(),
            text(&delivery.event_id),
            text(&delivery.r#type),
            text(&delivery.payment_no),
            instant(delivery.event_time.as_ref()),
            instant(delivery.deliver_time.as_ref()),
            instant(delivery.next_attempt_time.as_ref()),
            delivery.attempt_count.to_string(),
            delivery.attempts.first().map_or_else(String::new, attempt),
        ]);
    }
    page.table(table, "There are no deliveries.");
}

fn attempt(attempt: &WebhookAttempt) -> String {
    let result = word(attempt.result().as_str_name(), "WEBHOOK_ATTEMPT_RESULT_");
    match attempt.status_code {
        0 => format!("{result} {}", attempt.description),
        status => format!("{result} {status}"),
    }
}
