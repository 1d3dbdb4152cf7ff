//! Money on its way back through Bad Pay, which never says that it arrived.

use channel_bad_pay::{Accident, BadRefund};
use payment_proto::v1::{
    CreateRefundRequest, GetRefundRequest, Money, PaymentState, Refund, RefundReason, RefundState,
    create_refund_request::{Extent, Payment},
};
use payment_server::jobs::Job;

use super::stage::{SHOP, Stage};

fn refund(refund_no: &str, payment_no: &str, minor_units: i64) -> CreateRefundRequest {
    CreateRefundRequest {
        refund_no: refund_no.to_owned(),
        payment: Some(Payment::PaymentNo(payment_no.to_owned())),
        extent: Some(Extent::Amount(Money { currency_code: "CNY".to_owned(), minor_units })),
        reason: RefundReason::Return.into(),
        description: "came back".to_owned(),
    }
}

async fn paid(stage: &Stage, order_no: &str) -> String {
    let number = stage.open(&format!("r-{order_no}"), order_no).await;
    stage.bad.pay(SHOP, &number);
    assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded);
    number
}

async fn recorded(stage: &Stage, refund_no: &str) -> Refund {
    let request = GetRefundRequest { refund_no: refund_no.to_owned() };
    stage.app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap()
}

/// Lets time pass, and the job look, until the refund has arrived.
async fn drive(stage: &Stage, refund_no: &str) {
    for _ in 0..200 {
        stage.advance(120).await;
        stage.app.run_job(Job::RefundSuccess).await;
        if recorded(stage, refund_no).await.state() == RefundState::Succeeded {
            return;
        }
    }
    panic!("never arrived: {:?}", recorded(stage, refund_no).await);
}

fn given_back(stage: &Stage, number: &str) -> Vec<i64> {
    stage.bad.refunds(SHOP, number).iter().map(BadRefund::minor_units).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r22_a_refund_is_followed_until_it_arrives_though_nobody_tells() {
    let stage = Stage::set().await;
    let number = paid(&stage, "A").await;
    stage.app.refunds().create_refund(refund("R-1", &number, 40)).await.unwrap();
    stage.app.run_job(Job::RefundSuccess).await;
    assert_eq!(given_back(&stage, &number), [40]);
    assert_ne!(recorded(&stage, "R-1").await.state(), RefundState::Succeeded, "it is on its way");
    stage.bad.settle_refund(SHOP, "R-1", "done");
    drive(&stage, "R-1").await;
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_f21_a_lost_answer_to_a_refund_gives_back_once() {
    let stage = Stage::set().await;
    for (order_no, accident) in
        [("A", Accident::BrokenOff), ("B", Accident::BrokenOffAfterwards), ("C", Accident::Unsigned)]
    {
        let number = paid(&stage, order_no).await;
        let refund_no = format!("R-{order_no}");
        stage.bad.accident(accident.clone());
        stage.app.refunds().create_refund(refund(&refund_no, &number, 100)).await.unwrap();
        for _ in 0..200 {
            if !given_back(&stage, &number).is_empty() {
                break;
            }
            stage.advance(120).await;
            stage.app.run_job(Job::RefundSuccess).await;
        }
        stage.bad.settle_refund(SHOP, &refund_no, "done");
        drive(&stage, &refund_no).await;
        assert_eq!(given_back(&stage, &number), [100], "{accident:?}");
    }
    stage.app.finish().await;
}
