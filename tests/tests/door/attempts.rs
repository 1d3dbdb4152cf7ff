//! Two attempts for one order, while Bad Pay tells the truth and while it does not.

use std::time::Duration;

use channel_bad_pay::{BadRefund, OrderState};
use payment_proto::v1::{CreatePaymentRequest, EarlierAttemptPolicy, PaymentState};
use payment_server::jobs::Job;
use payment_tests::requests::payment_no;
use tonic::Code;

use super::stage::{SHOP, Stage, payment};

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_second_way_of_paying_closes_the_first_at_bad_pay_and_pays_once() {
    let stage = Stage::set().await;
    let first = stage.open("r-1", "A").await;
    let second = payment_no(&stage.app.create(payment("r-2", "A", "code")).await);
    assert_ne!(second, first);
    assert_eq!(stage.app.state(&first).await, PaymentState::Closed);
    assert_eq!(stage.bad.state(SHOP, &first), OrderState::Closed, "closed there, too");
    stage.pay_and_deny(&second, 1, Duration::ZERO);
    assert_eq!(stage.app.sync(&second).await.0, PaymentState::AwaitingPayer);
    assert_eq!(stage.app.sync(&second).await.0, PaymentState::Succeeded);
    assert_eq!(stage.app.order("A").await.effective_payment_no, second);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_r11_no_second_attempt_overtakes_a_payment_that_it_denies() {
    let stage = Stage::set().await;
    let first = stage.open("r-1", "A").await;
    stage.pay_and_deny(&first, 0, Duration::from_secs(60));
    let refusal = stage.app.refuse(payment("r-2", "A", "code")).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "EARLIER_ATTEMPT_UNRESOLVED"));
    assert_eq!(refusal.metadata["payment_no"], first);
    let same = stage.app.create(payment("r-3", "A", "app")).await;
    assert_eq!(payment_no(&same), first, "the same ticket cannot be paid twice");
    stage.advance(60).await;
    let refusal = stage.app.refuse(payment("r-4", "A", "code")).await;
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "ORDER_ALREADY_PAID"));
    assert_eq!(refusal.metadata["payment_no"], first);
    assert_eq!(stage.bad.orders(SHOP).len(), 1, "nobody was asked to pay twice");
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_a_caller_who_goes_ahead_gets_the_second_payment_back_when_the_truth_comes_out() {
    let stage = Stage::set().await;
    let first = stage.open("r-1", "A").await;
    stage.pay_and_deny(&first, 0, Duration::from_secs(60));
    let ahead = CreatePaymentRequest {
        earlier_attempt_policy: EarlierAttemptPolicy::Proceed.into(),
        ..payment("r-2", "A", "code")
    };
    let second = payment_no(&stage.app.create(ahead).await);
    stage.bad.pay(SHOP, &second);
    assert_eq!(stage.app.sync(&second).await.0, PaymentState::Succeeded);
    stage.advance(60).await;
    assert_eq!(stage.app.sync(&first).await.0, PaymentState::Succeeded);
    assert_eq!(stage.app.order("A").await.effective_payment_no, second);
    stage.app.run_job(Job::RefundSuccess).await;
    let refunds = stage.bad.refunds(SHOP, &first);
    assert_eq!(refunds.iter().map(BadRefund::minor_units).collect::<Vec<_>>(), [100]);
    assert!(stage.bad.refunds(SHOP, &second).is_empty());
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_an_order_moves_between_bad_pay_and_another_channel() {
    let stage = Stage::set().await;
    let at_wechat = stage.app.open("r-1", "A", 100).await;
    let at_bad_pay = stage.open("r-2", "A").await;
    assert_eq!(stage.app.state(&at_wechat).await, PaymentState::Closed);
    let again = stage.app.open("r-3", "A", 100).await;
    assert_eq!(stage.bad.state(SHOP, &at_bad_pay), OrderState::Closed);
    stage.app.pay(&again).await;
    assert_eq!(stage.app.refuse(payment("r-4", "A", "app")).await.reason, "ORDER_ALREADY_PAID");
    stage.app.finish().await;
}
