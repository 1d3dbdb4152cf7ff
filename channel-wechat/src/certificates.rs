//! Platform certificates: opened with the APIv3 key, held to their serials, their time and the pinned roots.

use payment_core::identifiers::KeySerial;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use serde::Deserialize;
use time::OffsetDateTime;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    keys::PlatformKey,
    response,
    sealed::{ApiV3Key, Sealed, Unopened},
};

/// What makes a downloaded certificate WeChat's, beside the APIv3 key that it is sealed with.
#[derive(Clone)]
pub(crate) enum Trust {
    /// Nothing: whoever has the APIv3 key can make one.
    SealOnly,
    /// Its issuer is one of these roots.
    Roots(Vec<TrustAnchor<'static>>),
}

/// Why downloaded certificates are refused, all of them together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificatesRefused {
    /// The answer has another form.
    #[error("{0}")]
    Form(String),
    /// Not sealed with our APIv3 key.
    #[error("{0}")]
    Sealed(#[from] Unopened),
    /// Not issued by a pinned root.
    #[error("certificate {0} was not issued by a root in platform_root_certificates")]
    Issuer(String),
}

#[derive(Deserialize)]
struct CertificateList {
    data: Vec<CertificateEntry>,
}

#[derive(Deserialize)]
struct CertificateEntry {
    serial_no: String,
    encrypt_certificate: Sealed,
}

/// The keys of all listed certificates that are valid at `now`. One that cannot be trusted spoils the list: it means a
/// wrong key, a wrong root or an attack, and each wants a person.
pub(crate) fn read(
    body: &[u8],
    key: &ApiV3Key,
    trust: &Trust,
    now: OffsetDateTime,
) -> Result<Vec<PlatformKey>, CertificatesRefused> {
    let list: CertificateList =
        response::json(body).map_err(|error| CertificatesRefused::Form(error.to_string()))?;
    let keys: Result<Vec<_>, _> = list.data.iter().map(|entry| read_entry(entry, key, trust, now)).collect();
    Ok(keys?.into_iter().flatten().collect())
}

/// `None` for a certificate that has ended, or is listed ahead of its beginning: a later download brings it.
fn read_entry(
    entry: &CertificateEntry,
    key: &ApiV3Key,
    trust: &Trust,
    now: OffsetDateTime,
) -> Result<Option<PlatformKey>, CertificatesRefused> {
    let form = |what: &str| CertificatesRefused::Form(format!("certificate {}: {what}", entry.serial_no));
    let pem = pem::parse(key.open(&entry.encrypt_certificate)?).map_err(|_| form("is not PEM"))?;
    let (_, certificate) = X509Certificate::from_der(pem.contents()).map_err(|_| form("is not X.509"))?;
    if !serial(&certificate).eq_ignore_ascii_case(&entry.serial_no) {
        return Err(form("has another serial than the list says"));
    }
    let validity = certificate.validity();
    if now < validity.not_before.to_datetime() || now > validity.not_after.to_datetime() {
        return Ok(None);
    }
    check_issuer(pem.contents(), trust, now)
        .map_err(|()| CertificatesRefused::Issuer(entry.serial_no.clone()))?;
    let serial = KeySerial::parse(entry.serial_no.clone()).map_err(|_| form("has no usable serial"))?;
    let not_after = Some(validity.not_after.to_datetime());
    let key = PlatformKey::new(serial, certificate.public_key().raw, not_after);
    key.map(Some).map_err(|error| form(&error.to_string()))
}

/// Hexadecimal as WeChat writes it: without the zero byte that keeps a DER integer positive.
fn serial(certificate: &X509Certificate<'_>) -> String {
    let bytes = certificate.raw_serial();
    let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn check_issuer(der: &[u8], trust: &Trust, now: OffsetDateTime) -> Result<(), ()> {
    let roots = match trust {
        Trust::SealOnly => return Ok(()),
        Trust::Roots(roots) => roots,
    };
    let der = CertificateDer::from(der);
    let certificate = EndEntityCert::try_from(&der).map_err(drop)?;
    let seconds = u64::try_from(now.unix_timestamp()).map_err(drop)?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    certificate
        .verify_for_usage(algorithms, roots, &[], time, MessageSigning, None, None)
        .map(drop)
        .map_err(drop)
}

/// No extended usage stands for signing API messages, so whatever usages a certificate lists are fine.
struct MessageSigning;

impl ExtendedKeyUsageValidator for MessageSigning {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.map(|usage| usage.map(drop)).collect()
    }
}

/// The roots in PEM text, one or more.
pub(crate) fn read_roots(text: &str) -> Result<Vec<TrustAnchor<'static>>, String> {
    let blocks = pem::parse_many(text).map_err(|_| "must be PEM text".to_owned())?;
    if blocks.is_empty() {
        return Err("must hold one or more -----BEGIN CERTIFICATE----- blocks".to_owned());
    }
    let anchor = |block: &pem::Pem| {
        let der = CertificateDer::from(block.contents());
        let anchor = webpki::anchor_from_trusted_cert(&der).map(|anchor| anchor.to_owned());
        anchor.map_err(|_| format!("holds a {} that is no X.509 root certificate", block.tag()))
    };
    blocks.iter().map(anchor).collect()
}
