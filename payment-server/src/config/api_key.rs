//! API keys: made from 32 random bytes, kept as SHA-256, compared in constant time.
//!
//! A plain hash suffices because a key is not chosen by a person: with 256 bits of chance there is no dictionary to
//! try, and a slow password hash would only slow down each call.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use payment_core::{
    identifiers::{ApiKeyId, MerchantId},
    ports::Randomness,
};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::Merchant;

/// What every key begins with, so that scanners find keys that were committed by mistake.
const PREFIX: &str = "payk_";

/// The longest text that is looked at as a key, in bytes; ours are 48 long.
const LONGEST: usize = 128;

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiKeyHash([u8; 32]);

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the 64 hexadecimal digits of a SHA-256")]
pub struct MalformedHash;

impl ApiKeyHash {
    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`MalformedHash`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MalformedHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| MalformedHash)?;
        Ok(Self(bytes))
    }

    /// The hash of a key as it is presented.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

impl std::fmt::Display for ApiKeyHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for ApiKeyHash {
    /// Leaves the hash out: logs go further than configurations.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiKeyHash")
    }
}

/// Who presented a key (R30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub merchant: MerchantId,
    /// The key's name, which evidence may show.
    pub api_key: ApiKeyId,
}

/// Every key of every merchant.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    keys: Vec<(ApiKeyHash, Caller)>,
}

impl ApiKeys {
    /// The keys of these merchants.
    #[must_use]
    pub fn new(merchants: &BTreeMap<MerchantId, Merchant>) -> Self {
        let keys = merchants.iter().flat_map(|(id, merchant)| {
            merchant
                .api_keys
                .iter()
                .map(|key| (key.hash, Caller { merchant: id.clone(), api_key: key.id.clone() }))
        });
        Self { keys: keys.collect() }
    }

    /// Whose key this is. Every key is compared in full, so that the time taken tells nothing about any of them.
    #[must_use]
    pub fn lookup(&self, presented: &str) -> Option<&Caller> {
        if presented.is_empty() || presented.len() > LONGEST {
            return None;
        }
        let presented = ApiKeyHash::of(presented);
        let (mut found, mut position) = (Choice::from(0), u64::MAX);
        for (index, (hash, _)) in (0_u64..).zip(&self.keys) {
            let equal = hash.0.ct_eq(&presented.0);
            position.conditional_assign(&index, equal);
            found |= equal;
        }
        if bool::from(found) {
            usize::try_from(position).ok().and_then(|index| self.keys.get(index)).map(|(_, caller)| caller)
        } else {
            None
        }
    }
}

/// A new key, to be shown once, and the hash that the configuration keeps.
#[derive(Debug)]
pub struct GeneratedApiKey {
    /// The key, for the caller.
    pub key: SecretString,
    /// Its hash, for the configuration.
    pub hash: ApiKeyHash,
}

impl GeneratedApiKey {
    /// Makes a key.
    #[must_use]
    pub fn new(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = ApiKeyHash::of(&key);
        Self { key: SecretString::from(key), hash }
    }
}
