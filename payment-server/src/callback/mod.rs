//! The endpoint for channels' notifications: raw bytes in, the channel's exact words out, and a limit on everything
//! that a stranger can send.

mod body;
mod endpoint;
mod outcome;

use payment_core::gateway::{CallbackReply, RawCallback};

pub use endpoint::router;

/// Handles a notification: the application behind the endpoint.
#[async_trait::async_trait]
pub trait NotificationHandler: Send + Sync {
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
