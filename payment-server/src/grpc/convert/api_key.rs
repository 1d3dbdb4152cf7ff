//! API keys between the contract's messages and the use cases' types.

use std::collections::BTreeSet;

use payment_core::{
    identifiers::{ApiKeyId, MerchantId, OperatorName},
    scope::Scope,
};
use payment_proto::v1;
use payment_store::api_key::{ApiKey, Revocation};

use super::{
    fields::Fields,
    time::{instant, timestamp},
};
use crate::app::{
    api_keys::{ConfiguredKey, CreateApiKey, Holder, ListedApiKeys, NamedHolder},
    error::AppError,
};

/// Reads a request for a key.
pub(crate) fn create_api_key(request: v1::CreateApiKeyRequest) -> Result<CreateApiKey, AppError> {
    Fields::read(|fields| {
        let merchant_id = fields.optional("merchant_id", request.merchant_id, MerchantId::parse);
        let api_key_id = fields.take("api_key_id", ApiKeyId::parse(request.api_key_id));
        let scopes = scopes(fields, &request.scopes);
        let expire_time = request.expire_time.map(|end| fields.take("expire_time", instant(end)));
        Some(CreateApiKey {
            merchant_id: merchant_id?,
            api_key_id: api_key_id?,
            scopes: scopes?,
            expire_time: match expire_time {
                Some(end) => Some(end?),
                None => None,
            },
        })
    })
}

/// Reads whose keys are meant.
pub(crate) fn key_holder(merchant_id: String, operator_name: String) -> Result<NamedHolder, AppError> {
    Fields::read(|fields| holder(fields, merchant_id, operator_name))
}

fn holder(fields: &mut Fields, merchant_id: String, operator_name: String) -> Option<NamedHolder> {
    let merchant_id = fields.optional("merchant_id", merchant_id, MerchantId::parse);
    let operator_name = fields.optional("operator_name", operator_name, OperatorName::parse);
    match (merchant_id?, operator_name?) {
        (merchant_id, None) => Some(NamedHolder::Merchant(merchant_id)),
        (None, Some(name)) => Some(NamedHolder::Operator(name)),
        (Some(_), Some(_)) => fields.refuse("operator_name", "must be left out beside merchant_id"),
    }
}

/// Reads which key is to be revoked.
pub(crate) fn api_key_to_revoke(
    request: v1::RevokeApiKeyRequest,
) -> Result<(NamedHolder, ApiKeyId), AppError> {
    Fields::read(|fields| {
        let holder = holder(fields, request.merchant_id, request.operator_name);
        let api_key_id = fields.take("api_key_id", ApiKeyId::parse(request.api_key_id));
        Some((holder?, api_key_id?))
    })
}

fn scopes(fields: &mut Fields, scopes: &[i32]) -> Option<BTreeSet<Scope>> {
    let known = |number: i32| Scope::ALL.into_iter().find(|scope| i32::from(api_key_scope(*scope)) == number);
    fields.demand(!scopes.is_empty(), "scopes", "must be at least one scope")?;
    let read: Option<BTreeSet<_>> = scopes.iter().map(|number| known(*number)).collect();
    read.or_else(|| fields.refuse("scopes", "must be of ApiKeyScope other than API_KEY_SCOPE_UNSPECIFIED"))
}

const fn api_key_scope(scope: Scope) -> v1::ApiKeyScope {
    match scope {
        Scope::Pay => v1::ApiKeyScope::Pay,
        Scope::Refund => v1::ApiKeyScope::Refund,
        Scope::Read => v1::ApiKeyScope::Read,
        Scope::Operate => v1::ApiKeyScope::Operate,
    }
}

fn api_key_scopes(scopes: &BTreeSet<Scope>) -> Vec<i32> {
    scopes.iter().map(|scope| api_key_scope(*scope).into()).collect()
}

/// A key of the database as operators see it.
pub(crate) fn api_key(key: ApiKey) -> v1::ApiKey {
    let (revoked_by, revoke_time) = ended(key.revoked);
    v1::ApiKey {
        merchant_id: key.merchant_id.to_string(),
        operator_name: String::new(),
        api_key_id: key.api_key_id.to_string(),
        scopes: api_key_scopes(&key.scopes),
        origin: v1::ApiKeyOrigin::Database.into(),
        created_by: key.created_by,
        create_time: Some(timestamp(key.create_time)),
        expire_time: key.expire_time.map(timestamp),
        revoked_by,
        revoke_time,
        last_use_time: key.last_use_time.map(timestamp),
    }
}

/// How a key ended, if it did.
fn ended(revoked: Option<Revocation>) -> (String, Option<prost_types::Timestamp>) {
    match revoked {
        Some(revocation) => (revocation.by, Some(timestamp(revocation.time))),
        None => (String::new(), None),
    }
}

/// Somebody's keys as operators see them, those of the configuration first.
pub(crate) fn listed_api_keys(listed: ListedApiKeys) -> Vec<v1::ApiKey> {
    let holder = listed.holder;
    let configured = listed.configured.into_iter().map(|key| configured_api_key(&holder, key));
    configured.chain(listed.recorded.into_iter().map(api_key)).collect()
}

fn configured_api_key(holder: &Holder, configured: ConfiguredKey) -> v1::ApiKey {
    let (merchant_id, operator_name) = match holder {
        Holder::Merchant(id) => (id.to_string(), String::new()),
        Holder::Operator(name) => (String::new(), name.to_string()),
    };
    let (revoked_by, revoke_time) = ended(configured.revoked);
    v1::ApiKey {
        merchant_id,
        operator_name,
        api_key_id: configured.key.id.to_string(),
        scopes: api_key_scopes(&configured.key.scopes),
        origin: v1::ApiKeyOrigin::Configuration.into(),
        created_by: String::new(),
        create_time: None,
        expire_time: None,
        revoked_by,
        revoke_time,
        last_use_time: None,
    }
}
