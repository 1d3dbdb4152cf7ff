//! When a refund is driven, by an operator's wish: never an end of it (R17).

use std::time::Duration;

use payment_proto::v1::{
    CaseResolution, CaseState, ListCasesRequest, PostponeRefundRequest, RetryRefundRequest,
};
use payment_sandbox::wechat::{Balance, RefundStatus};
use payment_server::jobs::Job;
use payment_tests::app::MERCHANT;
use prost_types::Timestamp;

use super::scene::{Desk, reason, resolution};

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_refund_is_put_off_and_retried_and_goes_on_until_it_arrives() {
    let desk = Desk::open().await;
    let (duplicate, _) = desk.paid_twice("A", 100).await;
    let refund_no = format!("{duplicate}-D0");
    let until =
        |hours: i64| Timestamp { seconds: desk.app.clock().now().unix_timestamp() + hours * 3600, nanos: 0 };
    let postpone = |not_before| PostponeRefundRequest {
        merchant_id: MERCHANT.to_owned(),
        refund_no: refund_no.clone(),
        not_before,
        reason: "the balance is filled up tomorrow".to_owned(),
    };
    for wrong in [None, Some(until(-1)), Some(until(31 * 24))] {
        let refused = desk.of(&desk.alice).postpone_refund(postpone(wrong)).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD", "{wrong:?}");
    }
    desk.of(&desk.alice).postpone_refund(postpone(Some(until(24)))).await.unwrap();
    desk.app.advance(Duration::from_secs(23 * 3600)).await;
    assert_eq!(desk.app.run_job(Job::RefundSuccess).await.claimed, 0, "not before");
    let retry = RetryRefundRequest {
        merchant_id: MERCHANT.to_owned(),
        refund_no: refund_no.clone(),
        reason: "it is filled up".to_owned(),
    };
    desk.of(&desk.bob).retry_refund(retry.clone()).await.unwrap();
    assert_eq!(desk.app.run_job(Job::RefundSuccess).await.answered, 1, "now");
    desk.app.wechat().settle_refund(desk.app.mchid(), &refund_no, RefundStatus::Success).unwrap();
    desk.app.wechat().settled().await;
    let arrived = desk.of(&desk.bob).retry_refund(retry).await.unwrap_err();
    assert_eq!(reason(&arrived), "REFUND_ARRIVED");
    let story = desk.explain(&duplicate, false).await.story.join("\n");
    assert!(story.contains("alice/laptop put the refund off until"), "{story}");
    assert!(story.contains("bob/laptop made the refund due now, because: it is filled up."), "{story}");
    desk.app.finish().await;
}

/// The purse was empty, so a person was called; it is filled up, and the money arrives without anybody's closing the case.
#[tokio::test(flavor = "multi_thread")]
async fn r17_r26_a_refund_that_needed_a_person_closes_its_case_itself_when_it_arrives() {
    let desk = Desk::open_with("[cases]\napproval_above = { CNY = 10 }\n").await;
    let (duplicate, _) = desk.paid_twice("A", 100).await;
    // What was paid had filled it.
    desk.app.wechat().set_balance(desk.app.mchid(), Balance { available: 0, unsettled: 0 }).unwrap();
    desk.app.run_job(Job::RefundSuccess).await;
    let case = desk.the_case().await;
    // Somebody proposed to dismiss it, which nobody needs to approve any more.
    desk.resolve(&desk.alice, resolution(&case, CaseResolution::Dismiss)).await.unwrap();
    assert_eq!(desk.the_case().await.state(), CaseState::AwaitingApproval);

    desk.app.wechat().set_balance(desk.app.mchid(), Balance { available: 1000, unsettled: 0 }).unwrap();
    desk.app.advance(Duration::from_secs(24 * 3600)).await;
    desk.app.run_job(Job::RefundSuccess).await;
    assert_eq!(desk.waiting().await.len(), 1, "accepted is not arrived");
    let refund_no = format!("{duplicate}-D0");
    desk.app.wechat().settle_refund(desk.app.mchid(), &refund_no, RefundStatus::Success).unwrap();
    desk.app.wechat().settled().await;

    assert!(desk.waiting().await.is_empty());
    let all = ListCasesRequest {
        merchant_id: MERCHANT.to_owned(),
        states: vec![CaseState::Resolved.into()],
        ..ListCasesRequest::default()
    };
    let resolved = desk.of(&desk.alice).list_cases(all).await.unwrap().into_inner().cases.remove(0);
    let decision = resolved.decision.unwrap();
    assert_eq!((resolved.case_id, resolved.refund_no), (case.case_id.clone(), refund_no.clone()));
    assert_eq!(
        (decision.resolution(), decision.proposed_by.as_str()),
        (CaseResolution::Settled, "payment-server")
    );
    let why =
        format!("refund {refund_no} arrived after all, by the channel's notification, proven by the key ");
    assert!(decision.reason.starts_with(&why), "{}", decision.reason);
    let story = desk.explain(&duplicate, false).await.story.join("\n");
    assert!(
        story.contains("payment-server resolved the case: nobody is needed any more, because: refund"),
        "{story}"
    );
    let events = "SELECT event FROM outbox_event WHERE refund_no IS NOT NULL ORDER BY revision, position";
    let told = desk.app.texts(events).await;
    assert_eq!(
        told[told.len() - 2..],
        ["refund.succeeded", "case.resolved"],
        "after what it follows from: {told:?}"
    );
    // The same word once more changes nothing.
    desk.app.wechat().resend_notification(desk.app.mchid(), &duplicate, 1).await.unwrap();
    assert_eq!(desk.app.number("SELECT count(*) FROM outbox_event WHERE event = 'case.resolved'").await, 1);
    desk.app.finish().await;
}
