//! How much work is due, counted no further than an operator needs to know.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Timestamptz},
};
use diesel_async::RunQueryDsl;
use time::OffsetDateTime;

use crate::{Store, cached::Cached, due::DuePayments, error::StoreError};

/// Counting ends here: a backlog of ten thousand is a backlog.
const COUNTED: i64 = 10_000;

/// Whose work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkDue {
    /// Payments.
    Payments(DuePayments),
    /// Duplicates whose refund is missing.
    Duplicates,
    /// Refunds.
    Refunds,
}

/// What is due now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueWork {
    /// How many rows, at most [`DueWork::COUNTED`].
    pub rows: i64,
    /// Since when the longest waiting is due. Duplicates have no due time.
    pub oldest_due_time: Option<OffsetDateTime>,
}

impl DueWork {
    /// Where counting ends.
    pub const COUNTED: i64 = COUNTED;
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<OffsetDateTime>,
}

// `$1` is now, `$2` the most rows to count.
const TO_ASK: &str = "SELECT count(*) AS rows, min(next_check_time) AS oldest FROM ( \
    SELECT next_check_time FROM payment WHERE next_check_time <= $1 \
    AND (expire_time > $1 OR state IN ('CLOSED', 'FAILED')) \
    ORDER BY next_check_time LIMIT $2) AS due";
const TO_CLOSE: &str = "SELECT count(*) AS rows, min(next_check_time) AS oldest FROM ( \
    SELECT next_check_time FROM payment WHERE next_check_time <= $1 \
    AND expire_time <= $1 AND state NOT IN ('CLOSED', 'FAILED') \
    ORDER BY next_check_time LIMIT $2) AS due";
const REFUNDS: &str = "SELECT count(*) AS rows, min(next_check_time) AS oldest FROM ( \
    SELECT next_check_time FROM refund WHERE next_check_time <= $1 ORDER BY next_check_time LIMIT $2) AS due";
const DUPLICATES: &str = "SELECT count(*) AS rows, CAST(NULL AS timestamptz) AS oldest FROM ( \
    SELECT payment_no FROM allocation WHERE state = 'DUPLICATE' AND refund_reserved < amount LIMIT $2) AS due \
    WHERE $1 IS NOT NULL";

impl Store {
    /// Counts what is due, of all merchants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn work_due(&self, work: WorkDue, now: OffsetDateTime) -> Result<DueWork, StoreError> {
        let statement = match work {
            WorkDue::Payments(DuePayments::ToAsk) => TO_ASK,
            WorkDue::Payments(DuePayments::ToClose) => TO_CLOSE,
            WorkDue::Duplicates => DUPLICATES,
            WorkDue::Refunds => REFUNDS,
        };
        let mut connection = self.connections.acquire().await?;
        let count = diesel::sql_query(statement).bind::<Timestamptz, _>(now).bind::<BigInt, _>(COUNTED);
        let row: DueRow = Cached(count).get_result(&mut connection).await?;
        Ok(DueWork { rows: row.rows, oldest_due_time: row.oldest })
    }
}
