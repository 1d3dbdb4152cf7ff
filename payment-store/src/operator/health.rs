//! How reliably each channel account told us of successes, from the evidence of the payments created in a window.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use payment_core::identifiers::{ChannelAccountId, ChannelName, MerchantId};
use time::OffsetDateTime;

use crate::{Store, cached::Cached, error::StoreError};

/// Which payments are looked at.
#[derive(Debug, Clone)]
pub struct HealthWindow {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only payments created at this time or later.
    pub from: OffsetDateTime,
    /// At most this many, the newest.
    pub limit: i64,
}

/// What the evidence says about one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHealth {
    /// The channel.
    pub channel: ChannelName,
    /// The account.
    pub channel_account: ChannelAccountId,
    /// Payments looked at.
    pub payments: i64,
    /// Those that succeeded.
    pub succeeded: i64,
    /// Successes that a callback told first.
    pub told_by_callback: i64,
    /// Successes that were found by asking before any callback.
    pub found_by_asking: i64,
    /// Successes without any callback about the payment until now.
    pub callback_missing: i64,
    /// How long after the payment the callback came, in milliseconds: median, 95th of a hundred, longest.
    pub callback_delay: Option<[i64; 3]>,
}

#[derive(QueryableByName)]
struct HealthRow {
    #[diesel(sql_type = Text)]
    channel: String,
    #[diesel(sql_type = Text)]
    channel_account: String,
    #[diesel(sql_type = BigInt)]
    payments: i64,
    #[diesel(sql_type = BigInt)]
    succeeded: i64,
    #[diesel(sql_type = BigInt)]
    told_by_callback: i64,
    #[diesel(sql_type = BigInt)]
    found_by_asking: i64,
    #[diesel(sql_type = BigInt)]
    callback_missing: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    delay_median: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    delay_95: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    delay_longest: Option<i64>,
}

// `$1` whose, `$2` the lowest number of the first day, `$3` from when, `$4` the most payments. Numbers begin with the day, so
// the index by merchant and number leads to the window. A delivery that came before the first refund is about the payment.
const HEALTH: &str = "\
    WITH recent AS MATERIALIZED ( \
        SELECT payment_no, channel, channel_account, state, succeed_time FROM payment \
        WHERE merchant_id = $1 AND payment_no >= $2 AND create_time >= $3 ORDER BY payment_no DESC LIMIT $4), \
    told AS ( \
        SELECT recent.*, success.source, \
            CAST(greatest(0, extract(epoch FROM delivery.receive_time - recent.succeed_time) * 1000) AS bigint) AS delay, \
            recent.state = 'SUCCEEDED' AND NOT EXISTS ( \
                SELECT FROM notification WHERE notification.payment_no = recent.payment_no \
                AND notification.verdict IN ('APPLIED', 'REPEATED') AND NOT EXISTS ( \
                    SELECT FROM refund WHERE refund.payment_no = recent.payment_no \
                    AND refund.create_time <= notification.receive_time)) AS missing \
        FROM recent \
        LEFT JOIN payment_transition AS success \
            ON success.payment_no = recent.payment_no AND success.to_state = 'SUCCEEDED' \
        LEFT JOIN notification AS delivery ON delivery.notification_id = success.notification_id) \
    SELECT channel, channel_account, count(*) AS payments, \
        count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded, \
        count(*) FILTER (WHERE source = 'NOTIFICATION') AS told_by_callback, \
        count(*) FILTER (WHERE source <> 'NOTIFICATION') AS found_by_asking, \
        count(*) FILTER (WHERE missing) AS callback_missing, \
        percentile_disc(0.5) WITHIN GROUP (ORDER BY delay) AS delay_median, \
        percentile_disc(0.95) WITHIN GROUP (ORDER BY delay) AS delay_95, \
        max(delay) AS delay_longest \
    FROM told GROUP BY channel, channel_account ORDER BY channel, channel_account";

impl Store {
    /// What the evidence of the window says about each account of a merchant that had a payment in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn channel_health(&self, window: &HealthWindow) -> Result<Vec<AccountHealth>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let (year, month, day) = window.from.to_offset(time::UtcOffset::UTC).to_calendar_date();
        let first_of_day = format!("P{year:04}{:02}{day:02}", u8::from(month));
        let query = diesel::sql_query(HEALTH)
            .bind::<Text, _>(window.merchant_id.as_str())
            .bind::<Text, _>(first_of_day)
            .bind::<Timestamptz, _>(window.from)
            .bind::<BigInt, _>(window.limit);
        let rows: Vec<HealthRow> = Cached(query).load(&mut connection).await?;
        rows.into_iter().map(HealthRow::into_health).collect()
    }
}

impl HealthRow {
    fn into_health(self) -> Result<AccountHealth, StoreError> {
        let corrupt = |_| StoreError::Corrupt("payment");
        let delays = [self.delay_median, self.delay_95, self.delay_longest];
        Ok(AccountHealth {
            channel: ChannelName::parse(self.channel).map_err(corrupt)?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(corrupt)?,
            payments: self.payments,
            succeeded: self.succeeded,
            told_by_callback: self.told_by_callback,
            found_by_asking: self.found_by_asking,
            callback_missing: self.callback_missing,
            callback_delay: match delays {
                [Some(median), Some(most), Some(longest)] => Some([median, most, longest]),
                [_, _, _] => None,
            },
        })
    }
}
