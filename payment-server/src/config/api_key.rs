//! API keys: made from 32 random bytes, kept as SHA-256, compared in constant time.
//!
//! A plain hash suffices because a key is not chosen by a person: with 256 bits of chance there is no dictionary to
//! try, and a slow password hash would only slow down each call.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use payment_core::{
    identifiers::{MerchantId, OperatorName},
    ports::Randomness,
};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{ApiKeyConfig, OperatorConfig};
use crate::app::{
    command::Caller,
    principal::{KeyHolder, Operator},
};

/// What every key begins with, so that scanners find keys that were committed by mistake.
const PREFIX: &str = "payk_";

/// The longest text that is looked at as a key, in bytes; ours are 48 long.
const LONGEST: usize = 128;

/// The SHA-256 of a key.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub struct ApiKeyHash([u8; 32]);

impl PartialEq for ApiKeyHash {
    /// In constant time, wherever two hashes meet.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for ApiKeyHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

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

    /// The hash of a text that may be a key by its length.
    #[must_use]
    pub fn of_presented(text: &str) -> Option<Self> {
        (1..=LONGEST).contains(&text.len()).then(|| Self::of(text))
    }

    /// The hash as the database keeps it.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// A hash that the database kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
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

/// Every key of every merchant and operator.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    keys: Vec<(ApiKeyHash, KeyHolder)>,
}

impl ApiKeys {
    /// The keys of these merchants and operators.
    #[must_use]
    pub fn new(
        merchants: &BTreeMap<MerchantId, Vec<ApiKeyConfig>>,
        operators: &BTreeMap<OperatorName, OperatorConfig>,
    ) -> Self {
        let of_merchants = merchants.iter().flat_map(|(id, keys)| {
            keys.iter().map(|key| {
                let caller = Caller { merchant_id: id.clone(), api_key_id: key.id.clone() };
                (key.hash, KeyHolder::Merchant { caller, scopes: key.scopes.clone() })
            })
        });
        let of_operators = operators.iter().flat_map(|(name, operator)| {
            operator.api_keys.iter().map(|key| {
                let (name, api_key_id) = (name.clone(), key.id.clone());
                let operator = Operator { name, api_key_id, sight: operator.sight.clone() };
                (key.hash, KeyHolder::Operator(operator))
            })
        });
        Self { keys: of_merchants.chain(of_operators).collect() }
    }

    /// Whose key this is (R30). Every key is compared in full, so that the time taken tells nothing about any of them.
    #[must_use]
    pub fn lookup(&self, presented: &ApiKeyHash) -> Option<&KeyHolder> {
        let (mut found, mut position) = (Choice::from(0), u64::MAX);
        for (index, (hash, _)) in (0_u64..).zip(&self.keys) {
            let equal = hash.0.ct_eq(&presented.0);
            position.conditional_assign(&index, equal);
            found |= equal;
        }
        if bool::from(found) {
            usize::try_from(position).ok().and_then(|index| self.keys.get(index)).map(|(_, holder)| holder)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use payment_core::identifiers::ApiKeyId;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::{
        app::principal::{Scope, Sight},
        ports::SystemRandomness,
    };

    fn merchants(keys: &[(&str, &str, ApiKeyHash)]) -> BTreeMap<MerchantId, Vec<ApiKeyConfig>> {
        let mut merchants: BTreeMap<MerchantId, Vec<ApiKeyConfig>> = BTreeMap::new();
        for (merchant, id, hash) in keys {
            let keys = merchants.entry(MerchantId::parse(*merchant).unwrap()).or_default();
            let (id, scopes) = (ApiKeyId::parse(*id).unwrap(), BTreeSet::from([Scope::Read]));
            keys.push(ApiKeyConfig { id, hash: *hash, scopes });
        }
        merchants
    }

    fn keys(merchants: &[(&str, &str, ApiKeyHash)]) -> ApiKeys {
        ApiKeys::new(&self::merchants(merchants), &BTreeMap::new())
    }

    fn found<'a>(keys: &'a ApiKeys, presented: &str) -> Option<&'a KeyHolder> {
        keys.lookup(&ApiKeyHash::of_presented(presented)?)
    }

    fn name(holder: Option<&KeyHolder>) -> Option<String> {
        holder.map(|holder| match holder {
            KeyHolder::Merchant { caller, .. } => format!("{}/{}", caller.merchant_id, caller.api_key_id),
            KeyHolder::Operator(operator) => operator.actor(),
        })
    }

    #[test]
    fn r30_each_key_finds_its_merchant_and_no_other_text_finds_any() {
        let [one, two, three, unknown] = [(); 4].map(|()| GeneratedApiKey::new(&SystemRandomness));
        let keys =
            keys(&[("acme", "old", one.hash), ("acme", "new", two.hash), ("bravo", "till", three.hash)]);
        assert_eq!(name(found(&keys, one.key.expose_secret())).as_deref(), Some("acme/old"));
        assert_eq!(name(found(&keys, two.key.expose_secret())).as_deref(), Some("acme/new"));
        assert_eq!(name(found(&keys, three.key.expose_secret())).as_deref(), Some("bravo/till"));
        let long = format!("{}{}", one.key.expose_secret(), "x".repeat(LONGEST));
        for wrong in [unknown.key.expose_secret(), "", PREFIX, &one.hash.to_string(), &long] {
            assert_eq!(name(found(&keys, wrong)), None, "{wrong}");
        }
        assert_eq!(name(found(&self::keys(&[]), one.key.expose_secret())), None);
    }

    #[test]
    fn r30_an_operators_key_finds_the_operator() {
        let key = GeneratedApiKey::new(&SystemRandomness);
        let api_key = ApiKeyConfig {
            id: ApiKeyId::parse("laptop").unwrap(),
            hash: key.hash,
            scopes: BTreeSet::from([Scope::Operate]),
        };
        let alice = OperatorConfig { api_keys: vec![api_key], sight: Sight::All };
        let operators = BTreeMap::from([(OperatorName::parse("alice").unwrap(), alice)]);
        let keys = ApiKeys::new(&BTreeMap::new(), &operators);
        assert_eq!(name(found(&keys, key.key.expose_secret())).as_deref(), Some("alice/laptop"));
    }

    #[test]
    fn r30_no_key_at_all_finds_nobody_even_if_its_hash_is_configured() {
        let keys = keys(&[("acme", "empty", ApiKeyHash::of(""))]);
        assert_eq!(name(found(&keys, "")), None);
    }

    #[test]
    fn keys_are_kept_by_the_hash_that_other_tools_compute() {
        let hash = ApiKeyHash::of("payk_example");
        // printf payk_example | sha256sum
        let known = "7c9d346d64237d240b38ffb9b6899448360023544a002fe16e68dc71a29c1990";
        assert_eq!(hash.to_string(), known);
        assert_eq!(ApiKeyHash::parse(&known.to_uppercase()), Ok(hash));
        assert_eq!(ApiKeyHash::parse("abc"), Err(MalformedHash));
    }

    #[test]
    fn r29_generated_keys_do_not_show() {
        let generated = GeneratedApiKey::new(&SystemRandomness);
        assert_eq!(generated.key.expose_secret().len(), PREFIX.len() + 43);
        assert!(!format!("{generated:?}").contains(generated.key.expose_secret()));
    }
}
