//! A secret that is replaced by replacing its file: both sign during the rotation, and the old one never again after it.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_sandbox::clock::SimulatorClock;
use payment_server::{ports::SystemRandomness, webhooks::SigningSecret};
use payment_tests::{
    app::{START, TestApp, TestAppOptions},
    log_watch,
    steps::{replace, until},
    webhook_receiver::{Received, Receiver},
};
use secrecy::ExposeSecret as _;

use super::scene::endpoint_section;

/// A new secret, which no line of the log may hold.
fn secret() -> String {
    let text = SigningSecret::generate(&SystemRandomness).expose_secret().to_owned();
    log_watch::add_secrets([text.as_str()]);
    text
}

/// Whether a receiver who knows this secret alone takes the delivery for ours.
fn is_signed_with(received: &Received, secret: &str) -> bool {
    let signature =
        SigningSecret::parse(secret).unwrap().sign(&received.id, received.timestamp, &received.body);
    received.signature.split(' ').any(|one| one == signature)
}

struct Rotation {
    app: TestApp,
    receiver: Receiver,
    paid: u32,
}

impl Rotation {
    /// Pays until a delivery is signed as is wanted, and gives that delivery.
    async fn until_signed(&mut self, what: &str, holds: impl Fn(&Received) -> bool) -> Received {
        loop {
            self.paid += 1;
            let before = self.receiver.received().len();
            let payment_no =
                self.app.open(&format!("r-{}", self.paid), &format!("O-{}", self.paid), 100).await;
            self.app.pay(&payment_no).await;
            until("the event is delivered", async || self.receiver.received().len() > before).await;
            let last = self.receiver.received().pop().unwrap();
            assert!(self.paid < 2000, "{what}");
            if holds(&last) {
                return last;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_rotated_by_its_file_and_the_old_one_works_during_that_and_not_after() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start().await);
    let [old, new] = [secret(), secret()];
    let file = folder.path().join("secret");
    replace(&file, &old);
    let section = endpoint_section(&receiver.url(), "x", "");
    let in_file = format!("secret_file = \"{}\"", file.display());
    let options = TestAppOptions {
        account_config: section.replace("secret = \"x\"", &in_file),
        clock: SimulatorClock::manual(START),
        ..TestAppOptions::usual()
    };
    let mut rotation = Rotation { app: TestApp::start_with(options).await, receiver, paid: 0 };
    // The endpoint is known from here on, and gets what is told from here on.
    rotation.app.app().await.deliver_webhooks().await.unwrap();
    let first = rotation.until_signed("the first secret signs", |one| is_signed_with(one, &old)).await;
    assert!(!is_signed_with(&first, &new));

    // What is no secret changes nothing.
    replace(&file, "whsec_short");
    until("the bad secret was looked at", async || {
        rotation.app.logged("the changed configuration is not in order; the old one stays")
    })
    .await;
    rotation.until_signed("the old secret stays", |one| is_signed_with(one, &old)).await;

    // The rotation: the new secret in the file, and the old one beside it in the configuration.
    replace(&file, &new);
    let config_file = rotation.app.folder().path().join("config.toml");
    let config = fs::read_to_string(&config_file).unwrap();
    let both = config.replace(&in_file, &format!("{in_file}\nprevious_secret = \"{old}\""));
    replace(&config_file, &both);
    let signed = |one: &Received| is_signed_with(one, &new) && is_signed_with(one, &old);
    let during = rotation.until_signed("both sign", signed).await;
    let current_first = during.signature.split(' ').next().unwrap();
    let alone = SigningSecret::parse(&new).unwrap().sign(&during.id, during.timestamp, &during.body);
    assert_eq!(current_first, alone, "the new one first");

    replace(&config_file, &config);
    let after = rotation.until_signed("the old one ends", |one| !is_signed_with(one, &old)).await;
    assert!(is_signed_with(&after, &new));
    assert_eq!(STANDARD.decode(after.signature.trim_start_matches("v1,")).unwrap().len(), 32);
    rotation.app.finish().await;
}
