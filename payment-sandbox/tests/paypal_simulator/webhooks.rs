//! Webhooks: what is told when, signatures, the schedule, postback verification, forgeries.

use std::time::Duration;

use payment_sandbox::paypal::{
    ApproveOptions, DeliveryState, Forgery, Funding, MerchantOptions, NotificationFault,
    NotificationFaultRule, RETRY_INTERVALS, RetryTransmission, ServedCertificates, SimulatorOptions,
};
use serde_json::{Value, json};

use crate::client::{PLAIN, crc32};
use crate::receiver::{Arrived, Reply};
use crate::stage::Stage;

fn fault(event_type: &str, fault: NotificationFault) -> NotificationFaultRule {
    NotificationFaultRule { event_type: Some(event_type.to_owned()), reference: None, times: Some(1), fault }
}

/// The newest webhook that arrived, once nothing is under way.
async fn newest(stage: &Stage) -> Arrived {
    stage.control.settled().await;
    stage.receiver.arrived().last().unwrap().clone()
}

async fn verified(stage: &Stage, arrived: &Arrived) -> Result<String, &'static str> {
    stage.client.verify(&arrived.headers, &arrived.body).await
}

/// PayPal's own opinion, with the event spliced in as it came.
async fn postback(stage: &Stage, arrived: &Arrived) -> String {
    let header = |name: &str| arrived.headers[name].to_str().unwrap();
    let head = json!({
        "auth_algo": header("paypal-auth-algo"), "cert_url": header("paypal-cert-url"),
        "transmission_id": header("paypal-transmission-id"), "transmission_sig": header("paypal-transmission-sig"),
        "transmission_time": header("paypal-transmission-time"), "webhook_id": stage.client.merchant.webhook_id,
    })
    .to_string();
    let event = String::from_utf8(arrived.body.clone()).unwrap();
    let body = format!("{},\"webhook_event\":{event}}}", head.strip_suffix('}').unwrap());
    let path = "/v1/notifications/verify-webhook-signature";
    let answer = stage.client.send("POST", path, body.as_bytes(), PLAIN).await.unwrap();
    assert_eq!(answer.status, 200);
    answer.json()["verification_status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_step_of_a_payment_is_told_and_signed() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    let events = stage.events().await;
    let mut names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED"];
    assert_eq!(names, expected);
    for arrived in stage.receiver.arrived() {
        verified(&stage, &arrived).await.unwrap();
        assert_eq!(postback(&stage, &arrived).await, "SUCCESS");
    }
    let completed = &events.iter().find(|(name, _)| name == "PAYMENT.CAPTURE.COMPLETED").unwrap().1;
    let resource = &completed["resource"];
    assert_eq!((&resource["id"], &resource["custom_id"]), (&json!(capture), &json!("one")));
    assert_eq!(resource["supplementary_data"]["related_ids"]["order_id"], id.as_str());
    assert_eq!(
        (&completed["resource_type"], &completed["event_version"]),
        (&json!("capture"), &json!("1.0"))
    );
    assert!(completed["id"].as_str().unwrap().starts_with("WH-"));
}

#[tokio::test]
async fn flawed_signatures_fail_at_the_step_they_are_made_for() {
    let stage = Stage::new().await;
    for (index, (flaw, step)) in [
        (NotificationFault::WrongKey, "signature"),
        (NotificationFault::ForeignCertificate, "chain"),
        (NotificationFault::ExpiredCertificate, "chain"),
        (NotificationFault::WrongCertificateName, "name"),
        (NotificationFault::CertificateUrl { url: "http://127.0.0.1:1/evil".to_owned() }, "certificate url"),
        (NotificationFault::MissingSignatureHeaders, "header missing"),
        (NotificationFault::AlteredBody, "signature"),
        (NotificationFault::WrongWebhookId, "signature"),
        (NotificationFault::DashboardWebhookId, "signature"),
    ]
    .into_iter()
    .enumerate()
    {
        stage.control.add_notification_fault(fault("CHECKOUT.ORDER.APPROVED", flaw.clone()));
        stage.approved(&format!("n{index}"), Funding::Balance).await;
        let arrived = newest(&stage).await;
        assert_eq!(verified(&stage, &arrived).await, Err(step), "{flaw:?}");
        if flaw != NotificationFault::MissingSignatureHeaders {
            assert_eq!(postback(&stage, &arrived).await, "FAILURE", "{flaw:?}");
        }
    }
}

#[tokio::test]
async fn a_stale_or_lying_webhook_is_rightly_signed() {
    let stage = Stage::new().await;
    let lie = NotificationFault::ReplacedField {
        pointer: "/resource/purchase_units/0/amount/value".to_owned(),
        value: json!("0.01"),
    };
    for (index, flaw) in
        [lie, NotificationFault::StaleTransmission { seconds: 90_000 }].into_iter().enumerate()
    {
        stage.control.add_notification_fault(fault("CHECKOUT.ORDER.APPROVED", flaw));
        stage.approved(&format!("n{index}"), Funding::Balance).await;
        verified(&stage, &newest(&stage).await).await.unwrap();
    }
    let time = newest(&stage).await.headers["paypal-transmission-time"].to_str().unwrap().to_owned();
    assert_eq!(time, "2026-01-01T02:04:05Z");
    let first: Value = serde_json::from_slice(&stage.receiver.arrived()[0].body).unwrap();
    assert_eq!(first["resource"]["purchase_units"][0]["amount"]["value"], "0.01");
}

#[tokio::test]
async fn a_body_in_odd_notation_verifies_only_in_its_own_bytes() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(fault("CHECKOUT.ORDER.APPROVED", NotificationFault::OddNotation));
    stage.approved("one", Funding::Balance).await;
    let mut arrived = newest(&stage).await;
    let text = String::from_utf8(arrived.body.clone()).unwrap();
    assert!(
        text.contains("\\/") && text.contains("Zo\\u00eb") && text.contains("\"breakdown\": {}"),
        "{text}"
    );
    verified(&stage, &arrived).await.unwrap();
    assert_eq!(postback(&stage, &arrived).await, "SUCCESS");
    let rewritten: Value = serde_json::from_str(&text).unwrap();
    arrived.body = rewritten.to_string().into_bytes();
    assert_eq!(postback(&stage, &arrived).await, "FAILURE", "written anew it is another text");
}

#[tokio::test]
async fn a_colliding_forgery_verifies_everywhere_and_moves_no_money() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    let nothing = stage.control.forge_notification(&id, &Forgery::CrcCollision).await;
    assert!(nothing.is_err(), "nothing was delivered that could be seen");
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let genuine = newest(&stage).await;
    stage.control.forge_notification(&id, &Forgery::CrcCollision).await.unwrap();
    let forged = newest(&stage).await;
    assert_ne!(forged.body, genuine.body);
    assert_eq!(crc32(&forged.body), crc32(&genuine.body));
    assert_eq!(verified(&stage, &forged).await, verified(&stage, &genuine).await);
    assert_eq!(postback(&stage, &forged).await, "SUCCESS");
    let body: Value = serde_json::from_slice(&forged.body).unwrap();
    assert_eq!(body["event_type"], "PAYMENT.CAPTURE.COMPLETED");
    assert_eq!(stage.line(&id).taken, 0);
}

#[tokio::test]
async fn a_webhook_can_be_altered_under_its_checksum_on_the_way() {
    let stage = Stage::new().await;
    let collision = NotificationFault::CrcCollision {
        pointer: "/resource/amount/value".to_owned(),
        value: json!("99.00"),
    };
    stage.control.add_notification_fault(fault("PAYMENT.CAPTURE.COMPLETED", collision));
    stage.captured("one", Funding::Balance).await;
    let arrived = stage.receiver.arrived();
    let altered = arrived.iter().find(|arrived| String::from_utf8_lossy(&arrived.body).contains("99.00"));
    verified(&stage, altered.unwrap()).await.unwrap();
}

#[tokio::test]
async fn other_forgeries_claim_what_never_was() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    for (forgery, pointer, claimed, step) in [
        (Forgery::UnpaidOrder, "/resource/amount/value", json!("24.90"), None),
        (Forgery::WrongAmount { value: "0.01".to_owned() }, "/resource/amount/value", json!("0.01"), None),
        (
            Forgery::WrongCurrency { currency_code: "HUF".to_owned() },
            "/resource/amount/currency_code",
            json!("HUF"),
            None,
        ),
        (Forgery::ForeignMerchant, "/resource/payee/email_address", json!("thief@example.com"), None),
        (Forgery::UnknownOrder, "/resource/custom_id", json!("unknown"), None),
        (Forgery::WrongKey, "/resource/custom_id", json!("one"), Some("signature")),
        (Forgery::ForeignCertificate, "/resource/custom_id", json!("one"), Some("chain")),
        (Forgery::DashboardWebhookId, "/resource/custom_id", json!("one"), Some("signature")),
        (
            Forgery::CertificateUrl { url: "https://api.paypal.com.evil.example/c".to_owned() },
            "/resource/custom_id",
            json!("one"),
            Some("certificate url"),
        ),
    ] {
        let result = stage.control.forge_notification(&id, &forgery).await.unwrap();
        assert!(result.is_acknowledged());
        let arrived = newest(&stage).await;
        assert_eq!(verified(&stage, &arrived).await.err(), step, "{forgery:?}");
        let body: Value = serde_json::from_slice(&arrived.body).unwrap();
        assert_eq!(body.pointer(pointer), Some(&claimed), "{forgery:?}");
    }
    assert_eq!(stage.line(&id).taken, 0);
}

#[tokio::test]
async fn a_webhook_that_nobody_takes_is_sent_26_times_in_three_days() {
    let stage = Stage::new().await;
    stage.receiver.reply(std::iter::repeat_n(Reply::Status(500), 30));
    let id = stage.approved("one", Funding::Balance).await;
    stage.control.settled().await;
    assert_eq!(stage.receiver.arrived().len(), 1);
    stage.control.advance(Duration::from_secs(3 * 86400 - 1)).await.unwrap();
    let waiting = &stage.control.deliveries_of(&id)[0];
    assert_eq!((waiting.state, waiting.attempts.len()), (DeliveryState::Waiting, RETRY_INTERVALS.len()));
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    let given_up = &stage.control.deliveries_of(&id)[0];
    assert_eq!((given_up.state, given_up.attempts.len()), (DeliveryState::Exhausted, 26));
    let arrived = stage.receiver.arrived();
    assert!(arrived.iter().all(|one| one.body == arrived[0].body), "one event, one body");
    let first = verified(&stage, &arrived[0]).await.unwrap();
    assert_eq!(verified(&stage, &arrived[25]).await, Ok(first), "one transmission");
}

#[tokio::test]
async fn retries_can_have_their_own_transmissions() {
    let options = SimulatorOptions { retries: RetryTransmission::Fresh, ..Stage::options() };
    let stage = Stage::open(options, MerchantOptions::standard()).await;
    stage.receiver.reply([Reply::Status(404)]);
    let id = stage.approved("one", Funding::Balance).await;
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    let record = &stage.control.deliveries_of(&id)[0];
    assert_eq!(record.state, DeliveryState::Acknowledged, "every 2xx takes it");
    assert_ne!(record.attempts[0].transmission_id, record.attempts[1].transmission_id);
}

#[tokio::test]
async fn a_silent_merchant_is_given_up_after_the_deadline() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Silence]);
    let id = stage.approved("one", Funding::Balance).await;
    stage.receiver.arrival().await;
    stage.control.clock().advance(payment_sandbox::paypal::DELIVERY_DEADLINE).unwrap();
    stage.control.settled().await;
    let record = &stage.control.deliveries_of(&id)[0];
    assert_eq!(record.attempts[0].result, payment_sandbox::paypal::AttemptResult::TimedOut);
}

#[tokio::test]
async fn webhooks_are_kept_back_sent_late_and_sent_twice() {
    let stage = Stage::new().await;
    let rule =
        |name: &str, flaw| NotificationFaultRule { reference: Some("one".to_owned()), ..fault(name, flaw) };
    stage
        .control
        .add_notification_fault(rule("CHECKOUT.ORDER.APPROVED", NotificationFault::Delayed { seconds: 60 }));
    stage.control.add_notification_fault(rule(
        "PAYMENT.CAPTURE.COMPLETED",
        NotificationFault::Duplicated { copies: 3 },
    ));
    stage.control.add_notification_fault(rule("CHECKOUT.ORDER.COMPLETED", NotificationFault::Suppressed));
    stage.captured("one", Funding::Balance).await;
    let names = async || stage.events().await.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names().await, ["PAYMENT.CAPTURE.COMPLETED"; 3]);
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    let last: Value = serde_json::from_slice(&newest(&stage).await.body).unwrap();
    assert_eq!(last["event_type"], "CHECKOUT.ORDER.APPROVED", "it came last");
    assert_eq!(stage.control.resend_notification("one", 2).await.unwrap().len(), 2);
    let sent = names().await.into_iter().filter(|name| name == "CHECKOUT.ORDER.COMPLETED").count();
    assert_eq!(sent, 2, "what was kept back can be sent by hand");

    stage.control.suppress_notifications(Some("two"));
    let (id, _) = stage.captured("two", Funding::Balance).await;
    let records = stage.control.deliveries_of(&id);
    assert!(records.len() == 3 && records.iter().all(|record| record.state == DeliveryState::Suppressed));
}

#[tokio::test]
async fn the_certificate_can_change_and_both_stay_valid() {
    let stage = Stage::new().await;
    stage.approved("one", Funding::Balance).await;
    let old = newest(&stage).await;
    stage.control.rotate_certificate().await.unwrap();
    stage.approved("two", Funding::Balance).await;
    let new = newest(&stage).await;
    assert_ne!(old.headers["paypal-cert-url"], new.headers["paypal-cert-url"]);
    for arrived in [&old, &new] {
        verified(&stage, arrived).await.unwrap();
        assert_eq!(postback(&stage, arrived).await, "SUCCESS");
    }
}

#[tokio::test]
async fn the_certificates_url_hands_out_the_leaf_or_the_intermediate_too() {
    for (served, count) in [(ServedCertificates::LeafOnly, 1), (ServedCertificates::WithIntermediate, 2)] {
        let options = SimulatorOptions { served_certificates: served, ..Stage::options() };
        let stage = Stage::open(options, MerchantOptions::standard()).await;
        stage.approved("one", Funding::Balance).await;
        let arrived = newest(&stage).await;
        let url = arrived.headers["paypal-cert-url"].to_str().unwrap();
        let pem = reqwest::get(url).await.unwrap().text().await.unwrap();
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), count);
        verified(&stage, &arrived).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_webhook_id_signs_from_now_on() {
    let stage = Stage::new().await;
    let id = stage.control.rotate_webhook_id(&stage.client.merchant.client_id).unwrap();
    assert_ne!(id, stage.client.merchant.webhook_id);
    stage.approved("one", Funding::Balance).await;
    assert_eq!(verified(&stage, &newest(&stage).await).await, Err("signature"));
}
