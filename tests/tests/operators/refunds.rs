//! When a refund is driven, by an operator's wish: never an end of it (R17).

use std::time::Duration;

use payment_proto::v1::{PostponeRefundRequest, RetryRefundRequest};
use payment_sandbox::wechat::RefundStatus;
use payment_server::jobs::Job;
use payment_tests::app::MERCHANT;
use prost_types::Timestamp;

use super::scene::{Desk, reason};

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
