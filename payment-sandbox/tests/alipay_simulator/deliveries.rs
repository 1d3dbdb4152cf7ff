//! Notifications: when they come, how often, what they say, and what may be wrong with them.

use std::collections::BTreeSet;
use std::time::Duration;

use payment_sandbox::alipay::{
    AttemptResult, DeliveryState, Forgery, KeyMode, MerchantOptions, NotificationFault,
    NotificationFaultRule, NotificationKind, PayOptions, RETRY_INTERVALS, SimulatorOptions,
};
use payment_sandbox::clock::SimulatorClock;
use serde_json::json;

use crate::client::decoded;
use crate::receiver::Reply;
use crate::stage::{START, Stage};

fn rule(times: u32, fault: NotificationFault) -> NotificationFaultRule {
    NotificationFaultRule { notification: None, out_trade_no: None, times: Some(times), fault }
}

fn bodies(stage: &Stage) -> Vec<String> {
    stage.receiver.arrived().into_iter().map(|arrived| String::from_utf8(arrived.body).unwrap()).collect()
}

async fn refund(stage: &Stage, order: &str, number: &str, amount: &str) {
    let content = json!({"out_trade_no": order, "out_request_no": number, "refund_amount": amount});
    assert_eq!(stage.client.call("alipay.trade.refund", &content).await.node()["code"], "10000");
    stage.control.settled().await;
}

#[tokio::test]
async fn a_payment_is_told_with_everything_that_must_be_checked() {
    let stage = Stage::new().await;
    let trade_no = stage.paid_order("ORDER1").await;
    let arrived = &stage.receiver.arrived()[0];
    assert_eq!(arrived.headers["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
    let told = stage.told();
    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("trade_status", "TRADE_SUCCESS"),
        ("app_id", stage.app_id()),
        ("auth_app_id", stage.app_id()),
        ("seller_id", &stage.client.merchant.seller_id),
        ("out_trade_no", "ORDER1"),
        ("trade_no", &trade_no),
        ("total_amount", "88.88"),
        ("gmt_payment", "2026-03-01 12:30:45"),
        ("charset", "utf-8"),
        ("fund_bill_list", "[{\"amount\":\"88.88\",\"fundChannel\":\"ALIPAYACCOUNT\"}]"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert!(told.values().all(|value| !value.is_empty()), "no empty values");
    assert!(!told.contains_key("refund_fee"));
}

#[tokio::test]
async fn a_failing_merchant_is_told_eight_times_within_25_hours() {
    let stage = Stage::new().await;
    let wrong = ["SUCCESS", "\"success\"", "success\n", "\u{feff}success", "ok"].map(Reply::Body);
    stage.receiver.reply(wrong);
    stage.receiver.reply([500, 302].map(Reply::Status));
    stage.receiver.reply(std::iter::repeat_n(Reply::Status(404), 10));
    stage.paid_order("ORDER1").await;
    stage.control.advance(Duration::from_secs(2 * 86_400)).await.unwrap();
    let record = &stage.control.deliveries_of(stage.app_id(), "ORDER1")[0];
    assert_eq!(record.state, DeliveryState::Exhausted);
    let offsets: Vec<i64> = record.attempts.iter().map(|a| (a.at - START).whole_seconds()).collect();
    assert_eq!(offsets, [0, 240, 840, 1440, 5040, 12_240, 33_840, 87_840]);
    assert_eq!(offsets.len(), RETRY_INTERVALS.len() + 1);
    let told: Vec<_> = bodies(&stage).iter().map(|body| stage.client.verify_form(body).unwrap()).collect();
    let distinct = |name: &str| told.iter().map(|pairs| pairs[name].clone()).collect::<BTreeSet<_>>().len();
    assert_eq!((distinct("notify_id"), distinct("notify_time")), (1, 8));
}

#[tokio::test]
async fn the_seven_bytes_end_it() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Body("fail"), Reply::Body("success")]);
    stage.paid_order("ORDER1").await;
    stage.control.advance(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 2);
    assert_eq!(stage.control.deliveries()[0].state, DeliveryState::Acknowledged);
}

#[tokio::test]
async fn f6_the_four_kinds_are_told_apart_by_content_only() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let payment = stage.told();
    refund(&stage, "ORDER1", "R1", "8.88").await;
    let partial = stage.told();
    assert_eq!(partial["trade_status"], "TRADE_SUCCESS", "as the payment");
    assert_eq!((&*partial["refund_fee"], &*partial["out_biz_no"]), ("8.88", "R1"));
    assert_eq!(partial["gmt_refund"], "2026-03-01 12:30:45.000");
    assert_eq!(partial["gmt_payment"], payment["gmt_payment"]);
    assert_ne!(partial["notify_id"], payment["notify_id"]);
    refund(&stage, "ORDER1", "R2", "80.00").await;
    assert_eq!(stage.receiver.arrived().len(), 2, "TRADE_CLOSED is not told by default");
}

#[tokio::test]
async fn talkative_products_tell_of_closing_full_refund_and_finishing() {
    let stage = Stage::with(MerchantOptions::new(KeyMode::PublicKey).with_talkative_triggers()).await;
    let app = async |number: &str| {
        let string = stage.client.order_string(&stage.receiver.url, &Stage::content(number));
        stage.control.invoke(&string, &payment_sandbox::alipay::InvokeOptions::default()).unwrap();
        stage.control.settled().await;
    };
    app("ORDER1").await;
    refund(&stage, "ORDER1", "R1", "88.88").await;
    let full = stage.told();
    assert_eq!((&*full["trade_status"], &*full["refund_fee"]), ("TRADE_CLOSED", "88.88"));
    assert!(
        full.contains_key("gmt_refund") && full.contains_key("gmt_close") && full.contains_key("gmt_payment")
    );
    app("ORDER2").await;
    stage.control.finish(stage.app_id(), "ORDER2").unwrap();
    stage.control.settled().await;
    assert_eq!(stage.told()["trade_status"], "TRADE_FINISHED");
    let string = stage.client.order_string(&stage.receiver.url, &Stage::content("ORDER3"));
    let failing = payment_sandbox::alipay::InvokeOptions {
        choice: payment_sandbox::alipay::WalletChoice::FailAfterPassword,
        ..payment_sandbox::alipay::InvokeOptions::default()
    };
    stage.control.invoke(&string, &failing).unwrap();
    stage.control.advance(Duration::from_secs(15 * 86_400)).await.unwrap();
    let closed = stage.told();
    assert_eq!((&*closed["trade_status"], &*closed["out_trade_no"]), ("TRADE_CLOSED", "ORDER3"));
    assert_eq!(closed["gmt_close"], "2026-03-16 12:30:45");
    assert!(!closed.contains_key("refund_fee") && !closed.contains_key("gmt_payment"));
}

#[tokio::test]
async fn a_refund_in_the_console_is_told_to_the_payments_address() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    stage.control.refund_in_console(stage.app_id(), "ORDER1", "CONSOLE1", 100).unwrap();
    stage.control.settled().await;
    assert_eq!((&*stage.told()["refund_fee"], &*stage.told()["out_biz_no"]), ("1.00", "CONSOLE1"));
    stage.control.refund_in_console(stage.app_id(), "ORDER1", "CONSOLE2", 8889).unwrap_err();
}

#[tokio::test]
async fn each_signature_fault_is_seen_by_a_careful_merchant() {
    let stage = Stage::new().await;
    for (index, (fault, verdict)) in [
        (NotificationFault::WrongKey, "wrong signature"),
        (NotificationFault::AlteredBody, "wrong signature"),
        (NotificationFault::MissingSignature, "no signature"),
        (NotificationFault::EmptySignature, "no signature"),
        (NotificationFault::OldSignType, "sign_type"),
    ]
    .into_iter()
    .enumerate()
    {
        stage.control.add_notification_fault(rule(1, fault.clone()));
        stage.paid_order(&format!("ORDER{index}")).await;
        let body = bodies(&stage).pop().unwrap();
        assert_eq!(stage.client.verify_form(&body).unwrap_err(), verdict, "{fault:?}");
    }
}

#[tokio::test]
async fn f45_extra_and_empty_parameters_take_part_in_the_signature() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(rule(1, NotificationFault::ExtraFields));
    stage.paid_order("ORDER1").await;
    assert_eq!(stage.told()["undocumented"], "a=b&c <\"测试\"> 100% +1");
    stage.control.add_notification_fault(rule(1, NotificationFault::EmptyValue));
    stage.paid_order("ORDER2").await;
    let body = bodies(&stage).pop().unwrap();
    assert_eq!(stage.client.verify_form(&body).unwrap_err(), "wrong signature", "this client drops them");
    let pairs = decoded(&body);
    let kept = pairs.iter().filter(|(name, _)| *name != "sign" && *name != "sign_type");
    let text = kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    stage.client.verify_text(&text, &pairs["sign"]).unwrap();
}

#[tokio::test]
async fn lies_can_be_told_with_a_right_signature() {
    let stage = Stage::new().await;
    let lie = NotificationFault::ReplacedField { name: "total_amount".into(), value: "0.01".into() };
    stage.control.add_notification_fault(rule(1, lie));
    stage.paid_order("ORDER1").await;
    assert_eq!(stage.told()["total_amount"], "0.01");
    let removed = NotificationFault::RemovedField { name: "buyer_pay_amount".into() };
    stage.control.add_notification_fault(rule(1, removed));
    stage.paid_order("ORDER2").await;
    assert!(!stage.told().contains_key("buyer_pay_amount"));
}

#[tokio::test]
async fn f10_copies_arrive_at_once_and_by_hand() {
    let stage = Stage::new().await;
    stage.control.add_notification_fault(rule(1, NotificationFault::Duplicated { copies: 5 }));
    stage.paid_order("ORDER1").await;
    assert_eq!(stage.receiver.arrived().len(), 5);
    let attempts = stage.control.resend_notification(stage.app_id(), "ORDER1", 64).await.unwrap();
    assert_eq!(attempts.iter().filter(|attempt| attempt.result.is_acknowledged()).count(), 64);
    assert_eq!(stage.receiver.arrived().len(), 69);
}

#[tokio::test]
async fn f35_suppressed_and_delayed_notifications() {
    let stage = Stage::new().await;
    stage.control.suppress_notifications(Some("ORDER1"));
    stage.control.add_notification_fault(NotificationFaultRule {
        notification: Some(NotificationKind::Payment),
        out_trade_no: Some("ORDER2".to_owned()),
        times: Some(1),
        fault: NotificationFault::Delayed { seconds: 100 },
    });
    for number in ["ORDER1", "ORDER2", "ORDER3"] {
        stage.paid_order(number).await;
    }
    stage.control.advance(Duration::from_secs(100)).await.unwrap();
    let orders: Vec<String> =
        bodies(&stage).iter().map(|body| decoded(body)["out_trade_no"].clone()).collect();
    assert_eq!(orders, ["ORDER3", "ORDER2"]);
    assert_eq!(stage.control.deliveries()[0].state, DeliveryState::Suppressed);
    stage.control.resend_notification(stage.app_id(), "ORDER1", 1).await.unwrap();
    assert_eq!(stage.told()["out_trade_no"], "ORDER1");
}

#[tokio::test]
async fn f46_forgeries_are_what_they_claim_to_be() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    let forged = async |forgery: Forgery| {
        let result = stage.control.forge_notification(stage.app_id(), "ORDER1", &forgery).await.unwrap();
        assert!(result.is_acknowledged(), "this receiver believes everything");
        bodies(&stage).pop().unwrap()
    };
    for (forgery, verdict) in [
        (Forgery::WrongKey, "wrong signature"),
        (Forgery::Unsigned, "no signature"),
        (Forgery::EmptySignature, "no signature"),
    ] {
        assert_eq!(stage.client.verify_form(&forged(forgery).await).unwrap_err(), verdict);
    }
    let signed = async |forgery: Forgery| stage.client.verify_form(&forged(forgery).await).unwrap();
    assert_ne!(signed(Forgery::ForeignApp).await["app_id"], stage.app_id());
    assert_ne!(signed(Forgery::ForeignSeller).await["seller_id"], stage.client.merchant.seller_id);
    assert_eq!(signed(Forgery::WrongAmount { total: 1 }).await["total_amount"], "0.01");
    assert_ne!(signed(Forgery::UnknownOrder).await["out_trade_no"], "ORDER1");
    let unpaid = signed(Forgery::UnpaidOrder).await;
    assert_eq!((&*unpaid["trade_status"], &*unpaid["total_amount"]), ("TRADE_SUCCESS", "88.88"));
    assert!(unpaid.contains_key("trade_no") && unpaid.contains_key("gmt_payment"));
    assert_eq!(stage.line("ORDER1").taken, 0, "no forgery moves money");
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn face_to_face_products_may_repeat_at_once() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.immediate_repeats = 3;
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    stage.receiver.reply(std::iter::repeat_n(Reply::Status(500), 100));
    stage.paid_order("ORDER1").await;
    assert_eq!(stage.receiver.arrived().len(), 4);
    stage.control.advance(Duration::from_secs(240)).await.unwrap();
    assert_eq!(stage.receiver.arrived().len(), 5);
}

#[tokio::test]
async fn silence_and_absence_count_as_failures() {
    let stage = Stage::new().await;
    stage.receiver.reply([Reply::Silence]);
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    stage.receiver.arrival().await;
    stage.client.clock.advance(Duration::from_secs(5)).unwrap();
    stage.control.settled().await;
    assert_eq!(stage.control.deliveries()[0].attempts[0].result, AttemptResult::TimedOut);
    let mut pairs = stage.client.parameters("alipay.trade.precreate", &Stage::content("ORDER2"));
    // Port 9 of loopback: nobody listens there.
    pairs.insert("notify_url".to_owned(), "http://127.0.0.1:9/notify".to_owned());
    stage.client.send(&stage.client.signed(pairs)).await.unwrap();
    stage.control.pay(stage.app_id(), "ORDER2", &PayOptions::default()).unwrap();
    stage.control.settled().await;
    let result = &stage.control.deliveries_of(stage.app_id(), "ORDER2")[0].attempts[0].result;
    assert!(matches!(result, AttemptResult::Unreachable { .. }));
}

#[tokio::test]
async fn an_order_without_an_address_is_told_nothing() {
    let stage = Stage::new().await;
    stage.client.call("alipay.trade.precreate", &Stage::content("ORDER1")).await;
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    assert!(stage.control.deliveries().is_empty());
}
