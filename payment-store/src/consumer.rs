//! The service's own consumers of the feeds: how far each has come, and which process delivers now.
//!
//! A lease keeps two processes from delivering the same feed at once. It does not make delivery exactly once: a process
//! that stalls beyond its lease may deliver what its successor delivers too, and whoever receives knows it by its id.

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use payment_core::identifiers::MerchantId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Store, cached::Cached, error::StoreError, feed::MerchantRow, schema::event_consumer};

/// One process that delivers for one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerProcess {
    /// The consumer.
    pub consumer: &'static str,
    /// The process, one number for its life.
    pub holder: Uuid,
}

/// Whether a delivery was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advanced {
    /// It was, and the lease goes on.
    Noted,
    /// Another process delivers by now.
    LeaseLost,
}

#[derive(QueryableByName)]
struct DeliveredRow {
    #[diesel(sql_type = BigInt)]
    delivered_no: i64,
}

// `$1` being the consumer, `$2` the process, `$3` now, `$4` the most merchants.
const BEHIND: &str = "\
    SELECT feed.merchant_id FROM event_feed AS feed LEFT JOIN event_consumer AS consumer \
        ON consumer.consumer = $1 AND consumer.merchant_id = feed.merchant_id \
    WHERE feed.last_no > coalesce(consumer.delivered_no, 0) \
        AND (consumer.holder IS NULL OR consumer.holder = $2 OR consumer.lease_end <= $3) \
    ORDER BY feed.merchant_id LIMIT $4";

// `$1` being the consumer, `$2` the merchant, `$3` the process, `$4` now, `$5` the lease's end.
const CLAIM: &str = "\
    INSERT INTO event_consumer AS known (consumer, merchant_id, delivered_no, holder, lease_end) \
    VALUES ($1, $2, 0, $3, $5) \
    ON CONFLICT (consumer, merchant_id) DO UPDATE SET holder = $3, lease_end = $5 \
    WHERE known.holder IS NULL OR known.holder = $3 OR known.lease_end <= $4 \
    RETURNING delivered_no";

impl Store {
    /// This process as one that delivers for `consumer`: a new one at each call.
    #[must_use]
    pub fn consumer_process(&self, consumer: &'static str, now: OffsetDateTime) -> ConsumerProcess {
        ConsumerProcess { consumer, holder: self.uuid(now) }
    }

    /// The merchants whose feed has events that the consumer has not delivered and that no other process is delivering.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn consumer_behind(
        &self,
        process: &ConsumerProcess,
        now: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<MerchantId>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let behind = diesel::sql_query(BEHIND)
            .bind::<Text, _>(process.consumer)
            .bind::<SqlUuid, _>(process.holder)
            .bind::<Timestamptz, _>(now)
            .bind::<BigInt, _>(i64::from(limit));
        let rows: Vec<MerchantRow> = Cached(behind).load(&mut connection).await?;
        rows.into_iter().map(MerchantRow::into_merchant).collect()
    }

    /// Takes a feed for this process until `lease_end`, unless another one holds it, and says up to which number
    /// everything was delivered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn consumer_claim(
        &self,
        process: &ConsumerProcess,
        merchant_id: &MerchantId,
        now: OffsetDateTime,
        lease_end: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let claim = diesel::sql_query(CLAIM)
            .bind::<Text, _>(process.consumer)
            .bind::<Text, _>(merchant_id.as_str())
            .bind::<SqlUuid, _>(process.holder)
            .bind::<Timestamptz, _>(now)
            .bind::<Timestamptz, _>(lease_end);
        let mut rows: Vec<DeliveredRow> = Cached(claim).load(&mut connection).await?;
        Ok(rows.pop().map(|row| row.delivered_no))
    }

    /// Notes that everything up to a number was delivered, and goes on holding the feed.
    ///
    /// # Errors
    /// [`StoreError`]; it was not noted.
    pub async fn consumer_advance(
        &self,
        process: &ConsumerProcess,
        merchant_id: &MerchantId,
        delivered_no: i64,
        lease_end: OffsetDateTime,
    ) -> Result<Advanced, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let held = event_consumer::table
            .filter(event_consumer::consumer.eq(process.consumer))
            .filter(event_consumer::merchant_id.eq(merchant_id.as_str()))
            .filter(event_consumer::holder.eq(process.holder));
        let advance = diesel::update(held)
            .set((event_consumer::delivered_no.eq(delivered_no), event_consumer::lease_end.eq(lease_end)));
        let noted = Cached(advance).execute(&mut connection).await?;
        Ok(if noted == 0 { Advanced::LeaseLost } else { Advanced::Noted })
    }

    /// Leaves every feed that this process holds to the others.
    ///
    /// # Errors
    /// [`StoreError`]; its leases run out by themselves then.
    pub async fn consumer_release(&self, process: &ConsumerProcess) -> Result<(), StoreError> {
        let mut connection = self.connections.acquire().await?;
        let held = event_consumer::table
            .filter(event_consumer::consumer.eq(process.consumer))
            .filter(event_consumer::holder.eq(process.holder));
        let release = diesel::update(held).set((
            event_consumer::holder.eq(None::<Uuid>),
            event_consumer::lease_end.eq(None::<OffsetDateTime>),
        ));
        Cached(release).execute(&mut connection).await?;
        Ok(())
    }
}
