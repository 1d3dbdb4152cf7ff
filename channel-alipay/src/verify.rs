//! The proof that Alipay signed something: one way for answers, notifications and client results, and no bool on it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::identifiers::KeySerial;
use time::OffsetDateTime;

use crate::{form::Form, keys::KeySet, sign};

/// Why something is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unproven {
    /// There is no signature, or an empty one.
    #[error("it is not signed")]
    Unsigned,
    /// Another signature algorithm, or none named.
    #[error("sign_type is not RSA2")]
    Type,
    /// Certificate mode, and no `alipay_cert_sn` tells which key it is.
    #[error("it names no alipay_cert_sn")]
    KeyUnnamed,
    /// A key that is not known.
    #[error("alipay_cert_sn names a certificate that is not known")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature does not verify")]
    Signature,
}

/// Which keys may have signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Candidates<'a> {
    /// The one of this serial.
    Named(&'a str),
    /// Any: notifications name none reliably, and the previous certificate overlaps with the next.
    All,
}

/// The signature over one node of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedNode<'a> {
    /// The node's value exactly as received, quotes included where it is encrypted.
    pub(crate) text: &'a str,
    /// Base64.
    pub(crate) signature: &'a str,
    /// Which keys may have signed.
    pub(crate) candidates: Candidates<'a>,
}

/// A node with the key that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProvenNode {
    /// The text that was signed: this one is to be read and no other.
    pub(crate) text: String,
    /// The key.
    pub(crate) verified_by: KeySerial,
}

/// Proves a node. Alipay escapes slashes on the wire and has signed some nodes before it did.
pub(crate) fn node(
    signed: &SignedNode<'_>,
    keys: &KeySet,
    now: OffsetDateTime,
) -> Result<ProvenNode, Unproven> {
    let signature = decoded(signed.signature)?;
    let unescaped = || signed.text.replace("\\/", "/");
    let texts = std::iter::once(signed.text.to_owned()).chain(std::iter::once_with(unescaped));
    let (text, verified_by) = first_proven(texts, &signature, signed.candidates, keys, now)?;
    Ok(ProvenNode { text, verified_by })
}

/// Proves the parameters of a notification or of a return address: all but `sign` and `sign_type`, sorted.
///
/// Empty values are left out, and kept in a second try: the platform sends none and its SDKs disagree. They also disagree
/// whether an `alipay_cert_sn` is signed.
pub(crate) fn parameters(form: &Form, keys: &KeySet, now: OffsetDateTime) -> Result<KeySerial, Unproven> {
    let signature = form.get("sign").ok_or(Unproven::Unsigned)?;
    if form.get("sign_type") != Some(sign::SIGN_TYPE) {
        return Err(Unproven::Type);
    }
    let signature = decoded(signature)?;
    let of =
        |left_out: &'static [&'static str]| form.iter().filter(move |(name, _)| !left_out.contains(name));
    let (usual, without_serial) = (&["sign", "sign_type"], &["sign", "sign_type", "alipay_cert_sn"]);
    let texts = [
        sign::content(of(usual)),
        sign::content_with_empty(of(usual)),
        sign::content(of(without_serial)),
        sign::content_with_empty(of(without_serial)),
    ];
    first_proven(distinct(texts), &signature, Candidates::All, keys, now).map(|(_, serial)| serial)
}

fn distinct(texts: [String; 4]) -> impl Iterator<Item = String> {
    let mut tried: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !tried.contains(&text) {
            tried.push(text);
        }
    }
    tried.into_iter()
}

fn decoded(signature: &str) -> Result<Vec<u8>, Unproven> {
    match signature {
        "" => Err(Unproven::Unsigned),
        text => STANDARD.decode(text).map_err(|_| Unproven::Signature),
    }
}

fn first_proven(
    mut texts: impl Iterator<Item = String>,
    signature: &[u8],
    candidates: Candidates<'_>,
    keys: &KeySet,
    now: OffsetDateTime,
) -> Result<(String, KeySerial), Unproven> {
    let candidates: Vec<_> = match candidates {
        Candidates::Named(serial) => vec![keys.find(serial, now).ok_or(Unproven::UnknownKey)?],
        Candidates::All => keys.current(now).collect(),
    };
    let proven = texts.find_map(|text| {
        let key = candidates.iter().find(|key| key.verify(text.as_bytes(), signature).is_ok())?;
        Some((text, key.serial().clone()))
    });
    proven.ok_or(Unproven::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::PlatformKey,
        test_channel::{NOW, OTHER_KEY, PLATFORM_KEY, PLATFORM_PUBLIC_KEY, signature},
    };
    use proptest::prelude::*;

    /// `testdata/golden.sh` made the signatures with the OpenSSL command line.
    const NODE: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"GW20260301000002","qr_code":"https:\/\/qr.alipay.com\/bax0"}"#;
    const ESCAPED: &str = include_str!("../testdata/answer.signature");
    const UNESCAPED: &str = include_str!("../testdata/unescaped.signature");

    fn keys() -> KeySet {
        let info = pem::parse(PLATFORM_PUBLIC_KEY).expect("PEM").into_contents();
        KeySet::new([PlatformKey::bare(&info).expect("a key")])
    }

    fn verdict(text: &str, signature: &str) -> Result<String, Unproven> {
        node(&SignedNode { text, signature, candidates: Candidates::All }, &keys(), NOW).map(|node| node.text)
    }

    #[test]
    fn what_openssl_signed_is_proven_with_its_slashes_either_way() {
        assert_eq!(verdict(NODE, ESCAPED).as_deref(), Ok(NODE));
        let unescaped = NODE.replace("\\/", "/");
        assert_eq!(verdict(NODE, UNESCAPED), Ok(unescaped), "what was signed is what is read");
    }

    #[test]
    fn f43_nothing_is_proven_by_an_empty_or_foreign_signature() {
        assert_eq!(verdict(NODE, ""), Err(Unproven::Unsigned));
        for wrong in ["@", "AAAA", &ESCAPED[4..], &signature(OTHER_KEY, NODE)] {
            assert_eq!(verdict(NODE, wrong), Err(Unproven::Signature));
        }
        let named = SignedNode { text: NODE, signature: ESCAPED, candidates: Candidates::Named("other") };
        assert_eq!(node(&named, &keys(), NOW), Err(Unproven::UnknownKey));
    }

    #[test]
    fn each_changed_byte_is_noticed() {
        for index in 0..NODE.len() {
            let mut bytes = NODE.as_bytes().to_vec();
            bytes[index] ^= 1;
            let text = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(verdict(&text, ESCAPED), Err(Unproven::Signature));
        }
    }

    fn form(text: &str, signed: &str) -> Form {
        let sign = signature(PLATFORM_KEY, signed);
        let rest = crate::form::write([("sign_type", "RSA2"), ("sign", sign.as_str())]);
        Form::read(format!("{text}&{rest}").as_bytes()).expect("a form")
    }

    #[test]
    fn f45_section_8_4_empty_values_may_be_signed_or_not() {
        assert!(parameters(&form("b=2&a=1&c=", "a=1&b=2"), &keys(), NOW).is_ok());
        assert!(parameters(&form("b=2&a=1&c=", "a=1&b=2&c="), &keys(), NOW).is_ok());
        assert!(parameters(&form("a=1&alipay_cert_sn=x", "a=1&alipay_cert_sn=x"), &keys(), NOW).is_ok());
        assert!(parameters(&form("a=1&alipay_cert_sn=x", "a=1"), &keys(), NOW).is_ok());
        assert_eq!(parameters(&form("a=1&d=4", "a=1"), &keys(), NOW), Err(Unproven::Signature));
    }

    #[test]
    fn f43_section_8_4_the_sender_does_not_choose_the_algorithm() {
        for wrong in ["sign_type=RSA", "sign_type=rsa2", "sign_type=", "x=RSA2"] {
            let sign = crate::form::write([("sign", signature(PLATFORM_KEY, "a=1").as_str())]);
            let form = Form::read(format!("a=1&{wrong}&{sign}").as_bytes()).expect("a form");
            assert_eq!(parameters(&form, &keys(), NOW), Err(Unproven::Type), "{wrong}");
        }
        let unsigned = Form::read(b"a=1&sign_type=RSA2&sign=").expect("a form");
        assert_eq!(parameters(&unsigned, &keys(), NOW), Err(Unproven::Unsigned));
    }

    proptest! {
        #[test]
        fn f43_no_signature_panics_or_proves(text in ".{0,80}", signature in ".{0,400}") {
            prop_assert!(verdict(&text, &signature).is_err());
        }
    }
}
