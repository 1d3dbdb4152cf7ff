//! Each fault of requests: what the caller sees, and whether the request took effect.

use payment_sandbox::alipay::{
    Execution, Fault, FaultRule, Operation, PayOptions, RefusalSignature, SystemErrorSpelling, TradeStatus,
};
use serde_json::json;
use std::time::Duration;

use crate::stage::Stage;

const QUERY: &str = "alipay.trade.query";
const REFUND: &str = "alipay.trade.refund";

#[tokio::test]
async fn f21_a_dropped_refund_may_or_may_not_have_happened() {
    for (execution, given_back, change) in [(Execution::Done, 888, "N"), (Execution::Skipped, 0, "Y")] {
        let stage = Stage::new().await;
        stage.paid_order("ORDER1").await;
        let content = json!({"out_trade_no": "ORDER1", "out_request_no": "R1", "refund_amount": "8.88"});
        stage.control.add_order_fault("ORDER1", 1, Fault::ConnectionDropped { execution });
        stage.client.try_call(REFUND, &content).await.unwrap_err();
        assert_eq!(stage.line("ORDER1").given_back, given_back);
        let node = stage.client.call(REFUND, &content).await.node();
        assert_eq!(node["fund_change"], change);
        assert_eq!(stage.line("ORDER1").given_back, 888, "once, whatever happened first");
    }
}

#[tokio::test]
async fn system_errors_come_in_four_spellings_with_and_without_effect() {
    let stage = Stage::new().await;
    for (index, (spelling, code, sub_code)) in [
        (SystemErrorSpelling::Unavailable, "20000", "aop.ACQ.SYSTEM_ERROR"),
        (SystemErrorSpelling::UnknowError, "20000", "isp.unknow-error"),
        (SystemErrorSpelling::Business, "40004", "ACQ.SYSTEM_ERROR"),
        (SystemErrorSpelling::MisspeltBusiness, "40004", "AQC.SYSTEM_ERROR"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = format!("ORDER{index}");
        stage.precreate(&Stage::content(&number)).await;
        stage.control.open_cashier(stage.app_id(), &number).unwrap();
        let execution = if index % 2 == 0 { Execution::Done } else { Execution::Skipped };
        stage.control.add_order_fault(&number, 1, Fault::SystemError { execution, spelling });
        let answer = stage.client.call("alipay.trade.close", &json!({"out_trade_no": number})).await;
        assert_eq!(answer.refusal(), (code.to_owned(), sub_code.to_owned()));
        let status = if index % 2 == 0 { TradeStatus::Closed } else { TradeStatus::WaitBuyerPay };
        assert_eq!(stage.line(&number).status, Some(status), "{sub_code}");
    }
}

#[tokio::test]
async fn refusals_can_be_ordered_signed_and_unsigned() {
    let stage = Stage::new().await;
    let refused = |signature| Fault::Refused {
        code: "40005".to_owned(),
        sub_code: "isv.app-call-limited".to_owned(),
        execution: Execution::Skipped,
        signature,
    };
    stage.control.add_order_fault("ORDER1", 1, refused(RefusalSignature::Signed));
    stage.control.add_order_fault("ORDER1", 1, refused(RefusalSignature::Unsigned));
    let query = json!({"out_trade_no": "ORDER1"});
    let signed = stage.client.call(QUERY, &query).await;
    assert_eq!(signed.refusal(), ("40005".to_owned(), "isv.app-call-limited".to_owned()));
    let unsigned = stage.client.try_call(QUERY, &query).await.unwrap();
    assert_eq!((unsigned.signature(), unsigned.refusal().0), (None, "40005".to_owned()));
}

#[tokio::test]
async fn each_spoiled_answer_is_seen_by_a_careful_caller() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let query = json!({"out_trade_no": "ORDER1"});
    for (fault, verdict) in [
        (Fault::WrongKey, "wrong signature"),
        (Fault::AlteredBody, "wrong signature"),
        (Fault::MissingSignature, "no signature"),
    ] {
        stage.control.add_order_fault("ORDER1", 1, fault.clone());
        let answer = stage.client.try_call(QUERY, &query).await.unwrap();
        assert_eq!(stage.client.verify(&answer).unwrap_err(), verdict, "{fault:?}");
        assert_eq!(answer.node()["code"], "10000", "it looks like a result");
    }
    stage.control.add_order_fault("ORDER1", 1, Fault::EmptySignature);
    assert_eq!(stage.client.try_call(QUERY, &query).await.unwrap().signature().unwrap(), "");
    stage.control.add_order_fault("ORDER1", 1, Fault::TruncatedBody);
    let truncated = stage.client.try_call(QUERY, &query).await.unwrap();
    serde_json::from_str::<serde_json::Value>(&truncated.body).unwrap_err();
    stage.control.add_order_fault("ORDER1", 1, Fault::RepeatedNode);
    let repeated = stage.client.try_call(QUERY, &query).await.unwrap();
    assert_eq!(repeated.body.matches("\"alipay_trade_query_response\":").count(), 2);
}

#[tokio::test]
async fn slashes_may_be_plain_in_the_signature() {
    let stage = Stage::new().await;
    stage.control.add_order_fault("ORDER1", 1, Fault::SlashesPlainInSignature);
    let answer = stage.client.try_call("alipay.trade.precreate", &Stage::content("ORDER1")).await.unwrap();
    stage.client.verify(&answer).unwrap_err();
    let plain = answer.signed_text().replace("\\/", "/");
    stage.client.verify_text(&plain, &answer.signature().unwrap()).unwrap();
}

#[tokio::test]
async fn f36_a_lying_query_is_rightly_signed() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let replaced = |pointer: &str, value| Fault::ReplacedField { pointer: pointer.to_owned(), value };
    stage.control.add_order_fault("ORDER1", 1, replaced("/total_amount", json!("0.01")));
    assert_eq!(stage.query("ORDER1").await["total_amount"], "0.01");
    stage.control.add_order_fault("ORDER1", 1, replaced("/trade_status", json!("WAIT_BUYER_PAY")));
    assert_eq!(stage.state("ORDER1").await, "WAIT_BUYER_PAY");
    stage.control.add_order_fault("ORDER1", 1, Fault::RemovedField { pointer: "/trade_status".to_owned() });
    assert!(stage.query("ORDER1").await.get("trade_status").is_none());
    stage.control.add_order_fault("ORDER1", 1, Fault::ExtraFields);
    let node = stage.query("ORDER1").await;
    assert_eq!(node["undocumented_text"], "}},\"sign\":\"x\"");
    assert_eq!(node["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn other_statuses_and_slow_answers_can_be_ordered() {
    let stage = Stage::new().await;
    let query = json!({"out_trade_no": "ORDER1"});
    let fault = Fault::HttpError { status: 502, execution: Execution::Skipped };
    stage.control.add_order_fault("ORDER1", 1, fault);
    let answer = stage.client.try_call(QUERY, &query).await.unwrap();
    assert_eq!((answer.status, answer.body.contains("502 Bad Gateway")), (502, true));
    stage.control.add_order_fault("ORDER1", 1, Fault::SlowAnswer { seconds: 30 });
    let slow = stage.client.call(QUERY, &query);
    tokio::pin!(slow);
    let early = futures::FutureExt::now_or_never(&mut slow);
    assert!(early.is_none());
    let moved = async {
        // Until the request has reached the simulator its fault waits.
        while !stage.control.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        stage.client.clock.advance(Duration::from_secs(30)).unwrap();
    };
    let (answer, ()) = tokio::join!(slow, moved);
    assert_eq!(answer.refusal().1, "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn the_payer_may_be_faster_than_the_answer() {
    let stage = Stage::new().await;
    stage.control.add_order_fault("ORDER1", 1, Fault::PaidBeforeAnswer);
    stage.precreate(&Stage::content("ORDER1")).await;
    assert_eq!(stage.told()["out_trade_no"], "ORDER1", "told before the answer came");
}

#[tokio::test]
async fn a_refund_can_be_delayed_and_faults_are_taken_back() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let rule = |operation| FaultRule {
        operation: Some(operation),
        out_trade_no: None,
        times: None,
        fault: Fault::RefundDelayed,
    };
    stage.control.add_fault(rule(Operation::Refund));
    let content = json!({"out_trade_no": "ORDER1", "out_request_no": "R1", "refund_amount": "8.88"});
    assert_eq!(stage.client.call(REFUND, &content).await.node()["fund_change"], "N");
    assert_eq!(stage.line("ORDER1").being_given_back, 888);
    stage.control.clear_faults();
    assert!(stage.control.faults().is_empty());
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
}
