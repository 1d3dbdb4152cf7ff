//! How much work is due, counted no further than an operator needs to know.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Timestamptz},
};
use diesel_async::RunQueryDsl;
use time::OffsetDateTime;

use crate::{Store, backlog::COUNTED, cached::Cached, due::DuePayments, error::StoreError};

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
    /// How many rows, at most ten thousand.
    pub rows: i64,
    /// Since when the longest waiting is due. Duplicates have no due time.
    pub oldest_due_time: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<OffsetDateTime>,
}

// `$1` is now, `$2` the most rows to count.
const REFUNDS: &str = "refund WHERE next_check_time <= $1";
const DUPLICATES: &str = "SELECT count(*) AS rows, CAST(NULL AS timestamptz) AS oldest FROM ( \
    SELECT payment_no FROM allocation WHERE state = 'DUPLICATE' AND refund_reserved < amount LIMIT $2) AS due \
    WHERE $1 IS NOT NULL";

/// Counts rows that are due, `$2` at the most.
fn count_of(rows: &str) -> String {
    format!(
        "SELECT count(*) AS rows, min(next_check_time) AS oldest FROM ( \
             SELECT next_check_time FROM {rows} ORDER BY next_check_time LIMIT $2) AS due"
    )
}

impl Store {
    /// Counts what is due, of all merchants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn work_due(&self, work: WorkDue, now: OffsetDateTime) -> Result<DueWork, StoreError> {
        let statement = match work {
            WorkDue::Payments(which) => count_of(which.rows()),
            WorkDue::Duplicates => DUPLICATES.to_owned(),
            WorkDue::Refunds => count_of(REFUNDS),
        };
        let mut connection = self.connections.acquire().await?;
        let count = diesel::sql_query(statement).bind::<Timestamptz, _>(now).bind::<BigInt, _>(COUNTED);
        let row: DueRow = Cached(count).get_result(&mut connection).await?;
        Ok(DueWork { rows: row.rows, oldest_due_time: row.oldest })
    }
}
