//! For whom work is done: the API key whose call led to it stands in the evidence of everything that the work changes
//! (R26), however deep below the use case it is written.

use std::future::Future;

use payment_core::identifiers::ApiKeyId;

tokio::task_local! {
    static ACTING: Option<ApiKeyId>;
}

/// Does work because of a call with this key; none for work of the service's own.
pub(crate) async fn acting_for<T>(key: Option<ApiKeyId>, work: impl Future<Output = T>) -> T {
    ACTING.scope(key, work).await
}

/// The key whose call led here, if one did.
pub(super) fn acting() -> Option<ApiKeyId> {
    ACTING.try_with(Clone::clone).unwrap_or_default()
}
