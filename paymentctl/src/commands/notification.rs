//! `notification`: deliveries, and their replay.

use payment_proto::v1::{
    GetNotificationRequest, ListNotificationsRequest, ListNotificationsResponse, Notification,
    NotificationVerdict, ReplayNotificationRequest,
};

use super::{Session, pages};
use crate::{
    arguments::NotificationCommand,
    failure::Failure,
    table::{Table, instant, text, word},
    terminal::Page,
};

pub(super) async fn run(session: &mut Session<'_, '_>, wanted: NotificationCommand) -> Result<(), Failure> {
    let mut client = session.operators();
    let merchant_id = session.merchant();
    match wanted {
        NotificationCommand::List { payment, account, verdict, limit } => {
            let verdicts: Vec<i32> =
                verdict.into_iter().map(|word| NotificationVerdict::from(word).into()).collect();
            let page = |page_size, page_token| {
                let request = ListNotificationsRequest {
                    merchant_id: merchant_id.clone(),
                    page_size,
                    page_token,
                    payment_no: payment.clone().unwrap_or_default(),
                    channel_account: account.clone().unwrap_or_default(),
                    verdicts: verdicts.clone(),
                };
                let mut client = client.clone();
                async move {
                    let answer = client.list_notifications(request).await?.into_inner();
                    Ok((answer.notifications, answer.next_page_token))
                }
            };
            let (notifications, next_page_token) = pages(limit, page).await?;
            let found = ListNotificationsResponse { notifications, next_page_token };
            session
                .terminal
                .show("ListNotificationsResponse", &found, |page| list(page, &found.notifications))
        }
        NotificationCommand::Show { notification_id, evidence } => {
            let request = GetNotificationRequest { merchant_id, notification_id, show_evidence: evidence };
            let answer = client.get_notification(request).await?.into_inner();
            session.terminal.show("GetNotificationResponse", &answer, |page| {
                one(page, answer.notification.as_ref());
            })
        }
        NotificationCommand::Replay { notification_id, reason } => {
            let request = ReplayNotificationRequest { merchant_id, notification_id, reason };
            let answer = client.replay_notification(request).await?.into_inner();
            session.terminal.show("ReplayNotificationResponse", &answer, |page| {
                one(page, answer.notification.as_ref());
            })
        }
    }
}

fn list(page: &mut Page, notifications: &[Notification]) {
    let columns = ["notification", "received", "channel", "account", "verdict", "payment", "replay of"];
    let mut table = Table::new(&columns);
    for one in notifications {
        table.row([
            one.notification_id.clone(),
            instant(one.receive_time.as_ref()),
            one.channel.clone(),
            one.channel_account.clone(),
            verdict(one),
            text(&one.payment_no),
            text(&one.replay_of),
        ]);
    }
    page.table(table, "There are no notifications.");
}

fn verdict(notification: &Notification) -> String {
    let word = word(notification.verdict().as_str_name(), "NOTIFICATION_VERDICT_");
    match notification.rejection.as_str() {
        "" => word,
        rejection => format!("{word}:{rejection}"),
    }
}

fn one(page: &mut Page, notification: Option<&Notification>) {
    let Some(one) = notification else { return };
    let evidence = one.evidence.clone().unwrap_or_default();
    page.table(
        Table::of_fields(&[
            ("notification", one.notification_id.clone()),
            ("received", instant(one.receive_time.as_ref())),
            ("channel", format!("{} of account {}", one.channel, one.channel_account)),
            ("verdict", verdict(one)),
            ("refused because", one.rejection_description.clone()),
            ("payment", text(&one.payment_no)),
            ("channel's id", text(&one.channel_notification_id)),
            ("verified by", evidence.verified_by),
            ("replay of", text(&one.replay_of)),
            ("replayed by", text(&one.replayed_by)),
            ("bytes", evidence.size_bytes.to_string()),
            ("sha256", evidence.sha256),
            ("target", evidence.target),
        ]),
        "",
    );
    if !evidence.headers.is_empty() || !evidence.content.is_empty() {
        page.line("");
        for header in &evidence.headers {
            page.line(&format!("{}: {}", header.name, String::from_utf8_lossy(&header.value)));
        }
        page.line("");
        page.line(&String::from_utf8_lossy(&evidence.content));
    }
}
