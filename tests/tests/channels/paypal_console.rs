//! What others than us do to PayPal's money: the merchant in PayPal's console, the payer's bank, PayPal itself (R18, F37).

use std::time::Duration;

use payment_proto::v1::{
    CreateRefundRequest, GetRefundRequest, Money, PaymentState, Refund, RefundOrigin, RefundReason,
    RefundState,
    create_refund_request::{Extent, Payment as OfPayment},
};
use payment_sandbox::paypal::{ApproveOptions, Funding, NotificationFault, NotificationFaultRule};
use payment_server::jobs::Job;

use super::scene::{Scene, paypal_checkout, paypal_order};

/// A paid payment over 19.99 dollars, with PayPal's capture.
async fn paid(scene: &Scene) -> (String, String) {
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    let capture = scene.paypal.pay(&order_id, &ApproveOptions::with(Funding::Balance)).await.unwrap();
    recorded(scene, &payment_no, "SUCCEEDED").await;
    scene.paypal.settled().await;
    (payment_no, capture)
}

async fn recorded(scene: &Scene, payment_no: &str, state: &str) {
    let of_payment = format!("payment_no = '{payment_no}' AND state = '{state}'");
    scene.app.until_recorded(&format!("EXISTS (SELECT FROM payment WHERE {of_payment})")).await;
}

async fn refund(scene: &Scene, refund_no: &str) -> Refund {
    let request = GetRefundRequest { refund_no: refund_no.to_owned() };
    scene.app.refunds().get_refund(request).await.unwrap().into_inner().refund.unwrap()
}

/// Asks for a refund by our own number.
async fn give_back(scene: &Scene, payment_no: &str, minor_units: i64) -> Result<Refund, tonic::Status> {
    let amount = Money { currency_code: "USD".to_owned(), minor_units };
    let mut request = CreateRefundRequest {
        refund_no: format!("R-{minor_units}"),
        payment: Some(OfPayment::PaymentNo(payment_no.to_owned())),
        extent: Some(Extent::Amount(amount)),
        ..CreateRefundRequest::default()
    };
    request.set_reason(RefundReason::Return);
    Ok(scene.app.refunds().create_refund(request).await?.into_inner().refund.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_is_recorded_once_and_counts_against_what_is_left() {
    let scene = Scene::start().await;
    let (payment_no, capture) = paid(&scene).await;
    let id = scene.paypal.console_refund(&capture, Some(1500)).unwrap();
    scene.paypal.settled().await;
    for copies in [1, 8] {
        scene.paypal.resend_notification(&capture, copies).await.unwrap();
    }
    let foreign = refund(&scene, &format!("PAYPAL-{id}")).await;
    assert_eq!((foreign.state(), foreign.origin()), (RefundState::Succeeded, RefundOrigin::Channel));
    assert_eq!((foreign.amount.unwrap().minor_units, foreign.payment_no), (1500, payment_no.clone()));
    assert_eq!(scene.app.number("SELECT count(*) FROM refund").await, 1);
    give_back(&scene, &payment_no, 500).await.unwrap_err();
    give_back(&scene, &payment_no, 499).await.unwrap();
    scene.paypal.settled().await;
    scene.app.clock().advance(Duration::from_secs(30)).unwrap();
    scene.app.run_job(Job::RefundSuccess).await;
    let order = scene.paypal.orders_of(&payment_no).remove(0);
    assert_eq!((order.given_back, order.captures[0].refunds.len()), (1999, 2));
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f51_our_own_refund_is_none_of_the_consoles_however_early_its_webhook_comes() {
    use payment_sandbox::paypal::{Fault, FaultRule, Operation};
    let scene = Scene::start().await;
    let (payment_no, _) = paid(&scene).await;
    scene.paypal.add_fault(FaultRule {
        operation: Some(Operation::RefundCapture),
        reference: None,
        times: Some(1),
        fault: Fault::NotifiedBeforeAnswer,
    });
    give_back(&scene, &payment_no, 1999).await.unwrap();
    scene.paypal.settled().await;
    assert_eq!(scene.app.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(refund(&scene, "R-1999").await.origin(), RefundOrigin::Caller);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_for_a_payment_whose_webhooks_were_lost_proves_that_it_was_paid() {
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let (payment_no, order_id) = (created.payment.unwrap().payment_no, paypal_order(created.payment_data));
    scene.paypal.suppress_notifications(None);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let capture = scene.paypal.capture_elsewhere(&order_id).unwrap();
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    scene.paypal.clear_faults();
    let id = scene.paypal.console_refund(&capture, None).unwrap();
    scene.paypal.settled().await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(refund(&scene, &format!("PAYPAL-{id}")).await.state(), RefundState::Succeeded);
    scene.app.finish().await;
}

/// Kinds and amounts of all open cases.
async fn cases(scene: &Scene) -> Vec<String> {
    let sql = "SELECT kind || ' ' || coalesce(amount::text, '?') || ' ' || payment_no FROM payment_case ORDER BY open_time, kind";
    scene.app.texts(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_pitfall_12_a_reversal_is_a_case_with_what_was_taken_back_and_the_payment_stays_paid() {
    let scene = Scene::start().await;
    let (payment_no, capture) = paid(&scene).await;
    scene.paypal.reverse_capture(&capture, Some(900)).unwrap();
    scene.paypal.settled().await;
    for _ in 0..2 {
        scene.paypal.resend_notification(&capture, 4).await.unwrap();
    }
    assert_eq!(cases(&scene).await, [format!("PAYMENT_REVERSED 900 {payment_no}")]);
    scene.paypal.reverse_capture(&capture, None).unwrap();
    scene.paypal.settled().await;
    let both = [format!("PAYMENT_REVERSED 900 {payment_no}"), format!("PAYMENT_REVERSED 1099 {payment_no}")];
    assert_eq!(cases(&scene).await, both, "each reversal is a case of its own");
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(scene.app.number("SELECT count(*) FROM refund").await, 0, "it is no refund");
    let events = scene.app.events(&payment_no).await;
    assert_eq!(events, ["payment.succeeded", "case.opened", "case.opened"]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_a_reversal_of_a_payment_whose_webhooks_were_lost_proves_that_it_was_paid() {
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let (payment_no, order_id) = (created.payment.unwrap().payment_no, paypal_order(created.payment_data));
    scene.paypal.suppress_notifications(None);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let capture = scene.paypal.capture_elsewhere(&order_id).unwrap();
    scene.paypal.clear_faults();
    scene.paypal.reverse_capture(&capture, None).unwrap();
    scene.paypal.settled().await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(cases(&scene).await, [format!("PAYMENT_REVERSED 1999 {payment_no}")]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_a_case_and_what_the_buyer_wins_is_another() {
    let scene = Scene::start().await;
    let (payment_no, capture) = paid(&scene).await;
    scene.paypal.open_dispute(&capture).unwrap();
    scene.paypal.settled().await;
    assert_eq!(cases(&scene).await, [format!("PAYMENT_DISPUTED ? {payment_no}")]);
    scene.paypal.close_dispute(&capture).unwrap();
    scene.paypal.reverse_capture(&capture, None).unwrap();
    scene.paypal.settled().await;
    let both = [format!("PAYMENT_DISPUTED ? {payment_no}"), format!("PAYMENT_REVERSED 1999 {payment_no}")];
    assert_eq!(cases(&scene).await, both);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_reversal_that_was_never_acknowledged_comes_again_and_is_kept() {
    let scene = Scene::start().await;
    let (payment_no, capture) = paid(&scene).await;
    scene.paypal.add_notification_fault(NotificationFaultRule {
        event_type: Some("PAYMENT.CAPTURE.REVERSED".to_owned()),
        reference: None,
        times: Some(1),
        fault: NotificationFault::Suppressed,
    });
    scene.paypal.reverse_capture(&capture, None).unwrap();
    scene.paypal.settled().await;
    assert!(cases(&scene).await.is_empty());
    let attempts = scene.paypal.resend_notification(&capture, 1).await.unwrap();
    assert!(attempts.iter().all(|attempt| attempt.result.is_acknowledged()), "{attempts:?}");
    assert_eq!(cases(&scene).await, [format!("PAYMENT_REVERSED 1999 {payment_no}")]);
    scene.app.finish().await;
}
