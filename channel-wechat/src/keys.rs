//! The keys that WeChat signs with, by serial: platform certificates and the WeChat Pay public key, both at once (F40).
//!
//! Readers hold a snapshot; a refresh swaps in a whole new one, so a key is never missing while others arrive (F41).

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use arc_swap::ArcSwap;
use aws_lc_rs::{
    rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::identifiers::KeySerial;
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

/// How old the downloaded certificates may become before a use of them asks for new ones.
const REFRESH_AFTER: Duration = Duration::hours(12);

/// How far apart downloads are at least, whatever serials callbacks name: forged ones must not make us busy.
const REFRESH_PAUSE: Duration = Duration::minutes(1);

/// One of WeChat's public keys, parsed once.
#[derive(Clone)]
pub(crate) struct PlatformKey {
    serial: KeySerial,
    verifying: ParsedPublicKey,
    encrypting: Arc<OaepPublicEncryptingKey>,
    /// A certificate's end; the WeChat Pay public key has none.
    not_after: Option<OffsetDateTime>,
}

impl std::fmt::Debug for PlatformKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PlatformKey({}, until {:?})", self.serial, self.not_after)
    }
}

/// The bytes are not an RSA public key of at least 2048 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an RSA public key of at least 2048 bits")]
pub(crate) struct KeyUnusable;

impl PlatformKey {
    /// Takes the DER of a SubjectPublicKeyInfo.
    pub(crate) fn new(
        serial: KeySerial,
        public_key_info: &[u8],
        not_after: Option<OffsetDateTime>,
    ) -> Result<Self, KeyUnusable> {
        let verifying =
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key_info).map_err(|_| KeyUnusable)?;
        let encrypting = PublicEncryptingKey::from_der(public_key_info).map_err(|_| KeyUnusable)?;
        let encrypting = OaepPublicEncryptingKey::new(encrypting).map_err(|_| KeyUnusable)?;
        Ok(Self { serial, verifying, encrypting: Arc::new(encrypting), not_after })
    }

    /// The name under which WeChat uses it.
    pub(crate) const fn serial(&self) -> &KeySerial {
        &self.serial
    }

    /// Proves that WeChat signed `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureWrong> {
        self.verifying.verify_sig(message, signature).map_err(|_| SignatureWrong)
    }

    /// Base64 of `field` encrypted for WeChat by RSAES-OAEP with SHA-1, which its documentation prescribes.
    pub(crate) fn encrypt(&self, field: &SecretString) -> Result<String, FieldTooLong> {
        let mut ciphertext = vec![0; self.encrypting.ciphertext_size()];
        let encrypted = self
            .encrypting
            .encrypt(&OAEP_SHA1_MGF1SHA1, field.expose_secret().as_bytes(), &mut ciphertext, None)
            .map_err(|_| FieldTooLong)?;
        Ok(STANDARD.encode(&*encrypted))
    }

    fn is_current(&self, now: OffsetDateTime) -> bool {
        self.not_after.is_none_or(|end| now <= end)
    }
}

/// The signature does not fit message and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub(crate) struct SignatureWrong;

/// A sensitive field does not fit into one RSA block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sensitive field is longer than one RSA block admits")]
pub(crate) struct FieldTooLong;

/// One set of keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySet(BTreeMap<String, PlatformKey>);

impl KeySet {
    /// The set of `keys`.
    pub(crate) fn new(keys: impl IntoIterator<Item = PlatformKey>) -> Self {
        Self(keys.into_iter().map(|key| (key.serial.as_str().to_owned(), key)).collect())
    }

    /// The keys of both sets.
    pub(crate) fn with(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).map(|(serial, key)| (serial.clone(), key.clone())).collect())
    }

    /// Whether there is no key at all: nothing that WeChat says can be proven.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of exactly this serial, unless its certificate has ended.
    pub(crate) fn find(&self, serial: &str, now: OffsetDateTime) -> Option<&PlatformKey> {
        self.0.get(serial).filter(|key| key.is_current(now))
    }

    /// The key to encrypt for WeChat with: the public key if there is one, else the certificate that ends last.
    pub(crate) fn for_encryption(&self, now: OffsetDateTime) -> Option<&PlatformKey> {
        let lasts = |key: &&PlatformKey| (key.not_after.is_none(), key.not_after);
        self.0.values().filter(|key| key.is_current(now)).max_by_key(lasts)
    }
}

/// The present set, and when it was asked for.
pub(crate) struct KeyStore {
    keys: ArcSwap<KeySet>,
    /// Unix seconds of the last download that was begun, and of the last that succeeded.
    attempted: AtomicI64,
    succeeded: AtomicI64,
}

impl KeyStore {
    /// A store that was never refreshed.
    pub(crate) fn new(keys: KeySet) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            attempted: AtomicI64::new(i64::MIN),
            succeeded: AtomicI64::new(i64::MIN),
        }
    }

    /// The keys at this moment.
    pub(crate) fn snapshot(&self) -> Arc<KeySet> {
        self.keys.load_full()
    }

    /// Puts a downloaded set in the place of the present one, at once for every reader.
    pub(crate) fn replace(&self, keys: KeySet, now: OffsetDateTime) {
        self.keys.store(Arc::new(keys));
        self.succeeded.store(now.unix_timestamp(), Ordering::Relaxed);
    }

    /// Whether the set is older than it should become.
    pub(crate) fn is_due(&self, now: OffsetDateTime) -> bool {
        age(&self.succeeded, now) > REFRESH_AFTER.whole_seconds()
    }

    /// Takes the turn to download. Among any number of tasks one gets it, once a minute.
    pub(crate) fn claim_refresh(&self, now: OffsetDateTime) -> bool {
        let next = |last: i64| {
            let waited = now.unix_timestamp().saturating_sub(last);
            (waited >= REFRESH_PAUSE.whole_seconds()).then_some(now.unix_timestamp())
        };
        self.attempted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

fn age(instant: &AtomicI64, now: OffsetDateTime) -> i64 {
    now.unix_timestamp().saturating_sub(instant.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{NOW, PLATFORM_KEY, PLATFORM_PUBLIC_KEY};
    use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};

    fn key(serial: &str, not_after: Option<OffsetDateTime>) -> PlatformKey {
        let info = pem::parse(PLATFORM_PUBLIC_KEY).expect("PEM").into_contents();
        PlatformKey::new(KeySerial::parse(serial).expect("a serial"), &info, not_after).expect("a key")
    }

    fn chosen(set: &KeySet) -> Option<&str> {
        set.for_encryption(NOW).map(|key| key.serial().as_str())
    }

    #[test]
    fn f41_readers_see_the_old_set_or_the_new_one_and_never_none() {
        let store = KeyStore::new(KeySet::new([key("A", None)]));
        let before = store.snapshot();
        store.replace(KeySet::new([key("A", None), key("B", None)]), NOW);
        assert!(before.find("A", NOW).is_some() && before.find("B", NOW).is_none());
        let after = store.snapshot();
        assert!(after.find("A", NOW).is_some() && after.find("B", NOW).is_some());
    }

    #[test]
    fn f41_a_refresh_is_due_after_12_hours_and_turns_come_once_a_minute() {
        let store = KeyStore::new(KeySet::default());
        assert!(store.is_due(NOW) && store.claim_refresh(NOW));
        assert!(!store.claim_refresh(NOW) && !store.claim_refresh(NOW + Duration::seconds(59)));
        assert!(store.claim_refresh(NOW + Duration::seconds(60)));
        store.replace(KeySet::default(), NOW);
        assert!(!store.is_due(NOW + Duration::hours(12)));
        assert!(store.is_due(NOW + Duration::hours(12) + Duration::SECOND));
    }

    #[test]
    fn a_certificate_that_has_ended_is_no_key_any_more() {
        let set = KeySet::new([key("A", Some(NOW))]);
        assert!(set.find("A", NOW).is_some() && set.find("A", NOW + Duration::SECOND).is_none());
    }

    #[test]
    fn encryption_takes_the_public_key_or_the_certificate_that_ends_last() {
        let (soon, late) = (key("Z", Some(NOW + Duration::DAY)), key("B", Some(NOW + Duration::WEEK)));
        let ended = key("C", Some(NOW - Duration::DAY));
        let certificates = KeySet::new([soon, late, ended]);
        assert_eq!(chosen(&certificates), Some("B"));
        assert_eq!(chosen(&certificates.with(&KeySet::new([key("A", None)]))), Some("A"));
        assert_eq!(chosen(&KeySet::default()), None);
    }

    #[test]
    fn sensitive_fields_open_with_the_private_key_only() {
        let encrypted = key("A", None).encrypt(&"6214830100010001".into()).expect("encrypted");
        let der = pem::parse(PLATFORM_KEY).expect("PEM").into_contents();
        let private = PrivateDecryptingKey::from_pkcs8(&der).expect("a key");
        let private = OaepPrivateDecryptingKey::new(private).expect("a key");
        let mut plaintext = vec![0; private.min_output_size()];
        let ciphertext = STANDARD.decode(&encrypted).expect("base64");
        let opened = private.decrypt(&OAEP_SHA1_MGF1SHA1, &ciphertext, &mut plaintext, None).expect("opened");
        assert_eq!(&*opened, b"6214830100010001");
        assert!(key("A", None).encrypt(&"x".repeat(300).into()).is_err());
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        let serial = KeySerial::parse("A").expect("a serial");
        assert!(PlatformKey::new(serial, b"\x30\x00", None).is_err());
    }
}
