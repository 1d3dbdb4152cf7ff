//! `wechatpayv3` from PyPI, in both key modes.

use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{SimulatorOptions, WechatSimulator},
};

use crate::client::{Client, Language, is_offline};

const PYTHON: Client = Client { folder: "wechat/python", language: Language::Python };

const STEPS: [&str; 7] = ["keys", "prepay", "invoke", "callback", "query", "close", "refund"];

/// Runs the client against a fresh simulator on the machine's clock.
async fn play(key_mode: &str) {
    if is_offline() {
        return;
    }
    let simulator = WechatSimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    PYTHON.play(&[&simulator.control_url(), simulator.base_url(), key_mode], &STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpayv3_pays_and_refunds_in_public_key_mode() {
    play("public_key").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wechatpayv3_downloads_certificates_pays_and_refunds_in_certificate_mode() {
    play("platform_certificate").await;
}
