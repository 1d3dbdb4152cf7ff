//! One order, two channels: paid once, and what came twice goes back by itself (R12, R13).

use payment_proto::v1::{EarlierAttemptPolicy, OrderState, PaymentState, RefundState};
use payment_sandbox::{
    alipay::InvokeOptions,
    paypal::{ApproveOptions, Funding},
};
use payment_server::jobs::Job;
use payment_tests::requests::app_payment;

use super::scene::{Scene, alipay_app, paypal_checkout, paypal_order, sdk_text};

#[tokio::test(flavor = "multi_thread")]
async fn r12_r13_f26_section_6_2_an_order_paid_through_two_channels_stays_paid_and_the_second_payment_goes_back()
 {
    let scene = Scene::start().await;
    let by_alipay = scene.app.create(alipay_app("r-1", "A", 100)).await;
    // The order string is out, and Alipay cannot close a trade that does not exist yet.
    let mut by_wechat = app_payment("r-2", "A", 100);
    by_wechat.set_earlier_attempt_policy(EarlierAttemptPolicy::Proceed);
    let by_wechat = scene.app.create(by_wechat).await.payment.unwrap().payment_no;

    scene.app.pay(&by_wechat).await;
    let late = by_alipay.payment.unwrap().payment_no;
    scene.alipay.invoke(&sdk_text(by_alipay.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    assert_eq!(scene.app.state(&late).await, PaymentState::Succeeded, "money is always recorded");

    scene.app.clock().advance(std::time::Duration::from_secs(30)).unwrap();
    for _ in 0..3 {
        scene.app.run_job(Job::RefundSuccess).await;
        scene.app.clock().advance(std::time::Duration::from_secs(600)).unwrap();
    }
    let order = scene.app.order("A").await;
    assert_eq!((order.state(), order.effective_payment_no.as_str()), (OrderState::Paid, by_wechat.as_str()));
    let states: Vec<_> =
        order.refunds.iter().map(|refund| (refund.payment_no.as_str(), refund.state())).collect();
    assert_eq!(states, [(late.as_str(), RefundState::Succeeded)]);
    let at_alipay = scene.alipay.order(&scene.alipay_app_id, &late).unwrap();
    assert_eq!((at_alipay.taken, at_alipay.given_back), (100, 100), "{at_alipay:?}");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_pitfall_08_an_approval_for_an_order_that_another_channel_paid_is_never_captured() {
    let scene = Scene::start().await;
    let by_paypal = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let order_id = paypal_order(by_paypal.payment_data);
    let by_wechat = scene.app.create(app_payment("r-2", "A", 14_000)).await.payment.unwrap().payment_no;
    let first = by_paypal.payment.unwrap().payment_no;
    assert_eq!(scene.app.state(&first).await, PaymentState::Closed, "our word not to capture is the proof");

    scene.app.pay(&by_wechat).await;
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    scene.paypal.settled().await;
    scene.app.sync(&first).await;
    assert_eq!(scene.paypal.order(&order_id).unwrap().taken, 0, "no money was taken");
    scene.app.finish().await;
}
