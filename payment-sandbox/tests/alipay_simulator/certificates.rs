//! Certificate mode and signatures, held against OpenSSL.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use payment_sandbox::alipay::{Fault, KeyMode, MerchantOptions};
use serde_json::json;

use crate::client::{Client, pem_bytes};
use crate::stage::Stage;

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// AES-128-CBC with a zero vector by OpenSSL; base64 on the encrypted side.
pub(crate) fn openssl_aes(key: &str, direction: &str, input: &[u8]) -> Vec<u8> {
    let key = hex::encode(BASE64.decode(key).unwrap());
    let zeros = "0".repeat(32);
    openssl(&["enc", "-aes-128-cbc", direction, "-K", &key, "-iv", &zeros, "-base64", "-A"], input)
}

/// The serial number of a certificate by OpenSSL's own reading of issuer and serial.
fn openssl_sn(pem: &str) -> String {
    let text = |option: &str| {
        let arguments = ["x509", "-noout", option, "-nameopt", "RFC2253"];
        String::from_utf8(openssl(&arguments, pem.as_bytes())).unwrap().trim().to_owned()
    };
    let issuer = text("-issuer").strip_prefix("issuer=").unwrap().to_owned();
    let serial = text("-serial").strip_prefix("serial=").unwrap().to_owned();
    let digest = openssl(&["md5", "-r"], format!("{issuer}{}", decimal(&serial)).as_bytes());
    String::from_utf8(digest).unwrap()[..32].to_owned()
}

/// A hexadecimal number in decimal digits.
fn decimal(hexadecimal: &str) -> String {
    let mut digits = vec![0_u32];
    for letter in hexadecimal.chars() {
        let mut carry = letter.to_digit(16).unwrap();
        for digit in &mut digits {
            let value = *digit * 16 + carry;
            (*digit, carry) = (value % 10, value / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from_digit(*digit, 10).unwrap()).collect()
}

fn blocks(pem: &str) -> Vec<String> {
    let end = "-----END CERTIFICATE-----\n";
    pem.split_inclusive(end).filter(|block| block.contains("BEGIN")).map(str::to_owned).collect()
}

#[tokio::test]
async fn serial_numbers_are_what_openssl_makes_of_the_certificates() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let certificates = stage.client.merchant.certificates.as_ref().unwrap();
    assert_eq!(openssl_sn(&certificates.app.pem), certificates.app.sn);
    assert_eq!(openssl_sn(&certificates.alipay.pem), certificates.alipay.sn, "the leaf is first");
    let rsa: Vec<String> = blocks(&certificates.root.pem)
        .iter()
        .filter(|block| {
            let text = openssl(&["x509", "-noout", "-text"], block.as_bytes());
            String::from_utf8_lossy(&text).contains("sha256WithRSAEncryption")
        })
        .map(|block| openssl_sn(block))
        .collect();
    assert_eq!((rsa.len(), blocks(&certificates.root.pem).len()), (2, 3), "one root is not RSA");
    assert_eq!(rsa.join("_"), certificates.root.sn);
}

#[tokio::test]
async fn openssl_verifies_the_chain_and_a_signature() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let certificates = stage.client.merchant.certificates.as_ref().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let chain = blocks(&certificates.alipay.pem);
    let (leaf, intermediate) = (file("leaf", chain[0].as_bytes()), file("chain", chain[1].as_bytes()));
    let roots = file("roots", certificates.root.pem.as_bytes());
    let verified = openssl(
        &["verify", "-attime", "1772339445", "-CAfile", &roots, "-untrusted", &intermediate, &leaf],
        b"",
    );
    assert!(String::from_utf8(verified).unwrap().ends_with("OK\n"));
    let answer = stage.client.call("alipay.trade.query", &json!({"out_trade_no": "ORDER1"})).await;
    let signature = file("signature", &BASE64.decode(answer.signature().unwrap()).unwrap());
    let key = file("key", stage.client.merchant.alipay_public_key_pem.as_bytes());
    let verdict = openssl(
        &["dgst", "-sha256", "-verify", &key, "-signature", &signature],
        answer.signed_text().as_bytes(),
    );
    assert_eq!(String::from_utf8(verdict).unwrap(), "Verified OK\n");
}

#[tokio::test]
async fn certificate_mode_asks_for_the_serial_numbers_and_names_its_own() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let client = &stage.client;
    let answer = client.call("alipay.trade.query", &json!({"out_trade_no": "ORDER1"})).await;
    let sn = &client.merchant.certificates.as_ref().unwrap().alipay.sn;
    assert!(answer.body.contains(&format!("}},\"alipay_cert_sn\":\"{sn}\",\"sign\":\"")), "{}", answer.body);
    for (name, value, sub_code) in [
        ("app_cert_sn", "", "isv.missing-app-cert-sn"),
        ("app_cert_sn", "00000000000000000000000000000000", "isv.app-cert-not-exist"),
        ("alipay_root_cert_sn", "", "isv.missing-alipay-root-cert-sn"),
        ("alipay_root_cert_sn", "0_0", "isv.invalid-alipay-root-cert-sn"),
    ] {
        let mut pairs = client.parameters("alipay.trade.query", &json!({"out_trade_no": "ORDER1"}));
        pairs.insert(name.to_owned(), value.to_owned());
        assert_eq!(client.send(&client.signed(pairs)).await.unwrap().refusal().1, sub_code, "{name}={value}");
    }
}

#[tokio::test]
async fn a_rotated_certificate_signs_at_once_and_can_be_downloaded() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let rotated = stage.control.rotate_certificate(stage.app_id()).unwrap();
    let content = json!({"alipay_cert_sn": rotated.sn});
    let answer = stage.client.try_call("alipay.open.app.alipaycert.download", &content).await.unwrap();
    assert_eq!(answer.json()["alipay_cert_sn"], rotated.sn);
    stage.client.verify(&answer).expect_err("the old key does not verify it");
    let pem = BASE64.decode(answer.node()["alipay_cert_content"].as_str().unwrap()).unwrap();
    let pem = String::from_utf8(pem).unwrap();
    assert_eq!((pem.as_str(), openssl_sn(&pem)), (rotated.pem.as_str(), rotated.sn.clone()));
    let mut merchant = stage.client.merchant.clone();
    merchant.alipay_public_key_pem =
        String::from_utf8(openssl(&["x509", "-noout", "-pubkey"], pem.as_bytes())).unwrap();
    assert!(!pem_bytes(&merchant.alipay_public_key_pem).is_empty());
    let client = Client::new(&stage.client.gateway_url, merchant, stage.client.clock.clone());
    client.verify(&answer).unwrap();
    let unknown = json!({"alipay_cert_sn": "0".repeat(32)});
    let answer = client.call("alipay.open.app.alipaycert.download", &unknown).await;
    assert_eq!(answer.refusal().1, "isv.alipay-cert-not-exist");
}

#[tokio::test]
async fn an_unknown_or_missing_serial_number_can_be_ordered() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::Certificate)).await;
    let sn = stage.client.merchant.certificates.as_ref().unwrap().alipay.sn.clone();
    let query = json!({"out_trade_no": "ORDER1"});
    stage.control.add_order_fault("ORDER1", 1, Fault::UnknownCertificate);
    let answer = stage.client.call("alipay.trade.query", &query).await;
    assert_ne!(answer.json()["alipay_cert_sn"], sn);
    stage.control.add_order_fault("ORDER1", 1, Fault::MissingCertificateSn);
    assert!(stage.client.call("alipay.trade.query", &query).await.json().get("alipay_cert_sn").is_none());
    assert_eq!(stage.client.call("alipay.trade.query", &query).await.json()["alipay_cert_sn"], sn);
}
