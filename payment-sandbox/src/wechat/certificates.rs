//! Download of the platform certificates.

use serde_json::{Value, json};

use super::error::ApiError;
use super::identifiers::{aead_nonce, api_time};
use super::keys::seal;
use super::merchant::PlatformCertificate;
use super::world::{Call, World};

const ASSOCIATED_DATA: &str = "certificate";

/// `GET /v3/certificates`: every listed certificate, sealed under the APIv3 key. A merchant with a public key only
/// has none, which the service answers with 404.
pub(super) fn download(world: &mut World, call: &Call<'_>) -> Result<Value, ApiError> {
    check_algorithm(call.query)?;
    let merchant = world.merchant(call.mchid)?;
    if merchant.platform_certificates.is_empty() {
        return Err(ApiError::resource_not_exists(
            "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
        ));
    }
    let key = &merchant.apiv3_key;
    let list: Result<Vec<Value>, ApiError> =
        merchant.platform_certificates.iter().map(|certificate| entry(certificate, key)).collect();
    Ok(json!({"data": list?}))
}

fn entry(certificate: &PlatformCertificate, apiv3_key: &str) -> Result<Value, ApiError> {
    let nonce = aead_nonce();
    let ciphertext = seal(apiv3_key, &nonce, ASSOCIATED_DATA, certificate.pem.as_bytes())
        .map_err(|_| ApiError::system())?;
    Ok(json!({
        "serial_no": certificate.signer.id,
        "effective_time": api_time(certificate.not_before),
        "expire_time": api_time(certificate.not_after),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": ASSOCIATED_DATA,
            "ciphertext": ciphertext,
        },
    }))
}

fn check_algorithm(query: &str) -> Result<(), ApiError> {
    let wanted = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "algorithm_type");
    match wanted.as_ref().map(|(_, value)| value.as_ref()) {
        None | Some("RSA" | "ALL") => Ok(()),
        Some(other) => {
            let message = "不支持的证书算法类型";
            Err(ApiError::parameter("query", "/query/algorithm_type", message, &Value::from(other)))
        }
    }
}
