//! What the merchant's private key signs: API requests and the parameters that the payer's app invokes WeChat with.
//!
//! RSASSA-PKCS1-v1_5 with SHA-256 throughout. A signature takes about a fifth of a millisecond, so it is made on the
//! worker that asks for it.

use std::collections::BTreeMap;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

/// The scheme in the Authorization header, and the only signature type taken from WeChat.
pub(crate) const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// The merchant's private key with the serial of its certificate.
pub(crate) struct MerchantKey {
    serial: String,
    pair: RsaKeyPair,
}

impl std::fmt::Debug for MerchantKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MerchantKey({}, [REDACTED])", self.serial)
    }
}

/// The cryptographic library refused to sign. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the merchant's private key could not sign")]
pub(crate) struct SigningFailed;

impl MerchantKey {
    /// Takes a PEM private key, PKCS#8 or PKCS#1, of at least 2048 bits; the error says what it should have been.
    pub(crate) fn parse(pem: &SecretString) -> Result<RsaKeyPair, String> {
        let pem = pem::parse(pem.expose_secret()).map_err(|_| {
            "must be PEM text that begins with -----BEGIN PRIVATE KEY-----: the apiclient_key.pem of the merchant portal"
                .to_owned()
        })?;
        let pair = match pem.tag() {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(pem.contents()),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(pem.contents()),
            other => {
                return Err(format!(
                    "holds a {other}; the private key apiclient_key.pem is needed, not encrypted"
                ));
            }
        };
        pair.map_err(|_| "is not an RSA private key of at least 2048 bits".to_owned())
    }

    /// The key with its certificate's serial.
    pub(crate) const fn new(serial: String, pair: RsaKeyPair) -> Self {
        Self { serial, pair }
    }

    /// Base64 of the signature over `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, SigningFailed> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // PKCS#1 v1.5 signatures use no randomness; the library's interface asks for a source all the same.
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SigningFailed)?;
        Ok(STANDARD.encode(signature))
    }
}

/// When and with what chance a signature is made.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Unix seconds.
    pub(crate) timestamp: i64,
    /// At most 32 characters of `[0-9A-Za-z]`.
    pub(crate) nonce: String,
}

/// The parts of a request that its signature covers. The host is not one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedRequest<'a> {
    /// Upper case.
    pub(crate) method: &'a str,
    /// Path and query, percent-encoded as sent.
    pub(crate) target: &'a str,
    /// The exact bytes sent, empty where there are none.
    pub(crate) body: &'a [u8],
}

/// The value of the Authorization header.
pub(crate) fn authorization(
    key: &MerchantKey,
    mchid: &str,
    request: &SignedRequest<'_>,
    moment: &Moment,
) -> Result<String, SigningFailed> {
    let Moment { timestamp, nonce } = moment;
    let signature = key.sign(&request_message(request, moment))?;
    let serial = &key.serial;
    Ok(format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\",signature=\"{signature}\""
    ))
}

/// Five lines, each ended by one line feed, also the last one and also when the body is empty or ends in one itself.
fn request_message(request: &SignedRequest<'_>, moment: &Moment) -> Vec<u8> {
    let head = format!("{}\n{}\n{}\n{}\n", request.method, request.target, moment.timestamp, moment.nonce);
    let mut message = head.into_bytes();
    message.extend_from_slice(request.body);
    message.push(b'\n');
    message
}

/// The seven parameters of the OpenSDK. The signed fourth line is the bare `prepay_id`, and `package` is not signed.
pub(crate) fn app_parameters(
    key: &MerchantKey,
    mchid: &str,
    app_id: &str,
    prepay_id: &str,
    moment: &Moment,
) -> Result<BTreeMap<String, String>, SigningFailed> {
    let timestamp = moment.timestamp.to_string();
    let sign = key.sign(&invoke_message(app_id, &timestamp, &moment.nonce, prepay_id))?;
    Ok(parameters([
        ("appid", app_id),
        ("partnerid", mchid),
        ("prepayid", prepay_id),
        ("package", "Sign=WXPay"),
        ("noncestr", &moment.nonce),
        ("timestamp", &timestamp),
        ("sign", &sign),
    ]))
}

/// The six parameters of `WeixinJSBridge` and `wx.requestPayment`. The signed fourth line is `package` with its prefix.
pub(crate) fn jsapi_parameters(
    key: &MerchantKey,
    app_id: &str,
    prepay_id: &str,
    moment: &Moment,
) -> Result<BTreeMap<String, String>, SigningFailed> {
    let timestamp = moment.timestamp.to_string();
    let package = format!("prepay_id={prepay_id}");
    let sign = key.sign(&invoke_message(app_id, &timestamp, &moment.nonce, &package))?;
    Ok(parameters([
        ("appId", app_id),
        ("timeStamp", &timestamp),
        ("nonceStr", &moment.nonce),
        ("package", &package),
        ("signType", "RSA"),
        ("paySign", &sign),
    ]))
}

fn invoke_message(app_id: &str, timestamp: &str, nonce: &str, last: &str) -> Vec<u8> {
    format!("{app_id}\n{timestamp}\n{nonce}\n{last}\n").into_bytes()
}

fn parameters<const COUNT: usize>(pairs: [(&str, &str); COUNT]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_channel::{APP_ID, MCHID, MERCHANT_KEY, MERCHANT_SERIAL, NOW};

    fn key() -> MerchantKey {
        MerchantKey::new(MERCHANT_SERIAL.to_owned(), MerchantKey::parse(&MERCHANT_KEY.into()).expect("a key"))
    }

    fn moment() -> Moment {
        Moment { timestamp: NOW.unix_timestamp(), nonce: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".to_owned() }
    }

    /// `testdata/golden.sh` made the expected signatures with the OpenSSL command line.
    fn assert_golden(request: &SignedRequest<'_>, signature: &str) {
        let header = authorization(&key(), MCHID, request, &moment()).expect("signed");
        let expected = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"5K8264ILTKCH16CQ2502SI8ZNMTM67VS\",\
             timestamp=\"1767614400\",serial_no=\"{MERCHANT_SERIAL}\",signature=\"{signature}\""
        );
        assert_eq!(header, expected);
    }

    #[test]
    fn a_get_signs_its_query_and_an_empty_body() {
        let target = "/v3/pay/transactions/out-trade-no/P202601050000000000000000000000A?mchid=1234567891";
        let request = SignedRequest { method: "GET", target, body: b"" };
        assert_golden(&request, include_str!("../testdata/get.signature"));
    }

    #[test]
    fn a_body_that_ends_in_a_line_feed_gets_another() {
        let body = b"{\"mchid\":\"1234567891\"}\n";
        let request = SignedRequest { method: "POST", target: "/v3/pay/transactions/app", body };
        assert_golden(&request, include_str!("../testdata/post.signature"));
    }

    #[test]
    fn app_parameters_sign_the_bare_prepay_id() {
        let invoke = app_parameters(&key(), MCHID, APP_ID, "wx05200000000000000000000000000001", &moment());
        let invoke = invoke.expect("signed");
        let names: Vec<_> = invoke.keys().map(String::as_str).collect();
        assert_eq!(names, ["appid", "noncestr", "package", "partnerid", "prepayid", "sign", "timestamp"]);
        assert_eq!(invoke["sign"], include_str!("../testdata/app.signature"));
        assert_eq!(invoke["package"], "Sign=WXPay");
        assert_eq!(invoke["partnerid"], MCHID);
    }

    #[test]
    fn jsapi_parameters_sign_the_package_with_its_prefix() {
        let invoke = jsapi_parameters(&key(), APP_ID, "wx05200000000000000000000000000001", &moment());
        let invoke = invoke.expect("signed");
        let names: Vec<_> = invoke.keys().map(String::as_str).collect();
        assert_eq!(names, ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]);
        assert_eq!(invoke["paySign"], include_str!("../testdata/jsapi.signature"));
        assert_eq!(invoke["package"], "prepay_id=wx05200000000000000000000000000001");
        assert_eq!(invoke["signType"], "RSA");
    }

    #[test]
    fn r29_the_key_does_not_print() {
        assert_eq!(format!("{:?}", key()), format!("MerchantKey({MERCHANT_SERIAL}, [REDACTED])"));
    }
}
