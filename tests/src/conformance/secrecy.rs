//! Nothing that is shown or logged gives a secret away (R29).

use payment_core::{
    gateway::{AccountSettings, PaymentData},
    identifiers::ChannelAccountId,
};
use payment_sandbox::CONFIDENTIAL;
use payment_server::{
    config::{Log, LogFormat},
    telemetry,
};
use tracing::dispatcher;

use super::{
    channel::{Accident, Attempt, ChannelUnderTest, Verb, Whose},
    scene::{AMOUNT, Scene, close_request},
};
use crate::kept_log::KeptLog;

/// The texts of payment data with which somebody could pay.
fn payable(attempt: &Attempt) -> Vec<String> {
    let texts = match &attempt.data {
        PaymentData::SdkParameters(parameters) => parameters.values().cloned().collect(),
        PaymentData::SdkText(text) | PaymentData::QrCode(text) | PaymentData::RedirectUrl(text) => {
            vec![text.clone()]
        }
    };
    // Shorter ones are names that everybody may know: applications, merchants, PayPal's orders.
    texts.into_iter().filter(|text| text.len() >= 24).collect()
}

/// A payment's whole life, with accidents, a stranger and a wrong configuration; then everything that was shown is read.
pub async fn no_secret_is_shown<T: ChannelUnderTest>() {
    let log = KeptLog::default();
    // The server's own log, as loud as a configuration can make it, of whatever channel: none is named here.
    let loudest = Log { filter: "trace,payment_sandbox=off".to_owned(), format: LogFormat::Text };
    let _logging = dispatcher::set_default(&telemetry::subscriber(&loudest, log.clone()).unwrap());
    tracing::info!("the log is kept");

    let scene = Scene::<T>::set().await;
    let mut shown = Vec::new();
    let unpaid = scene.open().await;
    shown.push(format!("{unpaid:?}"));
    let _ = scene.channel.accident(Verb::Close, Accident::ServerError);
    shown.push(format!("{:?}", scene.gateway.close(&close_request(&unpaid)).await));
    let (attempt, paid) = scene.paid_attempt().await;
    let _ = scene.channel.accident(Verb::Query, Accident::LostAnswer);
    shown.push(format!("{:?} {:?}", scene.query(&attempt).await, scene.query(&attempt).await));
    shown.push(format!("{:?}", scene.refund(&attempt, &paid, "R-1", AMOUNT + 1).await));
    shown.push(format!("{:?}", scene.refund(&attempt, &paid, "R-2", AMOUNT).await));
    for mut callback in scene.arrived().await {
        shown.push(format!("{callback:?} {:?}", scene.gateway.verify_callback(&callback, scene.now()).await));
        callback.body.truncate(callback.body.len() / 2);
        shown.push(format!("{:?}", scene.gateway.verify_callback(&callback, scene.now()).await));
    }
    let stranger = scene.account(Whose::OursWithAForeignKey).await.unwrap();
    shown.push(format!("{:?}", stranger.create(&scene.request(scene.habits().main_product)).await));
    shown.extend(misconfigured::<T>(&scene.channel.account(Whose::Ours).unwrap()));

    let log = log.text();
    assert!(log.contains("the log is kept"));
    let mut secrets = scene.channel.secrets();
    assert!(!secrets.is_empty() && secrets.iter().all(|secret| secret.len() >= 16));
    secrets.extend(CONFIDENTIAL.map(str::to_owned));
    let payable: Vec<_> = [&unpaid, &attempt].into_iter().flat_map(payable).collect();
    assert!(!payable.is_empty());
    for text in shown.iter().map(String::as_str).chain(log.lines()) {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret is shown in: {text}");
        }
        for payable in &payable {
            assert!(!text.contains(payable.as_str()), "what can be paid with is shown in: {text}");
        }
    }
}

/// What is said against the account's settings when each text in turn is spoilt at its end.
fn misconfigured<T: ChannelUnderTest>(settings: &serde_json::Map<String, serde_json::Value>) -> Vec<String> {
    let account = ChannelAccountId::parse("spoilt").unwrap();
    let mut said = Vec::new();
    for (key, value) in settings.iter().filter_map(|(key, value)| Some((key, value.as_str()?))) {
        let mut spoilt = settings.clone();
        spoilt.insert(key.clone(), format!("{value}\u{7f}").into());
        let spoilt = AccountSettings { account: account.clone(), settings: spoilt };
        said.push(format!("{spoilt:?} {:?}", T::factory().check(&spoilt)));
    }
    said
}
