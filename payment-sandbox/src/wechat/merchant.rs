//! A merchant as WeChat Pay holds it, and the generator that makes one with everything its own side needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::identifiers;
use super::keys::{IssuedCertificate, TestRoot};
use super::operation::Product;
use crate::rsa::{KeyError, KeyRing, RsaKey, VerifyingKey};

/// Which keys the channel signs with towards a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// Platform certificates, which the merchant downloads.
    PlatformCertificate,
    /// A WeChat Pay public key only; `GET /v3/certificates` answers 404.
    PublicKey,
    /// Both, as during a migration.
    Both,
}

/// What a new merchant shall be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantOptions {
    /// Its number; drawn when absent.
    #[serde(default)]
    pub mchid: Option<String>,
    /// The appids bound to it; one is drawn when the list is empty.
    #[serde(default)]
    pub appids: Vec<String>,
    /// Which keys it trusts.
    pub key_mode: KeyMode,
    /// The products it may use; all when the list is empty.
    #[serde(default)]
    pub products: Vec<Product>,
    /// The money it has beside what payments bring, in fen. Refunds come out of both.
    #[serde(default)]
    pub balance: u64,
}

impl MerchantOptions {
    /// A merchant with drawn numbers, every product and an empty purse.
    pub fn new(key_mode: KeyMode) -> Self {
        Self { mchid: None, appids: Vec::new(), key_mode, products: Vec::new(), balance: 0 }
    }
}

/// Everything a merchant's side needs to be configured. `Debug` shows the numbers only.
#[derive(Clone, Serialize, Deserialize)]
pub struct GeneratedMerchant {
    /// The merchant's number.
    pub mchid: String,
    /// The appids bound to it.
    pub appids: Vec<String>,
    /// PKCS#8 PEM of the key that signs requests and invoke parameters.
    pub merchant_private_key_pem: String,
    /// PEM of the merchant's own certificate.
    pub merchant_certificate_pem: String,
    /// Its serial: 40 upper-case hex digits.
    pub merchant_serial: String,
    /// The APIv3 key: 32 ASCII characters.
    pub apiv3_key: String,
    /// PEM of the root under which the platform certificates stand.
    pub root_certificate_pem: String,
    /// The platform certificates; empty in public-key mode.
    pub platform_certificates: Vec<GeneratedCertificate>,
    /// The WeChat Pay public key; absent in certificate mode.
    pub public_key: Option<GeneratedPublicKey>,
}

impl std::fmt::Debug for GeneratedMerchant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GeneratedMerchant")
            .field("mchid", &self.mchid)
            .field("appids", &self.appids)
            .field("merchant_serial", &self.merchant_serial)
            .finish_non_exhaustive()
    }
}

/// A platform certificate as the download API hands it out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeneratedCertificate {
    /// 40 upper-case hex digits.
    pub serial: String,
    /// X.509 PEM.
    pub pem: String,
}

/// A WeChat Pay public key as the merchant portal shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeneratedPublicKey {
    /// `PUB_KEY_ID_` and digits.
    pub id: String,
    /// SPKI PEM.
    pub pem: String,
}

/// One signing key of the channel with the id that `Wechatpay-Serial` names.
#[derive(Clone)]
pub(super) struct ChannelKey {
    pub(super) id: String,
    pub(super) key: Arc<RsaKey>,
}

/// A platform key pair with its certificate.
pub(super) struct PlatformCertificate {
    pub(super) signer: ChannelKey,
    pub(super) pem: String,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// Listed but not yet signed with, as a new certificate is for its first day.
    pub(super) announced_only: bool,
}

/// The merchant's money at the channel, in fen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Balance {
    /// Money that may be withdrawn.
    pub available: u64,
    /// Money from payments that is not settled yet; refunds take it first.
    pub unsettled: u64,
}

impl Balance {
    /// Takes `amount` out, unsettled money first, or leaves everything as it is.
    pub(super) fn withdraw(&mut self, amount: u64) -> Result<(), InsufficientBalance> {
        let from_unsettled = amount.min(self.unsettled);
        let from_available = amount - from_unsettled;
        self.available = self.available.checked_sub(from_available).ok_or(InsufficientBalance)?;
        self.unsettled -= from_unsettled;
        Ok(())
    }
}

/// A merchant's own key and the serial of its certificate. `Debug` shows the serial only.
#[derive(Clone)]
pub struct GeneratedMerchantKey {
    /// 40 upper-case hex digits.
    pub serial: String,
    /// PKCS#8 PEM.
    pub private_key_pem: String,
}

impl std::fmt::Debug for GeneratedMerchantKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "GeneratedMerchantKey({})", self.serial)
    }
}

/// The merchant has less than the refund.
#[derive(Debug)]
pub(super) struct InsufficientBalance;

/// A merchant on the channel's side.
pub(super) struct Merchant {
    pub(super) appids: BTreeSet<String>,
    pub(super) products: BTreeSet<Product>,
    /// Certificates of the merchant by upper-case serial.
    pub(super) certificates: BTreeMap<String, VerifyingKey>,
    /// The serials of those that have signed something.
    pub(super) certificates_used: Mutex<BTreeSet<String>>,
    pub(super) apiv3_key: String,
    pub(super) platform_certificates: Vec<PlatformCertificate>,
    pub(super) public_keys: Vec<ChannelKey>,
    /// Of a hundred notifications so many are signed with the public key, where both kinds exist.
    pub(super) notification_public_key_percent: u8,
    pub(super) notifications_signed: u64,
    pub(super) balance: Balance,
}

impl Merchant {
    /// The platform certificate that signs now: the newest that is in use.
    fn certificate_signer(&self) -> Option<&ChannelKey> {
        self.platform_certificates.iter().rev().find(|c| !c.announced_only).map(|c| &c.signer)
    }

    /// The key for an answer: the public key that the request asked for, else a platform certificate, else the
    /// first public key of a merchant that has no certificate.
    pub(super) fn answer_key(&self, requested: Option<&str>) -> Option<&ChannelKey> {
        let asked = self.public_keys.iter().find(|k| Some(k.id.as_str()) == requested);
        asked.or_else(|| self.certificate_signer()).or_else(|| self.public_keys.first())
    }

    /// The key for the next notification, by the merchant's mix.
    pub(super) fn notification_key(&mut self) -> Option<&ChannelKey> {
        let percent = u64::from(self.notification_public_key_percent);
        let sent = self.notifications_signed;
        self.notifications_signed += 1;
        // Spread evenly, so that a mix of 50 alternates and every prefix holds its share.
        let by_public_key = (sent + 1) * percent / 100 > sent * percent / 100;
        let public_key = self.public_keys.first();
        if by_public_key {
            public_key.or_else(|| self.certificate_signer())
        } else {
            self.certificate_signer().or(public_key)
        }
    }

    /// Any key pair by the id that `Wechatpay-Serial` names; encrypted fields are opened with it.
    pub(super) fn channel_key(&self, id: &str) -> Option<&ChannelKey> {
        let platform = self.platform_certificates.iter().map(|c| &c.signer);
        platform.chain(&self.public_keys).find(|key| key.id == id)
    }
}

/// A platform key pair with a fresh certificate under `root`.
pub(super) fn platform_certificate(
    root: &TestRoot,
    keys: &KeyRing,
    now: OffsetDateTime,
    announced_only: bool,
) -> Result<PlatformCertificate, KeyError> {
    let key = keys.draw()?;
    let IssuedCertificate { serial, pem, not_before, not_after } =
        root.issue("Tenpay.com sign", &key, now)?;
    let signer = ChannelKey { id: serial, key };
    Ok(PlatformCertificate { signer, pem, not_before, not_after, announced_only })
}

/// Makes both halves of a merchant: what the channel keeps and what the merchant's side is configured with.
pub(super) fn generate(
    options: &MerchantOptions,
    root: &TestRoot,
    keys: &KeyRing,
    now: OffsetDateTime,
) -> Result<(Merchant, GeneratedMerchant), KeyError> {
    let mchid = options.mchid.clone().unwrap_or_else(identifiers::mchid);
    let appids = if options.appids.is_empty() { vec![identifiers::appid()] } else { options.appids.clone() };
    let merchant_key = keys.draw()?;
    let certificate = root.issue(&format!("merchant {mchid}"), &merchant_key, now)?;
    let platform_certificates = match options.key_mode {
        KeyMode::PublicKey => Vec::new(),
        KeyMode::PlatformCertificate | KeyMode::Both => vec![platform_certificate(root, keys, now, false)?],
    };
    let public_keys = match options.key_mode {
        KeyMode::PlatformCertificate => Vec::new(),
        KeyMode::PublicKey | KeyMode::Both => {
            vec![ChannelKey { id: identifiers::public_key_id(), key: keys.draw()? }]
        }
    };
    let merchant = Merchant {
        appids: appids.iter().cloned().collect(),
        products: products(options),
        certificates: BTreeMap::from([(certificate.serial.clone(), merchant_key.verifying_key())]),
        certificates_used: Mutex::default(),
        apiv3_key: identifiers::apiv3_key(),
        platform_certificates,
        public_keys,
        notification_public_key_percent: if options.key_mode == KeyMode::PublicKey { 100 } else { 0 },
        notifications_signed: 0,
        balance: Balance { available: options.balance, unsettled: 0 },
    };
    let generated = configuration(mchid, appids, &merchant, &merchant_key, certificate, root)?;
    Ok((merchant, generated))
}

fn products(options: &MerchantOptions) -> BTreeSet<Product> {
    if options.products.is_empty() {
        BTreeSet::from(Product::ALL)
    } else {
        options.products.iter().copied().collect()
    }
}

fn configuration(
    mchid: String,
    appids: Vec<String>,
    merchant: &Merchant,
    merchant_key: &RsaKey,
    certificate: IssuedCertificate,
    root: &TestRoot,
) -> Result<GeneratedMerchant, KeyError> {
    let platform_certificates = merchant
        .platform_certificates
        .iter()
        .map(|c| GeneratedCertificate { serial: c.signer.id.clone(), pem: c.pem.clone() })
        .collect();
    let public_key = match merchant.public_keys.first() {
        Some(public) => Some(GeneratedPublicKey { id: public.id.clone(), pem: public.key.public_pem()? }),
        None => None,
    };
    Ok(GeneratedMerchant {
        mchid,
        appids,
        merchant_private_key_pem: merchant_key.private_pem(),
        merchant_certificate_pem: certificate.pem,
        merchant_serial: certificate.serial,
        apiv3_key: merchant.apiv3_key.clone(),
        root_certificate_pem: root.pem.clone(),
        platform_certificates,
        public_key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_takes_unsettled_money_first_and_nothing_when_there_is_too_little() {
        let mut balance = Balance { available: 50, unsettled: 30 };
        balance.withdraw(40).unwrap();
        assert_eq!((balance.available, balance.unsettled), (40, 0));
        balance.withdraw(41).unwrap_err();
        assert_eq!((balance.available, balance.unsettled), (40, 0));
    }
}
