//! Where operators make, list and revoke the API keys of merchants.

use std::{collections::BTreeSet, sync::Arc};

use payment_core::{
    identifiers::{ApiKeyId, MerchantId},
    ports::{Clock, Randomness},
    scope::Scope,
    violation::Violation,
};
use payment_store::{
    Store,
    api_key::{ApiKey, ApiKeyOutcome, Revocation, Revoking},
};
use secrecy::SecretString;
use time::OffsetDateTime;

use super::{error::AppError, principal::Operator};
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

/// A merchant's keys.
#[derive(Debug, Clone)]
pub struct ListedApiKeys {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Those of the configuration.
    pub configured: Vec<ApiKeyConfig>,
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

    /// A merchant's keys.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`], [`AppError::InvalidFields`], or the store's.
    pub async fn list(
        &self,
        operator: &Operator,
        merchant: Option<MerchantId>,
    ) -> Result<ListedApiKeys, AppError> {
        let merchant_id = operator.merchant(merchant)?;
        let configured = self.configured(&merchant_id)?.to_vec();
        let recorded = self.store.api_key_list(&merchant_id).await?;
        Ok(ListedApiKeys { merchant_id, configured, recorded })
    }

    /// Revokes a key, and says what is recorded then.
    ///
    /// # Errors
    /// [`AppError::MerchantNotFound`], [`AppError::ApiKeyNotFound`], [`AppError::ApiKeyConfigured`],
    /// [`AppError::InvalidFields`], or the store's.
    pub async fn revoke(
        &self,
        operator: &Operator,
        merchant: Option<MerchantId>,
        api_key_id: ApiKeyId,
    ) -> Result<ApiKey, AppError> {
        let merchant_id = operator.merchant(merchant)?;
        if self.configured(&merchant_id)?.iter().any(|key| key.id == api_key_id) {
            return Err(AppError::ApiKeyConfigured(api_key_id));
        }
        let revocation = Revocation { by: operator.actor(), time: self.now() };
        let revoking = Revoking { merchant_id, api_key_id, revocation };
        let desk = self.clone();
        self.to_its_end(async move {
            let revoked = desk.store.api_key_revoke(&revoking).await?;
            desk.ring.refresh_or_tell().await;
            tracing::info!(
                merchant_id = revoking.merchant_id.as_str(),
                api_key_id = revoking.api_key_id.as_str(),
                revoked_by = revoking.revocation.by,
                "an API key was revoked"
            );
            revoked.ok_or(AppError::ApiKeyNotFound(revoking.api_key_id))
        })
        .await
    }

    /// The keys of a merchant that exists.
    fn configured(&self, merchant_id: &MerchantId) -> Result<&[ApiKeyConfig], AppError> {
        self.ring.configured(merchant_id).ok_or_else(|| AppError::MerchantNotFound(merchant_id.clone()))
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
