//! The keys that Alipay signs with: one public key in key mode, certificates by serial in certificate mode, both at once
//! while an application changes over (F40).
//!
//! Readers hold a snapshot; a successor is added to a whole new set, so a key is never missing while another arrives (F41).

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::ArcSwap;
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use payment_core::identifiers::KeySerial;
use time::{Duration, OffsetDateTime};

/// How far apart downloads are at least, whatever serials are named: forged ones must not make us busy.
const DOWNLOAD_PAUSE: Duration = Duration::minutes(1);

/// One of Alipay's public keys, parsed once.
#[derive(Clone)]
pub(crate) struct PlatformKey {
    serial: KeySerial,
    verifying: ParsedPublicKey,
    /// A certificate's end; a bare public key has none.
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
    /// The key of a certificate.
    pub(crate) fn of_certificate(
        serial: KeySerial,
        public_key_info: &[u8],
        not_after: OffsetDateTime,
    ) -> Result<Self, KeyUnusable> {
        Ok(Self { serial, verifying: parsed(public_key_info)?, not_after: Some(not_after) })
    }

    /// The bare key of key mode. Alipay gives it no name, so evidence names it by its SHA-256.
    pub(crate) fn bare(public_key_info: &[u8]) -> Result<Self, KeyUnusable> {
        let name = format!("sha256:{}", hex::encode(digest(&SHA256, public_key_info)));
        let serial = KeySerial::parse(name).map_err(|_| KeyUnusable)?;
        Ok(Self { serial, verifying: parsed(public_key_info)?, not_after: None })
    }

    /// The name in evidence: a certificate's serial, or a bare key's SHA-256.
    pub(crate) const fn serial(&self) -> &KeySerial {
        &self.serial
    }

    /// Proves that Alipay signed `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureWrong> {
        self.verifying.verify_sig(message, signature).map_err(|_| SignatureWrong)
    }

    fn is_current(&self, now: OffsetDateTime) -> bool {
        self.not_after.is_none_or(|end| now <= end)
    }
}

fn parsed(public_key_info: &[u8]) -> Result<ParsedPublicKey, KeyUnusable> {
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key_info).map_err(|_| KeyUnusable)
}

/// The signature does not fit message and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub(crate) struct SignatureWrong;

/// One set of keys, the newest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySet(Vec<PlatformKey>);

impl KeySet {
    /// The set of `keys`.
    pub(crate) fn new(keys: impl IntoIterator<Item = PlatformKey>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The key of exactly this serial, unless its certificate has ended.
    pub(crate) fn find(&self, serial: &str, now: OffsetDateTime) -> Option<&PlatformKey> {
        self.current(now).find(|key| key.serial.as_str() == serial)
    }

    /// Every key whose certificate has not ended.
    pub(crate) fn current(&self, now: OffsetDateTime) -> impl Iterator<Item = &PlatformKey> {
        self.0.iter().filter(move |key| key.is_current(now))
    }

    fn with(&self, newest: PlatformKey) -> Self {
        let others = self.0.iter().filter(|key| key.serial != newest.serial).cloned();
        Self(std::iter::once(newest.clone()).chain(others).collect())
    }
}

/// Who named a serial that is not known. Each has its own turns: forged notifications must not use up those of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// An answer to a call of ours.
    Answer,
    /// A notification, which anybody can send.
    Notification,
}

/// The present set, and when successors were asked for.
pub(crate) struct KeyStore {
    keys: ArcSwap<KeySet>,
    /// Unix seconds of the last download that was begun.
    for_answer: AtomicI64,
    for_notification: AtomicI64,
}

impl KeyStore {
    /// A store of the configured keys.
    pub(crate) fn new(keys: KeySet) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            for_answer: AtomicI64::new(i64::MIN),
            for_notification: AtomicI64::new(i64::MIN),
        }
    }

    /// The keys at this moment.
    pub(crate) fn snapshot(&self) -> Arc<KeySet> {
        self.keys.load_full()
    }

    /// Adds a downloaded certificate's key, at once for every reader. The earlier ones still hold during the overlap.
    pub(crate) fn add(&self, key: &PlatformKey) {
        self.keys.rcu(|keys| keys.with(key.clone()));
    }

    /// Takes the turn to download. Among any number of tasks one gets it, once a minute.
    pub(crate) fn claim_download(&self, named_by: NamedBy, now: OffsetDateTime) -> bool {
        let last = match named_by {
            NamedBy::Answer => &self.for_answer,
            NamedBy::Notification => &self.for_notification,
        };
        let next = |last: i64| {
            let waited = now.unix_timestamp().saturating_sub(last);
            (waited >= DOWNLOAD_PAUSE.whole_seconds()).then_some(now.unix_timestamp())
        };
        last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{NOW, PLATFORM_PUBLIC_KEY};

    fn key(serial: &str, not_after: OffsetDateTime) -> PlatformKey {
        let info = pem::parse(PLATFORM_PUBLIC_KEY).expect("PEM").into_contents();
        let serial = KeySerial::parse(serial).expect("a serial");
        PlatformKey::of_certificate(serial, &info, not_after).expect("a key")
    }

    #[test]
    fn f41_readers_see_the_old_set_or_the_new_one_and_never_none() {
        let later = NOW + Duration::DAY;
        let store = KeyStore::new(KeySet::new([key("a", later)]));
        let before = store.snapshot();
        store.add(&key("b", later));
        store.add(&key("b", later));
        assert!(before.find("a", NOW).is_some() && before.find("b", NOW).is_none());
        let after: Vec<_> = store.snapshot().current(NOW).map(|key| key.serial().to_string()).collect();
        assert_eq!(after, ["b", "a"], "the newest first, each once");
    }

    #[test]
    fn turns_come_once_a_minute_and_forgeries_have_their_own() {
        let store = KeyStore::new(KeySet::default());
        assert!(store.claim_download(NamedBy::Notification, NOW));
        assert!(!store.claim_download(NamedBy::Notification, NOW + Duration::seconds(59)));
        assert!(store.claim_download(NamedBy::Answer, NOW));
        assert!(store.claim_download(NamedBy::Notification, NOW + Duration::seconds(60)));
    }

    #[test]
    fn a_certificate_that_has_ended_is_no_key_any_more() {
        let set = KeySet::new([key("a", NOW)]);
        assert!(set.find("a", NOW).is_some() && set.find("a", NOW + Duration::SECOND).is_none());
        assert_eq!(set.current(NOW + Duration::SECOND).count(), 0);
    }

    #[test]
    fn a_bare_key_is_named_by_its_hash_and_has_no_end() {
        let info = pem::parse(PLATFORM_PUBLIC_KEY).expect("PEM").into_contents();
        let key = PlatformKey::bare(&info).expect("a key");
        assert!(key.serial().as_str().starts_with("sha256:") && key.serial().as_str().len() == 71);
        assert!(key.is_current(NOW + Duration::days(36500)));
        assert_eq!(PlatformKey::bare(b"\x30\x00").err(), Some(KeyUnusable));
    }
}
