//! PayPal's pitfalls through the whole service: what is forged, what is declined, what comes late.

use payment_proto::v1::PaymentState;
use payment_sandbox::paypal::{
    ApproveOptions, AttemptResult, CaptureSettlement, Execution, Fault, FaultRule, Forgery, Funding,
    Operation,
};
use payment_tests::requests::app_payment;

use super::scene::{Scene, paypal_checkout, paypal_order};

/// A payment that awaits its payer, with PayPal's order.
async fn open(scene: &Scene) -> (String, String) {
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    (created.payment.unwrap().payment_no, paypal_order(created.payment_data))
}

fn approve(scene: &Scene, order_id: &str, funding: Funding) {
    scene.paypal.approve(order_id, &ApproveOptions::with(funding)).unwrap();
}

fn status(result: &AttemptResult) -> Option<u16> {
    match result {
        AttemptResult::Answered { status, .. } => Some(*status),
        AttemptResult::TimedOut | AttemptResult::Unreachable { .. } => None,
    }
}

async fn recorded(scene: &Scene, payment_no: &str, state: &str) {
    let of_payment = format!("payment_no = '{payment_no}' AND state = '{state}'");
    scene.app.until_recorded(&format!("EXISTS (SELECT FROM payment WHERE {of_payment})")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r07_pitfall_15_a_forged_webhook_with_the_checksum_of_a_genuine_one_does_nothing() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    // The forger needs a genuine delivery to take the headers from: that of an approval whose money was declined.
    approve(&scene, &order_id, Funding::Refused);
    scene.paypal.settled().await;
    let answered = scene.paypal.forge_notification(&order_id, &Forgery::CrcCollision).await.unwrap();
    assert_eq!(status(&answered), Some(503), "PayPal's API knows nothing of it: {answered:?}");
    let verdicts = scene.app.verdicts().await;
    assert!(verdicts.contains(&"PROOF_UNAVAILABLE 1".to_owned()), "the signature verified: {verdicts:?}");
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_eq!((scene.app.cases().await.len(), scene.app.events(&payment_no).await.len()), (0, 0));
    assert_eq!(scene.paypal.order(&order_id).unwrap().taken, 0);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_pitfalls_16_17_no_other_forgery_is_believed_and_a_foreign_certificate_address_is_never_fetched()
{
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = elsewhere.local_addr().unwrap();
    let path = "/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb";
    let urls = [
        format!("http://{address}{path}"),
        format!("https://{address}{path}"),
        format!("https://api.sandbox.paypal.com@{address}{path}"),
        format!("https://api.sandbox.paypal.com.{address}{path}"),
    ];
    let mut forgeries: Vec<_> = urls.into_iter().map(|url| Forgery::CertificateUrl { url }).collect();
    forgeries.extend([Forgery::WrongKey, Forgery::ForeignCertificate, Forgery::DashboardWebhookId]);
    for forgery in forgeries {
        let answered = scene.paypal.forge_notification(&order_id, &forgery).await.unwrap();
        assert_eq!(status(&answered), Some(401), "{forgery:?}: {answered:?}");
    }
    let nobody_came =
        std::future::poll_fn(|context| std::task::Poll::Ready(elsewhere.poll_accept(context).is_pending()));
    assert!(nobody_came.await, "somebody fetched a certificate from an address of the forger's");
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert!(scene.app.events(&payment_no).await.is_empty());
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_pitfall_01_a_pending_capture_that_is_denied_has_failed_and_the_order_is_free() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    approve(&scene, &order_id, Funding::review());
    scene
        .app
        .until("the capture is there", || !scene.paypal.order(&order_id).unwrap().captures.is_empty())
        .await;
    scene.paypal.settled().await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    let capture = scene.paypal.order(&order_id).unwrap().captures[0].capture_id.clone();
    scene.paypal.settle_capture(&capture, CaptureSettlement::Denied).unwrap();
    recorded(&scene, &payment_no, "FAILED").await;
    assert_eq!(scene.app.events(&payment_no).await, ["payment.failed"]);
    let second = scene.app.create(app_payment("r-2", "A", 14_000)).await.payment.unwrap();
    assert_eq!(second.state(), PaymentState::AwaitingPayer);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_pitfalls_03_08_a_payer_whose_money_was_declined_and_who_never_came_back_can_pay_another_way() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    approve(&scene, &order_id, Funding::Refused);
    scene.app.until("it was declined", || scene.paypal.order(&order_id).unwrap().declines > 0).await;
    scene.app.sync(&payment_no).await;
    let second = scene.app.create(app_payment("r-2", "A", 14_000)).await.payment.unwrap();
    assert_eq!(second.state(), PaymentState::AwaitingPayer);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    approve(&scene, &order_id, Funding::Balance);
    scene.paypal.settled().await;
    scene.app.sync(&payment_no).await;
    assert_eq!(scene.paypal.order(&order_id).unwrap().taken, 0, "closed is never captured");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_pitfall_03_a_declined_payer_who_comes_back_is_captured_once() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    approve(&scene, &order_id, Funding::Refused);
    scene.app.until("it was declined", || scene.paypal.order(&order_id).unwrap().declines > 0).await;
    approve(&scene, &order_id, Funding::Balance);
    recorded(&scene, &payment_no, "SUCCEEDED").await;
    let order = scene.paypal.order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1));
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_capture_whose_outcome_is_unknown_is_not_closed_over() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    scene.paypal.suppress_notifications(None);
    approve(&scene, &order_id, Funding::Balance);
    for operation in [Operation::CaptureOrder, Operation::ShowOrder] {
        let fault = Fault::ConnectionDropped { execution: Execution::Done };
        let times = if operation == Operation::ShowOrder { None } else { Some(1) };
        if operation == Operation::ShowOrder {
            scene.app.sync(&payment_no).await;
        }
        scene.paypal.add_fault(FaultRule { operation: Some(operation), reference: None, times, fault });
    }
    assert_ne!(scene.app.close(&payment_no).await, PaymentState::Closed, "money may have moved");
    scene.paypal.clear_faults();
    assert_eq!(scene.app.sync(&payment_no).await.0, PaymentState::Succeeded);
    scene.app.finish().await;
}
