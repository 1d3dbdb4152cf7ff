//! Deliveries as they were kept, listed and read for operators.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use payment_core::identifiers::{ChannelAccountId, ChannelName, MerchantId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, error::StoreError, schema::notification};

const CORRUPT: StoreError = StoreError::Corrupt("notification");

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictWord {
    /// It moved a payment or a refund.
    Applied,
    /// It said what was known.
    Repeated,
    /// It fits nowhere; a case is open.
    CaseOpened,
    /// It is about something that this service takes no part in.
    Irrelevant,
    /// It was not proven.
    Rejected,
}

impl VerdictWord {
    /// Every verdict.
    pub const ALL: [Self; 5] =
        [Self::Applied, Self::Repeated, Self::CaseOpened, Self::Irrelevant, Self::Rejected];

    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "APPLIED",
            Self::Repeated => "REPEATED",
            Self::CaseOpened => "CASE_OPENED",
            Self::Irrelevant => "IRRELEVANT",
            Self::Rejected => "REJECTED",
        }
    }

    fn of_word(word: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word).ok_or(CORRUPT)
    }
}

/// Which deliveries to list, newest first.
#[derive(Debug, Clone)]
pub struct NotificationFilter {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only those that name this payment number.
    pub payment_no: Option<String>,
    /// Only those to this account.
    pub channel_account: Option<ChannelAccountId>,
    /// Only those with one of these verdicts; empty for all.
    pub verdicts: Vec<VerdictWord>,
    /// Only those received before this one, by time and id.
    pub below: Option<(OffsetDateTime, Uuid)>,
    /// At most this many.
    pub limit: i64,
}

/// A delivery as it was kept.
#[derive(Clone)]
pub struct StoredNotification {
    /// Its id.
    pub notification_id: Uuid,
    /// Whose account the URL named.
    pub merchant_id: MerchantId,
    /// The channel that the URL named.
    pub channel: ChannelName,
    /// The account that the URL named.
    pub channel_account: ChannelAccountId,
    /// When it came.
    pub receive_time: OffsetDateTime,
    /// Path and query.
    pub target: String,
    /// Names and values in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// What became of it.
    pub verdict: VerdictWord,
    /// Why it was refused, if it was.
    pub rejection: Option<String>,
    /// Which header or field.
    pub rejection_description: Option<String>,
    /// The key that verified it.
    pub verified_by: Option<String>,
    /// The channel's number of it.
    pub channel_notification_id: Option<String>,
    /// The payment number that it names.
    pub payment_no: Option<String>,
    /// The delivery that it repeats at an operator's wish.
    pub replay_of: Option<Uuid>,
    /// That operator, as `name/key`.
    pub replayed_by: Option<String>,
}

impl std::fmt::Debug for StoredNotification {
    /// Leaves out headers and body: they may name payers (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "StoredNotification({}, {:?})", self.notification_id, self.verdict)
    }
}

/// A row of `notification`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = notification, check_for_backend(diesel::pg::Pg))]
pub(super) struct NotificationRow {
    notification_id: Uuid,
    merchant_id: String,
    channel: String,
    channel_account: String,
    receive_time: OffsetDateTime,
    target: String,
    headers: Vec<u8>,
    body: Vec<u8>,
    verdict: String,
    rejection: Option<String>,
    rejection_description: Option<String>,
    verified_by: Option<String>,
    channel_notification_id: Option<String>,
    payment_no: Option<String>,
    replay_of: Option<Uuid>,
    replayed_by: Option<String>,
}

impl NotificationRow {
    pub(super) fn into_domain(self) -> Result<StoredNotification, StoreError> {
        Ok(StoredNotification {
            notification_id: self.notification_id,
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| CORRUPT)?,
            channel: ChannelName::parse(self.channel).map_err(|_| CORRUPT)?,
            channel_account: ChannelAccountId::parse(self.channel_account).map_err(|_| CORRUPT)?,
            receive_time: self.receive_time,
            target: self.target,
            headers: headers(&self.headers),
            body: self.body,
            verdict: VerdictWord::of_word(&self.verdict)?,
            rejection: self.rejection,
            rejection_description: self.rejection_description,
            verified_by: self.verified_by,
            channel_notification_id: self.channel_notification_id,
            payment_no: self.payment_no,
            replay_of: self.replay_of,
            replayed_by: self.replayed_by,
        })
    }
}

/// Reads what the inbox wrote: one `name: value` a line. HTTP lets no line feed into a header's value.
fn headers(lines: &[u8]) -> Vec<(String, Vec<u8>)> {
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let value = value.strip_prefix(b": ")?;
        Some((String::from_utf8(name.to_vec()).ok()?, value.to_vec()))
    };
    lines.split(|byte| *byte == b'\n').filter_map(header).collect()
}

impl Store {
    /// A merchant's delivery. Another merchant's does not exist for it (R30).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn notification_get(
        &self,
        merchant_id: &MerchantId,
        notification_id: Uuid,
    ) -> Result<Option<StoredNotification>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let row: Option<NotificationRow> = notification::table
            .find(notification_id)
            .filter(notification::merchant_id.eq(merchant_id.as_str()))
            .select(NotificationRow::as_select())
            .get_result(&mut connection)
            .await
            .optional()?;
        row.map(NotificationRow::into_domain).transpose()
    }

    /// The newest delivery that an operator made of another one since `begun`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn notification_last_replay(
        &self,
        merchant_id: &MerchantId,
        notification_id: Uuid,
        begun: OffsetDateTime,
    ) -> Result<Option<StoredNotification>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let row: Option<NotificationRow> = notification::table
            .filter(notification::receive_time.ge(begun))
            .filter(notification::replay_of.eq(notification_id))
            .filter(notification::merchant_id.eq(merchant_id.as_str()))
            .order((notification::receive_time.desc(), notification::notification_id.desc()))
            .select(NotificationRow::as_select())
            .first(&mut connection)
            .await
            .optional()?;
        row.map(NotificationRow::into_domain).transpose()
    }

    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn notification_list(
        &self,
        filter: &NotificationFilter,
    ) -> Result<Vec<StoredNotification>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let mut query = notification::table
            .into_boxed()
            .filter(notification::merchant_id.eq(filter.merchant_id.as_str()));
        if let Some(payment_no) = &filter.payment_no {
            query = query.filter(notification::payment_no.eq(payment_no.as_str()));
        }
        if let Some(account) = &filter.channel_account {
            query = query.filter(notification::channel_account.eq(account.as_str()));
        }
        if !filter.verdicts.is_empty() {
            let words: Vec<_> = filter.verdicts.iter().map(|verdict| verdict.as_str()).collect();
            query = query.filter(notification::verdict.eq_any(words));
        }
        if let Some((time, id)) = filter.below {
            let earlier = notification::receive_time
                .lt(time)
                .or(notification::receive_time.eq(time).and(notification::notification_id.lt(id)));
            query = query.filter(earlier);
        }
        let rows: Vec<NotificationRow> = query
            .order((notification::receive_time.desc(), notification::notification_id.desc()))
            .limit(filter.limit)
            .select(NotificationRow::as_select())
            .load(&mut connection)
            .await?;
        rows.into_iter().map(NotificationRow::into_domain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn headers_are_read_as_the_inbox_wrote_them() {
        let read = headers(b"a: 1\nb: x: y\nc: \n");
        let expected = [("a", &b"1"[..]), ("b", b"x: y"), ("c", b"")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_vec())));
    }
}
