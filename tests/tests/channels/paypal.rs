//! PayPal: the payer approves, and no money moves until we capture; nothing there can be closed.

use futures::future::join_all;
use payment_proto::v1::{ClientResult, PaymentState};
use payment_sandbox::paypal::{ApproveOptions, Fault, FaultRule, Funding, Operation};
use payment_server::jobs::Job;
use payment_tests::app::TestApp;

use super::scene::{Scene, paypal_checkout, paypal_order};

const WITHIN_TIME: std::time::Duration = std::time::Duration::from_secs(60);

async fn recorded(app: &TestApp, payment_no: &str, state: &str) {
    app.until_recorded(&format!(
        "EXISTS (SELECT FROM payment WHERE payment_no = '{payment_no}' AND state = '{state}')"
    ))
    .await;
}

async fn metrics(app: &TestApp) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(format!("http://{}/metrics", app.admin_address())).send().await.unwrap();
    page.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r01_r07_an_approved_payment_is_captured_once_and_paid() {
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);

    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    scene.paypal.settled().await;
    recorded(&scene.app, &payment_no, "SUCCEEDED").await;
    scene.paypal.settled().await;

    let order = scene.paypal.order(&order_id).unwrap();
    assert_eq!(order.taken, 1999, "{order:?}");
    assert_eq!(scene.paypal.order(&order_id).unwrap().captures.len(), 1, "captured once");
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 1999);
    let captures = "payment_channel_calls_total{channel=\"paypal\",account=\"acme-paypal\",verb=\"capture\",\
                    outcome=\"answered\"} 1\n";
    assert!(metrics(&scene.app).await.contains(captures), "and counted once");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_an_approval_that_nobody_told_us_of_is_found_and_captured_by_the_scheduler() {
    let scene = Scene::start().await;
    scene.paypal.suppress_notifications(None);
    let created = scene.app.create(paypal_checkout("r-1", "A", "JPY", 500)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();

    scene.app.clock().advance(WITHIN_TIME).unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_an_approval_that_only_the_app_reports_is_captured_once_however_often_it_does() {
    let scene = Scene::start().await;
    scene.paypal.suppress_notifications(None);
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    let report = async || scene.app.confirm(&payment_no, ClientResult::Paid).await;
    assert_eq!(report().await, PaymentState::ClientReported, "a report is a hint");

    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    join_all((0..5).map(|_| report())).await;
    assert_eq!(report().await, PaymentState::Succeeded);
    let order = scene.paypal.order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1));
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_closed_payment_is_never_captured_however_late_its_payer_approves() {
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    assert_eq!(scene.app.close(&payment_no).await, PaymentState::Closed);

    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    scene.paypal.settled().await;
    scene.app.sync(&payment_no).await;

    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    assert_eq!(scene.paypal.order(&order_id).unwrap().taken, 0, "no money was taken");
    assert!(scene.paypal.order(&order_id).unwrap().captures.is_empty());
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_money_that_was_captured_already_is_a_success_and_is_not_captured_again() {
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    scene.paypal.suppress_notifications(None);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::Balance)).unwrap();
    // "Approved" is on its way to us while somebody with our credentials captures: ours will find it done.
    scene.paypal.add_fault(FaultRule {
        operation: Some(Operation::ShowOrder),
        reference: None,
        times: Some(1),
        fault: Fault::SlowAnswer { seconds: 1 },
    });
    let elsewhere = async {
        scene.app.until("the question was asked", || scene.paypal.faults().is_empty()).await;
        scene.paypal.capture_elsewhere(&order_id).unwrap();
        scene.app.clock().advance(std::time::Duration::from_secs(1)).unwrap();
    };
    let ((state, _), ()) = tokio::join!(scene.app.sync(&payment_no), elsewhere);
    assert_eq!(state, PaymentState::Succeeded);
    let order = scene.paypal.order(&order_id).unwrap();
    assert_eq!((order.taken, order.captures.len()), (1999, 1), "{order:?}");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_a_pending_capture_is_not_paid_until_it_completes() {
    use payment_sandbox::paypal::CaptureSettlement;
    let scene = Scene::start().await;
    let created = scene.app.create(paypal_checkout("r-1", "A", "USD", 1999)).await;
    let payment_no = created.payment.unwrap().payment_no;
    let order_id = paypal_order(created.payment_data);
    scene.paypal.approve(&order_id, &ApproveOptions::with(Funding::echeck())).unwrap();
    scene.paypal.settled().await;
    scene.app.sync(&payment_no).await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_ne!(scene.app.close(&payment_no).await, PaymentState::Closed, "money may be on its way");

    let capture = scene.paypal.order(&order_id).unwrap().captures.first().unwrap().capture_id.clone();
    scene.paypal.settle_capture(&capture, CaptureSettlement::Completed).unwrap();
    scene.paypal.settled().await;
    recorded(&scene.app, &payment_no, "SUCCEEDED").await;
    scene.app.finish().await;
}
