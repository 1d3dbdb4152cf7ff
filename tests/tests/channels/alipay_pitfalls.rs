//! Alipay's pitfalls through the whole service: the payer's code at the till, and refunds made in Alipay's console.

use std::time::Duration;

use payment_proto::v1::{
    AlipayBarcode, AlipayOptions, CreatePaymentRequest, GetRefundRequest, PaymentState, RefundOrigin,
    RefundState, alipay_options, create_payment_request::ChannelOptions,
};
use payment_sandbox::alipay::InvokeOptions;
use payment_server::jobs::Job;

use super::scene::{Scene, alipay_app, sdk_text};

fn at_the_till(auth_code: &str) -> CreatePaymentRequest {
    let product = Some(alipay_options::Product::Barcode(AlipayBarcode { auth_code: auth_code.to_owned() }));
    let options = AlipayOptions { product, ..AlipayOptions::default() };
    CreatePaymentRequest {
        channel_options: Some(ChannelOptions::Alipay(options)),
        ..alipay_app("r-1", "A", 1500)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_5_7_a_code_that_pays_at_once_is_paid_from_the_create_answer_with_its_evidence() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280000000000000001")).await;
    let payment = created.payment.unwrap();
    assert_eq!((payment.state(), created.payment_data), (PaymentState::Succeeded, None));
    let evidence = "SELECT source || ' ' || (verified_by IS NOT NULL) || ' ' || (length(evidence) > 100) \
                    FROM payment_transition WHERE to_state = 'SUCCEEDED'";
    assert_eq!(scene.app.texts(evidence).await, ["CREATE_ANSWER true true"]);
    assert_eq!(scene.app.events(&payment.payment_no).await, ["payment.succeeded"]);
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 1500);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn section_5_7_f32_a_code_that_needs_a_password_waits_and_is_paid_when_it_comes() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280100000000000001")).await;
    let payment_no = created.payment.as_ref().unwrap().payment_no.clone();
    assert_eq!(created.payment.unwrap().state(), PaymentState::AwaitingPayer);
    scene.alipay.advance(Duration::from_secs(11)).await.unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn section_6_3_f21_a_code_whose_answer_says_nothing_is_found_paid() {
    let scene = Scene::start().await;
    scene.alipay.suppress_notifications(None);
    let created = scene.app.create(at_the_till("280400000000000001")).await;
    let payment = created.payment.unwrap();
    assert_eq!(payment.state(), PaymentState::Initiating, "20000 is unknown, not failed");
    assert_eq!(scene.app.sync(&payment.payment_no).await.0, PaymentState::Succeeded);
    scene.app.finish().await;
}

/// A paid app payment over 100 fen.
async fn paid(scene: &Scene) -> String {
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    let payment_no = created.payment.unwrap().payment_no;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    payment_no
}

#[tokio::test(flavor = "multi_thread")]
async fn section_8_2_f06_r18_refunds_of_the_console_are_recorded_with_what_each_gave_back() {
    let scene = Scene::start().await;
    let payment_no = paid(&scene).await;
    for (refund_no, fen) in [("CONSOLE-1", 70), ("CONSOLE-2", 30)] {
        scene.alipay.refund_in_console(&scene.alipay_app_id, &payment_no, refund_no, fen).unwrap();
        scene.alipay.settled().await;
        let request = GetRefundRequest { refund_no: refund_no.to_owned() };
        let refund = scene.app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap();
        // The notification says how much all of them came to.
        assert_eq!((refund.state(), refund.origin()), (RefundState::Succeeded, RefundOrigin::Channel));
        assert_eq!(refund.amount.unwrap().minor_units, fen);
    }
    assert_eq!(scene.app.number("SELECT refund_reserved FROM payment").await, 100);
    assert!(scene.app.cases().await.is_empty());
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded, "it was paid all the same");
    scene.app.finish().await;
}
