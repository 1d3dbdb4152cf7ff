//! An order that is paid twice: one payment stays, the other goes back by itself, once.

use futures::future::join_all;
use payment_proto::v1::{AllocationState, RefundOrigin, RefundState};
use payment_sandbox::wechat::RefundStatus;
use payment_server::jobs::Job;
use payment_tests::app::TestApp;

use super::scene::{arrives, at_channel, finish, paid_twice, recorded};

#[tokio::test(flavor = "multi_thread")]
async fn r12_r13_f26_f27_the_second_success_of_an_order_goes_back_once_and_the_order_stays_paid() {
    let app = TestApp::start().await;
    let (duplicate, effective) = paid_twice(&app, &[("A", 100)], &[("A", 100)]).await;
    app.wechat().resend_notification(app.mchid(), &duplicate, 5).await.unwrap();
    let replicas = join_all((0..4).map(|_| app.app())).await;
    for _ in 0..3 {
        let looks = replicas.iter().map(|replica| replica.run_job(Job::RefundSuccess, app.job_settings()));
        let reports = join_all(looks).await;
        assert!(reports.iter().all(Result::is_ok), "{reports:?}");
        app.advance(std::time::Duration::from_secs(120)).await;
    }
    let refund_no = format!("{duplicate}-D0");
    let books = at_channel(&app, &duplicate);
    assert_eq!(books.len(), 1, "{books:?}");
    assert_eq!((books[0].out_refund_no.as_str(), books[0].refund), (refund_no.as_str(), 100));
    assert_eq!(at_channel(&app, &effective).len(), 0);
    arrives(&app, &refund_no).await;
    let refund = recorded(&app, &refund_no).await;
    assert_eq!((refund.state(), refund.origin()), (RefundState::Succeeded, RefundOrigin::Duplicate));
    let order = app.order("A").await;
    assert_eq!(order.effective_payment_no, effective, "the order stays paid");
    assert_eq!(app.payment(&effective).await.allocations[0].state(), AllocationState::Effective);
    assert_eq!(app.payment(&duplicate).await.allocations[0].state(), AllocationState::Duplicate);
    assert_eq!(app.events(&duplicate).await.iter().filter(|event| *event == "refund.succeeded").count(), 1);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_baskets_that_overlap_are_refunded_for_the_overlap_only() {
    let app = TestApp::start().await;
    let (basket, _) = paid_twice(&app, &[("1", 10), ("2", 20)], &[("2", 20), ("3", 30)]).await;
    app.run_job(Job::RefundSuccess).await;
    let books = at_channel(&app, &basket);
    assert_eq!(books.iter().map(|refund| refund.refund).collect::<Vec<_>>(), [20]);
    assert_eq!(books[0].out_refund_no, format!("{basket}-D1"), "derived from the allocation");
    assert_eq!(books[0].status, RefundStatus::Processing);
    assert_eq!(app.order("1").await.effective_payment_no, basket);
    arrives(&app, &books[0].out_refund_no).await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r21_a_duplicate_whose_refund_is_missing_gets_it() {
    let app = TestApp::start().await;
    let (duplicate, _) = paid_twice(&app, &[("A", 100)], &[("A", 100)]).await;
    let lost = "DELETE FROM refund_number; DELETE FROM refund_part; DELETE FROM refund; \
                UPDATE allocation SET refund_reserved = 0; UPDATE payment SET refund_reserved = 0";
    app.observer.batch_execute(lost).await.unwrap();
    let replicas = join_all((0..4).map(|_| app.app())).await;
    let looks = replicas.iter().map(|replica| replica.run_job(Job::PaymentDuplicate, app.job_settings()));
    let reports = join_all(looks).await;
    assert!(
        reports.iter().all(|report| report.as_ref().is_ok_and(|report| report.failed == 0)),
        "{reports:?}"
    );
    assert_eq!(app.number("SELECT count(*) FROM refund").await, 1);
    assert_eq!(app.run_job(Job::PaymentDuplicate).await.claimed, 0, "found once");
    app.run_job(Job::RefundSuccess).await;
    arrives(&app, &format!("{duplicate}-D0")).await;
    finish(app).await;
}
