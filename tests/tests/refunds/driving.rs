//! A refund is tried under one number until the channel proves it done. No timer ends it.

use payment_proto::v1::RefundState;
use payment_sandbox::wechat::{Balance, Execution, Fault, Operation, RefundStatus};
use payment_server::jobs::Job;
use payment_tests::{app::TestApp, requests::refund_all};

use super::scene::{arrives, ask, at_channel, faults, finish, look_later, paid, recorded, refund};

#[tokio::test(flavor = "multi_thread")]
async fn r17_f22_f24_a_refund_that_the_channel_did_and_did_not_answer_is_done_once_after_20_tries() {
    for fault in [
        Fault::ConnectionDropped { execution: Execution::Done },
        Fault::SystemError { execution: Execution::Done },
    ] {
        let app = TestApp::start().await;
        let payment_no = paid(&app, "A", 100).await;
        faults(&app, Operation::CreateRefund, None, fault);
        faults(&app, Operation::QueryRefund, None, Fault::BadGateway);
        let refund_no = ask(&app, refund("R-1", &payment_no, 40)).await.unwrap().refund_no;
        for _ in 0..20 {
            look_later(&app, Job::RefundSuccess, 61).await;
        }
        let books = at_channel(&app, &payment_no);
        assert_eq!(books.len(), 1, "{books:?}");
        assert_eq!(books[0].out_refund_no, refund_no);
        assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Pending, "unknown is not failure");
        app.wechat().clear_faults();
        arrives(&app, "R-1").await;
        look_later(&app, Job::RefundSuccess, 61).await;
        assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Succeeded);
        finish(app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_an_empty_purse_calls_a_person_once_and_the_refund_goes_on_trying() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    app.wechat().set_balance(app.mchid(), Balance { available: 0, unsettled: 0 }).unwrap();
    let waiting = ask(&app, refund_all("R-1", &payment_no)).await.unwrap();
    assert_eq!((waiting.state(), waiting.attention_reason.is_empty()), (RefundState::Pending, false));
    for _ in 0..10 {
        look_later(&app, Job::RefundSuccess, 61).await;
    }
    assert_eq!(app.cases().await, ["REFUND_NEEDS_PERSON"], "one case, however often");
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Pending);
    app.wechat().set_balance(app.mchid(), Balance { available: 1000, unsettled: 0 }).unwrap();
    look_later(&app, Job::RefundSuccess, 75).await;
    let books = at_channel(&app, &payment_no);
    assert_eq!(books.iter().map(|refund| refund.out_refund_no.as_str()).collect::<Vec<_>>(), ["R-1"]);
    let accepted = recorded(&app, "R-1").await;
    assert_eq!((accepted.state(), accepted.attention_reason.as_str()), (RefundState::Processing, ""));
    arrives(&app, "R-1").await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_an_abnormal_refund_calls_a_person_once_and_takes_no_second_number() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 40)).await.unwrap();
    app.wechat().settle_refund(app.mchid(), "R-1", RefundStatus::Abnormal).unwrap();
    app.wechat().settled().await;
    for _ in 0..5 {
        look_later(&app, Job::RefundSuccess, 61).await;
    }
    let abnormal = recorded(&app, "R-1").await;
    assert_eq!(abnormal.state(), RefundState::Processing);
    assert!(!abnormal.attention_reason.is_empty());
    assert_eq!(app.cases().await, ["REFUND_NEEDS_PERSON"]);
    assert_eq!(at_channel(&app, &payment_no).len(), 1, "no second number");
    assert_eq!(app.number("SELECT count(*) FROM refund WHERE next_check_time IS NOT NULL").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_number_that_the_channel_proves_dead_gets_a_linked_successor() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 100)).await.unwrap();
    for (dead, successor) in [("R-1", "R-1-S2"), ("R-1-S2", "R-1-S3")] {
        app.wechat().settle_refund(app.mchid(), dead, RefundStatus::Closed).unwrap();
        app.wechat().settled().await;
        look_later(&app, Job::RefundSuccess, 75).await;
        look_later(&app, Job::RefundSuccess, 75).await;
        let refund = recorded(&app, "R-1").await;
        assert_eq!((refund.state(), refund.sent_as.as_str()), (RefundState::Processing, successor));
    }
    arrives(&app, "R-1-S3").await;
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Succeeded);
    let numbers = "SELECT number FROM refund_number WHERE refund_no = 'R-1' ORDER BY number";
    assert_eq!(app.texts(numbers).await, ["R-1", "R-1-S2", "R-1-S3"]);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_f23_no_timer_ends_a_refund() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 40)).await.unwrap();
    for _ in 0..30 {
        look_later(&app, Job::RefundSuccess, 24 * 60).await;
    }
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Processing);
    assert_eq!(at_channel(&app, &payment_no).len(), 1);
    app.wechat().suppress_notifications(None);
    arrives(&app, "R-1").await;
    look_later(&app, Job::RefundSuccess, 75).await;
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Succeeded, "found without its callback");
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_a_number_that_dies_before_we_knew_it_accepted_leaves_its_evidence() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    let lost = Fault::ConnectionDropped { execution: Execution::Done };
    faults(&app, Operation::CreateRefund, Some(1), lost);
    let pending = ask(&app, refund("R-1", &payment_no, 100)).await.unwrap();
    assert_eq!(pending.state(), RefundState::Pending);
    app.wechat().settle_refund(app.mchid(), "R-1", RefundStatus::Closed).unwrap();
    app.wechat().settled().await;
    let died = "SELECT event || ' ' || from_state || ' ' || to_state || ' ' || number || ' ' || source FROM refund_transition";
    assert_eq!(app.texts(died).await, ["NUMBER_DIED PENDING PENDING R-1 NOTIFICATION"]);
    look_later(&app, Job::RefundSuccess, 1).await;
    arrives(&app, "R-1-S2").await;
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Succeeded);
    finish(app).await;
}

/// It was sent first while the configuration named another address, and the channel did not see it.
#[tokio::test(flavor = "multi_thread")]
async fn r17_a_refund_is_repeated_with_the_address_that_it_was_sent_with_first() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    let lost = Fault::ConnectionDropped { execution: Execution::Skipped };
    faults(&app, Operation::CreateRefund, Some(1), lost);
    ask(&app, refund("R-1", &payment_no, 100)).await.unwrap();
    let kept = app.texts("SELECT notify_url FROM refund").await;
    assert_eq!(kept, app.texts("SELECT notify_url FROM payment").await, "kept before it was sent");
    let former = kept[0].replace("acme-wechat", "other-wechat");
    app.observer.batch_execute(&format!("UPDATE refund SET notify_url = '{former}'")).await.unwrap();
    look_later(&app, Job::RefundSuccess, 1).await;
    app.wechat().settle_refund(app.mchid(), "R-1", RefundStatus::Success).unwrap();
    app.wechat().settled().await;
    let told = "SELECT DISTINCT channel_account FROM notification ORDER BY channel_account DESC LIMIT 1";
    assert_eq!(app.texts(told).await, ["other-wechat"]);
    look_later(&app, Job::RefundSuccess, 75).await;
    assert_eq!(recorded(&app, "R-1").await.state(), RefundState::Succeeded);
    finish(app).await;
}

/// The purse stays empty for longer than WeChat Pay gives back.
#[tokio::test(flavor = "multi_thread")]
async fn r17_what_the_channel_gives_back_no_more_is_not_sent_and_stays_owed_in_sight() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    app.wechat().set_balance(app.mchid(), Balance { available: 0, unsettled: 0 }).unwrap();
    ask(&app, refund_all("R-1", &payment_no)).await.unwrap();
    app.wechat().set_balance(app.mchid(), Balance { available: 1000, unsettled: 0 }).unwrap();
    super::scene::count(&app, Operation::CreateRefund);
    look_later(&app, Job::RefundSuccess, 366 * 24 * 60).await;
    assert_eq!(super::scene::counted(&app, Operation::CreateRefund), 0, "a limit that is known is not tried");
    let owed = recorded(&app, "R-1").await;
    assert_eq!(
        (owed.state(), owed.attention_reason.as_str()),
        (RefundState::Pending, "FORBIDDEN_BY_CHANNEL")
    );
    assert_eq!(app.number("SELECT count(*) FROM refund WHERE next_check_time IS NOT NULL").await, 1);
    finish(app).await;
}
