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
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.try_for_each(|usage| usage.map(drop))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{API_V3_KEY, NOW, OTHER_KEY, PLATFORM_KEY, Root, Signer};
    use serde_json::{Value, json};
    use time::Duration;

    const SERIAL: &str = "440024045C4A427599D09BB4E3DE0279F2E813FD";
    /// Its first byte makes a DER integer negative unless a zero is put before it.
    const HIGH_SERIAL: &str = "F40024045C4A427599D09BB4E3DE0279F2E813FD";
    const LIFE: Duration = Duration::days(1825);

    fn read(entries: &[Value], trust: &Trust) -> Result<Vec<String>, CertificatesRefused> {
        let key = ApiV3Key::parse(&API_V3_KEY.into()).expect("a key");
        let keys = super::read(json!({"data": entries}).to_string().as_bytes(), &key, trust, NOW)?;
        Ok(keys.iter().map(|key| key.serial().to_string()).collect())
    }

    fn trust(root: &Root) -> Trust {
        Trust::Roots(read_roots(&root.pem).expect("a root"))
    }

    #[test]
    fn certificates_under_a_pinned_root_are_taken_several_at_once() {
        let root = Root::new("root");
        let (one, two) =
            (Signer::certificate(SERIAL, PLATFORM_KEY), Signer::certificate(HIGH_SERIAL, OTHER_KEY));
        let entries =
            [&one, &two].map(|signer| signer.entry(&signer.issue(&root, NOW - Duration::DAY, LIFE)));
        let expected = Ok(vec![SERIAL.to_owned(), HIGH_SERIAL.to_owned()]);
        assert_eq!(read(&entries, &trust(&root)), expected);
        assert_eq!(read(&entries, &Trust::SealOnly), expected);
    }

    #[test]
    fn another_issuer_spoils_the_list() {
        let (root, forger) = (Root::new("root"), Root::new("root"));
        let signer = Signer::certificate(SERIAL, PLATFORM_KEY);
        let entry = signer.entry(&signer.issue(&forger, NOW - Duration::DAY, LIFE));
        assert_eq!(read(&[entry], &trust(&root)), Err(CertificatesRefused::Issuer(SERIAL.to_owned())));
    }

    #[test]
    fn certificates_before_and_after_their_time_are_left_out() {
        let root = Root::new("root");
        let signer = Signer::certificate(SERIAL, PLATFORM_KEY);
        let early = signer.entry(&signer.issue(&root, NOW + Duration::HOUR, LIFE));
        let late = signer.entry(&signer.issue(&root, NOW - LIFE - Duration::HOUR, LIFE));
        assert_eq!(read(&[early, late], &trust(&root)), Ok(Vec::new()));
    }

    #[test]
    fn a_listed_serial_is_the_certificates_own() {
        let root = Root::new("root");
        let signer = Signer::certificate(SERIAL, PLATFORM_KEY);
        let mut entry = signer.entry(&signer.issue(&root, NOW - Duration::DAY, LIFE));
        entry["serial_no"] = json!(HIGH_SERIAL);
        assert!(matches!(read(&[entry], &Trust::SealOnly), Err(CertificatesRefused::Form(_))));
    }

    #[test]
    fn what_the_api_v3_key_does_not_open_names_that_key() {
        let signer = Signer::certificate(SERIAL, PLATFORM_KEY);
        let mut entry = signer.entry("not PEM");
        assert!(matches!(read(&[entry.clone()], &Trust::SealOnly), Err(CertificatesRefused::Form(_))));
        entry["encrypt_certificate"]["nonce"] = json!("61f9c719728b");
        assert_eq!(read(&[entry], &Trust::SealOnly), Err(CertificatesRefused::Sealed(Unopened::Tag)));
        let key = ApiV3Key::parse(&API_V3_KEY.into()).expect("a key");
        for wrong in [&b""[..], b"{}", b"[]", b"{\"data\":7}", b"\xff"] {
            let refused = super::read(wrong, &key, &Trust::SealOnly, NOW).expect_err("refused");
            assert!(matches!(refused, CertificatesRefused::Form(_)));
        }
    }

    #[test]
    fn roots_are_certificates() {
        assert!(
            read_roots(&format!("{}{}", Root::new("a").pem, Root::new("b").pem))
                .is_ok_and(|roots| roots.len() == 2)
        );
        for wrong in ["", "root.pem", PLATFORM_KEY] {
            assert!(read_roots(wrong).is_err());
        }
    }
}
