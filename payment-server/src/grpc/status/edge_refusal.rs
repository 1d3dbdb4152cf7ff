//! What the edge itself refuses.

use std::time::Duration;

use crate::app::principal::Scope;

/// Refusals of the edge itself, before or around any use case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeRefusal {
    /// No API key, or one that is not known.
    CredentialsInvalid,
    /// Whether the API key was revoked cannot be known at the moment.
    KeysUnknowable,
    /// The API key is not good for this RPC.
    ScopeMissing(Scope),
    /// The merchant or operator calls too often; when it may again.
    RateExceeded(Duration),
    /// The bytes are no message of this RPC.
    MessageMalformed,
    /// The message is larger than the RPC takes.
    MessageTooLarge,
    /// The message is compressed in a way that the service does not read.
    EncodingUnsupported,
    /// There is no such RPC.
    MethodUnknown,
    /// The call took longer than the caller or the service allows.
    DeadlineExceeded,
    /// The service is stopping and ends its streams.
    Stopping,
    /// As many streams of events are open as the service holds.
    TooManyStreams,
}
