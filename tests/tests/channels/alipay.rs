//! Alipay: signed here without a call, known to the channel only once its payer opens it.

use payment_proto::v1::PaymentState;
use payment_sandbox::alipay::InvokeOptions;
use payment_server::jobs::Job;
use payment_tests::app::START;

use super::scene::{Scene, alipay_app, sdk_text};

#[tokio::test(flavor = "multi_thread")]
async fn r01_an_app_payment_is_signed_here_and_paid_by_the_notification() {
    let scene = Scene::start().await;
    let created = scene.app.create(alipay_app("r-1", "A", 6680)).await;
    let payment_no = created.payment.unwrap().payment_no;
    assert!(scene.alipay.order(&scene.alipay_app_id, &payment_no).is_none(), "Alipay was not called");

    let result = scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
    assert_eq!(result.result_status, "9000");
    scene.alipay.settled().await;

    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(scene.app.order("A").await.paid_amount.unwrap().minor_units, 6680);
    scene.app.finish().await;
}

/// Every row that the create wrote carries the number of the transaction that wrote it last.
#[tokio::test(flavor = "multi_thread")]
async fn r14_an_app_payment_and_its_repeat_take_one_transaction_and_no_network() {
    let mut scene = Scene::start().await;
    scene.unplug_alipay();
    let created = scene.app.create(alipay_app("r-1", "A", 6680)).await;
    let first = created.payment.unwrap();
    assert_eq!(first.state(), PaymentState::AwaitingPayer);
    assert!(sdk_text(created.payment_data).contains("alipay.trade.app.pay"));
    let again = scene.app.create(alipay_app("r-1", "A", 6680)).await;
    assert_eq!(again.payment.unwrap(), first, "the same request is the same payment");
    assert!(sdk_text(again.payment_data).contains(&first.payment_no));
    let written_by = "SELECT count(DISTINCT writer) FROM ( \
                      SELECT xmin::text AS writer FROM payment \
                      UNION ALL SELECT xmin::text FROM allocation \
                      UNION ALL SELECT xmin::text FROM create_request \
                      UNION ALL SELECT xmin::text FROM payment_transition) AS written";
    assert_eq!(scene.app.number(written_by).await, 1);
    let transitions = "SELECT event || ' by ' || caller FROM payment_transition";
    assert_eq!(scene.app.texts(transitions).await, ["PAYMENT_DATA_READY by acme-key"]);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_f31_section_6_2_a_trade_that_does_not_exist_yet_ends_nothing_and_a_lost_notification_is_found_by_the_scheduler()
 {
    let scene = Scene::start().await;
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    let payment_no = created.payment.unwrap().payment_no;
    assert_eq!(scene.app.sync(&payment_no).await.0, PaymentState::AwaitingPayer, "TRADE_NOT_EXIST is no end");

    scene.alipay.suppress_notifications(None);
    scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
    scene.app.clock().advance(std::time::Duration::from_secs(60)).unwrap();
    let report = scene.app.run_job(Job::PaymentSuccess).await;
    assert_eq!((report.claimed, report.answered), (1, 1));
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}

/// Alipay has no trade to close before its payer opens it, and makes none once its time is over.
#[tokio::test(flavor = "multi_thread")]
async fn r20_section_6_2_an_app_payment_that_nobody_opened_is_closed_when_nothing_can_come_of_it_any_more() {
    let scene = Scene::start().await;
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    let payment_no = created.payment.unwrap().payment_no;
    assert_eq!(scene.app.close(&payment_no).await, PaymentState::AwaitingPayer, "the string stays payable");
    let mut closed_after = None;
    for second in (1800..2400).step_by(5) {
        let ahead = START + std::time::Duration::from_secs(second) - scene.app.clock().now();
        scene.app.clock().advance(ahead.unsigned_abs()).unwrap();
        scene.app.run_job(Job::PaymentClose).await;
        if scene.app.state(&payment_no).await == PaymentState::Closed {
            closed_after = Some(second - 1800);
            break;
        }
    }
    let closed_after = closed_after.expect("it is closed");
    assert!((120..=300).contains(&closed_after), "after {closed_after} s");
    assert!(scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).is_err());
    let next = payment_tests::requests::app_payment("r-2", "A", 100);
    assert_eq!(scene.app.create(next).await.payment.unwrap().state(), PaymentState::AwaitingPayer);
    scene.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_f03_an_app_payment_that_was_paid_in_its_last_second_wins_against_its_close() {
    let scene = Scene::start().await;
    let created = scene.app.create(alipay_app("r-1", "A", 100)).await;
    let payment_no = created.payment.unwrap().payment_no;
    scene.alipay.suppress_notifications(None);
    scene.app.clock().advance(std::time::Duration::from_secs(1799)).unwrap();
    scene.alipay.invoke(&sdk_text(created.payment_data), &InvokeOptions::default()).unwrap();
    scene.app.clock().advance(std::time::Duration::from_secs(301)).unwrap();
    scene.app.run_job(Job::PaymentClose).await;
    assert_eq!(scene.app.state(&payment_no).await, PaymentState::Succeeded);
    scene.app.finish().await;
}
