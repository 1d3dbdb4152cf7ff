//! PayPal's own clients: `paypal-server-sdk` from PyPI and `@paypal/paypal-server-sdk` from npm.

use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{PaypalSimulator, SimulatorOptions},
};

use crate::client::{Client, Language, is_offline};

const NODE: Client = Client { folder: "paypal/node", language: Language::Node };
const PYTHON: Client = Client { folder: "paypal/python", language: Language::Python };

const STEPS: [&str; 6] = ["token", "order", "capture", "refund", "authorization", "negative_test"];

/// Runs a client against a fresh simulator on the machine's clock.
async fn play(client: Client, steps: &[&str]) {
    if is_offline() {
        return;
    }
    let simulator = PaypalSimulator::start(SimulatorOptions::loopback(SimulatorClock::real())).await.unwrap();
    client.play(&[&simulator.control_url(), simulator.base_url()], steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paypals_client_for_python_pays_holds_and_refunds() {
    play(PYTHON, &STEPS).await;
}

/// It cannot send the header of negative tests.
#[tokio::test(flavor = "multi_thread")]
async fn paypals_client_for_node_pays_holds_and_refunds() {
    play(NODE, &STEPS[..5]).await;
}
