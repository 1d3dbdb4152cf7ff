//! The proof that WeChat signed something: one way for answers and notifications, and no bool on it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{identifiers::KeySerial, ports::HttpResponse};
use time::OffsetDateTime;

use crate::{keys::KeySet, sign::SCHEME};

/// How far WeChat's clock and ours may be apart, in seconds. Exactly this much is still taken, as WeChat's PHP client does.
const WINDOW_SECONDS: u64 = 300;

/// The headers that carry a signature, as they came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignatureHeaders<'a> {
    /// Unix seconds.
    pub(crate) timestamp: &'a str,
    /// Chance.
    pub(crate) nonce: &'a str,
    /// Base64.
    pub(crate) signature: &'a str,
    /// Which key.
    pub(crate) serial: &'a str,
    /// May be absent; then it is the only one that there is.
    pub(crate) signature_type: Option<&'a str>,
}

/// Why something is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unproven {
    /// A header is missing.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header has no form that WeChat uses.
    #[error("header {0} is malformed")]
    Malformed(&'static str),
    /// Another signature algorithm.
    #[error("header wechatpay-signature-type is not WECHATPAY2-SHA256-RSA2048")]
    Type,
    /// Signed for another time.
    #[error(
        "header wechatpay-timestamp is more than 300 seconds off; if this repeats, check this machine's clock"
    )]
    Stale,
    /// A key that is not known.
    #[error("header wechatpay-serial names a key that is not known")]
    UnknownKey,
    /// No key is known yet: the certificates could not be downloaded so far.
    #[error(
        "platform certificates could not be downloaded yet; GET /v3/certificates is tried again on each use"
    )]
    NoKeys,
    /// The signature is wrong.
    #[error("the signature does not verify")]
    Signature,
}

impl<'a> SignatureHeaders<'a> {
    /// Those of an answer.
    pub(crate) fn of_response(response: &'a HttpResponse) -> Result<Self, Unproven> {
        let header = |name| response.header(name).ok_or(Unproven::Missing(name));
        Ok(Self {
            timestamp: header("wechatpay-timestamp")?,
            nonce: header("wechatpay-nonce")?,
            signature: header("wechatpay-signature")?,
            serial: header("wechatpay-serial")?,
            signature_type: response.header("wechatpay-signature-type"),
        })
    }
}

/// Proves that the holder of a key in `keys` signed `body` at about `now`; tells which key.
///
/// The cheap and secret-free checks stand first, so that what is stale makes nobody fetch keys.
pub(crate) fn prove(
    headers: &SignatureHeaders<'_>,
    body: &[u8],
    keys: &KeySet,
    now: OffsetDateTime,
) -> Result<KeySerial, Unproven> {
    check_form(headers)?;
    check_time(headers.timestamp, now)?;
    let unknown = if keys.is_empty() { Unproven::NoKeys } else { Unproven::UnknownKey };
    let key = keys.find(headers.serial, now).ok_or(unknown)?;
    // F39: WeChat's probes are no valid base64; to us they are one more wrong signature.
    let signature = STANDARD.decode(headers.signature).map_err(|_| Unproven::Signature)?;
    key.verify(&message(headers, body), &signature).map_err(|_| Unproven::Signature)?;
    Ok(key.serial().clone())
}

/// A nonce with a line feed in it could claim the first lines of a signed body as its own.
fn check_form(headers: &SignatureHeaders<'_>) -> Result<(), Unproven> {
    if headers.signature_type.is_some_and(|name| name != SCHEME) {
        return Err(Unproven::Type);
    }
    let malformed = |value: &str| value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic());
    let named = [("wechatpay-nonce", headers.nonce), ("wechatpay-serial", headers.serial)];
    match named.into_iter().find(|(_, value)| malformed(value)) {
        Some((name, _)) => Err(Unproven::Malformed(name)),
        None => Ok(()),
    }
}

fn check_time(timestamp: &str, now: OffsetDateTime) -> Result<(), Unproven> {
    let malformed = Unproven::Malformed("wechatpay-timestamp");
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let signed_at: i64 = timestamp.parse().map_err(|_| malformed)?;
    if now.unix_timestamp().abs_diff(signed_at) > WINDOW_SECONDS { Err(Unproven::Stale) } else { Ok(()) }
}

/// Three lines, each ended by one line feed. The body is the raw one; an empty body leaves its line feed.
fn message(headers: &SignatureHeaders<'_>, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{}\n{}\n", headers.timestamp, headers.nonce).into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::PlatformKey,
        test_channel::{NOW, PLATFORM_PUBLIC_KEY, PUBLIC_KEY_ID, Signer},
    };
    use proptest::prelude::*;
    use time::Duration;

    /// `testdata/golden.sh` made the signatures with the OpenSSL command line.
    const BODY: &[u8] = b"{\"prepay_id\":\"wx05\"}";
    const SIGNATURE: &str = include_str!("../testdata/answer.signature");

    fn keys() -> KeySet {
        let info = pem::parse(PLATFORM_PUBLIC_KEY).expect("PEM").into_contents();
        let serial = KeySerial::parse(PUBLIC_KEY_ID).expect("a serial");
        KeySet::new([PlatformKey::new(serial, &info, None).expect("a key")])
    }

    fn headers() -> SignatureHeaders<'static> {
        SignatureHeaders {
            timestamp: "1767614400",
            nonce: "nonce123",
            signature: SIGNATURE,
            serial: PUBLIC_KEY_ID,
            signature_type: Some("WECHATPAY2-SHA256-RSA2048"),
        }
    }

    fn verdict(headers: SignatureHeaders<'_>) -> Result<String, Unproven> {
        prove(&headers, BODY, &keys(), NOW).map(|serial| serial.to_string())
    }

    #[test]
    fn what_openssl_signed_is_proven_and_names_its_key() {
        assert_eq!(verdict(headers()), Ok(PUBLIC_KEY_ID.to_owned()));
        assert_eq!(
            verdict(SignatureHeaders { signature_type: None, ..headers() }),
            Ok(PUBLIC_KEY_ID.to_owned())
        );
        let signature = include_str!("../testdata/empty-answer.signature");
        assert!(prove(&SignatureHeaders { signature, ..headers() }, b"", &keys(), NOW).is_ok());
    }

    #[test]
    fn f43_what_is_missing_empty_or_of_another_type_is_refused() {
        let empty = |headers| verdict(headers).expect_err("refused");
        assert_eq!(empty(SignatureHeaders { signature: "", ..headers() }), Unproven::Signature);
        assert_eq!(
            empty(SignatureHeaders { serial: "", ..headers() }),
            Unproven::Malformed("wechatpay-serial")
        );
        assert_eq!(
            empty(SignatureHeaders { nonce: "", ..headers() }),
            Unproven::Malformed("wechatpay-nonce")
        );
        let timestamp = Unproven::Malformed("wechatpay-timestamp");
        for wrong in ["", "-1767614400", "+1767614400", "1767614400.0", "99999999999999999999", "١"] {
            assert_eq!(empty(SignatureHeaders { timestamp: wrong, ..headers() }), timestamp, "{wrong}");
        }
        for wrong in ["", "WECHATPAY2-SM2-WITH-SM3", "none"] {
            assert_eq!(empty(SignatureHeaders { signature_type: Some(wrong), ..headers() }), Unproven::Type);
        }
        let response = HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() };
        let missing = SignatureHeaders::of_response(&response).expect_err("missing");
        assert_eq!(missing, Unproven::Missing("wechatpay-timestamp"));
    }

    #[test]
    fn f39_a_signature_probe_is_one_more_wrong_signature() {
        let probe = format!("WECHATPAY/SIGNTEST/{}", &SIGNATURE[19..]);
        assert_eq!(verdict(SignatureHeaders { signature: &probe, ..headers() }), Err(Unproven::Signature));
        let short = "WECHATPAY/SIGNTEST/A";
        assert_eq!(verdict(SignatureHeaders { signature: short, ..headers() }), Err(Unproven::Signature));
    }

    #[test]
    fn f40_the_key_is_the_one_that_is_named_exactly() {
        for wrong in
            ["440024045C4A427599D09BB4E3DE0279F2E813FD", "PUB_KEY_ID_0", &PUBLIC_KEY_ID.to_lowercase()]
        {
            assert_eq!(verdict(SignatureHeaders { serial: wrong, ..headers() }), Err(Unproven::UnknownKey));
        }
    }

    #[test]
    fn the_window_is_300_seconds_both_ways() {
        let at = |seconds| prove(&headers(), BODY, &keys(), NOW + Duration::seconds(seconds)).map(drop);
        assert_eq!((at(300), at(-300)), (Ok(()), Ok(())));
        assert_eq!((at(301), at(-301)), (Err(Unproven::Stale), Err(Unproven::Stale)));
    }

    #[test]
    fn the_first_lines_of_a_body_cannot_be_moved_into_the_nonce() {
        let signed = Signer::public_key().headers(NOW, b"first\nsecond");
        let nonce = format!("{}\nfirst", signed[1].1);
        let headers = SignatureHeaders { nonce: &nonce, signature: &signed[2].1, ..headers() };
        // The very bytes that were signed, cut elsewhere.
        assert_eq!(message(&headers, b"second"), format!("1767614400\n{nonce}\nsecond\n").into_bytes());
        let refused = prove(&headers, b"second", &keys(), NOW);
        assert_eq!(refused, Err(Unproven::Malformed("wechatpay-nonce")));
    }

    #[test]
    fn each_changed_byte_is_noticed() {
        for index in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[index] ^= 1;
            assert_eq!(prove(&headers(), &body, &keys(), NOW), Err(Unproven::Signature));
        }
    }

    proptest! {
        #[test]
        fn f43_no_headers_panic_or_prove(
            timestamp in "(1767614400|.{0,20})", nonce in ".{0,40}", signature in ".{0,400}",
            serial in "(PUB_KEY_ID_0112345678912025010100000000000001|.{0,40})", body: Vec<u8>,
        ) {
            let headers = SignatureHeaders {
                timestamp: &timestamp, nonce: &nonce, signature: &signature, serial: &serial, signature_type: None,
            };
            prop_assert!(prove(&headers, &body, &keys(), NOW).is_err());
        }
    }
}
