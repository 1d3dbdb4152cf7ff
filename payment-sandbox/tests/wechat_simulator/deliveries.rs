//! Notifications: when they come, how often, and what may be wrong with them.

use std::collections::BTreeSet;
use std::time::Duration;

use payment_sandbox::wechat::{
    AttemptResult, DeliveryState, Forgery, NotificationFault, NotificationFaultRule, NotificationKind,
    PayOptions, RETRY_INTERVALS,
};
use serde_json::{Value, json};

use crate::receiver::Reply;
use crate::stage::{START, Stage};

fn rule(times: u32, fault: NotificationFault) -> NotificationFaultRule {
    NotificationFaultRule { notification: None, out_trade_no: None, times: Some(times), fault }
}

#[tokio::test]
async fn a_failing_merchant_is_told_sixteen_times_over_a_day_and_then_no_more() {
    let stage = Stage::new().await;
    stage.receiver.reply([500, 404, 302, 201].map(Reply::Status));
    stage.receiver.reply(std::iter::repeat_n(Reply::Status(503), 100));
    stage.paid_order("ORDER0001").await;
    assert_eq!(stage.receiver.arrived().len(), 1);
    stage.control.advance(Duration::from_secs(14)).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 1, "the first retry comes after 15 seconds, not earlier");
    stage.control.advance(Duration::from_secs(2 * 86_400)).await.unwrap();

    let record = &stage.control.deliveries_of(stage.mchid(), "ORDER0001")[0];
    assert_eq!(record.state, DeliveryState::Exhausted);
    let offsets: Vec<i64> =
        record.attempts.iter().map(|attempt| (attempt.at - START).whole_seconds()).collect();
    let documented =
        [0, 15, 30, 60, 240, 840, 2040, 3840, 5640, 7440, 11_040, 21_840, 32_640, 43_440, 65_040, 86_640];
    assert_eq!(offsets, documented);
    assert_eq!(offsets.len(), RETRY_INTERVALS.len() + 1);

    let arrived = stage.receiver.arrived();
    let distinct =
        |name: &str| arrived.iter().map(|a| a.headers[name].to_str().unwrap()).collect::<BTreeSet<_>>().len();
    for name in ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature"] {
        assert_eq!(distinct(name), 16, "each retry has a fresh {name}");
    }
    let ids: BTreeSet<String> = arrived
        .iter()
        .map(|a| serde_json::from_slice::<Value>(&a.body).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "retries keep the notification's id");
}

#[tokio::test]
async fn an_acknowledged_notification_is_not_repeated() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Status(500), Reply::Status(204)]);
    stage.paid_order("ORDER0001").await;
    stage.control.advance(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 2);
    assert_eq!(stage.control.deliveries()[0].state, DeliveryState::Acknowledged);
}

#[tokio::test]
async fn five_seconds_of_silence_count_as_a_failure() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Silence]);
    stage.order("ORDER0001").await;
    stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap();
    stage.receiver.arrival().await;
    assert_eq!(stage.control.deliveries()[0].state, DeliveryState::InFlight);
    stage.client.clock.advance(Duration::from_secs(5)).unwrap();
    stage.control.settled().await;
    let record = &stage.control.deliveries()[0];
    assert_eq!(record.attempts[0].result, AttemptResult::TimedOut);
    assert_eq!(
        record.next_at,
        Some(START + Duration::from_secs(15)),
        "the interval counts from the attempt's start"
    );
}

#[tokio::test]
async fn f39_a_probe_has_a_wrong_signature_and_a_right_one_follows() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(rule(1, NotificationFault::SignatureProbe));
    stage.receiver.reply([Reply::Status(401)]);
    stage.paid_order("ORDER0001").await;
    stage.control.advance(Duration::from_secs(15)).await.unwrap();
    let arrived = stage.receiver.arrived();
    assert!(arrived[0].headers["wechatpay-signature"].to_str().unwrap().starts_with("WECHATPAY/SIGNTEST/"));
    stage.client.verify(&arrived[0].headers, &arrived[0].body).unwrap_err();
    stage.client.verify(&arrived[1].headers, &arrived[1].body).unwrap();
}

#[tokio::test]
async fn each_signature_fault_is_seen_by_a_careful_merchant() {
    let stage = Stage::new().await;
    let faults = [
        (NotificationFault::WrongKey, "wrong signature"),
        (NotificationFault::UnknownSerial, "unknown serial"),
        (NotificationFault::MissingSignatureHeaders, "header missing"),
        (NotificationFault::StaleTimestamp, "stale"),
        (NotificationFault::AlteredBody, "wrong signature"),
    ];
    for (index, (fault, verdict)) in faults.into_iter().enumerate() {
        stage.control.add_notification_fault(rule(1, fault.clone()));
        stage.paid_order(&format!("ORDER000{index}")).await;
        let arrived = stage.receiver.arrived().pop().unwrap();
        assert_eq!(stage.client.verify(&arrived.headers, &arrived.body), Err(verdict), "{fault:?}");
    }
}

#[tokio::test]
async fn f48_odd_but_legal_plaintexts_can_be_ordered() {
    let stage = Stage::new().await;
    let told = async |number: &str, fault: NotificationFault| {
        stage.control.add_notification_fault(rule(1, fault));
        stage.paid_order(number).await;
        let arrived = stage.receiver.arrived().pop().unwrap();
        stage.client.verify(&arrived.headers, &arrived.body).unwrap();
        let envelope: Value = serde_json::from_slice(&arrived.body).unwrap();
        (envelope["resource"].clone(), stage.client.open_notification(&arrived.body))
    };
    let (resource, _) = told("ORDER0001", NotificationFault::EmptyAssociatedData).await;
    assert_eq!(resource["associated_data"], "");
    let (resource, _) = told("ORDER0002", NotificationFault::AbsentAssociatedData).await;
    assert!(resource.get("associated_data").is_none());
    let (_, plaintext) = told("ORDER0003", NotificationFault::Milliseconds).await;
    assert_eq!(plaintext["success_time"], "2025-10-09T16:54:19.000+08:00");
    let empty_payer = NotificationFault::ReplacedField { pointer: "/payer".to_owned(), value: json!({}) };
    assert_eq!(told("ORDER0004", empty_payer).await.1["payer"], json!({}));
    let removed = NotificationFault::RemovedField { pointer: "/amount/payer_total".to_owned() };
    assert!(told("ORDER0005", removed).await.1["amount"].get("payer_total").is_none());
}

#[tokio::test]
async fn f10_copies_arrive_at_once_and_by_hand() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(rule(1, NotificationFault::Duplicated { copies: 5 }));
    stage.paid_order("ORDER0001").await;
    assert_eq!(stage.receiver.arrived().len(), 5);
    let attempts = stage.control.resend_notification(stage.mchid(), "ORDER0001", 64).await.unwrap();
    assert_eq!(attempts.iter().filter(|attempt| attempt.result.is_acknowledged()).count(), 64);
    assert_eq!(stage.receiver.arrived().len(), 69);
}

#[tokio::test]
async fn f35_a_suppressed_notification_never_comes_but_can_be_sent_later() {
    let stage = Stage::new().await;
    stage.control.suppress_notifications(Some("ORDER0001"));
    stage.paid_order("ORDER0001").await;
    stage.paid_order("ORDER0002").await;
    stage.control.advance(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 1, "only the other order was told");
    assert_eq!(stage.control.deliveries()[0].state, DeliveryState::Suppressed);
    assert_eq!(stage.state("ORDER0001").await, "SUCCESS", "a query finds it");
    stage.control.resend_notification(stage.mchid(), "ORDER0001", 1).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 2);
}

#[tokio::test]
async fn a_delayed_notification_comes_behind_later_ones() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(NotificationFaultRule {
        notification: Some(NotificationKind::Payment),
        out_trade_no: Some("ORDER0001".to_owned()),
        times: Some(1),
        fault: NotificationFault::Delayed { seconds: 100 },
    });
    stage.paid_order("ORDER0001").await;
    stage.paid_order("ORDER0002").await;
    stage.control.advance(Duration::from_secs(100)).await.unwrap();
    let orders: Vec<Value> = stage
        .receiver
        .arrived()
        .iter()
        .map(|arrived| stage.client.open_notification(&arrived.body)["out_trade_no"].clone())
        .collect();
    assert_eq!(orders, [json!("ORDER0002"), json!("ORDER0001")]);
}

#[tokio::test]
async fn f46_forgeries_are_what_they_claim_to_be() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let forged = async |forgery: Forgery| {
        let result = stage.control.forge_notification(stage.mchid(), "ORDER0001", &forgery).await.unwrap();
        assert!(result.is_acknowledged(), "this receiver believes everything");
        stage.receiver.arrived().pop().unwrap()
    };
    let arrived = forged(Forgery::WrongKey).await;
    assert_eq!(stage.client.verify(&arrived.headers, &arrived.body), Err("wrong signature"));
    let arrived = forged(Forgery::ForeignMerchant).await;
    stage.client.verify(&arrived.headers, &arrived.body).unwrap();
    assert_ne!(stage.client.open_notification(&arrived.body)["mchid"], stage.mchid());
    let arrived = forged(Forgery::WrongAmount { total: 1 }).await;
    stage.client.verify(&arrived.headers, &arrived.body).unwrap();
    assert_eq!(stage.client.open_notification(&arrived.body)["amount"]["total"], 1);
    let arrived = forged(Forgery::UnpaidOrder).await;
    let told = stage.client.open_notification(&arrived.body);
    assert_eq!((&told["trade_state"], &told["out_trade_no"]), (&json!("SUCCESS"), &json!("ORDER0001")));
    let arrived = forged(Forgery::UnknownOrder).await;
    assert_ne!(stage.client.open_notification(&arrived.body)["out_trade_no"], "ORDER0001");
    let arrived = forged(Forgery::WrongApiKey).await;
    stage.client.verify(&arrived.headers, &arrived.body).unwrap();
    assert_eq!(stage.line("ORDER0001").taken, 0, "no forgery moves money");
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY");
}

#[tokio::test]
async fn an_unreachable_merchant_is_tried_again() {
    let stage = Stage::new().await;
    let mut body = stage.body("ORDER0001");
    // Port 9 of loopback: nobody listens there.
    body["notify_url"] = json!("http://127.0.0.1:9/notify");
    stage.client.call("POST", "/v3/pay/transactions/app", &body).await;
    stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap();
    stage.control.settled().await;
    let record = &stage.control.deliveries()[0];
    assert!(matches!(record.attempts[0].result, AttemptResult::Unreachable { .. }));
    assert_eq!(record.state, DeliveryState::Waiting);
}
