//! Deliveries of notifications: listed, read, handled again.

use std::sync::Arc;

use payment_core::{
    gateway::RawCallback,
    identifiers::{ChannelAccountId, MerchantId},
    operator::Act,
};
use payment_store::{
    Replay,
    operator::{NotificationFilter, OperatorAct, StoredNotification, VerdictWord},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{App, error::AppError, principal::Operator};

/// Which deliveries to list, newest first.
#[derive(Debug, Clone)]
pub struct ListNotifications {
    /// Whose.
    pub merchant_id: MerchantId,
    /// 1 to 200.
    pub page_size: u16,
    /// The last delivery of the page before.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// Only those that name this payment number.
    pub payment_no: Option<String>,
    /// Only those to this account.
    pub channel_account: Option<ChannelAccountId>,
    /// Only those with one of these verdicts; empty for all.
    pub verdicts: Vec<VerdictWord>,
}

/// One page of deliveries.
#[derive(Debug, Clone)]
pub struct NotificationPage {
    /// The deliveries, newest first.
    pub notifications: Vec<StoredNotification>,
    /// The last of them, if there are more.
    pub next: Option<(OffsetDateTime, Uuid)>,
}

impl App {
    /// One page of deliveries, newest first.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn list_notifications(&self, list: ListNotifications) -> Result<NotificationPage, AppError> {
        let size = usize::from(list.page_size);
        let filter = NotificationFilter {
            merchant_id: list.merchant_id,
            payment_no: list.payment_no,
            channel_account: list.channel_account,
            verdicts: list.verdicts,
            below: list.after,
            // One more than asked for tells whether there are more.
            limit: i64::from(list.page_size) + 1,
        };
        let mut notifications = self.store.notification_list(&filter).await?;
        let more = notifications.len() > size;
        notifications.truncate(size);
        let next =
            notifications.last().filter(|_| more).map(|last| (last.receive_time, last.notification_id));
        Ok(NotificationPage { notifications, next })
    }

    /// A delivery as it was kept.
    ///
    /// # Errors
    /// [`AppError::NotificationNotFound`], [`AppError::StoreUnavailable`].
    pub async fn get_notification(
        &self,
        merchant: &MerchantId,
        notification_id: Uuid,
    ) -> Result<StoredNotification, AppError> {
        let found = self.store.notification_get(merchant, notification_id).await?;
        found.ok_or(AppError::NotificationNotFound(notification_id))
    }

    /// Records that an operator is about to be shown raw words of a delivery.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`]; then they must not be shown.
    pub async fn note_notification_shown(
        self: &Arc<Self>,
        operator: &Operator,
        shown: &StoredNotification,
    ) -> Result<(), AppError> {
        let description = format!("was shown the words of delivery {}", shown.notification_id);
        let act = OperatorAct {
            merchant_id: Some(shown.merchant_id.clone()),
            description,
            payment_no: shown.payment_no.clone(),
            notification_id: Some(shown.notification_id),
            ..self.act(operator, Act::EvidenceRead)
        };
        self.record_act(act).await
    }

    /// Handles a kept delivery again, by the code of a fresh one; gives the delivery that this made.
    ///
    /// # Errors
    /// [`AppError::NotificationNotFound`], [`AppError::ChannelNotEnabled`] if its account is not configured any more,
    /// [`AppError::StoreUnavailable`].
    pub async fn replay_notification(
        self: &Arc<Self>,
        operator: &Operator,
        merchant: &MerchantId,
        notification_id: Uuid,
        reason: String,
    ) -> Result<StoredNotification, AppError> {
        let kept = self.get_notification(merchant, notification_id).await?;
        let account = self.accounts.of_merchant(merchant, &kept.channel_account);
        let account = account.filter(|account| account.channel == kept.channel);
        let account = account.ok_or_else(|| AppError::ChannelNotEnabled(kept.channel_account.to_string()))?;
        let act = OperatorAct {
            merchant_id: Some(merchant.clone()),
            reason,
            description: format!("had delivery {notification_id} handled again"),
            payment_no: kept.payment_no.clone(),
            notification_id: Some(notification_id),
            ..self.act(operator, Act::NotificationReplayed)
        };
        let replay = Replay { of: notification_id, by: operator.actor() };
        let callback = RawCallback {
            // Channels notify by POST; the inbox keeps what differs from one delivery to the next.
            method: "POST".to_owned(),
            target: kept.target.clone(),
            headers: kept.headers.clone(),
            body: kept.body.clone(),
        };
        // A replay of a replay is verified as of the time when the channel sent it.
        let received = self.first_receive_time(&kept).await?;
        let (app, begun) = (Arc::clone(self), self.now());
        let handled = async move {
            app.store.operator_act_record(&act).await?;
            app.receive(&account, callback, received, Some(replay)).await
        };
        self.detached(handled).await?;
        let made = self.store.notification_last_replay(merchant, notification_id, begun).await?;
        made.ok_or_else(|| AppError::Internal(format!("the replay of {notification_id} was not kept")))
    }

    async fn first_receive_time(&self, kept: &StoredNotification) -> Result<OffsetDateTime, AppError> {
        let mut first = kept.clone();
        while let Some(earlier) = first.replay_of {
            first = self.get_notification(&kept.merchant_id, earlier).await?;
        }
        Ok(first.receive_time)
    }

    /// An act of this operator, to be filled in.
    pub(super) fn act(&self, operator: &Operator, act: Act) -> OperatorAct {
        OperatorAct {
            merchant_id: None,
            actor: operator.actor(),
            act,
            reason: String::new(),
            description: String::new(),
            payment_no: None,
            refund_no: None,
            case_id: None,
            notification_id: None,
            now: self.now(),
        }
    }

    /// Records an act that writes nothing else.
    pub(super) async fn record_act(self: &Arc<Self>, act: OperatorAct) -> Result<(), AppError> {
        let app = Arc::clone(self);
        self.detached(async move { Ok(app.store.operator_act_record(&act).await?) }).await
    }
}
