//! The channel's own hand: a WeChat account whose public key the test made, so that it can sign what the simulator
//! would never send.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_sandbox::wechat::GeneratedMerchant;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::replay::RawRequest;

/// The account's name; a merchant of its own has the same.
pub const ACCOUNT: &str = "hand";

const SERIAL: &str = "PUB_KEY_ID_0000000000000000000000000042";
const API_V3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const MCHID: &str = "1900000042";
const APPID: &str = "wx0000000000000042";

/// Signs as WeChat would.
pub struct ChannelHand {
    key: RsaKeyPair,
}

impl ChannelHand {
    /// A hand with a fresh key.
    #[must_use]
    pub fn new() -> Self {
        Self { key: RsaKeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// A merchant with the one account that believes this hand.
    #[must_use]
    pub fn config(&self, keys_of: &GeneratedMerchant) -> String {
        format!(
            "[merchants.{ACCOUNT}]\napi_keys = [{{ id = \"hand-key\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n{}",
            "0f".repeat(32),
            self.account_of(ACCOUNT, keys_of)
        )
    }

    /// One more account of a merchant, which believes this hand. It can be notified, but its calls reach nobody.
    #[must_use]
    pub fn account_of(&self, merchant: &str, keys_of: &GeneratedMerchant) -> String {
        let public_key: PublicKeyX509Der<'_> = self.key.public_key().as_der().unwrap();
        let encoded = STANDARD.encode(public_key.as_ref());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n");
        format!(
            "[merchants.{merchant}.accounts.{ACCOUNT}]\nchannel = \"wechat\"\nmchid = \"{MCHID}\"\napp_id = \"{APPID}\"\n\
             merchant_certificate_serial = \"{}\"\nmerchant_private_key = '''{}'''\napi_v3_key = \"{API_V3_KEY}\"\n\
             base_url = \"http://127.0.0.1:9\"\nwechatpay_public_key_id = \"{SERIAL}\"\nwechatpay_public_key = '''{pem}'''\n",
            keys_of.merchant_serial, keys_of.merchant_private_key_pem,
        )
    }

    /// A rightly signed notification with this body.
    #[must_use]
    pub fn signed(&self, now: OffsetDateTime, body: &[u8]) -> RawRequest {
        let (timestamp, nonce) = (now.unix_timestamp().to_string(), "0123456789abcdef");
        let message = [format!("{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).unwrap();
        let header = |name: &str, value: String| (name.to_owned(), value.into_bytes());
        RawRequest {
            target: format!("/v1/callbacks/wechat/{ACCOUNT}"),
            headers: vec![
                header("content-type", "application/json".to_owned()),
                header("wechatpay-timestamp", timestamp),
                header("wechatpay-nonce", nonce.to_owned()),
                header("wechatpay-serial", SERIAL.to_owned()),
                header("wechatpay-signature", STANDARD.encode(signature)),
                header("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
            ],
            body: body.to_vec(),
        }
    }

    /// The success of a payment as WeChat would tell it, to be spoilt.
    #[must_use]
    pub fn transaction(&self, payment_no: &str, fen: i64) -> Value {
        json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": payment_no, "transaction_id": "4200000000000000000000000042",
            "trade_type": "APP", "trade_state": "SUCCESS", "bank_type": "OTHERS",
            "success_time": "2026-11-23T16:00:00+08:00", "payer": {"openid": "oHand"},
            "amount": {"total": fen, "payer_total": fen, "currency": "CNY", "payer_currency": "CNY"},
        })
    }

    /// A sealed envelope around `plaintext`, to be spoilt.
    #[must_use]
    pub fn envelope(&self, plaintext: &[u8]) -> Value {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap());
        let mut sealed = plaintext.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(b"0123456789ab").unwrap();
        key.seal_in_place_append_tag(nonce, Aad::from("transaction"), &mut sealed).unwrap();
        json!({
            "id": "EV-42", "create_time": "2026-11-23T16:00:00+08:00", "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功",
            "resource": {
                "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": STANDARD.encode(sealed), "associated_data": "transaction", "nonce": "0123456789ab",
            },
        })
    }
}

impl Default for ChannelHand {
    fn default() -> Self {
        Self::new()
    }
}
