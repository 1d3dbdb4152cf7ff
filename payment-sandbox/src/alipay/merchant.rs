//! A merchant (partner) with its application as Alipay holds it, and the generator that makes one with everything its
//! own side needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::certificates::{Authority, IssuedCertificate};
use super::identifiers;
use super::operation::Product;
use super::order::TradeStatus;
use crate::rsa::{KeyError, KeyRing, RsaKey, SignatureMismatch, VerifyingKey};

/// How the application and Alipay know each other's keys; an application has one mode at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// Bare public keys.
    PublicKey,
    /// Certificates, named by serial numbers.
    Certificate,
}

/// Which notifications each product sends; a product that is absent sends `TRADE_SUCCESS` only.
pub type NotificationTriggers = BTreeMap<Product, BTreeSet<TradeStatus>>;

/// What a new merchant shall be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantOptions {
    /// Its application; drawn when absent.
    #[serde(default)]
    pub app_id: Option<String>,
    /// Its partner number; drawn when absent.
    #[serde(default)]
    pub seller_id: Option<String>,
    /// How keys are known.
    pub key_mode: KeyMode,
    /// The products it may use; all when the list is empty.
    #[serde(default)]
    pub products: Vec<Product>,
    /// The money it has beside what payments bring, in fen. Refunds come out of both.
    #[serde(default)]
    pub balance: u64,
    /// Which events it is notified of.
    #[serde(default)]
    pub triggers: NotificationTriggers,
}

impl MerchantOptions {
    /// A merchant with drawn numbers, every product, an empty purse, and the strictest table of notifications.
    pub fn new(key_mode: KeyMode) -> Self {
        let triggers = NotificationTriggers::new();
        Self { app_id: None, seller_id: None, key_mode, products: Vec::new(), balance: 0, triggers }
    }

    /// The older table: app and wap send `TRADE_CLOSED` too, app sends `TRADE_FINISHED`.
    #[must_use]
    pub fn with_talkative_triggers(mut self) -> Self {
        use TradeStatus::{Closed, Finished, Success};
        self.triggers = NotificationTriggers::from([
            (Product::App, BTreeSet::from([Success, Closed, Finished])),
            (Product::Wap, BTreeSet::from([Success, Closed])),
        ]);
        self
    }
}

/// Everything a merchant's side needs to be configured. `Debug` shows the numbers only.
#[derive(Clone, Serialize, Deserialize)]
pub struct GeneratedMerchant {
    /// The application.
    pub app_id: String,
    /// The partner number (PID), `seller_id` in messages.
    pub seller_id: String,
    /// The partner's address.
    pub seller_email: String,
    /// How keys are known.
    pub key_mode: KeyMode,
    /// PKCS#8 PEM of the key that signs requests and order strings.
    pub app_private_key_pem: String,
    /// SPKI PEM of its public half, which is not Alipay's.
    pub app_public_key_pem: String,
    /// SPKI PEM of the key that signs answers and notifications; in certificate mode the one in the certificate.
    pub alipay_public_key_pem: String,
    /// The certificates; absent in key mode.
    pub certificates: Option<GeneratedCertificates>,
    /// Base64 of the AES key for encrypted content.
    pub aes_key: String,
}

impl std::fmt::Debug for GeneratedMerchant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GeneratedMerchant")
            .field("app_id", &self.app_id)
            .field("seller_id", &self.seller_id)
            .field("key_mode", &self.key_mode)
            .finish_non_exhaustive()
    }
}

/// The files of certificate mode with their serial numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeneratedCertificates {
    /// The application's certificate.
    pub app: GeneratedCertificate,
    /// Alipay's certificate, with the intermediate that issued it.
    pub alipay: GeneratedCertificate,
    /// The bundle of roots; its serial number joins those of the RSA roots.
    pub root: GeneratedCertificate,
}

/// A PEM file and its serial number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeneratedCertificate {
    /// MD5 of issuer and serial in lower-case hex; for the roots several, joined by `_`.
    pub sn: String,
    /// One or several X.509 certificates.
    pub pem: String,
}

/// What signs towards a merchant: the key, and in certificate mode the certificate's serial number.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) key: Arc<RsaKey>,
    pub(super) certificate_sn: Option<String>,
}

/// A merchant on the channel's side.
pub(super) struct Merchant {
    pub(super) seller_id: String,
    pub(super) seller_email: String,
    pub(super) products: BTreeSet<Product>,
    pub(super) triggers: NotificationTriggers,
    pub(super) app_key: VerifyingKey,
    /// The application's key before, which stays good until it is withdrawn.
    pub(super) earlier_app_key: Option<VerifyingKey>,
    /// Whether something came that the newest key had signed.
    pub(super) newest_app_key_used: AtomicBool,
    /// The serial number that requests must name, in certificate mode.
    pub(super) app_certificate_sn: Option<String>,
    pub(super) signer: Signer,
    /// Alipay's certificates for this merchant that can be downloaded, with their chains, by serial number.
    pub(super) downloadable: BTreeMap<String, String>,
    pub(super) aes_key: [u8; 16],
    /// Its money in fen.
    pub(super) balance: u64,
}

impl Merchant {
    /// Proves what the application signed, by its newest key or the one before.
    pub(super) fn verify(&self, text: &[u8], signature: &str) -> Result<(), SignatureMismatch> {
        let newest = self.app_key.verify(text, signature);
        self.newest_app_key_used.fetch_or(newest.is_ok(), Ordering::Relaxed);
        newest.or_else(|wrong| match &self.earlier_app_key {
            Some(earlier) => earlier.verify(text, signature),
            None => Err(wrong),
        })
    }

    /// Whether a change to `status` is told for this product.
    pub(super) fn is_told_of(&self, product: Product, status: TradeStatus) -> bool {
        self.triggers.get(&product).map_or(status == TradeStatus::Success, |told| told.contains(&status))
    }

    /// Gives Alipay a new key pair and certificate towards this merchant; the old one can still be downloaded.
    pub(super) fn renew_certificate(&mut self, key: Arc<RsaKey>, certificate: &IssuedCertificate) {
        self.downloadable.insert(certificate.sn.clone(), certificate.chain_pem.clone());
        self.signer = Signer { key, certificate_sn: Some(certificate.sn.clone()) };
    }
}

/// The name in Alipay's own certificates.
pub(super) const ALIPAY_NAME: &str = "支付宝(中国)网络技术有限公司-test";

/// Makes both halves of a merchant: what the channel keeps and what the merchant's side is configured with.
pub(super) fn generate(
    options: &MerchantOptions,
    authority: &Authority,
    keys: &KeyRing,
    now: OffsetDateTime,
) -> Result<(Merchant, GeneratedMerchant), KeyError> {
    let app_id = options.app_id.clone().unwrap_or_else(identifiers::app_id);
    let seller_id = options.seller_id.clone().unwrap_or_else(identifiers::user_id);
    let (app_key, alipay_key) = (keys.draw()?, keys.draw()?);
    let issued = match options.key_mode {
        KeyMode::PublicKey => None,
        KeyMode::Certificate => {
            let app = authority.issue(&format!("{seller_id}-{app_id}"), &app_key, now)?;
            Some((app, authority.issue(ALIPAY_NAME, &alipay_key, now)?))
        }
    };
    let mut merchant = Merchant {
        seller_email: format!("{seller_id}@alipay.example"),
        seller_id,
        products: products(options),
        triggers: options.triggers.clone(),
        app_key: app_key.verifying_key(),
        earlier_app_key: None,
        newest_app_key_used: AtomicBool::new(false),
        app_certificate_sn: issued.as_ref().map(|(app, _)| app.sn.clone()),
        signer: Signer { key: Arc::clone(&alipay_key), certificate_sn: None },
        downloadable: BTreeMap::new(),
        aes_key: identifiers::aes_key(),
        balance: options.balance,
    };
    if let Some((_, alipay)) = &issued {
        merchant.renew_certificate(Arc::clone(&alipay_key), alipay);
    }
    let generated = GeneratedMerchant {
        app_id,
        seller_id: merchant.seller_id.clone(),
        seller_email: merchant.seller_email.clone(),
        key_mode: options.key_mode,
        app_private_key_pem: app_key.private_pem(),
        app_public_key_pem: app_key.public_pem()?,
        alipay_public_key_pem: alipay_key.public_pem()?,
        certificates: issued.map(|(app, alipay)| files(authority, app, alipay)),
        aes_key: BASE64.encode(merchant.aes_key),
    };
    Ok((merchant, generated))
}

fn products(options: &MerchantOptions) -> BTreeSet<Product> {
    if options.products.is_empty() {
        BTreeSet::from(Product::ALL)
    } else {
        options.products.iter().copied().collect()
    }
}

fn files(authority: &Authority, app: IssuedCertificate, alipay: IssuedCertificate) -> GeneratedCertificates {
    GeneratedCertificates {
        app: GeneratedCertificate { sn: app.sn, pem: app.pem },
        alipay: GeneratedCertificate { sn: alipay.sn, pem: alipay.chain_pem },
        root: GeneratedCertificate { sn: authority.root_sn.clone(), pem: authority.root_bundle_pem.clone() },
    }
}
