//! RSA keys of simulated channels: making them, signing, verifying, their text forms.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A step that the cryptographic library refused; with keys made here it means a fault of the sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the cryptographic library refused to {step}")]
pub struct KeyError {
    step: &'static str,
}

impl KeyError {
    /// The merchant has no key of the kind that is to sign.
    pub(crate) const fn no_signing_key() -> Self {
        Self { step: "sign without a key" }
    }
}

/// `step` is what the library did not do, as an infinitive.
pub(crate) const fn refused(step: &'static str) -> KeyError {
    KeyError { step }
}

/// An RSA-2048 key pair.
pub(crate) struct RsaKey {
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
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| refused("sign"))?;
        Ok(BASE64.encode(signature))
    }

    /// The public half.
    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { pkcs1: self.pair.public_key().as_ref().to_vec() }
    }

    /// PKCS#8.
    pub(crate) fn private_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }

    /// SubjectPublicKeyInfo.
    pub(crate) fn public_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> =
            self.pair.public_key().as_der().map_err(|_| refused("encode a public key"))?;
        Ok(pem("PUBLIC KEY", der.as_ref()))
    }

    /// Opens a field that a client encrypted with RSAES-OAEP (SHA-1, MGF1-SHA-1, empty label).
    pub(crate) fn open_field(&self, encoded: &str) -> Result<Vec<u8>, KeyError> {
        let failed = || refused("open an OAEP field");
        let ciphertext = BASE64.decode(encoded).map_err(|_| failed())?;
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8).map_err(|_| failed())?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| failed())?;
        let mut plaintext = vec![0; key.min_output_size()];
        let opened =
            key.decrypt(&OAEP_SHA1_MGF1SHA1, &ciphertext, &mut plaintext, None).map_err(|_| failed())?;
        Ok(opened.to_vec())
    }

    /// The same key for making certificates.
    pub(crate) fn certificate_key(&self) -> Result<rcgen::KeyPair, KeyError> {
        rcgen::KeyPair::try_from(self.pkcs8.as_slice())
            .map_err(|_| refused("use an RSA key for a certificate"))
    }
}

/// Keys that were made in this process, in order of need.
static MADE: Mutex<Vec<Arc<RsaKey>>> = Mutex::new(Vec::new());

/// Hands out RSA keys, never the same twice. Making one takes a tenth of a second and more, so several simulators in
/// one process (a test program, that is) get the same sequence of keys.
pub(crate) struct KeyRing {
    drawn: AtomicUsize,
}

impl KeyRing {
    /// A ring that begins with the first key.
    pub(crate) const fn new() -> Self {
        Self { drawn: AtomicUsize::new(0) }
    }

    /// The next key of the sequence.
    pub(crate) fn draw(&self) -> Result<Arc<RsaKey>, KeyError> {
        let index = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        while made.len() <= index {
            made.push(Arc::new(RsaKey::generate()?));
        }
        made.get(index).cloned().ok_or_else(|| refused("find a key"))
    }
}

/// The public half that checks signatures.
pub(crate) struct VerifyingKey {
    pkcs1: Vec<u8>,
}

/// A signature that does not fit its message and key.
#[derive(Debug)]
pub(crate) struct SignatureMismatch;

impl VerifyingKey {
    /// Checks base64 of a PKCS#1 v1.5 signature with SHA-256.
    pub(crate) fn verify(&self, message: &[u8], signature: &str) -> Result<(), SignatureMismatch> {
        let signature = BASE64.decode(signature).map_err(|_| SignatureMismatch)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(message, &signature)
            .map_err(|_| SignatureMismatch)
    }
}

/// Base64 of `der` in lines of 64 letters between PEM's armour.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
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
