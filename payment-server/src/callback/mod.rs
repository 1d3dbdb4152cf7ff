//! The endpoint for channels' notifications: raw bytes in, the channel's exact words out, and a limit on everything
//! that a stranger can send.

mod body;
mod endpoint;
mod outcome;
mod turns;

use payment_core::{
    gateway::{CallbackReply, RawCallback},
    identifiers::{ChannelAccountId, ChannelName},
};

pub use endpoint::router;

/// Handles a notification: the application behind the endpoint.
#[async_trait::async_trait]
pub trait NotificationHandler: Send + Sync {
    /// Whether the URL of `channel` and `account` is one of ours. What comes to another is not handled at all.
    fn expects(&self, channel: &ChannelName, account: &ChannelAccountId) -> bool;

    /// Verifies, records and answers what came to the URL of `channel` and `account`, both as they stand in it.
    ///
    /// Runs in a task of its own, so it ends even if the channel hangs up.
    async fn handle(&self, channel: &str, account: &str, callback: RawCallback) -> NotificationReply;
}

/// What a handler answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationReply {
    /// The channel's words, to be sent as they are.
    Handled(CallbackReply),
    /// The URL names no account of ours; nothing was stored.
    UnknownAccount,
}
