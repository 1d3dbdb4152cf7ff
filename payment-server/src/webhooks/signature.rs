//! The signature of Standard Webhooks 1.0.0: HMAC-SHA256 over `{id}.{timestamp}.{body}`, as `v1,` and Base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use payment_core::ports::Randomness;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// What every secret begins with, so that scanners find secrets that were committed by mistake.
const PREFIX: &str = "whsec_";

/// How many bytes a secret has: the specification's limits.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What an endpoint and we know, and nobody else. Wiped on drop, never shown.
#[derive(Debug, Clone)]
pub struct SigningSecret(SecretSlice<u8>);

impl PartialEq for SigningSecret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }
}

/// A text that is no secret of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and the Base64 of 24 to 64 random bytes")]
pub struct MalformedSecret;

impl SigningSecret {
    /// Reads `whsec_` and Base64.
    ///
    /// # Errors
    /// [`MalformedSecret`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(MalformedSecret)?;
        let bytes = SecretSlice::from(STANDARD.decode(encoded).map_err(|_| MalformedSecret)?);
        if LENGTHS.contains(&bytes.expose_secret().len()) { Ok(Self(bytes)) } else { Err(MalformedSecret) }
    }

    /// The text of a new one.
    #[must_use]
    pub fn generate(randomness: &dyn Randomness) -> SecretString {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        SecretString::from(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// The bytes, to tell whether two endpoints share a secret.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The signature of one attempt, as it stands in `webhook-signature`. `timestamp` is the attempt's Unix time in seconds.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // A key of any length is admitted, so there is nothing that could fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The secrets of an endpoint: the present one, and during a rotation the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningSecrets {
    /// The secret that receivers are to know.
    pub current: SigningSecret,
    /// The secret that some of them may still know.
    pub previous: Option<SigningSecret>,
}

impl SigningSecrets {
    /// The value of `webhook-signature`: a signature for each secret, separated by spaces, the present one's first.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let secrets = std::iter::once(&self.current).chain(&self.previous);
        secrets.map(|secret| secret.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vector of the official libraries' own tests.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_specifications_vector_is_signed_as_the_official_libraries_sign_it() {
        assert_eq!(SigningSecret::parse(SECRET).unwrap().sign(ID, TIMESTAMP, BODY), SIGNATURE);
    }

    #[test]
    fn during_a_rotation_both_secrets_sign() {
        let current = SigningSecret::parse(&format!("whsec_{}", STANDARD.encode([7; 32]))).unwrap();
        let alone = current.sign(ID, TIMESTAMP, BODY);
        let previous = SigningSecret::parse(SECRET).ok();
        let secrets = SigningSecrets { current: current.clone(), previous };
        assert_eq!(secrets.sign(ID, TIMESTAMP, BODY), format!("{alone} {SIGNATURE}"));
        let secrets = SigningSecrets { current, previous: None };
        assert_eq!(secrets.sign(ID, TIMESTAMP, BODY), alone);
    }

    #[test]
    fn only_secrets_of_the_specifications_form_and_length_are_taken() {
        let of_length = |length: usize| format!("whsec_{}", STANDARD.encode(vec![1; length]));
        for wrong in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_not base64",
            &of_length(23),
            &of_length(65),
        ] {
            assert_eq!(SigningSecret::parse(wrong).unwrap_err(), MalformedSecret, "{wrong}");
        }
        assert!(SigningSecret::parse(&of_length(24)).is_ok());
        assert!(SigningSecret::parse(&of_length(64)).is_ok());
    }

    #[test]
    fn r29_secrets_do_not_show() {
        let shown = format!("{:?}", SigningSecret::parse(SECRET).unwrap());
        assert!(!shown.contains("MfKQ") && !shown.contains("49, 242"), "{shown}");
    }
}
