//! The channel's keys: each mode, both at once while a merchant migrates, and a change while payments go on.

use futures::future::join_all;
use payment_proto::v1::{ChannelContact, PaymentState};
use payment_sandbox::wechat::{
    CertificateRotation, Execution, Fault, GeneratedMerchant, KeyMode, Operation, PayOptions,
};
use payment_tests::app::{TestApp, TestAppOptions};
use std::time::Duration;

async fn app_in(key_mode: KeyMode) -> TestApp {
    TestApp::start_with(TestAppOptions { key_mode, ..TestAppOptions::usual() }).await
}

fn certificate(merchant: &GeneratedMerchant) -> &str {
    &merchant.platform_certificates[0].serial
}

fn public_key(merchant: &GeneratedMerchant) -> &str {
    &merchant.public_key.as_ref().unwrap().id
}

/// Which keys verified notifications, with how many each.
async fn verified_by(app: &TestApp) -> Vec<String> {
    let sql = "SELECT verified_by || ' ' || count(*) FROM notification GROUP BY verified_by ORDER BY count(*), verified_by";
    app.texts(sql).await
}

async fn pay_some(app: &TestApp, round: &str, count: usize) {
    for index in 0..count {
        let payment_no =
            app.open(&format!("r-{round}-{index}"), &format!("order-{round}-{index}"), 100).await;
        app.pay(&payment_no).await;
        assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded, "{round} {index}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_certificates_alone_are_enough() {
    let app = app_in(KeyMode::PlatformCertificate).await;
    pay_some(&app, "certificates", 2).await;
    assert_eq!(verified_by(&app).await, [format!("{} 2", certificate(&app.wechat_merchant))]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f40_during_a_migration_both_kinds_of_key_are_believed_in_any_mix() {
    let app = app_in(KeyMode::Both).await;
    let (certificate, public_key) =
        (certificate(&app.wechat_merchant).to_owned(), public_key(&app.wechat_merchant).to_owned());
    pay_some(&app, "before", 1).await;
    assert_eq!(verified_by(&app).await, [format!("{certificate} 1")]);
    app.wechat().set_notification_key_mix(app.mchid(), 50).unwrap();
    pay_some(&app, "during", 4).await;
    let by_both = verified_by(&app).await;
    assert_eq!(by_both, [format!("{public_key} 2"), format!("{certificate} 3")]);
    app.wechat().set_notification_key_mix(app.mchid(), 100).unwrap();
    pay_some(&app, "after", 2).await;
    assert_eq!(verified_by(&app).await, [format!("{certificate} 3"), format!("{public_key} 4")]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f41_a_change_of_certificates_loses_no_notification_and_no_answer() {
    let app = app_in(KeyMode::PlatformCertificate).await;
    let mut payments = Vec::new();
    for index in 0..16 {
        payments.push(app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await);
    }
    // Past the pause between two downloads.
    app.advance(Duration::from_secs(61)).await;
    app.wechat().rotate_platform_certificate(app.mchid(), CertificateRotation::Announce).unwrap();
    assert_eq!(app.sync(&payments[0]).await.1, ChannelContact::Answered, "the old one still signs");
    app.wechat().rotate_platform_certificate(app.mchid(), CertificateRotation::Activate).unwrap();
    // Sixteen words under the new key at once: one download, and none of them is lost.
    for payment_no in &payments {
        app.wechat().pay(app.mchid(), payment_no, &PayOptions::default()).unwrap();
    }
    app.wechat().settled().await;
    for payment_no in &payments {
        assert_eq!(app.state(payment_no).await, PaymentState::Succeeded);
    }
    assert_eq!(app.verdicts().await, ["APPLIED 16"]);
    // And again by sixteen answers.
    app.advance(Duration::from_secs(61)).await;
    app.wechat().rotate_platform_certificate(app.mchid(), CertificateRotation::Activate).unwrap();
    for (_, contact) in join_all(payments.iter().map(|payment_no| app.sync(payment_no))).await {
        assert_eq!(contact, ChannelContact::Answered);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f41_a_download_that_fails_takes_no_key_away_and_is_tried_again() {
    let app = app_in(KeyMode::PlatformCertificate).await;
    let (first, second) = (app.open("r-1", "A", 100).await, app.open("r-2", "B", 100).await);
    // The yearly refresh is due, and breaks: what is at hand is still good.
    app.advance(Duration::from_secs(13 * 3600)).await;
    app.fault(Operation::DownloadCertificates, Fault::SystemError { execution: Execution::Skipped });
    assert_eq!(app.sync(&first).await.1, ChannelContact::Answered);
    // A new key that cannot be had is not believed, and its word is taken once it can.
    app.advance(Duration::from_secs(61)).await;
    app.wechat().rotate_platform_certificate(app.mchid(), CertificateRotation::Activate).unwrap();
    app.fault(Operation::DownloadCertificates, Fault::WrongKey);
    assert_eq!(app.sync(&second).await.1, ChannelContact::NotReached);
    assert_eq!(app.sync(&second).await.1, ChannelContact::NotReached, "not more than one download a minute");
    app.advance(Duration::from_secs(61)).await;
    assert_eq!(app.sync(&second).await.1, ChannelContact::Answered);
    app.finish().await;
}
