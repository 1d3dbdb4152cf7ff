//! The channels' private keys of the tests, so that hostile bytes come with good signatures.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A key that a channel signs with.
pub(crate) struct Signer(RsaKeyPair);

impl Signer {
    /// Reads PKCS#8 in PEM.
    pub(crate) fn new(pem: &str) -> Self {
        let der = pem::parse(pem).expect("PEM").into_contents();
        Self(RsaKeyPair::from_pkcs8(&der).expect("a key"))
    }

    /// The signature over `message` in base64, the same each time.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
        STANDARD.encode(signature)
    }
}
