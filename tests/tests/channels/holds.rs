//! Held money (PayPal's AUTHORIZE): never paid, taken by `CapturePayment`, let go by a close, by time, or by itself.

use std::time::Duration;

use payment_proto::v1::{
    AllocationState, ChannelContact, CreatePaymentRequest, EarlierAttemptPolicy, OrderState, PaymentState,
    PaypalIntent, create_payment_request::ChannelOptions,
};
use payment_sandbox::{
    alipay::InvokeOptions,
    paypal::{
        ApproveOptions, AuthorizationStatus, Execution, Fault, FaultRule, Funding, LedgerOrder, Operation,
    },
};
use payment_server::jobs::Job;
use payment_store::{DuePayments, operator::WorkDue};
use payment_tests::requests::app_payment;

use super::scene::{Scene, alipay_app, paypal_checkout, paypal_order, sdk_text};

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn to_hold(request_id: &str) -> CreatePaymentRequest {
    let mut request = paypal_checkout(request_id, "A", "USD", 1999);
    let Some(ChannelOptions::Paypal(options)) = &mut request.channel_options else { panic!("PayPal's") };
    options.set_intent(PaypalIntent::Authorize);
    request
}

/// A payment that awaits its payer, with PayPal's order.
async fn open(scene: &Scene) -> (String, String) {
    let created = scene.app.create(to_hold("r-1")).await;
    (created.payment.unwrap().payment_no, paypal_order(created.payment_data))
}

fn approve(scene: &Scene, order_id: &str, funding: Funding) {
    scene.paypal.approve(order_id, &ApproveOptions::with(funding)).unwrap();
}

/// A payment whose money is held, with PayPal's order.
async fn held(scene: &Scene) -> (String, String) {
    let (payment_no, order_id) = open(scene).await;
    approve(scene, &order_id, Funding::Balance);
    recorded(scene, &payment_no, "HELD").await;
    scene.paypal.settled().await;
    (payment_no, order_id)
}

async fn recorded(scene: &Scene, payment_no: &str, state: &str) {
    let of_payment = format!("payment_no = '{payment_no}' AND state = '{state}'");
    scene.app.until_recorded(&format!("EXISTS (SELECT FROM payment WHERE {of_payment})")).await;
}

fn books(scene: &Scene, order_id: &str) -> LedgerOrder {
    scene.paypal.order(order_id).unwrap()
}

/// How many payments wait to be asked about, and to be closed.
async fn waiting(scene: &Scene) -> (i64, i64) {
    let due = async |which| {
        let now = scene.app.clock().now();
        scene.app.store.work_due(WorkDue::Payments(which), now).await.unwrap().rows
    };
    (due(DuePayments::ToAsk).await, due(DuePayments::ToClose).await)
}

/// What is held at PayPal, how much was taken, and in how many captures.
fn at_paypal(scene: &Scene, order_id: &str) -> (Vec<AuthorizationStatus>, i64, usize) {
    let order = books(scene, order_id);
    let held = order.authorizations.iter().map(|authorization| authorization.status).collect();
    (held, order.taken, order.captures.len())
}

fn fault(scene: &Scene, operation: Operation, fault: Fault) {
    let rule = FaultRule { operation: Some(operation), reference: None, times: Some(1), fault };
    scene.paypal.add_fault(rule);
}

const LOST_ANSWER: Fault = Fault::ConnectionDropped { execution: Execution::Done };

#[tokio::test(flavor = "multi_thread")]
async fn r01_held_money_is_told_and_pays_nothing_until_it_is_captured_once() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    let payment = scene.app.payment(&payment_no).await;
    let hold = payment.hold.as_ref().unwrap();
    let seconds = |time: &Option<prost_types::Timestamp>| time.as_ref().unwrap().seconds;
    assert_eq!(seconds(&hold.honour_end_time) - seconds(&hold.hold_time), 3 * 86_400);
    assert_eq!(seconds(&hold.expire_time) - seconds(&hold.hold_time), 29 * 86_400);
    assert_eq!((payment.succeed_time, hold.capture_time), (None, None));
    assert_eq!(payment.allocations[0].state(), AllocationState::Pending);
    assert_ne!(scene.app.order("A").await.state(), OrderState::Paid);
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Created], 0, 0));
    assert_eq!(scene.app.events(&payment_no).await, ["payment.authorized"]);

    for _ in 0..3 {
        let captured = scene.app.capture(&payment_no).await.unwrap();
        assert_eq!(captured, (PaymentState::Succeeded, ChannelContact::Answered));
    }
    scene.paypal.settled().await;
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Captured], 1999, 1));
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 1999);
    assert_eq!(scene.app.events(&payment_no).await, ["payment.authorized", "payment.succeeded"]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_a_repeated_request_finds_its_held_payment_and_nothing_to_pay_with() {
    let scene = Scene::start().await;
    let (payment_no, _) = held(&scene).await;
    let again = scene.app.create(to_hold("r-1")).await;
    assert_eq!((again.payment.unwrap().payment_no, again.payment_data), (payment_no, None));
    let taken_at_once = paypal_checkout("r-1", "A", "USD", 1999);
    assert_eq!(scene.app.refuse(taken_at_once).await.reason, "REQUEST_ID_REUSED");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_close_lets_held_money_go_for_good() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    assert_eq!(scene.app.close(&payment_no).await, PaymentState::Closed);
    scene.paypal.settled().await;
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
    let refused = scene.app.capture(&payment_no).await.unwrap_err();
    assert_eq!(refused.reason, "PAYMENT_STATE_CONFLICT");
    assert_eq!(scene.app.events(&payment_no).await, ["payment.authorized", "payment.closed"]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_hold_whose_release_was_lost_is_closed_by_the_next_close() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    scene.paypal.suppress_notifications(None);
    fault(&scene, Operation::VoidAuthorization, LOST_ANSWER);
    assert_eq!(scene.app.close(&payment_no).await, PaymentState::Closed, "asking finds it voided");
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_hold_ends_with_its_validity_whether_paypal_tells_or_the_scheduler_asks() {
    for told in [true, false] {
        let scene = Scene::start().await;
        let (payment_no, order_id) = held(&scene).await;
        if !told {
            scene.paypal.suppress_notifications(None);
        }
        scene.app.clock().advance(A_DAY * 28).unwrap();
        assert_eq!(waiting(&scene).await, (1, 0), "what operators see waiting is what each job takes");
        assert_eq!(scene.app.run_job(Job::PaymentClose).await.claimed, 0, "its time is not over");
        assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.claimed, 1);
        assert_eq!(scene.app.state(&payment_no).await, PaymentState::Held);
        scene.paypal.advance(A_DAY + Duration::from_secs(60)).await.unwrap();
        if told {
            recorded(&scene, &payment_no, "CLOSED").await;
        } else {
            assert_eq!(scene.app.run_job(Job::PaymentClose).await.answered, 1);
            assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
        }
        assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_hold_that_paypal_keeps_beyond_its_time_is_let_go_by_the_scheduler() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    let over = "UPDATE payment_hold SET expire_time = hold_time + interval '1 minute'; \
                UPDATE payment SET next_check_time = create_time";
    scene.app.observer.batch_execute(over).await.unwrap();
    scene.app.clock().advance(Duration::from_secs(120)).unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentClose).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    assert_eq!(at_paypal(&scene, &order_id).0, [AuthorizationStatus::Voided]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_held_money_is_let_go_before_another_attempt_for_its_order() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    let second = scene.app.create(app_payment("r-2", "A", 14_000)).await.payment.unwrap();
    assert_eq!(second.state(), PaymentState::AwaitingPayer);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
    scene.app.pay(&second.payment_no).await;
    assert_eq!(scene.app.order("A").await.effective_payment_no, second.payment_no);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_held_money_for_an_order_that_another_payment_paid_is_let_go_by_itself() {
    let scene = Scene::start().await;
    // The order string is out, and Alipay cannot close a trade that does not exist yet.
    let by_alipay = scene.app.create(alipay_app("r-0", "A", 14_000)).await;
    let mut request = to_hold("r-1");
    request.set_earlier_attempt_policy(EarlierAttemptPolicy::Proceed);
    let created = scene.app.create(request).await;
    let (payment_no, order_id) = (created.payment.unwrap().payment_no, paypal_order(created.payment_data));
    approve(&scene, &order_id, Funding::Balance);
    recorded(&scene, &payment_no, "HELD").await;

    scene.alipay.invoke(&sdk_text(by_alipay.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    let paying = by_alipay.payment.unwrap().payment_no;
    assert_eq!(scene.app.state(&paying).await, PaymentState::Succeeded);
    let refused = scene.app.capture(&payment_no).await.unwrap_err();
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["payment_no"].as_str()),
        ("ORDER_ALREADY_PAID", paying.as_str())
    );
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1, "due at once");
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_hold_whose_answer_is_lost_is_found_and_is_one_hold() {
    let scene = Scene::start().await;
    scene.paypal.suppress_notifications(None);
    let (payment_no, order_id) = open(&scene).await;
    approve(&scene, &order_id, Funding::Balance);
    fault(&scene, Operation::AuthorizeOrder, LOST_ANSWER);
    assert_eq!(scene.app.sync(&payment_no).await.0, PaymentState::AwaitingPayer, "unknown is not held");
    scene.app.clock().advance(Duration::from_secs(60)).unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Held);
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Created], 0, 0));
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r05_a_capture_whose_answer_is_lost_goes_on_by_itself_and_takes_the_money_once() {
    for (execution, operation) in [
        (Execution::Done, Operation::CaptureAuthorization),
        (Execution::Skipped, Operation::CaptureAuthorization),
    ] {
        let scene = Scene::start().await;
        let (payment_no, order_id) = held(&scene).await;
        scene.paypal.suppress_notifications(None);
        fault(&scene, operation, Fault::ConnectionDropped { execution });
        let unknown = scene.app.capture(&payment_no).await.unwrap();
        assert_eq!(unknown, (PaymentState::Held, ChannelContact::NotReached));
        assert!(scene.app.payment(&payment_no).await.hold.unwrap().capture_time.is_some());
        scene.app.clock().advance(Duration::from_secs(60)).unwrap();
        assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
        assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
        assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Captured], 1999, 1));
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_paypal_refuses_says_why_and_leaves_the_money_held() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    fault(
        &scene,
        Operation::CaptureAuthorization,
        Fault::Refused { issue: "TRANSACTION_REFUSED".to_owned() },
    );
    let refused = scene.app.capture(&payment_no).await.unwrap_err();
    assert_eq!(refused.reason, "PAYER_ACCOUNT_UNUSABLE");
    assert_eq!(refused.metadata["channel_code"], "TRANSACTION_REFUSED");
    let payment = scene.app.payment(&payment_no).await;
    assert_eq!((payment.state(), payment.hold.unwrap().capture_time), (PaymentState::Held, None));
    scene.app.clock().advance(A_DAY).unwrap();
    scene.app.run_job(Job::PaymentSuccess).await;
    assert_eq!(books(&scene, &order_id).taken, 0, "what was refused is not tried behind the caller's back");
    assert_eq!(scene.app.capture(&payment_no).await.unwrap().0, PaymentState::Succeeded);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_held_money_can_be_captured() {
    let scene = Scene::start().await;
    let (payment_no, _) = open(&scene).await;
    assert_eq!(scene.app.capture(&payment_no).await.unwrap_err().reason, "PAYMENT_STATE_CONFLICT");
    let by_wechat = scene.app.open("r-2", "B", 100).await;
    assert_eq!(scene.app.capture(&by_wechat).await.unwrap_err().reason, "CAPABILITY_UNSUPPORTED");
    let unknown = "P202601050001234567890ABCDEFGHJ";
    assert_eq!(scene.app.capture(unknown).await.unwrap_err().reason, "PAYMENT_NOT_FOUND");
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_money_that_somebody_else_has_held_for_a_closed_payment_is_let_go() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = open(&scene).await;
    assert_eq!(scene.app.close(&payment_no).await, PaymentState::Closed);
    approve(&scene, &order_id, Funding::Balance);
    scene.paypal.capture_elsewhere(&order_id).unwrap();
    recorded(&scene, &payment_no, "HELD").await;
    assert_eq!(scene.app.capture(&payment_no).await.unwrap_err().reason, "PAYMENT_STATE_CONFLICT");
    scene.app.clock().advance(Duration::from_secs(10)).unwrap();
    assert_eq!(scene.app.run_job(Job::PaymentSuccess).await.answered, 1);
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Closed);
    assert_eq!(at_paypal(&scene, &order_id), (vec![AuthorizationStatus::Voided], 0, 0));
    let told = scene.app.events(&payment_no).await;
    assert_eq!(told, ["payment.closed", "payment.authorized", "payment.closed"]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_r20_many_captures_and_closes_at_once_end_in_one_truth() {
    let scene = Scene::start().await;
    let (payment_no, order_id) = held(&scene).await;
    let captures = futures::future::join_all((0..8).map(|_| scene.app.capture(&payment_no)));
    let closes = futures::future::join_all((0..8).map(|_| scene.app.close(&payment_no)));
    tokio::join!(captures, closes);
    scene.paypal.settled().await;
    let state = scene.app.sync(&payment_no).await.0;
    let expected = match state {
        PaymentState::Succeeded => (vec![AuthorizationStatus::Captured], 1999, 1),
        PaymentState::Closed => (vec![AuthorizationStatus::Voided], 0, 0),
        other @ (PaymentState::Unspecified
        | PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held
        | PaymentState::Failed) => panic!("{other:?}"),
    };
    assert_eq!(at_paypal(&scene, &order_id), expected);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_hold_that_was_taken_after_another_payment_paid_goes_back_by_itself() {
    let scene = Scene::start().await;
    let by_alipay = scene.app.create(alipay_app("r-0", "A", 14_000)).await;
    let mut request = to_hold("r-1");
    request.set_earlier_attempt_policy(EarlierAttemptPolicy::Proceed);
    let created = scene.app.create(request).await;
    let (payment_no, order_id) = (created.payment.unwrap().payment_no, paypal_order(created.payment_data));
    approve(&scene, &order_id, Funding::Balance);
    recorded(&scene, &payment_no, "HELD").await;
    scene.paypal.settled().await;
    // The capture is on its way when the other payment's money comes.
    scene.paypal.suppress_notifications(None);
    fault(&scene, Operation::CaptureAuthorization, LOST_ANSWER);
    scene.app.capture(&payment_no).await.unwrap();
    scene.alipay.invoke(&sdk_text(by_alipay.payment_data), &InvokeOptions::default()).unwrap();
    scene.alipay.settled().await;
    scene.app.run_job(Job::PaymentSuccess).await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded, "money is always recorded");
    scene.app.clock().advance(Duration::from_secs(30)).unwrap();
    scene.app.run_job(Job::RefundSuccess).await;
    assert_eq!((books(&scene, &order_id).taken, books(&scene, &order_id).given_back), (1999, 1999));
    assert_eq!(scene.app.order("A").await.state(), OrderState::Paid);
    scene.app.finish().await;
}
