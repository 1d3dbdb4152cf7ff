//! API keys beside those of the configuration: made and revoked by operators, known to every replica by a revision that
//! each change counts up.

use std::collections::BTreeSet;

use diesel::{
    prelude::*,
    sql_types::{Array, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{
    identifiers::{ApiKeyId, MerchantId},
    scope::Scope,
};
use time::OffsetDateTime;

use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    schema::{api_key, api_key_bar, api_key_revision},
    transaction::{self, Abort},
    words::Word as _,
};

/// The most keys of one merchant that a list shows, the newest first.
const MOST_LISTED: i64 = 1000;

/// A key as it is recorded. The key itself is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose key.
    pub merchant_id: MerchantId,
    /// Its name.
    pub api_key_id: ApiKeyId,
    /// The SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may be used for; never empty.
    pub scopes: BTreeSet<Scope>,
    /// The operator who made it.
    pub created_by: String,
    /// When.
    pub create_time: OffsetDateTime,
    /// From when on it is refused, if ever.
    pub expire_time: Option<OffsetDateTime>,
    /// Who revoked it and when, if somebody did.
    pub revoked: Option<Revocation>,
    /// When a call came with it last, to the minute.
    pub last_use_time: Option<OffsetDateTime>,
}

/// The end of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The operator who revoked it.
    pub by: String,
    /// When.
    pub time: OffsetDateTime,
}

/// What became of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyOutcome {
    /// It is recorded.
    Created,
    /// The merchant has, or had, a key of this name; nothing was recorded.
    IdTaken,
}

/// A key to be revoked.
#[derive(Debug, Clone)]
pub struct Revoking {
    /// Whose key.
    pub merchant_id: MerchantId,
    /// Its name.
    pub api_key_id: ApiKeyId,
    /// How it ends; of two, the first stands.
    pub revocation: Revocation,
}

/// A key of the configuration that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarredKey {
    /// The SHA-256 of the key.
    pub sha256: [u8; 32],
    /// Whose key: `merchants/` or `operators/`, and the name.
    pub holder: String,
    /// Its name.
    pub api_key_id: ApiKeyId,
    /// How it ended; of two, the first stands.
    pub revocation: Revocation,
}

/// A row of `api_key_bar`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key_bar, check_for_backend(diesel::pg::Pg))]
struct BarredRow {
    sha256: Vec<u8>,
    holder: String,
    api_key_id: String,
    revoked_by: String,
    revoke_time: OffsetDateTime,
}

impl BarredRow {
    fn into_key(self) -> Result<BarredKey, StoreError> {
        let corrupt = || StoreError::Corrupt("api_key_bar");
        Ok(BarredKey {
            sha256: self.sha256.try_into().map_err(|_| corrupt())?,
            holder: self.holder,
            api_key_id: ApiKeyId::parse(self.api_key_id).map_err(|_| corrupt())?,
            revocation: Revocation { by: self.revoked_by, time: self.revoke_time },
        })
    }
}

/// A use of a key.
#[derive(Debug, Clone)]
pub struct ApiKeyUse {
    /// Whose key.
    pub merchant_id: MerchantId,
    /// Its name.
    pub api_key_id: ApiKeyId,
    /// When it was used.
    pub time: OffsetDateTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key, check_for_backend(diesel::pg::Pg))]
struct ApiKeyRow {
    merchant_id: String,
    api_key_id: String,
    sha256: Vec<u8>,
    scopes: Vec<String>,
    created_by: String,
    create_time: OffsetDateTime,
    expire_time: Option<OffsetDateTime>,
    revoked_by: Option<String>,
    revoke_time: Option<OffsetDateTime>,
    last_use_time: Option<OffsetDateTime>,
}

impl ApiKeyRow {
    fn into_key(self) -> Result<ApiKey, StoreError> {
        let corrupt = || StoreError::Corrupt("api_key");
        let revoked = self.revoked_by.zip(self.revoke_time).map(|(by, time)| Revocation { by, time });
        Ok(ApiKey {
            merchant_id: MerchantId::parse(self.merchant_id).map_err(|_| corrupt())?,
            api_key_id: ApiKeyId::parse(self.api_key_id).map_err(|_| corrupt())?,
            sha256: self.sha256.try_into().map_err(|_| corrupt())?,
            scopes: self.scopes.iter().map(|word| Scope::of_word(word)).collect::<Result<_, _>>()?,
            created_by: self.created_by,
            create_time: self.create_time,
            expire_time: self.expire_time,
            revoked,
            last_use_time: self.last_use_time,
        })
    }
}

/// The row says at most each minute that a key was used, whichever replicas it was used at.
const NOTE_USES: &str = "\
    UPDATE api_key SET last_use_time = used.time \
    FROM unnest($1, $2, $3) AS used (merchant_id, api_key_id, time) \
    WHERE api_key.merchant_id = used.merchant_id AND api_key.api_key_id = used.api_key_id \
    AND (last_use_time IS NULL OR last_use_time <= used.time - interval '1 minute')";

impl Store {
    /// Records a new key.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn api_key_create(&self, new: &ApiKey) -> Result<ApiKeyOutcome, StoreError> {
        transaction::run(&self.connections, new, create_in_txn).await
    }

    /// Revokes a key and gives it back as it is recorded then; none if the merchant has no such key here.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn api_key_revoke(&self, revoking: &Revoking) -> Result<Option<ApiKey>, StoreError> {
        transaction::run(&self.connections, revoking, revoke_in_txn).await
    }

    /// A merchant's keys, the newest first, revoked and expired ones too; at most 1000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_list(&self, merchant_id: &MerchantId) -> Result<Vec<ApiKey>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let rows: Vec<ApiKeyRow> = api_key::table
            .filter(api_key::merchant_id.eq(merchant_id.as_str()))
            .order((api_key::create_time.desc(), api_key::api_key_id))
            .limit(MOST_LISTED)
            .select(ApiKeyRow::as_select())
            .load(&mut connection)
            .await?;
        rows.into_iter().map(ApiKeyRow::into_key).collect()
    }

    /// How often keys were made or revoked: the number that tells replicas whether to load them again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key_revision(&self) -> Result<i64, StoreError> {
        let mut connection = self.connections.acquire().await?;
        Ok(api_key_revision::table.select(api_key_revision::revision).first(&mut connection).await?)
    }

    /// Every merchant's keys that are neither revoked nor expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_keys_live(&self, now: OffsetDateTime) -> Result<Vec<ApiKey>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let rows: Vec<ApiKeyRow> = api_key::table
            .filter(api_key::revoke_time.is_null())
            .filter(api_key::expire_time.is_null().or(api_key::expire_time.gt(now)))
            .select(ApiKeyRow::as_select())
            .load(&mut connection)
            .await?;
        rows.into_iter().map(ApiKeyRow::into_key).collect()
    }

    /// Bars a key of the configuration.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub async fn api_key_bar(&self, key: &BarredKey) -> Result<(), StoreError> {
        transaction::run(&self.connections, key, bar_in_txn).await
    }

    /// The keys of the configuration that are barred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_keys_barred(&self) -> Result<Vec<BarredKey>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let rows: Vec<BarredRow> =
            api_key_bar::table.select(BarredRow::as_select()).load(&mut connection).await?;
        rows.into_iter().map(BarredRow::into_key).collect()
    }

    /// Notes when keys were used, each at most once a minute.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_keys_used(&self, uses: &[ApiKeyUse]) -> Result<(), StoreError> {
        let merchants: Vec<_> = uses.iter().map(|one| one.merchant_id.as_str()).collect();
        let ids: Vec<_> = uses.iter().map(|one| one.api_key_id.as_str()).collect();
        let times: Vec<_> = uses.iter().map(|one| one.time).collect();
        let mut connection = self.connections.acquire().await?;
        let statement = diesel::sql_query(NOTE_USES)
            .bind::<Array<Text>, _>(merchants)
            .bind::<Array<Text>, _>(ids)
            .bind::<Array<Timestamptz>, _>(times);
        Cached(statement).execute(&mut connection).await?;
        Ok(())
    }
}

fn create_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    new: &'c ApiKey,
) -> BoxFuture<'c, Result<ApiKeyOutcome, Abort>> {
    async move {
        count_in_txn(connection).await?;
        let scopes: Vec<_> = new.scopes.iter().map(|scope| scope.word()).collect();
        let inserted = diesel::insert_into(api_key::table)
            .values((
                api_key::merchant_id.eq(new.merchant_id.as_str()),
                api_key::api_key_id.eq(new.api_key_id.as_str()),
                api_key::sha256.eq(new.sha256.as_slice()),
                api_key::scopes.eq(scopes),
                api_key::created_by.eq(new.created_by.as_str()),
                api_key::create_time.eq(new.create_time),
                api_key::expire_time.eq(new.expire_time),
            ))
            .on_conflict((api_key::merchant_id, api_key::api_key_id))
            .do_nothing()
            .execute(connection)
            .await?;
        Ok(if inserted == 0 { ApiKeyOutcome::IdTaken } else { ApiKeyOutcome::Created })
    }
    .boxed()
}

fn revoke_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    revoking: &'c Revoking,
) -> BoxFuture<'c, Result<Option<ApiKey>, Abort>> {
    async move {
        count_in_txn(connection).await?;
        let of_key = api_key::merchant_id
            .eq(revoking.merchant_id.as_str())
            .and(api_key::api_key_id.eq(revoking.api_key_id.as_str()));
        let live = api_key::table.filter(of_key).filter(api_key::revoke_time.is_null());
        let revoke = diesel::update(live).set((
            api_key::revoked_by.eq(revoking.revocation.by.as_str()),
            api_key::revoke_time.eq(revoking.revocation.time),
        ));
        Cached(revoke).execute(connection).await?;
        let row: Option<ApiKeyRow> = api_key::table
            .filter(of_key)
            .select(ApiKeyRow::as_select())
            .first(connection)
            .await
            .optional()?;
        Ok(row.map(ApiKeyRow::into_key).transpose()?)
    }
    .boxed()
}

fn bar_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    key: &'c BarredKey,
) -> BoxFuture<'c, Result<(), Abort>> {
    async move {
        count_in_txn(connection).await?;
        diesel::insert_into(api_key_bar::table)
            .values((
                api_key_bar::sha256.eq(key.sha256.as_slice()),
                api_key_bar::holder.eq(key.holder.as_str()),
                api_key_bar::api_key_id.eq(key.api_key_id.as_str()),
                api_key_bar::revoked_by.eq(key.revocation.by.as_str()),
                api_key_bar::revoke_time.eq(key.revocation.time),
            ))
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        Ok(())
    }
    .boxed()
}

/// Counts the change. The row's lock lets changes commit one after the other, so that whoever read a revision has read
/// every change up to it.
async fn count_in_txn(connection: &mut AsyncPgConnection) -> Result<(), Abort> {
    let count = diesel::update(api_key_revision::table)
        .set(api_key_revision::revision.eq(api_key_revision::revision + 1));
    Cached(count).execute(connection).await?;
    Ok(())
}
