//! The end of raw words: what channels and apps said is blanked once it is old, and what became of it stays.

use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;
use time::OffsetDateTime;

use crate::{Store, cached::Cached, error::StoreError};

/// Where raw words are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawWords {
    /// Bodies and headers of notifications.
    Notifications,
    /// Answers and client results that moved payments.
    PaymentEvidence,
    /// Answers that moved refunds.
    RefundEvidence,
    /// Words that opened cases. They stay until the case is resolved, for somebody has to decide by them.
    CaseEvidence,
}

impl RawWords {
    /// Every place.
    pub const ALL: [Self; 4] =
        [Self::Notifications, Self::PaymentEvidence, Self::RefundEvidence, Self::CaseEvidence];

    /// Blanks what is older than `$1`, at most `$2` rows, the oldest first.
    const fn statement(self) -> &'static str {
        match self {
            Self::Notifications => {
                "WITH old AS MATERIALIZED ( \
                     SELECT notification_id FROM notification \
                     WHERE receive_time < $1 AND (body <> '' OR headers <> '') \
                     ORDER BY receive_time LIMIT $2 FOR UPDATE SKIP LOCKED) \
                 UPDATE notification SET body = '', headers = '' FROM old \
                 WHERE notification.notification_id = old.notification_id"
            }
            Self::PaymentEvidence => {
                "WITH old AS MATERIALIZED ( \
                     SELECT payment_no, revision FROM payment_transition \
                     WHERE transition_time < $1 AND evidence IS NOT NULL \
                     ORDER BY transition_time LIMIT $2 FOR UPDATE SKIP LOCKED) \
                 UPDATE payment_transition SET evidence = NULL FROM old \
                 WHERE payment_transition.payment_no = old.payment_no \
                 AND payment_transition.revision = old.revision"
            }
            Self::RefundEvidence => {
                "WITH old AS MATERIALIZED ( \
                     SELECT merchant_id, refund_no, revision FROM refund_transition \
                     WHERE transition_time < $1 AND evidence IS NOT NULL \
                     ORDER BY transition_time LIMIT $2 FOR UPDATE SKIP LOCKED) \
                 UPDATE refund_transition SET evidence = NULL FROM old \
                 WHERE refund_transition.merchant_id = old.merchant_id \
                 AND refund_transition.refund_no = old.refund_no \
                 AND refund_transition.revision = old.revision"
            }
            Self::CaseEvidence => {
                "WITH old AS MATERIALIZED ( \
                     SELECT case_id FROM payment_case \
                     WHERE open_time < $1 AND evidence IS NOT NULL AND state = 'RESOLVED' \
                     ORDER BY open_time LIMIT $2 FOR UPDATE SKIP LOCKED) \
                 UPDATE payment_case SET evidence = NULL FROM old WHERE payment_case.case_id = old.case_id"
            }
        }
    }
}

impl Store {
    /// Blanks raw words from before an instant, and tells how many rows held some; fewer than `limit` if none is left. Who
    /// said it, when, what it did and which key verified it stays.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is blanked then.
    pub async fn raw_words_blank(
        &self,
        which: RawWords,
        before: OffsetDateTime,
        limit: u16,
    ) -> Result<usize, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let statement = diesel::sql_query(which.statement())
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(i64::from(limit));
        Ok(Cached(statement).execute(&mut connection).await?)
    }
}
