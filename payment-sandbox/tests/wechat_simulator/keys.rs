//! Keys: downloads, rotation, the mix of notifications, and a second opinion from the openssl command line.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use payment_sandbox::wechat::{CertificateRotation, KeyMode};
use serde_json::Value;

use crate::client::Wants;
use crate::stage::Stage;

async fn downloaded(stage: &Stage) -> Vec<(String, String)> {
    let answer = stage.client.call("GET", "/v3/certificates", &Value::Null).await.json();
    let entries = answer["data"].as_array().unwrap().iter();
    let open = |entry: &Value| String::from_utf8(stage.client.open(&entry["encrypt_certificate"])).unwrap();
    entries.map(|entry| (entry["serial_no"].as_str().unwrap().to_owned(), open(entry))).collect()
}

#[tokio::test]
async fn the_downloaded_certificate_is_the_one_that_signs() {
    let stage = Stage::with(KeyMode::PlatformCertificate, Wants::Certificate).await;
    let given = &stage.client.merchant.platform_certificates[0];
    assert_eq!(downloaded(&stage).await, [(given.serial.clone(), given.pem.clone())]);
}

#[tokio::test]
async fn f40_a_merchant_with_a_public_key_only_has_no_certificates() {
    let stage = Stage::with(KeyMode::PublicKey, Wants::PublicKey).await;
    let answer = stage.client.call("GET", "/v3/certificates", &Value::Null).await;
    assert_eq!(answer.refusal(), (404, "RESOURCE_NOT_EXISTS".to_owned()));
    let request = stage.client.request("GET", "/v3/certificates", b"").without("wechatpay-serial");
    let answer = stage.client.send(&request).await.unwrap();
    let key_id = stage.client.verify(&answer.headers, &answer.body).unwrap();
    assert!(key_id.starts_with("PUB_KEY_ID_"), "there is nothing else to sign with");
}

#[tokio::test]
async fn f41_a_new_certificate_is_listed_before_it_signs() {
    let mut stage = Stage::with(KeyMode::Both, Wants::Certificate).await;
    let old = stage.client.merchant.platform_certificates[0].serial.clone();
    let mchid = stage.mchid().to_owned();
    let announced = stage.control.rotate_platform_certificate(&mchid, CertificateRotation::Announce).unwrap();
    let serials: Vec<String> = downloaded(&stage).await.into_iter().map(|(serial, _)| serial).collect();
    assert_eq!(serials, [old.clone(), announced.serial.clone()]);
    let signer = async |stage: &Stage| {
        let answer = stage.client.send(&stage.client.request("GET", "/v3/certificates", b"")).await.unwrap();
        stage.client.verify(&answer.headers, &answer.body)
    };
    assert_eq!(signer(&stage).await, Ok(old));
    let active = stage.control.rotate_platform_certificate(&mchid, CertificateRotation::Activate).unwrap();
    assert_eq!(active.serial, announced.serial);
    assert_eq!(signer(&stage).await, Err("unknown serial"), "a client that has not refreshed");
    stage.client.merchant.platform_certificates.push(active.clone());
    assert_eq!(signer(&stage).await, Ok(active.serial));
}

#[tokio::test]
async fn f40_notifications_are_signed_by_both_keys_during_a_migration() {
    let stage = Stage::new().await;
    stage.control.set_notification_key_mix(stage.mchid(), 50).unwrap();
    stage.paid_order("ORDER0001").await;
    stage.control.resend_notification(stage.mchid(), "ORDER0001", 9).await.unwrap();
    let arrived = stage.receiver.arrived();
    let ids = arrived.iter().map(|a| stage.client.verify(&a.headers, &a.body).unwrap());
    assert_eq!(ids.filter(|id| id.starts_with("PUB_KEY_ID_")).count(), 5);
    stage.control.set_notification_key_mix(stage.mchid(), 101).unwrap_err();
}

/// Runs openssl, which must succeed.
fn openssl(arguments: &[&str]) -> String {
    let output =
        Command::new("openssl").args(arguments).output().expect("the openssl command line is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn openssl_confirms_the_signature_and_the_chain_of_a_notification() {
    let stage = Stage::with(KeyMode::PlatformCertificate, Wants::Certificate).await;
    stage.paid_order("ORDER0001").await;
    let arrived = stage.receiver.arrived().pop().unwrap();
    let header = |name: &str| arrived.headers[name].to_str().unwrap();
    let message = [
        header("wechatpay-timestamp").as_bytes(),
        b"\n",
        header("wechatpay-nonce").as_bytes(),
        b"\n",
        &arrived.body,
        b"\n",
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = &stage.client.merchant.platform_certificates[0];
    let pem = file("platform.pem", certificate.pem.as_bytes());
    let root = file("root.pem", stage.client.merchant.root_certificate_pem.as_bytes());
    let signature = file("signature", &BASE64.decode(header("wechatpay-signature")).unwrap());
    let message = file("message", &message);

    let key = file("key.pem", openssl(&["x509", "-in", &pem, "-noout", "-pubkey"]).as_bytes());
    let verdict = openssl(&["dgst", "-sha256", "-verify", &key, "-signature", &signature, &message]);
    assert_eq!(verdict.trim(), "Verified OK");
    // The manual clock stands in 2025, and so does the certificate's validity.
    let moment = stage.client.clock.now().unix_timestamp().to_string();
    let chain = openssl(&["verify", "-attime", &moment, "-CAfile", &root, &pem]);
    assert!(chain.trim().ends_with("OK"), "{chain}");
    let serial = openssl(&["x509", "-in", &pem, "-noout", "-serial"]);
    assert_eq!(serial.trim(), format!("serial={}", certificate.serial));
}
