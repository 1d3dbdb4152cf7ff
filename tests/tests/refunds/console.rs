//! Refunds that the channel tells of before we know them: somebody's at its console, or our own before its answer is kept.

use payment_proto::v1::{PaymentState, RefundOrigin, RefundState};
use payment_sandbox::wechat::{Operation, RefundStatus};
use payment_server::jobs::Job;
use payment_tests::{
    app::TestApp,
    requests::{app_payment_of, payment_no},
};

use super::scene::{
    arrives, ask, at_channel, count, counted, finish, look_later, paid, recorded, refund, refund_split,
};

/// To us a refund that is in no record of ours looks like one that was made at the console.
async fn forget_refunds(app: &TestApp) {
    let forget = "DELETE FROM refund_transition; DELETE FROM refund_number; DELETE FROM refund_part; DELETE FROM refund; \
                  DELETE FROM outbox_event WHERE refund_no IS NOT NULL; \
                  UPDATE allocation SET refund_reserved = 0; UPDATE payment SET refund_reserved = 0";
    app.observer.batch_execute(forget).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_is_recorded_and_counts_against_what_is_left() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 70)).await.unwrap();
    forget_refunds(&app).await;
    arrives(&app, "CONSOLE-1").await;
    app.wechat().resend_notification(app.mchid(), &payment_no, 8).await.unwrap();
    let foreign = recorded(&app, "CONSOLE-1").await;
    assert_eq!((foreign.state(), foreign.origin()), (RefundState::Succeeded, RefundOrigin::Channel));
    ask(&app, refund("R-1", &payment_no, 31)).await.unwrap_err();
    ask(&app, refund("R-2", &payment_no, 30)).await.unwrap();
    arrives(&app, "R-2").await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_many_deliveries_at_once_of_a_refund_that_is_not_ours_record_it_once() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 70)).await.unwrap();
    arrives(&app, "CONSOLE-1").await;
    for _ in 0..4 {
        forget_refunds(&app).await;
        let attempts = app.wechat().resend_notification(app.mchid(), &payment_no, 16).await.unwrap();
        assert_eq!(attempts.len(), 16);
        assert_eq!(recorded(&app, "CONSOLE-1").await.state(), RefundState::Succeeded);
        assert_eq!(app.number("SELECT refund_reserved FROM payment").await, 70);
    }
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_that_exceeds_what_is_left_opens_a_case() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 70)).await.unwrap();
    forget_refunds(&app).await;
    let refused = ask(&app, refund("R-1", &payment_no, 60)).await.unwrap();
    assert_eq!(refused.state(), RefundState::Pending, "the channel has only 30 left");
    arrives(&app, "CONSOLE-1").await;
    let cases = app.cases().await;
    assert!(cases.contains(&"REFUND_EXCEEDS_PAID".to_owned()), "{cases:?}");
    assert_eq!(at_channel(&app, &payment_no).len(), 1);
    app.finish().await;
}

/// The console does not say which order of a basket its refund was for.
#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_for_a_basket_is_spread_over_its_orders_to_the_last_fen() {
    let app = TestApp::start().await;
    let payment_no = payment_no(&app.create(app_payment_of("r", &[("A", 50), ("B", 51)])).await);
    app.pay(&payment_no).await;
    ask(&app, refund_split("CONSOLE-1", &payment_no, &[("A", 20), ("B", 51)])).await.unwrap();
    forget_refunds(&app).await;
    arrives(&app, "CONSOLE-1").await;
    let foreign = recorded(&app, "CONSOLE-1").await;
    assert_eq!((foreign.state(), foreign.origin()), (RefundState::Succeeded, RefundOrigin::Channel));
    let parts =
        foreign.parts.iter().map(|part| (part.order_no.as_str(), part.amount.as_ref().unwrap().minor_units));
    assert_eq!(parts.collect::<Vec<_>>(), [("A", 50), ("B", 21)], "by number, as far as each reaches");
    ask(&app, refund_split("R-1", &payment_no, &[("B", 31)])).await.unwrap_err();
    ask(&app, refund_split("R-2", &payment_no, &[("B", 30)])).await.unwrap();
    arrives(&app, "R-2").await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_a_payment_whose_callback_was_lost_proves_that_it_was_paid() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 100)).await.unwrap();
    forget_refunds(&app).await;
    let unpaid = "DELETE FROM outbox_event; DELETE FROM payment_transition; UPDATE allocation SET state = 'PENDING'; \
                  UPDATE payment SET state = 'AWAITING_PAYER', succeed_time = NULL, channel_transaction_no = NULL, \
                  next_check_time = create_time; INSERT INTO payment_transition (payment_no, revision, event, from_state, \
                  to_state, source, transition_time) SELECT payment_no, 1, 'PAYMENT_DATA_READY', 'INITIATING', \
                  'AWAITING_PAYER', 'CREATE_ANSWER', create_time FROM payment";
    app.observer.batch_execute(unpaid).await.unwrap();
    arrives(&app, "CONSOLE-1").await;
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(recorded(&app, "CONSOLE-1").await.state(), RefundState::Succeeded);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_that_died_is_never_sent_by_us() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 70)).await.unwrap();
    forget_refunds(&app).await;
    app.wechat().settle_refund(app.mchid(), "CONSOLE-1", RefundStatus::Closed).unwrap();
    app.wechat().settled().await;
    assert_eq!(app.number("SELECT count(*) FROM refund").await, 0, "it gave nothing back");
    look_later(&app, Job::RefundSuccess, 61).await;
    assert_eq!(at_channel(&app, &payment_no).len(), 1);
    finish(app).await;
}

/// It cannot reach its payer, so it waits for a person: what was not ours to send is not ours to send again.
#[tokio::test(flavor = "multi_thread")]
async fn r18_a_refund_of_the_console_that_needs_a_person_is_asked_about_and_never_sent_by_us() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("CONSOLE-1", &payment_no, 70)).await.unwrap();
    forget_refunds(&app).await;
    app.wechat().settle_refund(app.mchid(), "CONSOLE-1", RefundStatus::Abnormal).unwrap();
    app.wechat().settled().await;
    let foreign = recorded(&app, "CONSOLE-1").await;
    assert_eq!((foreign.state(), foreign.origin()), (RefundState::Pending, RefundOrigin::Channel));
    count(&app, Operation::CreateRefund);
    for minutes in [1, 61] {
        look_later(&app, Job::RefundSuccess, minutes).await;
    }
    assert_eq!(counted(&app, Operation::CreateRefund), 0);
    assert_eq!(app.cases().await, ["REFUND_NEEDS_PERSON"]);
    app.wechat().suppress_notifications(None);
    arrives(&app, "CONSOLE-1").await;
    look_later(&app, Job::RefundSuccess, 61).await;
    assert_eq!(recorded(&app, "CONSOLE-1").await.state(), RefundState::Succeeded, "found by asking");
    finish(app).await;
}

/// F51: the callback overtakes the answer to our own call.
#[tokio::test(flavor = "multi_thread")]
async fn r03_f51_a_notification_before_our_own_answer_is_kept_gives_back_once() {
    use payment_sandbox::wechat::Fault;
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    super::scene::faults(&app, Operation::CreateRefund, Some(1), Fault::SlowAnswer { seconds: 2 });
    let asking = ask(&app, refund("R-1", &payment_no, 40));
    let overtaking = async {
        app.until("the channel has it", || !at_channel(&app, &payment_no).is_empty()).await;
        app.wechat().settle_refund(app.mchid(), "R-1", RefundStatus::Success).unwrap();
        app.until_recorded("EXISTS (SELECT FROM refund WHERE state = 'SUCCEEDED')").await;
        app.clock().advance(std::time::Duration::from_secs(2)).unwrap();
    };
    let (answer, ()) = tokio::join!(asking, overtaking);
    assert_eq!(answer.unwrap().state(), RefundState::Succeeded, "an older answer moves nothing back");
    assert_eq!(app.number("SELECT count(*) FROM refund_transition WHERE to_state = 'SUCCEEDED'").await, 1);
    finish(app).await;
}
