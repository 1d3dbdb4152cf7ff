//! The channel's cryptography beside plain RSA: AES-256-GCM sealing, and certificates under a test root.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyUsagePurpose, SerialNumber};
use time::OffsetDateTime;

use super::identifiers;
use crate::rsa::{KeyError, RsaKey, refused};

/// AES-256-GCM under the APIv3 key: base64 of ciphertext and tag.
pub(super) fn seal(
    key: &str,
    nonce: &str,
    associated_data: &str,
    plaintext: &[u8],
) -> Result<String, KeyError> {
    let failed = || refused("seal a resource");
    let key = UnboundKey::new(&AES_256_GCM, key.as_bytes()).map_err(|_| failed())?;
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| failed())?;
    let mut sealed = plaintext.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut sealed)
        .map_err(|_| failed())?;
    Ok(BASE64.encode(sealed))
}

/// A certificate with the serial that its messages name.
pub(super) struct IssuedCertificate {
    pub(super) serial: String,
    pub(super) pem: String,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// The test authority that stands in for WeChat Pay's own root.
pub(super) struct TestRoot {
    issuer: Issuer<'static, rcgen::KeyPair>,
    pub(super) pem: String,
}

/// WeChat Pay issues its certificates for five years.
const CERTIFICATE_LIFE: time::Duration = time::Duration::days(5 * 365);

impl TestRoot {
    pub(super) fn new(key: &RsaKey, now: OffsetDateTime) -> Result<Self, KeyError> {
        let key = key.certificate_key()?;
        let mut parameters = named("Tenpay.com Root CA (simulated)", now, CERTIFICATE_LIFE * 4);
        parameters.serial_number = Some(serial_number(&identifiers::certificate_serial()));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key).map_err(|_| refused("sign the test root"))?;
        Ok(Self { issuer: Issuer::new(parameters, key), pem: certificate.pem() })
    }

    /// A certificate for `key`, valid from a day before `now`, as a channel's certificate is older than its use.
    pub(super) fn issue(
        &self,
        name: &str,
        key: &RsaKey,
        now: OffsetDateTime,
    ) -> Result<IssuedCertificate, KeyError> {
        let serial = identifiers::certificate_serial();
        let mut parameters = named(name, now - time::Duration::DAY, CERTIFICATE_LIFE);
        parameters.serial_number = Some(serial_number(&serial));
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let (not_before, not_after) = (parameters.not_before, parameters.not_after);
        let certificate = parameters
            .signed_by(&key.certificate_key()?, &self.issuer)
            .map_err(|_| refused("sign a certificate"))?;
        Ok(IssuedCertificate { serial, pem: certificate.pem(), not_before, not_after })
    }
}

fn named(name: &str, from: OffsetDateTime, life: time::Duration) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CountryName, "CN");
    parameters.distinguished_name.push(DnType::OrganizationName, "Tenpay.com");
    parameters.distinguished_name.push(DnType::CommonName, name);
    // Certificates carry whole seconds.
    parameters.not_before = from.replace_nanosecond(0).unwrap_or(from);
    parameters.not_after = parameters.not_before + life;
    parameters
}

fn serial_number(hexadecimal: &str) -> SerialNumber {
    SerialNumber::from(hex::decode(hexadecimal).unwrap_or_default())
}
