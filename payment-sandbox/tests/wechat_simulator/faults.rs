//! Faults of answers, each seen from the client's side.

use std::time::Duration;

use payment_sandbox::wechat::{Execution, Fault, FaultRule, Operation, PayOptions, TradeState};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::stage::Stage;

/// Queries an order once with a fault, without verifying the answer.
async fn faulty_query(stage: &Stage, fault: Fault) -> Answer {
    stage.control.add_order_fault("ORDER0001", 1, fault);
    let target = format!("/v3/pay/transactions/out-trade-no/ORDER0001?mchid={}", stage.mchid());
    stage.client.send(&stage.client.request("GET", &target, b"")).await.unwrap()
}

#[tokio::test]
async fn f43_wrong_signatures_of_answers_do_not_verify() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let faults = [
        (Fault::SignatureProbe, "not base64"),
        (Fault::WrongKey, "wrong signature"),
        (Fault::UnknownSerial, "unknown serial"),
        (Fault::MissingSignatureHeaders, "header missing"),
        (Fault::StaleTimestamp, "stale"),
        (Fault::AlteredBody, "wrong signature"),
    ];
    for (fault, verdict) in faults {
        let answer = faulty_query(&stage, fault.clone()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(stage.client.verify(&answer.headers, &answer.body), Err(verdict), "{fault:?}");
    }
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY", "the faults are used up");
}

#[tokio::test]
async fn f36_a_lying_answer_is_rightly_signed() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let lie = Fault::ReplacedField { pointer: "/amount/total".to_owned(), value: json!(1) };
    let answer = faulty_query(&stage, lie).await;
    stage.client.verify(&answer.headers, &answer.body).unwrap();
    assert_eq!(answer.json()["amount"]["total"], 1);
    let unknown = Fault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!("FROZEN") };
    assert_eq!(faulty_query(&stage, unknown).await.json()["trade_state"], "FROZEN");
    let answer = faulty_query(&stage, Fault::RemovedField { pointer: "/amount".to_owned() }).await;
    assert!(answer.json().get("amount").is_none());
    let answer = faulty_query(&stage, Fault::ExtraFields).await;
    stage.client.verify(&answer.headers, &answer.body).unwrap();
    assert!(answer.json()["amount"].get("undocumented_amount").is_some());
}

#[tokio::test]
async fn r5_an_unknown_outcome_may_or_may_not_have_had_an_effect() {
    let stage = Stage::new().await;
    for (index, (execution, state)) in
        [(Execution::Done, TradeState::Closed), (Execution::Skipped, TradeState::NotPay)]
            .into_iter()
            .enumerate()
    {
        let number = format!("ORDER000{index}");
        stage.order(&number).await;
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        let body = json!({"mchid": stage.mchid()}).to_string();
        let request = stage.client.request("POST", &target, body.as_bytes());
        stage.control.add_order_fault(&number, 1, Fault::SystemError { execution });
        assert_eq!(stage.client.send(&request).await.unwrap().refusal(), (500, "SYSTEM_ERROR".to_owned()));
        assert_eq!(stage.line(&number).state, state);
    }
    for (index, (execution, made)) in
        [(Execution::Done, true), (Execution::Skipped, false)].into_iter().enumerate()
    {
        let number = format!("DROPPED{index}");
        stage.control.add_order_fault(&number, 1, Fault::ConnectionDropped { execution });
        let body = stage.body(&number).to_string();
        let request = stage.client.request("POST", "/v3/pay/transactions/app", body.as_bytes());
        stage.client.send(&request).await.unwrap_err();
        assert_eq!(stage.control.order(stage.mchid(), &number).is_some(), made);
    }
}

#[tokio::test]
async fn gateways_in_front_refuse_without_a_signature_or_without_json() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let answer = faulty_query(&stage, Fault::BadGateway).await;
    assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (502, "text/html"));
    assert!(!answer.headers.contains_key("wechatpay-signature"));
    assert_eq!(
        faulty_query(&stage, Fault::RateLimited).await.refusal(),
        (429, "FREQUENCY_LIMITED".to_owned())
    );
}

#[tokio::test]
async fn close_has_faults_of_its_own() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    stage.control.add_order_fault("ORDER0001", 1, Fault::PayerIsPaying);
    let paying = stage.client.close("ORDER0001").await;
    assert_eq!(paying.refusal(), (202, "USERPAYING".to_owned()));
    assert_eq!(stage.line("ORDER0001").state, TradeState::NotPay);
    stage.control.add_order_fault("ORDER0001", 1, Fault::StrayBody);
    let stray = stage.client.close("ORDER0001").await;
    assert_eq!((stray.status, stray.json()), (200, json!({"stray": true})));
    stage.control.add_order_fault("NOSUCHORDER", 1, Fault::OldCodeSpelling);
    assert_eq!(stage.client.close("NOSUCHORDER").await.refusal(), (404, "ORDERNOTEXIST".to_owned()));
}

#[tokio::test]
async fn f31_an_order_may_be_invisible_for_a_while() {
    let stage = Stage::new().await;
    stage.control.add_fault(FaultRule {
        operation: Some(Operation::QueryByOutTradeNo),
        out_trade_no: None,
        times: None,
        fault: Fault::NotVisibleYet { seconds: 10 },
    });
    stage.control.add_fault(FaultRule {
        operation: Some(Operation::CreateRefund),
        out_trade_no: None,
        times: None,
        fault: Fault::NotVisibleYet { seconds: 5 },
    });
    stage.order("ORDER0001").await;
    assert_eq!(stage.client.query("ORDER0001").await.refusal(), (404, "ORDER_NOT_EXIST".to_owned()));
    stage.control.advance(Duration::from_secs(10)).await.unwrap();
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY");
    stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap();
    let refund = json!({"out_trade_no": "ORDER0001", "out_refund_no": "R1",
        "amount": {"refund": 1, "total": 100, "currency": "CNY"}});
    assert_eq!(stage.client.refund(&refund).await.refusal(), (404, "RESOURCE_NOT_EXISTS".to_owned()));
    stage.control.advance(Duration::from_secs(5)).await.unwrap();
    assert_eq!(stage.client.refund(&refund).await.status, 200);
}

#[tokio::test]
async fn f2_the_notification_may_come_before_the_prepay_answer() {
    let stage = Stage::new().await;
    stage.control.add_order_fault("ORDER0001", 1, Fault::PaidBeforeAnswer);
    stage.order("ORDER0001").await;
    assert_eq!(stage.receiver.arrived().len(), 1, "it had arrived when the answer came");
    assert_eq!(stage.state("ORDER0001").await, "SUCCESS");
}

#[tokio::test]
async fn a_slow_answer_waits_for_the_clock() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    stage.control.add_order_fault("ORDER0001", 1, Fault::SlowAnswer { seconds: 30 });
    let target = format!("/v3/pay/transactions/out-trade-no/ORDER0001?mchid={}", stage.mchid());
    let request = stage.client.request("GET", &target, b"");
    let mut answer = std::pin::pin!(stage.client.send(&request));
    let waited = tokio::time::timeout(Duration::from_millis(200), &mut answer).await;
    assert!(waited.is_err(), "no answer while the clock stands");
    stage.client.clock.advance(Duration::from_secs(30)).unwrap();
    assert_eq!(answer.await.unwrap().status, 200);
}

#[tokio::test]
async fn faults_are_listed_and_cleared() {
    let stage = Stage::new().await;
    stage.control.add_order_fault("ORDER0001", 3, Fault::NotEnoughBalance);
    stage.control.suppress_notifications(None);
    assert_eq!((stage.control.faults().len(), stage.control.notification_faults().len()), (1, 1));
    stage.control.clear_faults();
    assert!(stage.control.faults().is_empty() && stage.control.notification_faults().is_empty());
    assert_eq!(stage.client.call("GET", "/v3/certificates", &Value::Null).await.status, 200);
}
