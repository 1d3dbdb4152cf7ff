//! What is put on record before a refund is sent.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use payment_core::identifiers::{MerchantId, RefundNo};
use url::Url;

use crate::{Store, cached::Cached, error::StoreError};

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = Text)]
    notify_url: String,
}

impl Store {
    /// Keeps where the channel is told to notify us about a refund, and gives what was kept first: whatever the
    /// configuration says by then, the refund is repeated byte for byte (R17).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_keep_notify_url(
        &self,
        merchant_id: &MerchantId,
        refund_no: &RefundNo,
        notify_url: &Url,
    ) -> Result<Url, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let keep = diesel::sql_query(
            "UPDATE refund SET notify_url = coalesce(notify_url, $3) WHERE merchant_id = $1 AND refund_no = $2 \
             RETURNING notify_url",
        )
        .bind::<Text, _>(merchant_id.as_str())
        .bind::<Text, _>(refund_no.as_str())
        .bind::<Text, _>(notify_url.as_str());
        let kept: Kept = Cached(keep).get_result(&mut connection).await?;
        kept.notify_url.parse().map_err(|_| StoreError::Corrupt("refund"))
    }
}
