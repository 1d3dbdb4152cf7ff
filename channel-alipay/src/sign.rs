//! What the application's private key signs, and the text that either side signs: sorted `name=value` joined by `&`.
//!
//! RSASSA-PKCS1-v1_5 with SHA-256 (`RSA2`) throughout: it takes no randomness, so equal texts have equal signatures. One
//! takes about a fifth of a millisecond and is made on the worker that asks for it.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

/// The only signature type sent, and the only one taken: a sender must not choose the weaker `RSA`.
pub(crate) const SIGN_TYPE: &str = "RSA2";

/// The application's private key.
pub(crate) struct AppKey(RsaKeyPair);

impl std::fmt::Debug for AppKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AppKey([REDACTED])")
    }
}

/// The cryptographic library refused to sign. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the application's private key could not sign")]
pub(crate) struct SigningFailed;

impl AppKey {
    /// Takes PKCS#8 or PKCS#1, in PEM or as the bare base64 that the console's tool writes; at least 2048 bits.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, String> {
        let der = der(text.expose_secret(), &["PRIVATE KEY", "RSA PRIVATE KEY"]).map_err(|problem| {
            format!(
                "{problem}; the application's private key is needed, not encrypted, as PEM or bare base64"
            )
        })?;
        let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        pair.map(Self).map_err(|_| "is not an RSA private key of at least 2048 bits".to_owned())
    }

    /// The DER of the RSAPublicKey that belongs to it.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Base64 of the signature over `text`.
    pub(crate) fn sign(&self, text: &str) -> Result<String, SigningFailed> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // PKCS#1 v1.5 signatures use no randomness; the library's interface asks for a source all the same.
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| SigningFailed)?;
        Ok(STANDARD.encode(signature))
    }
}

/// The bytes of PEM text with one of `tags`, or of bare base64 whose lines may be broken anywhere.
pub(crate) fn der(text: &str, tags: &[&str]) -> Result<Vec<u8>, String> {
    if text.contains("-----BEGIN") {
        let pem = pem::parse(text).map_err(|_| "is broken PEM text".to_owned())?;
        return if tags.contains(&pem.tag()) {
            Ok(pem.into_contents())
        } else {
            Err(format!("holds a {}", pem.tag()))
        };
    }
    let unbroken: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(unbroken).map_err(|_| "is neither PEM text nor base64".to_owned())
}

/// The text to sign: parameters in byte order of their names, raw values, empty ones left out.
pub(crate) fn content<'a>(sorted: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    joined(sorted.into_iter().filter(|(_, value)| !value.is_empty()))
}

/// The same with empty values kept as `name=`, as some of the platform's own SDKs have it.
pub(crate) fn content_with_empty<'a>(sorted: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    joined(sorted.into_iter())
}

fn joined<'a>(sorted: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in sorted {
        let separator = if text.is_empty() { "" } else { "&" };
        text.extend([separator, name, "=", value]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{APP_KEY, PLATFORM_PUBLIC_KEY};
    use std::collections::BTreeMap;

    /// The reference's own example, signed by the OpenSSL command line in `testdata/golden.sh`.
    #[test]
    fn the_text_and_its_signature_are_openssls() {
        let parameters = BTreeMap::from([
            ("version", "1.0"),
            ("timestamp", "2026-03-01 12:30:45"),
            ("sign_type", "RSA2"),
            ("app_id", "2021000000000001"),
            ("method", "alipay.trade.precreate"),
            ("charset", "utf-8"),
            ("format", "JSON"),
            ("return_url", ""),
            ("notify_url", "https://pay.example.cn/hooks/alipay?tenant=a&env=test"),
            (
                "biz_content",
                r#"{"out_trade_no":"GW20260301000002","total_amount":"88.88","subject":"测试订单 A+B 50%","time_expire":"2026-03-01 12:45:45"}"#,
            ),
        ]);
        let text = content(parameters);
        assert_eq!(text, include_str!("../testdata/request.text"));
        let key = AppKey::parse(&APP_KEY.into()).expect("a key");
        assert_eq!(key.sign(&text).as_deref(), Ok(include_str!("../testdata/request.signature")));
    }

    #[test]
    fn names_are_sorted_by_their_bytes_and_empty_values_are_left_out() {
        let parameters =
            BTreeMap::from([("a_b", "4"), ("aB", "3"), ("a1", "2"), ("a", "1"), ("ab", "5"), ("b", "")]);
        assert_eq!(content(parameters.clone()), "a=1&a1=2&aB=3&a_b=4&ab=5");
        assert_eq!(content_with_empty(parameters), "a=1&a1=2&aB=3&a_b=4&ab=5&b=");
    }

    #[test]
    fn private_keys_come_in_four_forms() {
        fn bare(pem: &str) -> Vec<&str> {
            pem.lines().filter(|line| !line.starts_with("---")).collect()
        }
        let pkcs1 = include_str!("../testdata/app.pkcs1.key.pem");
        let expected = AppKey::parse(&APP_KEY.into()).expect("PKCS#8").sign("text").expect("signed");
        for form in [pkcs1.to_owned(), bare(APP_KEY).concat(), bare(pkcs1).join("\r\n")] {
            let key = AppKey::parse(&form.into()).expect("a key");
            assert_eq!(key.sign("text").as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn r29_what_is_no_private_key_is_refused_without_repeating_it() {
        let stray = format!("{}!", "QUJD".repeat(20));
        for wrong in ["", "secret-word", &stray, PLATFORM_PUBLIC_KEY, "QUJD"] {
            let refusal = AppKey::parse(&wrong.into()).expect_err("a refusal");
            assert!(wrong.is_empty() || !refusal.contains(wrong), "{refusal}");
        }
        let key = AppKey::parse(&APP_KEY.into()).expect("a key");
        assert_eq!(format!("{key:?}"), "AppKey([REDACTED])");
    }
}
