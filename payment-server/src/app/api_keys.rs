//! Where operators make, list and revoke the API keys of merchants, and revoke those of operators.

use std::{collections::BTreeSet, sync::Arc};

use payment_core::{
    identifiers::{ApiKeyId, MerchantId, OperatorName},
    ports::{Clock, Randomness},
    scope::Scope,
    violation::Violation,
};
use payment_store::{
    Store,
    api_key::{ApiKey, ApiKeyOutcome, BarredKey, Revocation, Revoking},
};
use secrecy::SecretString;
use time::OffsetDateTime;

use super::{
    error::AppError,
    principal::{Operator, Sight},
};
use crate::{
    config::{ApiKeyConfig, GeneratedApiKey},
    key_ring::KeyRing,
    lifecycle::Lifecycle,
};

/// A request for a key.
#[derive(Debug, Clone)]
pub struct CreateApiKey {
    /// Whose key it is to be, where the operator says.
    pub merchant_id: Option<MerchantId>,
    /// Its name.
    pub api_key_id: ApiKeyId,
    /// What it may be used for; at least one.
    pub scopes: BTreeSet<Scope>,
    /// From when on it is refused, if ever.
    pub expire_time: Option<OffsetDateTime>,
}

/// A new key.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// What is recorded.
    pub api_key: ApiKey,
    /// The key itself, for this answer only.
    pub secret: SecretString,
}

/// Whose keys a request is about, as it names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedHolder {
    /// A merchant's, which those who see no other need not name.
    Merchant(Option<MerchantId>),
    /// An operator's.
    Operator(OperatorName),
}

/// Somebody who has keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A merchant.
    Merchant(MerchantId),
    /// An operator.
    Operator(OperatorName),
}

impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Merchant(id) => write!(formatter, "merchants/{id}"),
            Self::Operator(name) => write!(formatter, "operators/{name}"),
        }
    }
}

/// A key of the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredKey {
    /// The key.
    pub key: ApiKeyConfig,
    /// Who revoked it and when, if somebody did.
    pub revoked: Option<Revocation>,
}

/// Somebody's keys.
#[derive(Debug, Clone)]
pub struct ListedApiKeys {
    /// Whose.
    pub holder: Holder,
    /// Those of the configuration.
    pub configured: Vec<ConfiguredKey>,
    /// Those of the database, the newest first.
    pub recorded: Vec<ApiKey>,
}

/// What the use cases need.
#[derive(Clone)]
pub struct KeyDesk {
    /// Where keys are recorded.
    pub store: Store,
    /// Who lets callers in by them.
    pub ring: Arc<KeyRing>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What keys are made of.
    pub randomness: Arc<dyn Randomness>,
    /// Keeps what was begun.
    pub lifecycle: Lifecycle,
}

impl KeyDesk {
    /// Makes a key.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`], [`AppError::ApiKeyIdTaken`], [`AppError::InvalidFields`], or the store's.
    pub async fn create(
        &self,
        operator: &Operator,
        command: CreateApiKey,
    ) -> Result<CreatedApiKey, AppError> {
        let merchant_id = operator.merchant(command.merchant_id)?;
        if self.configured(&merchant_id)?.iter().any(|key| key.id == command.api_key_id) {
            return Err(AppError::ApiKeyIdTaken(command.api_key_id));
        }
        let now = self.now();
        if command.expire_time.is_some_and(|end| end <= now) {
            return Err(AppError::InvalidFields(vec![Violation::new(
                "expire_time",
                "must be a time to come",
            )]));
        }
        let generated = GeneratedApiKey::new(self.randomness.as_ref());
        let api_key = ApiKey {
            merchant_id,
            api_key_id: command.api_key_id,
            sha256: generated.hash.bytes(),
            scopes: command.scopes,
            created_by: operator.actor(),
            create_time: now,
            expire_time: command.expire_time,
            revoked: None,
            last_use_time: None,
        };
        self.record(api_key.clone()).await?;
        Ok(CreatedApiKey { api_key, secret: generated.key })
    }

    async fn record(&self, api_key: ApiKey) -> Result<(), AppError> {
        let desk = self.clone();
        self.to_its_end(async move {
            match desk.store.api_key_create(&api_key).await? {
                ApiKeyOutcome::Created => desk.ring.refresh_or_tell().await,
                ApiKeyOutcome::IdTaken => return Err(AppError::ApiKeyIdTaken(api_key.api_key_id)),
            }
            tracing::info!(
                merchant_id = api_key.merchant_id.as_str(),
                api_key_id = api_key.api_key_id.as_str(),
                created_by = api_key.created_by,
                "an API key was made"
            );
            Ok(())
        })
        .await
    }

    /// Somebody's keys.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`], [`AppError::OperatorNotFound`], [`AppError::InvalidFields`], or the store's.
    pub async fn list(&self, operator: &Operator, named: NamedHolder) -> Result<ListedApiKeys, AppError> {
        let holder = holder(operator, named)?;
        let keys = self.configured_of(&holder)?;
        let barred = self.store.api_keys_barred().await?;
        let revoked = |key: &ApiKeyConfig| {
            let bar = barred.iter().find(|bar| bar.sha256 == key.hash.bytes());
            bar.map(|bar| bar.revocation.clone())
        };
        let configured = keys.into_iter().map(|key| ConfiguredKey { revoked: revoked(&key), key }).collect();
        let recorded = match &holder {
            Holder::Merchant(merchant_id) => self.store.api_key_list(merchant_id).await?,
            Holder::Operator(_) => Vec::new(),
        };
        Ok(ListedApiKeys { holder, configured, recorded })
    }

    /// Revokes a key, wherever it is kept, and gives the holder's keys of that name as they are then: one.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`], [`AppError::OperatorNotFound`], [`AppError::ApiKeyNotFound`],
    /// [`AppError::InvalidFields`], or the store's.
    pub async fn revoke(
        &self,
        operator: &Operator,
        named: NamedHolder,
        api_key_id: ApiKeyId,
    ) -> Result<ListedApiKeys, AppError> {
        let holder = holder(operator, named)?;
        let revocation = Revocation { by: operator.actor(), time: self.now() };
        let configured = self.configured_of(&holder)?.into_iter().find(|key| key.id == api_key_id);
        let (desk, ended, revoked_by) = (self.clone(), holder.clone(), revocation.by.clone());
        self.to_its_end(async move {
            let (configured, recorded) = match configured {
                Some(key) => (desk.bar(&ended, key, revocation).await?, Vec::new()),
                None => (Vec::new(), desk.revoke_recorded(&ended, &api_key_id, revocation).await?),
            };
            desk.ring.refresh_or_tell().await;
            if configured.is_empty() && recorded.is_empty() {
                return Err(AppError::ApiKeyNotFound(api_key_id));
            }
            let api_key_id = api_key_id.as_str();
            tracing::info!(holder = %ended, api_key_id, revoked_by, "an API key was revoked");
            Ok(ListedApiKeys { holder: ended, configured, recorded })
        })
        .await
    }

    /// Of two that revoke the same key, the first stands.
    async fn bar(
        &self,
        holder: &Holder,
        key: ApiKeyConfig,
        revocation: Revocation,
    ) -> Result<Vec<ConfiguredKey>, AppError> {
        let sha256 = key.hash.bytes();
        let bar = BarredKey { sha256, holder: holder.to_string(), api_key_id: key.id.clone(), revocation };
        self.store.api_key_bar(&bar).await?;
        let barred = self.store.api_keys_barred().await?;
        let first = barred.into_iter().find(|bar| bar.sha256 == sha256);
        Ok(vec![ConfiguredKey { key, revoked: first.map(|bar| bar.revocation) }])
    }

    async fn revoke_recorded(
        &self,
        holder: &Holder,
        api_key_id: &ApiKeyId,
        revocation: Revocation,
    ) -> Result<Vec<ApiKey>, AppError> {
        let Holder::Merchant(merchant_id) = holder else { return Ok(Vec::new()) };
        let (merchant_id, api_key_id) = (merchant_id.clone(), api_key_id.clone());
        let revoking = Revoking { merchant_id, api_key_id, revocation };
        Ok(self.store.api_key_revoke(&revoking).await?.into_iter().collect())
    }

    /// The keys in the configuration of a merchant that exists.
    fn configured(&self, merchant_id: &MerchantId) -> Result<Vec<ApiKeyConfig>, AppError> {
        self.ring.of_merchant(merchant_id).ok_or_else(|| AppError::MerchantNotFound(merchant_id.clone()))
    }

    fn configured_of(&self, holder: &Holder) -> Result<Vec<ApiKeyConfig>, AppError> {
        match holder {
            Holder::Merchant(merchant_id) => self.configured(merchant_id),
            Holder::Operator(name) => {
                self.ring.of_operator(name).ok_or_else(|| AppError::OperatorNotFound(name.clone()))
            }
        }
    }

    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, AppError>> + Send + 'static,
    ) -> Result<T, AppError> {
        let outcome = self.lifecycle.run_to_end(work).await;
        outcome.unwrap_or_else(|failed| Err(AppError::Internal(failed.to_string())))
    }

    /// The present instant as precisely as the database keeps it.
    fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
    }
}

/// Whose keys are meant. The keys of operators are the business of those who see every merchant, and each one's own.
fn holder(operator: &Operator, named: NamedHolder) -> Result<Holder, AppError> {
    match named {
        NamedHolder::Merchant(merchant_id) => operator.merchant(merchant_id).map(Holder::Merchant),
        NamedHolder::Operator(name) if operator.sight == Sight::All || operator.name == name => {
            Ok(Holder::Operator(name))
        }
        NamedHolder::Operator(name) => Err(AppError::OperatorNotFound(name)),
    }
}
