//! Encrypted content: AES-128-CBC with PKCS#7 padding under an initial vector of zeros, in base64.

use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::rsa::{KeyError, refused};

const ZEROS: [u8; 16] = [0; 16];

/// Encrypts text.
pub(super) fn encrypt(key: &[u8; 16], plaintext: &str) -> Result<String, KeyError> {
    let failed = || refused("encrypt content");
    let key = UnboundCipherKey::new(&AES_128, key).map_err(|_| failed())?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| failed())?;
    let mut buffer = plaintext.as_bytes().to_vec();
    let vector = EncryptionContext::Iv128(FixedLength::from(ZEROS));
    key.less_safe_encrypt(&mut buffer, vector).map_err(|_| failed())?;
    Ok(BASE64.encode(buffer))
}

/// Decrypts to text. Every way of being wrong looks the same.
pub(super) fn decrypt(key: &[u8; 16], encoded: &str) -> Result<String, KeyError> {
    let failed = || refused("decrypt content");
    let mut buffer = BASE64.decode(encoded).map_err(|_| failed())?;
    let key = UnboundCipherKey::new(&AES_128, key).map_err(|_| failed())?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| failed())?;
    let vector = DecryptionContext::Iv128(FixedLength::from(ZEROS));
    let plaintext = key.decrypt(&mut buffer, vector).map_err(|_| failed())?;
    String::from_utf8(plaintext.to_vec()).map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_back_and_a_wrong_key_does_not_open_it() {
        let sealed = encrypt(&[7; 16], "{\"subject\":\"测试\"}").unwrap();
        assert_eq!(decrypt(&[7; 16], &sealed).unwrap(), "{\"subject\":\"测试\"}");
        decrypt(&[8; 16], &sealed).unwrap_err();
        decrypt(&[7; 16], "not base64!").unwrap_err();
    }
}
