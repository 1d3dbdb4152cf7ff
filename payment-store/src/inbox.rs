//! The notification inbox: each delivery as it came, with what became of it.

use std::slice;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    case::CaseOpening,
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{CallbackRejected, RawCallback},
    identifiers::{ChannelAccountId, ChannelName, ChannelNotificationId, KeySerial, MerchantId},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store,
    cached::Cached,
    case::{CaseOrigin, cases_open},
    error::StoreError,
    many::ManyRows,
    outbox::{EventOf, Place, outbox_append},
    schema::notification,
    transaction::{self, Abort},
    writes::{Write, Writes},
};

/// A delivery: where it came to and its bytes.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Whose account the URL named.
    pub merchant_id: MerchantId,
    /// The channel that the URL named.
    pub channel: ChannelName,
    /// The account that the URL named.
    pub channel_account: ChannelAccountId,
    /// The request, untouched.
    pub callback: RawCallback,
    /// When it came.
    pub receive_time: OffsetDateTime,
    /// Whose wish it was, if it is a kept delivery that is handled again.
    pub replay: Option<Replay>,
}

/// A kept delivery that an operator has handled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The delivery.
    pub of: Uuid,
    /// Who, as `name/key`.
    pub by: String,
}

/// A delivery whose signature was verified.
#[derive(Debug, Clone)]
pub struct NotificationRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// The key that verified it. A CHECK refuses a verified delivery without one.
    pub verified_by: Option<KeySerial>,
    /// The channel's number of it.
    pub channel_notification_id: ChannelNotificationId,
    /// The payment number that it names, if it names one.
    pub payment_no: Option<String>,
}

/// What became of a verified delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It moved a payment.
    Applied,
    /// It said what was known, or nothing that decides.
    Repeated,
    /// It fits nowhere.
    CaseOpened,
    /// It is about something that this service takes no part in.
    Irrelevant,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Applied => "APPLIED",
            Self::Repeated => "REPEATED",
            Self::CaseOpened => "CASE_OPENED",
            Self::Irrelevant => "IRRELEVANT",
        }
    }
}

struct UnknownPayment<'a> {
    store: &'a Store,
    record: &'a NotificationRecord,
    case: &'a CaseOpening,
}

impl Store {
    /// Keeps a delivery that failed verification. It leaves no trace but this row (R2).
    ///
    /// # Errors
    /// [`StoreError`]; it was not kept.
    pub async fn notification_reject(
        &self,
        delivery: &Delivery,
        rejected: &CallbackRejected,
    ) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let id = self.uuid(delivery.receive_time);
        diesel::insert_into(notification::table)
            .values((
                DeliveryRow::of(id, delivery),
                notification::verdict.eq("REJECTED"),
                notification::rejection.eq(rejected.kind.as_str()),
                notification::rejection_description.eq(rejected.description.as_str()),
            ))
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// Keeps a verified delivery that this service takes no part in.
    ///
    /// # Errors
    /// [`StoreError`]; it was not kept.
    pub async fn notification_keep_irrelevant(&self, record: &NotificationRecord) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let id = self.uuid(record.delivery.receive_time);
        Cached(notification_insert(id, record, Verdict::Irrelevant)).execute(&mut connection).await?;
        Ok(())
    }

    /// Keeps a verified delivery about a payment that is not in our records, and opens its case (F4).
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept.
    pub async fn notification_open_case(
        &self,
        record: &NotificationRecord,
        case: &CaseOpening,
    ) -> Result<(), StoreError> {
        let unknown = UnknownPayment { store: self, record, case };
        transaction::run(&self.connections, &unknown, open_case_in_txn).await
    }
}

fn open_case_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    unknown: &'c UnknownPayment<'_>,
) -> BoxFuture<'c, Result<(), Abort>> {
    async move {
        let delivery = &unknown.record.delivery;
        let now = delivery.receive_time;
        let id = unknown.store.uuid(now);
        let mut writes = Writes::default();
        writes.add(notification_insert(id, unknown.record, Verdict::CaseOpened));
        let words = ChannelEvidence {
            bytes: delivery.callback.body.clone(),
            verified_by: unknown.record.verified_by.clone(),
        };
        let origin = CaseOrigin {
            merchant_id: &delivery.merchant_id,
            channel: &delivery.channel,
            channel_account: &delivery.channel_account,
            evidence: &Evidence::of_channel(Source::Notification, words),
            notification: Some(id),
            now,
        };
        let about = EventOf {
            merchant_id: &delivery.merchant_id,
            payment_no: &unknown.case.payment_no,
            refund_no: None,
            revision: 0,
            place: Place::Beside,
            now,
        };
        let case = slice::from_ref(unknown.case);
        let opened = cases_open(connection, unknown.store, &mut writes, case, &origin).await?;
        outbox_append(&mut writes, unknown.store, &about, opened)?;
        Ok(writes.run(connection).await?)
    }
    .boxed()
}

/// Keeps a verified delivery.
pub(crate) fn notification_insert(
    id: Uuid,
    record: &NotificationRecord,
    verdict: Verdict,
) -> impl Write + '_ {
    diesel::insert_into(notification::table).values(VerifiedRow::of(id, record, verdict))
}

/// Keeps several.
pub(crate) fn notifications_insert<'a>(rows: &'a [VerifiedRow<'a>]) -> impl Write + 'a {
    ManyRows::of(rows, notification::table)
        .column(notification::notification_id, |row| row.delivery.notification_id)
        .column(notification::merchant_id, |row| row.delivery.merchant_id)
        .column(notification::channel, |row| row.delivery.channel)
        .column(notification::channel_account, |row| row.delivery.channel_account)
        .column(notification::receive_time, |row| row.delivery.receive_time)
        .column(notification::target, |row| row.delivery.target)
        .column(notification::headers, |row| row.delivery.headers.as_slice())
        .column(notification::body, |row| row.delivery.body)
        .column(notification::replay_of, |row| row.delivery.replay_of)
        .column(notification::replayed_by, |row| row.delivery.replayed_by)
        .column(notification::verdict, |row| row.verdict)
        .column(notification::verified_by, |row| row.verified_by)
        .column(notification::channel_notification_id, |row| row.channel_notification_id)
        .column(notification::payment_no, |row| row.payment_no)
        .insert()
}

/// What a row of a delivery says, whatever became of it.
#[derive(Insertable)]
#[diesel(table_name = notification, treat_none_as_default_value = false)]
pub(crate) struct DeliveryRow<'a> {
    notification_id: Uuid,
    merchant_id: &'a str,
    channel: &'a str,
    channel_account: &'a str,
    receive_time: OffsetDateTime,
    target: &'a str,
    headers: Vec<u8>,
    body: &'a [u8],
    replay_of: Option<Uuid>,
    replayed_by: Option<&'a str>,
}

impl<'a> DeliveryRow<'a> {
    fn of(notification_id: Uuid, delivery: &'a Delivery) -> Self {
        Self {
            notification_id,
            merchant_id: delivery.merchant_id.as_str(),
            channel: delivery.channel.as_str(),
            channel_account: delivery.channel_account.as_str(),
            receive_time: delivery.receive_time,
            target: delivery.callback.target.as_str(),
            headers: header_lines(&delivery.callback.headers),
            body: delivery.callback.body.as_slice(),
            replay_of: delivery.replay.as_ref().map(|replay| replay.of),
            replayed_by: delivery.replay.as_ref().map(|replay| replay.by.as_str()),
        }
    }
}

/// The row of a verified delivery.
#[derive(Insertable)]
#[diesel(table_name = notification, treat_none_as_default_value = false)]
pub(crate) struct VerifiedRow<'a> {
    #[diesel(embed)]
    delivery: DeliveryRow<'a>,
    verdict: &'static str,
    verified_by: Option<&'a str>,
    channel_notification_id: &'a str,
    payment_no: Option<&'a str>,
}

impl<'a> VerifiedRow<'a> {
    pub(crate) fn of(id: Uuid, record: &'a NotificationRecord, verdict: Verdict) -> Self {
        Self {
            delivery: DeliveryRow::of(id, &record.delivery),
            verdict: verdict.word(),
            verified_by: record.verified_by.as_ref().map(|key| key.as_str()),
            channel_notification_id: record.channel_notification_id.as_str(),
            payment_no: record.payment_no.as_deref(),
        }
    }
}

fn header_lines(headers: &[(String, Vec<u8>)]) -> Vec<u8> {
    let line = |(name, value): &(String, Vec<u8>)| [name.as_bytes(), b": ", value, b"\n"].concat();
    headers.iter().flat_map(line).collect()
}
