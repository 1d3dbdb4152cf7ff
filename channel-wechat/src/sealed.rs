//! The AES-256-GCM envelope in which notifications and downloaded certificates come, opened with the APIv3 key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// The only algorithm taken. WeChat also has `AEAD_SM4_GCM`, for special merchants.
const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The longest ciphertext that the interface description admits, in base64 characters.
const CIPHERTEXT_LIMIT: usize = 1_048_576;

/// A sealed text as it stands in JSON.
#[derive(Deserialize)]
pub(crate) struct Sealed {
    algorithm: String,
    ciphertext: String,
    nonce: String,
    /// May be empty or absent; both mean no associated data.
    associated_data: Option<String>,
}

/// Why a sealed text stays shut. Carries nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unopened {
    /// Another algorithm.
    #[error("the sealing algorithm is not AEAD_AES_256_GCM")]
    Algorithm,
    /// Longer than WeChat ever sends.
    #[error("the ciphertext is longer than 1048576 characters")]
    TooLong,
    /// Not base64.
    #[error("the ciphertext is not base64")]
    Encoding,
    /// F42: a nonce that is not 12 bytes long is refused here, before a cipher could panic on it.
    #[error("the nonce is not 12 bytes long")]
    Nonce,
    /// The tag does not fit key, nonce, associated data and ciphertext.
    #[error("it does not open with the configured api_v3_key")]
    Tag,
}

/// The merchant's APIv3 key. Opens; never signs.
pub(crate) struct ApiV3Key(LessSafeKey);

impl std::fmt::Debug for ApiV3Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ApiV3Key([REDACTED])")
    }
}

impl ApiV3Key {
    /// Takes the key as the merchant portal has it: its 32 ASCII characters are the key's bytes.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, String> {
        let text = text.expose_secret();
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "must be exactly the 32 ASCII characters set as APIv3 key in the merchant portal".to_owned()
            );
        }
        let key = UnboundKey::new(&AES_256_GCM, text.as_bytes());
        key.map(|key| Self(LessSafeKey::new(key))).map_err(|_| "is no AES-256 key".to_owned())
    }

    /// The plaintext of `sealed`.
    pub(crate) fn open(&self, sealed: &Sealed) -> Result<Vec<u8>, Unopened> {
        if sealed.algorithm != ALGORITHM {
            return Err(Unopened::Algorithm);
        }
        if sealed.ciphertext.len() > CIPHERTEXT_LIMIT {
            return Err(Unopened::TooLong);
        }
        let mut bytes = STANDARD.decode(&sealed.ciphertext).map_err(|_| Unopened::Encoding)?;
        let nonce = Nonce::try_assume_unique_for_key(sealed.nonce.as_bytes()).map_err(|_| Unopened::Nonce)?;
        let associated_data = Aad::from(sealed.associated_data.as_deref().unwrap_or_default());
        let length =
            self.0.open_in_place(nonce, associated_data, &mut bytes).map_err(|_| Unopened::Tag)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{API_V3_KEY, seal};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn key() -> ApiV3Key {
        ApiV3Key::parse(&API_V3_KEY.into()).expect("a key")
    }

    fn sealed(value: Value) -> Sealed {
        serde_json::from_value(value).expect("an envelope")
    }

    /// Sealed by Node's crypto: see `testdata/golden.sh`.
    #[test]
    fn what_another_library_sealed_opens() {
        let ciphertext = include_str!("../testdata/transaction.sealed");
        let envelope = json!({"algorithm": ALGORITHM, "nonce": "fdasflkja484", "associated_data": "transaction",
            "ciphertext": ciphertext});
        assert_eq!(key().open(&sealed(envelope)), Ok(b"{\"trade_state\":\"SUCCESS\"}".to_vec()));
    }

    #[test]
    fn associated_data_may_be_there_empty_or_absent() {
        for data in [json!("transaction"), json!(""), Value::Null] {
            let mut envelope = seal("fdasflkja484", data.as_str().unwrap_or_default(), b"{}");
            envelope["associated_data"] = data;
            assert_eq!(key().open(&sealed(envelope)), Ok(b"{}".to_vec()));
        }
        let mut absent = seal("fdasflkja484", "", b"{}");
        absent.as_object_mut().expect("an object").remove("associated_data");
        assert_eq!(key().open(&sealed(absent)), Ok(b"{}".to_vec()));
    }

    #[test]
    fn what_was_altered_does_not_open() {
        let good = seal("fdasflkja484", "transaction", b"{}");
        let altered = |field: &str, value: &str| {
            let mut envelope = good.clone();
            envelope[field] = json!(value);
            key().open(&sealed(envelope))
        };
        assert_eq!(altered("associated_data", "refund"), Err(Unopened::Tag));
        assert_eq!(altered("associated_data", ""), Err(Unopened::Tag));
        assert_eq!(altered("nonce", "fdasflkja485"), Err(Unopened::Tag));
        assert_eq!(altered("algorithm", "AEAD_SM4_GCM"), Err(Unopened::Algorithm));
        assert_eq!(altered("ciphertext", "@@"), Err(Unopened::Encoding));
        assert_eq!(altered("ciphertext", ""), Err(Unopened::Tag));
        assert_eq!(altered("ciphertext", &"A".repeat(CIPHERTEXT_LIMIT + 4)), Err(Unopened::TooLong));
    }

    #[test]
    fn f42_a_nonce_of_hostile_length_is_refused() {
        for length in [0, 1, 11, 13, 16, 4096] {
            let mut envelope = seal("fdasflkja484", "", b"{}");
            envelope["nonce"] = json!("n".repeat(length));
            assert_eq!(key().open(&sealed(envelope)), Err(Unopened::Nonce), "{length}");
        }
    }

    #[test]
    fn r29_a_wrong_key_is_refused_without_repeating_it() {
        for wrong in ["", "0123456789abcdef", "0123456789abcdef0123456789abcdef0", "一二三四五六七八九十12"]
        {
            let refusal = ApiV3Key::parse(&wrong.into()).expect_err("a refusal");
            assert!(wrong.is_empty() || !refusal.contains(wrong));
        }
        assert!(!format!("{:?}", key()).contains(API_V3_KEY));
    }

    proptest! {
        #[test]
        fn f42_no_envelope_panics(nonce in ".{0,40}", data in proptest::option::of(".{0,40}"), bytes: Vec<u8>) {
            let ciphertext = STANDARD.encode(bytes);
            let envelope = Sealed { algorithm: ALGORITHM.to_owned(), ciphertext, nonce, associated_data: data };
            prop_assert!(key().open(&envelope).is_err());
        }

        #[test]
        fn f42_no_ciphertext_text_panics(ciphertext in ".{0,80}") {
            let nonce = "fdasflkja484".to_owned();
            let envelope = Sealed { algorithm: ALGORITHM.to_owned(), ciphertext, nonce, associated_data: None };
            prop_assert!(key().open(&envelope).is_err());
        }
    }
}
