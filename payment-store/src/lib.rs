//! PostgreSQL for payments: migrations, rows, queries, and the transactions that the use cases are made of. The only crate
//! that sees Diesel.
//!
//! Reads are methods that end in a noun's fate (`payment_get`, `order_payments`); each write is one transaction of its own
//! (`payment_create`, `payment_apply`), made of `..._in_txn` functions. What a function needs locked it takes as
//! [`payment::Locked`], which only the locking query makes.

mod among;
pub mod api_key;
mod appended;
pub mod backlog;
mod cached;
mod case;
mod consumer;
mod due;
mod error;
mod feed;
mod inbox;
mod lane;
mod ledger;
mod many;
mod migrate;
pub mod operator;
mod outbox;
pub mod payment;
mod pool;
pub mod refund;
mod retention;
mod schema;
mod snapshot;
mod transaction;
mod trim;
pub mod webhook;
mod words;
mod writes;

pub use consumer::{Advanced, ConsumerProcess};
pub use due::{AccountOf, Claim, ClaimLimits, DuePayments, DueRefund, NextCheck};
pub use error::StoreError;
pub use feed::{FeedEvent, FeedQuery, FeedReach, FeedWindow, Numbered};
pub use inbox::{Delivery, NotificationRecord, Replay};
pub use lane::Lane;
pub use pool::{DatabaseTls, PoolUse, StoreOptions};
pub use retention::RawWords;
pub use snapshot::{
    AllocationSnapshot, CaseSnapshot, FailureSnapshot, HoldSnapshot, PaymentSnapshot, RefundPartSnapshot,
    RefundSnapshot, Snapshot,
};

use std::{collections::HashMap, sync::Arc};

use payment_core::{identifiers::ChannelName, ports::Randomness, schedule::Schedules};
use pool::Connections;
use time::OffsetDateTime;
use uuid::Uuid;

/// The database of one service. Cloning shares its connections.
#[derive(Clone)]
pub struct Store {
    connections: Connections,
    randomness: Arc<dyn Randomness>,
    schedules: Arc<HashMap<ChannelName, Schedules>>,
}

impl Store {
    /// Prepares the connections; the first use connects. `randomness` makes row ids.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if URL or certificates cannot be read.
    pub fn new(options: &StoreOptions, randomness: Arc<dyn Randomness>) -> Result<Self, StoreError> {
        Ok(Self { connections: Connections::new(options)?, randomness, schedules: Arc::default() })
    }

    /// The same database, with what each channel declares about when its rows are due.
    #[must_use]
    pub fn with_schedules(self, schedules: HashMap<ChannelName, Schedules>) -> Self {
        Self { schedules: Arc::new(schedules), ..self }
    }

    /// A channel that left the configuration has the usual ones.
    fn schedules_of(&self, channel: &ChannelName) -> Schedules {
        self.schedules.get(channel).copied().unwrap_or(Schedules::USUAL)
    }

    /// A time-ordered id for a row of `now`.
    fn uuid(&self, now: OffsetDateTime) -> Uuid {
        let mut random = [0_u8; 10];
        self.randomness.fill(&mut random);
        let milliseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    /// How long work waits for a connection.
    #[must_use]
    pub const fn acquire_timeout(&self) -> std::time::Duration {
        self.connections.acquire_timeout()
    }

    /// How the connections are used now. Asks nobody.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        self.connections.in_use()
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is none within the configured time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        use diesel_async::RunQueryDsl;
        let mut connection = self.connections.acquire().await?;
        let one = diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"));
        cached::Cached(one).execute(&mut connection).await?;
        Ok(())
    }
}
