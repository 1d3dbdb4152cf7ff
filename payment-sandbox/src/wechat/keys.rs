//! The channel's cryptography: RSA signatures, AES-256-GCM sealing, OAEP opening, and certificates under a test root.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyUsagePurpose, SerialNumber};
use time::OffsetDateTime;

use super::identifiers;

/// A step that the cryptographic library refused; with keys made here it means a fault of the sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the cryptographic library refused to {step}")]
pub struct KeyError {
    step: &'static str,
}

impl KeyError {
    /// The merchant has neither a certificate nor a public key to sign with.
    pub(super) const fn no_signing_key() -> Self {
        Self { step: "sign without a key" }
    }
}

fn refused(step: &'static str) -> KeyError {
    KeyError { step }
}

/// An RSA-2048 key pair.
pub(super) struct RsaKey {
    pair: RsaKeyPair,
    pkcs8: Vec<u8>,
}

impl RsaKey {
    fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| refused("generate an RSA key"))?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| refused("encode an RSA key"))?;
        let pkcs8 = der.as_ref().to_vec();
        Ok(Self { pair, pkcs8 })
    }

    /// Base64 of the PKCS#1 v1.5 signature with SHA-256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| refused("sign"))?;
        Ok(BASE64.encode(signature))
    }

    pub(super) fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { pkcs1: self.pair.public_key().as_ref().to_vec() }
    }

    pub(super) fn private_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }

    pub(super) fn public_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> =
            self.pair.public_key().as_der().map_err(|_| refused("encode a public key"))?;
        Ok(pem("PUBLIC KEY", der.as_ref()))
    }

    /// Opens a field that a client encrypted with RSAES-OAEP (SHA-1, MGF1-SHA-1, empty label).
    pub(super) fn open_field(&self, encoded: &str) -> Result<Vec<u8>, KeyError> {
        let failed = || refused("open an OAEP field");
        let ciphertext = BASE64.decode(encoded).map_err(|_| failed())?;
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8).map_err(|_| failed())?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| failed())?;
        let mut plaintext = vec![0; key.min_output_size()];
        let opened =
            key.decrypt(&OAEP_SHA1_MGF1SHA1, &ciphertext, &mut plaintext, None).map_err(|_| failed())?;
        Ok(opened.to_vec())
    }

    fn certificate_key(&self) -> Result<rcgen::KeyPair, KeyError> {
        rcgen::KeyPair::try_from(self.pkcs8.as_slice())
            .map_err(|_| refused("use an RSA key for a certificate"))
    }
}

/// Keys that were made in this process, in order of need.
static MADE: Mutex<Vec<Arc<RsaKey>>> = Mutex::new(Vec::new());

/// Hands out RSA keys, never the same twice. Making one takes a tenth of a second and more, so several simulators in
/// one process (a test program, that is) get the same sequence of keys.
pub(super) struct KeyRing {
    drawn: AtomicUsize,
}

impl KeyRing {
    pub(super) const fn new() -> Self {
        Self { drawn: AtomicUsize::new(0) }
    }

    pub(super) fn draw(&self) -> Result<Arc<RsaKey>, KeyError> {
        let index = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        while made.len() <= index {
            made.push(Arc::new(RsaKey::generate()?));
        }
        made.get(index).cloned().ok_or_else(|| refused("find a key"))
    }
}

/// The public half that checks a merchant's signatures.
pub(super) struct VerifyingKey {
    pkcs1: Vec<u8>,
}

/// A signature that does not fit its message and key.
#[derive(Debug)]
pub(super) struct SignatureMismatch;

impl VerifyingKey {
    pub(super) fn verify(&self, message: &[u8], signature: &str) -> Result<(), SignatureMismatch> {
        let signature = BASE64.decode(signature).map_err(|_| SignatureMismatch)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(message, &signature)
            .map_err(|_| SignatureMismatch)
    }
}

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

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
