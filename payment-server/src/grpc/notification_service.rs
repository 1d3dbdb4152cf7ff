//! `NotificationService`: a channel's notification from an adapter, handled as if it had come to our own endpoint.

use std::sync::Arc;

use payment_core::gateway::CallbackReply;
use payment_proto::v1::{self, notification_service_server::NotificationService};
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{self, Notification},
};
use crate::{
    app::{command::Caller, error::AppError},
    callback::{NotificationHandler, NotificationReply},
    channels::Accounts,
    lifecycle::Lifecycle,
};

/// Notifications for the accounts of the caller's merchant.
pub(super) struct Notifications {
    /// The code behind the callback endpoint.
    pub(super) handler: Arc<dyn NotificationHandler>,
    /// Whose accounts are whose.
    pub(super) accounts: Arc<Accounts>,
    /// Lets the handling end even if the adapter goes away.
    pub(super) lifecycle: Lifecycle,
    /// The longest body, as at the callback endpoint.
    pub(super) body_limit: usize,
}

#[tonic::async_trait]
impl NotificationService for Notifications {
    async fn handle_notification(
        &self,
        request: Request<v1::HandleNotificationRequest>,
    ) -> Result<Response<v1::HandleNotificationResponse>, Status> {
        let (call, request) = Call::of(request)?;
        let use_case = async {
            let notification = convert::notification(request, self.body_limit)?;
            let reply = self.handle(&call.caller, notification).await?;
            Ok(convert::notification_reply(reply))
        };
        call.answer(use_case).await
    }
}

impl Notifications {
    async fn handle(&self, caller: &Caller, notification: Notification) -> Result<CallbackReply, AppError> {
        let Notification { channel, account, callback } = notification;
        let not_enabled = || AppError::ChannelNotEnabled(account.to_string());
        let own = self.accounts.of_merchant(&caller.merchant_id, &account);
        own.filter(|own| own.channel == channel).ok_or_else(not_enabled)?;
        let handler = Arc::clone(&self.handler);
        let account_id = account.clone();
        let work = async move { handler.handle(channel.as_str(), account_id.as_str(), callback).await };
        match self.lifecycle.run_to_end(work).await {
            Ok(NotificationReply::Handled(reply)) => Ok(reply),
            Ok(NotificationReply::UnknownAccount) => Err(not_enabled()),
            Err(failed) => Err(AppError::Internal(failed.to_string())),
        }
    }
}
