//! The certificates that webhooks are signed under: root, intermediate and leaf, and the flawed ones of attackers.

use std::collections::BTreeMap;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use super::identifiers;
use super::world::ServedCertificates;
use crate::rsa::{KeyError, KeyRing, RsaKey, refused};

/// The name in the leaf.
pub(super) const CERTIFICATE_NAME: &str = "messageverificationcerts.sandbox.paypal.com";
const LEAF_LIFE: Duration = Duration::days(397);
const AUTHORITY_LIFE: Duration = Duration::days(3650);

/// A key with the name of the certificate that is served for it.
#[derive(Clone)]
pub(super) struct Signing {
    pub(super) name: String,
    pub(super) key: Arc<RsaKey>,
}

/// Every certificate of the channel, and those that look like it.
pub(super) struct CertificateStore {
    issuer: Issuer<'static, KeyPair>,
    pub(super) root_pem: String,
    pub(super) intermediate_pem: String,
    /// Signs now. Earlier ones stay served and genuine.
    pub(super) current: Signing,
    /// A self-signed certificate under the right name, and its key, which nobody trusts.
    pub(super) foreign: Signing,
    /// The current key under a certificate whose time has passed.
    pub(super) expired: Signing,
    /// The current key under a certificate for another host.
    pub(super) misnamed: Signing,
    /// What each name hands out.
    served: BTreeMap<String, String>,
    /// Those with which the channel itself has signed.
    genuine: Vec<Signing>,
}

impl CertificateStore {
    pub(super) fn new(keys: &KeyRing, now: OffsetDateTime) -> Result<Self, KeyError> {
        let (root_key, key) = (keys.draw()?.certificate_key()?, keys.draw()?.certificate_key()?);
        let authority = |name| authority(name, now);
        let failed = |_| refused("sign a certificate");
        let root_parameters = authority("Simulated Root CA");
        let root = root_parameters.self_signed(&root_key).map_err(failed)?;
        let parameters = authority("Simulated Extended Validation Server CA");
        let root_issuer = Issuer::new(root_parameters, root_key);
        let intermediate = parameters.signed_by(&key, &root_issuer).map_err(failed)?;
        let (leaf_key, foreign_key) = (keys.draw()?, keys.draw()?);
        let signing =
            |key: &Arc<RsaKey>| Signing { name: identifiers::certificate_name(), key: Arc::clone(key) };
        let mut store = Self {
            issuer: Issuer::new(parameters, key),
            root_pem: root.pem(),
            intermediate_pem: intermediate.pem(),
            current: signing(&leaf_key),
            foreign: signing(&foreign_key),
            expired: signing(&leaf_key),
            misnamed: signing(&leaf_key),
            served: BTreeMap::new(),
            genuine: Vec::new(),
        };
        store.serve_all(now)?;
        Ok(store)
    }

    fn serve_all(&mut self, now: OffsetDateTime) -> Result<(), KeyError> {
        let usual = leaf(CERTIFICATE_NAME, now - Duration::DAY)?;
        let self_signed = usual.self_signed(&self.foreign.key.certificate_key()?);
        let self_signed = self_signed.map_err(|_| refused("sign a certificate"))?;
        self.served.insert(self.foreign.name.clone(), self_signed.pem());
        let expired = leaf(CERTIFICATE_NAME, now - LEAF_LIFE - Duration::DAY)?;
        self.serve(&self.expired.clone(), &expired)?;
        self.serve(&self.misnamed.clone(), &leaf("www.paypal.example", now - Duration::DAY)?)?;
        let current = self.current.clone();
        self.serve(&current, &usual)?;
        self.genuine.push(current);
        Ok(())
    }

    fn serve(&mut self, signing: &Signing, parameters: &CertificateParams) -> Result<(), KeyError> {
        let certificate: Certificate = parameters
            .signed_by(&signing.key.certificate_key()?, &self.issuer)
            .map_err(|_| refused("sign a certificate"))?;
        self.served.insert(signing.name.clone(), certificate.pem());
        Ok(())
    }

    /// Signs from now on with a new key under a new certificate.
    pub(super) fn rotate(&mut self, key: Arc<RsaKey>, now: OffsetDateTime) -> Result<(), KeyError> {
        let signing = Signing { name: identifiers::certificate_name(), key };
        self.serve(&signing, &leaf(CERTIFICATE_NAME, now - Duration::DAY)?)?;
        self.current = signing.clone();
        self.genuine.push(signing);
        Ok(())
    }

    /// What the certificate's URL hands out: PEM with the line ends of the original.
    pub(super) fn pem(&self, name: &str, served: ServedCertificates) -> Option<String> {
        let leaf = self.served.get(name)?;
        let text = match served {
            ServedCertificates::LeafOnly => leaf.clone(),
            ServedCertificates::WithIntermediate => format!("{leaf}{}", self.intermediate_pem),
        };
        Some(text.replace("\r\n", "\n").replace('\n', "\r\n"))
    }

    /// The key of a certificate with which the channel has signed, by its name.
    pub(super) fn genuine_key(&self, name: &str) -> Option<&RsaKey> {
        self.genuine.iter().find(|signing| signing.name == name).map(|signing| &*signing.key)
    }
}

/// Where a certificate is served.
pub(super) fn certificate_url(base_url: &str, name: &str) -> String {
    format!("{base_url}/v1/notifications/certs/{name}")
}

fn named(name: &str, from: OffsetDateTime, life: Duration) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::OrganizationName, "PayPal, Inc. (simulated)");
    parameters.distinguished_name.push(DnType::CommonName, name);
    // Certificates carry whole seconds.
    parameters.not_before = from.replace_nanosecond(0).unwrap_or(from);
    parameters.not_after = parameters.not_before + life;
    parameters
}

fn authority(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut parameters = named(name, now - Duration::days(365), AUTHORITY_LIFE);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn leaf(name: &str, from: OffsetDateTime) -> Result<CertificateParams, KeyError> {
    let dns_name = name.try_into().map_err(|_| refused("name a certificate"))?;
    let mut parameters = named(name, from, LEAF_LIFE);
    parameters.subject_alt_names = vec![SanType::DnsName(dns_name)];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}
