//! Certificate mode: a test authority in place of Ant Financial's, and the serial numbers by which messages name
//! certificates.

use md5::{Digest as _, Md5};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use x509_parser::pem::Pem;

use super::identifiers;
use crate::rsa::{KeyError, KeyRing, RsaKey, refused};

/// About what Ant Financial gives its own certificates.
const LIFE: Duration = Duration::days(5 * 365);

/// A root bundle like the real one (several roots, one of them not RSA) and an intermediate that issues.
pub(super) struct Authority {
    intermediate: Issuer<'static, KeyPair>,
    intermediate_pem: String,
    /// Every root, separated by blank lines.
    pub(super) root_bundle_pem: String,
    /// The serial number of the bundle.
    pub(super) root_sn: String,
}

/// A certificate with the serial number that messages name it by.
#[derive(Clone)]
pub(super) struct IssuedCertificate {
    pub(super) sn: String,
    /// The leaf alone.
    pub(super) pem: String,
    /// The leaf and the intermediate.
    pub(super) chain_pem: String,
}

impl Authority {
    pub(super) fn new(keys: &KeyRing, now: OffsetDateTime) -> Result<Self, KeyError> {
        let (root, root_pem) = root("Ant Financial Certification Authority R1 test", keys, now)?;
        let (_, second_pem) = root_of(
            "Ant Financial Certification Authority E1 test",
            KeyPair::generate().map_err(|_| refused("generate an elliptic key"))?,
            now,
        )?;
        let (_, third_pem) = self::root("Ant Financial Certification Authority R2 test", keys, now)?;
        let root_bundle_pem = [root_pem, second_pem, third_pem].join("\n");
        let key = keys.draw()?.certificate_key()?;
        let parameters = authority("Ant Financial Certification Authority Class 2 R1 test", now);
        let certificate =
            parameters.signed_by(&key, &root).map_err(|_| refused("sign the intermediate certificate"))?;
        let root_sn = root_sn(&root_bundle_pem)?;
        let intermediate_pem = certificate.pem();
        Ok(Self { intermediate: Issuer::new(parameters, key), intermediate_pem, root_bundle_pem, root_sn })
    }

    /// A certificate for `key`, valid from a day before `now`, as a certificate is older than its use.
    pub(super) fn issue(
        &self,
        name: &str,
        key: &RsaKey,
        now: OffsetDateTime,
    ) -> Result<IssuedCertificate, KeyError> {
        let mut parameters = named(name, now - Duration::DAY, LIFE);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = parameters
            .signed_by(&key.certificate_key()?, &self.intermediate)
            .map_err(|_| refused("sign a certificate"))?;
        let pem = certificate.pem();
        let chain_pem = format!("{pem}{}", self.intermediate_pem);
        Ok(IssuedCertificate { sn: certificate_sn(&pem)?, pem, chain_pem })
    }
}

fn root(
    name: &str,
    keys: &KeyRing,
    now: OffsetDateTime,
) -> Result<(Issuer<'static, KeyPair>, String), KeyError> {
    root_of(name, keys.draw()?.certificate_key()?, now)
}

fn root_of(
    name: &str,
    key: KeyPair,
    now: OffsetDateTime,
) -> Result<(Issuer<'static, KeyPair>, String), KeyError> {
    let parameters = authority(name, now);
    let certificate = parameters.self_signed(&key).map_err(|_| refused("sign a test root"))?;
    Ok((Issuer::new(parameters, key), certificate.pem()))
}

fn authority(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut parameters = named(name, now - LIFE, LIFE * 4);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn named(name: &str, from: OffsetDateTime, life: Duration) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, text) in [
        (DnType::CountryName, "CN"),
        (DnType::OrganizationName, "Ant Financial"),
        (DnType::OrganizationalUnitName, "Certification Authority test"),
        (DnType::CommonName, name),
    ] {
        parameters.distinguished_name.push(kind, text);
    }
    parameters.serial_number = Some(SerialNumber::from(identifiers::certificate_serial()));
    // Certificates carry whole seconds.
    parameters.not_before = from.replace_nanosecond(0).unwrap_or(from);
    parameters.not_after = parameters.not_before + life;
    parameters
}

/// The serial number of the first certificate in a PEM text.
pub(super) fn certificate_sn(pem: &str) -> Result<String, KeyError> {
    serials(pem, |_| true)?.into_iter().next().ok_or_else(|| refused("find a certificate"))
}

/// The serial numbers of all roots that are signed with RSA, joined in their order.
fn root_sn(bundle: &str) -> Result<String, KeyError> {
    Ok(serials(bundle, |algorithm| algorithm.starts_with("1.2.840.113549.1.1"))?.join("_"))
}

fn serials(pem: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, KeyError> {
    let unreadable = || refused("read a certificate");
    let mut serials = Vec::new();
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let block = block.map_err(|_| unreadable())?;
        let certificate = block.parse_x509().map_err(|_| unreadable())?;
        if wanted(&certificate.signature_algorithm.algorithm.to_id_string()) {
            // The serial as an unsigned decimal number.
            let text = format!("{}{}", rfc2253(certificate.issuer()), certificate.tbs_certificate.serial);
            serials.push(hex::encode(Md5::digest(text)));
        }
    }
    Ok(serials)
}

/// The most specific part first, without spaces after commas: the reverse of the order in the certificate.
fn rfc2253(name: &x509_parser::x509::X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter_attributes()
        .map(|attribute| {
            let short = match attribute.attr_type().to_id_string().as_str() {
                "2.5.4.3" => "CN".to_owned(),
                "2.5.4.6" => "C".to_owned(),
                "2.5.4.10" => "O".to_owned(),
                "2.5.4.11" => "OU".to_owned(),
                other => other.to_owned(),
            };
            format!("{short}={}", attribute.as_str().unwrap_or_default())
        })
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}
