//! Alipay's own clients for Node (`alipay-sdk`) and Python (`alipay-sdk-python`, in key mode, the only one it reads), and
//! `python-alipay-sdk`, which somebody else wrote.

use payment_sandbox::{
    alipay::{AlipaySimulator, SimulatorOptions},
    clock::SimulatorClock,
};

use crate::client::{Client, Language, is_offline};

const NODE: Client = Client { folder: "alipay/node", language: Language::Node };
const OFFICIAL_PYTHON: Client = Client { folder: "alipay/official_python", language: Language::Python };
const PYTHON: Client = Client { folder: "alipay/python", language: Language::Python };

const NODE_STEPS: [&str; 8] =
    ["keys", "app", "notification", "browser", "face to face", "refund", "aes", "v3"];
const OFFICIAL_PYTHON_STEPS: [&str; 4] = ["keys", "app", "face_to_face", "refund"];
const PYTHON_STEPS: [&str; 7] =
    ["keys", "app", "notification", "browser", "face to face", "refund", "download"];

/// Runs a client against a fresh simulator on the machine's clock.
async fn play(client: Client, key_mode: &str, steps: &[&str]) {
    if is_offline() {
        return;
    }
    let simulator = AlipaySimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    client.play(&[&simulator.control_url(), &simulator.gateway_url(), key_mode], steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sdk_pays_and_refunds_in_key_mode() {
    play(NODE, "public_key", &NODE_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sdk_pays_and_refunds_in_certificate_mode() {
    play(NODE, "certificate", &NODE_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sdk_python_pays_and_refunds_in_key_mode() {
    play(OFFICIAL_PYTHON, "public_key", &OFFICIAL_PYTHON_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_alipay_sdk_pays_and_refunds_in_key_mode() {
    play(PYTHON, "public_key", &PYTHON_STEPS[..6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_alipay_sdk_pays_refunds_and_downloads_in_certificate_mode() {
    play(PYTHON, "certificate", &PYTHON_STEPS).await;
}
