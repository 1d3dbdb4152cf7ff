//! Certificate mode: the serials that the protocol makes of certificates, and what a downloaded successor must prove.

use md5::{Digest as _, Md5};
use payment_core::identifiers::KeySerial;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_parser::{
    prelude::{FromDer as _, X509Certificate},
    x509::{AttributeTypeAndValue, X509Name},
};

use crate::keys::PlatformKey;

/// The beginning of the identifiers of RSA signatures, whatever the hash. Alipay counts only roots signed so.
const RSA_SIGNATURES: &str = "1.2.840.113549.1.1";

/// The leaf of a PEM file with what the channel needs of it.
pub(crate) struct Leaf {
    /// Alipay's serial of it.
    pub(crate) serial: String,
    /// The DER of its RSAPublicKey.
    pub(crate) public_key: Vec<u8>,
    /// Its key, for verifying.
    pub(crate) platform_key: Result<PlatformKey, String>,
    /// The organizations of its subject.
    organizations: Vec<Vec<u8>>,
    der: CertificateDer<'static>,
    /// The certificates behind it in the file.
    chain: Vec<CertificateDer<'static>>,
}

impl Leaf {
    /// Reads a file whose first certificate is the leaf.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut certificates = read_certificates(text)?.into_iter();
        let der = certificates.next().ok_or_else(|| "must hold a certificate".to_owned())?;
        let (_, certificate) = parse(&der)?;
        let serial = serial(&certificate);
        let platform_key = platform_key(&serial, &certificate);
        let organizations = certificate.subject().iter_organization();
        Ok(Self {
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
            platform_key,
            organizations: organizations.map(|name| name.attr_value().data.to_vec()).collect(),
            serial,
            der: der.clone(),
            chain: certificates.collect(),
        })
    }
}

fn platform_key(serial: &str, certificate: &X509Certificate<'_>) -> Result<PlatformKey, String> {
    let serial = KeySerial::parse(serial).map_err(|error| error.to_string())?;
    let not_after = certificate.validity().not_after.to_datetime();
    let key = PlatformKey::of_certificate(serial, certificate.public_key().raw, not_after);
    key.map_err(|unusable| format!("its key {unusable}"))
}

fn read_certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let blocks = pem::parse_many(text).map_err(|_| "must be PEM text".to_owned())?;
    if blocks.is_empty() {
        return Err("must hold -----BEGIN CERTIFICATE----- blocks".to_owned());
    }
    let certificate = |block: pem::Pem| match block.tag() {
        "CERTIFICATE" => Ok(CertificateDer::from(block.into_contents())),
        other => Err(format!("holds a {other}; certificates are needed")),
    };
    blocks.into_iter().map(certificate).collect()
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<(&'a [u8], X509Certificate<'a>), String> {
    X509Certificate::from_der(der).map_err(|_| "holds a certificate that is no X.509".to_owned())
}

/// `md5(issuer + serial)` in 32 hexadecimal digits with their leading zeros: the issuer as RFC 2253 has it, the serial in
/// base 10. A name for a certificate, no proof of anything.
fn serial(certificate: &X509Certificate<'_>) -> String {
    let text = format!("{}{}", distinguished_name(certificate.issuer()), certificate.serial);
    hex::encode(Md5::digest(text.as_bytes()))
}

/// The most specific part first, joined by commas without spaces. Nothing is escaped: SDKs differ in it, and the names of
/// the platform's issuers need none.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let identifier = attribute.attr_type().to_id_string();
    let name = match identifier.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        other => other,
    };
    format!("{name}={}", String::from_utf8_lossy(attribute.attr_value().data))
}

/// The root bundle: its serial, which requests name, and the roots that a successor must chain to.
pub(crate) struct Roots {
    /// The serials of all RSA-signed roots in file order, joined by `_`.
    pub(crate) serial: String,
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// Reads the bundle. It also holds SM2 and ECDSA roots, which count for nothing here.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (mut serials, mut anchors) = (Vec::new(), Vec::new());
        for der in read_certificates(text)? {
            let (_, certificate) = parse(&der)?;
            if certificate.signature_algorithm.algorithm.to_id_string().starts_with(RSA_SIGNATURES) {
                serials.push(serial(&certificate));
                let anchor = webpki::anchor_from_trusted_cert(&der).map(|anchor| anchor.to_owned());
                anchors.push(anchor.map_err(|_| "holds a certificate that is no root".to_owned())?);
            }
        }
        if anchors.is_empty() {
            return Err("must hold at least one root that is signed with RSA".to_owned());
        }
        Ok(Self { serial: serials.join("_"), anchors })
    }
}

/// What makes a downloaded certificate Alipay's. The answer that brings it is signed with a key that is not known yet, so
/// all trust comes from here.
pub(crate) struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    organizations: Vec<Vec<u8>>,
}

/// Why a downloaded certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateRefused {
    /// Not a certificate.
    #[error("{0}")]
    Form(String),
    /// Not the one that was asked for.
    #[error("it has another serial than was asked for")]
    Serial,
    /// Issued by somebody else, or not valid now.
    #[error("it was not issued under alipay_root_certificates, or is not valid now")]
    Issuer,
    /// The platform's roots issue merchants' certificates too, and a merchant must not pass for the platform.
    #[error("its subject is another organization than that of alipay_certificate")]
    Organization,
}

impl Trust {
    /// Trust in successors of `leaf` under `roots`.
    pub(crate) fn new(roots: Roots, leaf: &Leaf) -> Self {
        let organizations = leaf.organizations.clone();
        Self { anchors: roots.anchors, intermediates: leaf.chain.clone(), organizations }
    }

    /// The key of a downloaded certificate, if it is the one asked for, Alipay's, and valid now.
    pub(crate) fn admit(
        &self,
        text: &str,
        asked: &str,
        now: OffsetDateTime,
    ) -> Result<PlatformKey, CertificateRefused> {
        let leaf = Leaf::read(text).map_err(CertificateRefused::Form)?;
        if leaf.serial != asked {
            return Err(CertificateRefused::Serial);
        }
        self.check_issuer(&leaf, now)?;
        if leaf.organizations != self.organizations {
            return Err(CertificateRefused::Organization);
        }
        leaf.platform_key.map_err(CertificateRefused::Form)
    }

    /// Whether a certificate chains to the roots at `now`.
    pub(crate) fn check_issuer(&self, leaf: &Leaf, now: OffsetDateTime) -> Result<(), CertificateRefused> {
        let certificate = EndEntityCert::try_from(&leaf.der).map_err(|_| CertificateRefused::Issuer)?;
        let seconds = u64::try_from(now.unix_timestamp()).map_err(|_| CertificateRefused::Issuer)?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let intermediates: Vec<_> = leaf.chain.iter().chain(&self.intermediates).cloned().collect();
        certificate
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                &intermediates,
                time,
                MessageSigning,
                None,
                None,
            )
            .map(drop)
            .map_err(|_| CertificateRefused::Issuer)
    }
}

/// No extended usage stands for signing API messages, so whatever usages a certificate lists are fine.
struct MessageSigning;

impl ExtendedKeyUsageValidator for MessageSigning {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.try_for_each(|usage| usage.map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{
        APP_CERTIFICATE, Authority, NOW, OTHER_KEY, PLATFORM_CERTIFICATE, PLATFORM_KEY, ROOTS, SUCCESSOR_KEY,
    };
    use time::Duration;

    /// `testdata/golden.sh` made the serials with openssl and md5sum.
    const SERIALS: &str = include_str!("../testdata/serials.text");

    #[test]
    fn serials_are_those_of_openssl_and_md5sum() {
        let expected: Vec<&str> = SERIALS.lines().collect();
        assert_eq!(Leaf::read(APP_CERTIFICATE).expect("a leaf").serial, expected[0]);
        assert_eq!(
            Leaf::read(PLATFORM_CERTIFICATE).expect("a chain").serial,
            expected[1],
            "the first of a chain"
        );
        assert_eq!(Roots::read(ROOTS).expect("roots").serial, expected[2], "without the ECDSA root");
    }

    #[test]
    fn issuers_are_written_most_specific_first_and_serials_in_base_10() {
        let leaf = Leaf::read(APP_CERTIFICATE).expect("a leaf");
        let (_, certificate) = parse(&leaf.der).expect("X.509");
        let issuer = "CN=Ant Financial Certification Authority Class 2 R1 test,OU=Certification Authority test,O=Ant Financial,C=CN";
        assert_eq!(distinguished_name(certificate.issuer()), issuer);
        assert_eq!(certificate.serial.to_string(), "2105610");
    }

    #[test]
    fn serials_keep_their_leading_zeros() {
        let authority = Authority::new("root");
        let with_zero = (0_u32..)
            .map(|number| authority.leaf(&number.to_be_bytes(), "Alipay", PLATFORM_KEY, NOW))
            .map(|pem| Leaf::read(&pem).expect("a leaf").serial)
            .find(|serial| serial.starts_with('0'));
        assert_eq!(with_zero.expect("one in sixteen").len(), 32);
    }

    fn trust(authority: &Authority, organization: &str) -> Trust {
        let leaf = authority.leaf(&[1], organization, PLATFORM_KEY, NOW);
        let text = format!("{leaf}{}", authority.intermediate_pem);
        Trust::new(Roots::read(&authority.root_pem).expect("a root"), &Leaf::read(&text).expect("a leaf"))
    }

    fn verdict(trust: &Trust, pem: &str, now: OffsetDateTime) -> Result<String, CertificateRefused> {
        let asked = Leaf::read(pem).map(|leaf| leaf.serial).unwrap_or_default();
        trust.admit(pem, &asked, now).map(|key| key.serial().to_string())
    }

    #[test]
    fn a_successor_is_taken_with_its_intermediate_or_without() {
        let authority = Authority::new("root");
        let trust = trust(&authority, "Alipay");
        let leaf = authority.leaf(&[2], "Alipay", SUCCESSOR_KEY, NOW);
        let serial = Leaf::read(&leaf).expect("a leaf").serial;
        assert_eq!(verdict(&trust, &leaf, NOW), Ok(serial.clone()));
        assert_eq!(verdict(&trust, &format!("{leaf}\n{}", authority.intermediate_pem), NOW), Ok(serial));
    }

    #[test]
    fn what_is_not_the_platforms_is_no_successor() {
        let (authority, forger) = (Authority::new("root"), Authority::new("root"));
        let trust = trust(&authority, "Alipay");
        let forged = forger.leaf(&[2], "Alipay", OTHER_KEY, NOW);
        let with_chain = format!("{forged}{}", forger.intermediate_pem);
        assert_eq!(verdict(&trust, &with_chain, NOW), Err(CertificateRefused::Issuer));
        let merchant = authority.leaf(&[2], "Some Merchant", OTHER_KEY, NOW);
        assert_eq!(verdict(&trust, &merchant, NOW), Err(CertificateRefused::Organization));
        let other = authority.leaf(&[2], "Alipay", SUCCESSOR_KEY, NOW);
        assert_eq!(trust.admit(&other, "asked", NOW).err(), Some(CertificateRefused::Serial));
        let ended = NOW + Duration::days(2000);
        assert_eq!(verdict(&trust, &other, ended), Err(CertificateRefused::Issuer));
        for wrong in ["", "-----BEGIN", PLATFORM_KEY] {
            assert!(matches!(verdict(&trust, wrong, NOW), Err(CertificateRefused::Form(_))));
        }
    }

    #[test]
    fn bundles_hold_an_rsa_root() {
        for wrong in ["", "root.pem", PLATFORM_KEY, include_str!("../testdata/ec.crt.pem")] {
            assert!(Roots::read(wrong).is_err());
        }
        let unseparated = ROOTS.replace("\n\n", "\n");
        assert_eq!(
            Roots::read(&unseparated).expect("roots").serial,
            Roots::read(ROOTS).expect("roots").serial
        );
    }
}
