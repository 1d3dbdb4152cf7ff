//! AES content encryption as Alipay defines it: AES-128-CBC, PKCS#7 padding, an initialisation vector of zeros, base64.
//!
//! It hides contents from what lies between, and proves nothing: the signature over the ciphertext does that.

use aws_lc_rs::{
    cipher::{
        AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
        UnboundCipherKey,
    },
    iv::FixedLength,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

/// The key that the console gives out.
pub(crate) struct ContentKey(SecretBox<[u8; 16]>);

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ContentKey([REDACTED])")
    }
}

/// A content that cannot be encrypted or decrypted. Nothing tells the ways apart: a padding error must not be an oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content does not fit content_encryption_key")]
pub(crate) struct ContentShut;

/// The vector that the protocol prescribes. It makes equal contents equal ciphertexts, also in a repeated request.
const ZEROS: [u8; 16] = [0; 16];

impl ContentKey {
    /// Takes the key as the console shows it.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, String> {
        let bytes =
            STANDARD.decode(text.expose_secret()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        let key = bytes.map(|bytes| Self(SecretBox::new(Box::new(bytes))));
        key.ok_or_else(|| "must be the base64 of 16 bytes, as the console shows the AES key".to_owned())
    }

    fn unbound(&self) -> Result<UnboundCipherKey, ContentShut> {
        UnboundCipherKey::new(&AES_128, self.0.expose_secret()).map_err(|_| ContentShut)
    }

    /// Base64 of the encrypted content.
    pub(crate) fn encrypt(&self, content: &str) -> Result<String, ContentShut> {
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.unbound()?).map_err(|_| ContentShut)?;
        let mut bytes = content.as_bytes().to_vec();
        let vector = EncryptionContext::Iv128(FixedLength::from(ZEROS));
        key.less_safe_encrypt(&mut bytes, vector).map_err(|_| ContentShut)?;
        Ok(STANDARD.encode(bytes))
    }

    /// The content of base64 text.
    pub(crate) fn decrypt(&self, ciphertext: &str) -> Result<String, ContentShut> {
        let mut bytes = STANDARD.decode(ciphertext).map_err(|_| ContentShut)?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.unbound()?).map_err(|_| ContentShut)?;
        let vector = DecryptionContext::Iv128(FixedLength::from(ZEROS));
        let content = key.decrypt(&mut bytes, vector).map_err(|_| ContentShut)?;
        std::str::from_utf8(content).map(str::to_owned).map_err(|_| ContentShut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::CONTENT_KEY;
    use proptest::prelude::*;

    fn key() -> ContentKey {
        ContentKey::parse(&CONTENT_KEY.into()).expect("a key")
    }

    /// `testdata/golden.sh` encrypted it with the OpenSSL command line.
    #[test]
    fn what_openssl_encrypted_opens_and_the_other_way_round() {
        let ciphertext = include_str!("../testdata/content.aes");
        let content = "{\"out_trade_no\":\"GW20260301000002\",\"subject\":\"测试\"}";
        assert_eq!(key().decrypt(ciphertext), Ok(content.to_owned()));
        assert_eq!(key().encrypt(content), Ok(ciphertext.to_owned()));
    }

    #[test]
    fn r29_a_wrong_key_is_refused_without_repeating_it() {
        for wrong in ["", "AAAA", "0123456789abcdef", "not base64 at all!"] {
            let refusal = ContentKey::parse(&wrong.into()).expect_err("a refusal");
            assert!(wrong.is_empty() || !refusal.contains(wrong));
        }
        assert!(!format!("{:?}", key()).contains(CONTENT_KEY));
    }

    #[test]
    fn what_was_not_encrypted_with_the_key_stays_shut() {
        let other = ContentKey::parse(&"MDEyMzQ1Njc4OWFiY2RlZg==".into()).expect("a key");
        let ciphertext = key().encrypt("{\"code\":\"10000\"}").expect("encrypted");
        assert_ne!(other.decrypt(&ciphertext), Ok("{\"code\":\"10000\"}".to_owned()));
        for wrong in ["", "AA==", "@", "QUFBQUFBQUFBQUFBQUFBQUE="] {
            assert_eq!(key().decrypt(wrong), Err(ContentShut), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_content_survives(content in ".{0,200}") {
            let ciphertext = key().encrypt(&content).expect("encrypted");
            prop_assert_eq!(key().decrypt(&ciphertext), Ok(content));
        }

        #[test]
        fn no_ciphertext_panics(bytes: Vec<u8>) {
            let _ = key().decrypt(&STANDARD.encode(bytes));
        }
    }
}
