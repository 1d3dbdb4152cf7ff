//! Cases: opened before anybody is told that they are, resolved by the channel's proof and by nobody's word.

use std::time::Duration;

use payment_proto::v1::{
    AllocationState, CaseKind, CaseResolution, CaseState, GetCaseRequest, PaymentState, ResolveCaseRequest,
};
use payment_sandbox::wechat::{Fault, Operation, RefundStatus};
use payment_server::jobs::Job;
use payment_tests::app::{MERCHANT, TestApp};
use serde_json::json;
use tonic::Code;

use super::scene::{Desk, reason, resolution};

const RESOLVED_EVENTS: &str = "SELECT count(*) FROM outbox_event WHERE event = 'case.resolved'";

/// Lies once about how much was paid.
fn lie(app: &TestApp) {
    let fault = Fault::ReplacedField { pointer: "/amount/total".to_owned(), value: json!(1) };
    app.fault(Operation::QueryByOutTradeNo, fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_unknown_money_is_not_acknowledged_before_it_is_kept() {
    let desk = Desk::open().await;
    let app = &desk.app;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay_unheard(&payment_no).await;
    desk.forget(&payment_no).await;
    // Nobody can open a case as long as this lasts.
    app.observer.batch_execute("BEGIN; LOCK TABLE payment_case IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let unheard = app.wechat().resend_notification(app.mchid(), &payment_no, 1).await.unwrap();
    assert!(unheard.iter().all(|answer| !answer.result.is_acknowledged()), "{unheard:?}");
    app.observer.batch_execute("COMMIT").await.unwrap();
    let heard = app.wechat().resend_notification(app.mchid(), &payment_no, 1).await.unwrap();
    assert!(heard.iter().all(|answer| answer.result.is_acknowledged()), "{heard:?}");
    let case = desk.the_case().await;
    assert_eq!((case.kind(), case.state()), (CaseKind::UnknownPayment, CaseState::Open));
    assert_eq!((case.payment_no.as_str(), case.amount.unwrap().minor_units), (payment_no.as_str(), 100));
    assert!(!case.notification_id.is_empty() && !case.verified_by.is_empty(), "its bytes and their key");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_another_amount_is_a_case_until_the_channel_proves_the_right_one() {
    let desk = Desk::open().await;
    let app = &desk.app;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay_unheard(&payment_no).await;
    lie(app);
    assert_eq!(app.sync(&payment_no).await.0, PaymentState::AwaitingPayer);
    let case = desk.the_case().await;
    assert_eq!(case.kind(), CaseKind::AmountMismatch);
    // The channel goes on lying: nobody's word makes it true.
    lie(app);
    let refused = desk.resolve(&desk.alice, resolution(&case, CaseResolution::Attach)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CASE_NOT_PROVEN"));
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    assert_eq!(desk.the_case().await.state(), CaseState::Open);
    // Then it proves what was paid.
    let resolved = desk.resolve(&desk.alice, resolution(&case, CaseResolution::Attach)).await.unwrap();
    assert_eq!(resolved.state(), CaseState::Resolved);
    assert_eq!(resolved.decision.unwrap().proposed_by, "alice/laptop");
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    let events = app.events(&payment_no).await;
    assert_eq!(events, ["case.opened", "payment.succeeded", "case.resolved"]);
    // Repeating changes nothing, and another's word comes too late.
    assert!(desk.resolve(&desk.alice, resolution(&case, CaseResolution::Attach)).await.is_ok());
    let late = desk.resolve(&desk.bob, resolution(&case, CaseResolution::Dismiss)).await.unwrap_err();
    assert_eq!(reason(&late), "CASE_STATE_CONFLICT");
    assert_eq!(app.number(RESOLVED_EVENTS).await, 1);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_payment_is_recorded_anew_by_the_channels_proof() {
    let desk = Desk::open().await;
    let payment_no = desk.lost("A", 100).await;
    let case = desk.the_case().await;
    let attach = resolution(&case, CaseResolution::Attach);
    let refused = desk.resolve(&desk.alice, attach.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "CASE_NOT_PROVEN", "what it was for is not known");
    let attach = ResolveCaseRequest { order_no: "A".to_owned(), ..attach };
    let resolved = desk.resolve(&desk.alice, attach).await.unwrap();
    assert_eq!(resolved.state(), CaseState::Resolved);
    let payment = desk.app.payment(&payment_no).await;
    assert_eq!(
        (payment.state(), payment.channel_transaction_no),
        (PaymentState::Succeeded, case.channel_transaction_no)
    );
    assert_eq!(desk.app.order("A").await.effective_payment_no, payment_no);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_lost_payment_of_an_order_that_is_paid_by_now_goes_back_by_itself() {
    let desk = Desk::open().await;
    let lost = desk.lost("A", 100).await;
    let other = desk.app.open("again", "A", 100).await;
    desk.app.pay(&other).await;
    let case = desk.the_case().await;
    let attach = ResolveCaseRequest { order_no: "A".to_owned(), ..resolution(&case, CaseResolution::Attach) };
    desk.resolve(&desk.alice, attach).await.unwrap();
    assert_eq!(desk.app.payment(&lost).await.allocations[0].state(), AllocationState::Duplicate);
    assert_eq!(desk.app.order("A").await.effective_payment_no, other, "the order stays paid");
    desk.app.run_job(Job::RefundSuccess).await;
    let books = desk.app.wechat().order(desk.app.mchid(), &lost).unwrap().refunds;
    assert_eq!(books.iter().map(|refund| refund.refund).collect::<Vec<_>>(), [100]);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cases_money_goes_back_once_and_arrives() {
    let desk = Desk::open().await;
    let payment_no = desk.lost("A", 100).await;
    let case = desk.the_case().await;
    let resolved = desk.resolve(&desk.alice, resolution(&case, CaseResolution::Refund)).await.unwrap();
    let refund_no = format!("case-{}", case.case_id);
    assert_eq!(resolved.decision.unwrap().refund_no, refund_no);
    // Its notification is lost too: the job finds that it has arrived.
    desk.app.wechat().settle_refund(desk.app.mchid(), &refund_no, RefundStatus::Success).unwrap();
    desk.app.advance(Duration::from_secs(60)).await;
    desk.app.run_job(Job::RefundSuccess).await;
    let arrived =
        format!("SELECT count(*) FROM refund WHERE refund_no = '{refund_no}' AND state = 'SUCCEEDED'");
    assert_eq!(desk.app.number(&arrived).await, 1);
    let books = desk.app.wechat().order(desk.app.mchid(), &payment_no).unwrap();
    assert_eq!((books.refunds.len(), books.given_back), (1, 100));
    assert_eq!(desk.app.order(&refund_no).await.effective_payment_no, payment_no);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_systems_money_is_left_to_the_portal() {
    use payment_sandbox::wechat::Forgery;
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app
        .wechat()
        .forge_notification(desk.app.mchid(), &payment_no, &Forgery::UnknownOrder)
        .await
        .unwrap();
    let case = desk.the_case().await;
    for resolution_kind in [CaseResolution::Attach, CaseResolution::Refund] {
        let refused = desk.resolve(&desk.alice, resolution(&case, resolution_kind)).await.unwrap_err();
        assert_eq!(reason(&refused), "CASE_NOT_PROVEN", "{resolution_kind:?}");
    }
    let dismissed = desk.resolve(&desk.alice, resolution(&case, CaseResolution::Dismiss)).await.unwrap();
    assert_eq!(dismissed.state(), CaseState::Resolved);
    // The channel says it once more: what was dealt with is not opened again.
    desk.app
        .wechat()
        .forge_notification(desk.app.mchid(), &payment_no, &Forgery::UnknownOrder)
        .await
        .unwrap();
    let of_number = format!("SELECT count(*) FROM payment_case WHERE payment_no = '{}'", case.payment_no);
    assert_eq!(desk.app.number(&of_number).await, 1);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_listed_by_age_page_by_page() {
    use payment_proto::v1::ListCasesRequest;
    let desk = Desk::open().await;
    for order in ["A", "B", "C"] {
        desk.lost(order, 100).await;
        desk.app.advance(Duration::from_secs(3600)).await;
    }
    let mut request =
        ListCasesRequest { merchant_id: MERCHANT.to_owned(), page_size: 2, ..ListCasesRequest::default() };
    let first = desk.of(&desk.alice).list_cases(request.clone()).await.unwrap().into_inner();
    let ages: Vec<_> = first.cases.iter().map(|case| case.age_seconds).collect();
    assert_eq!(ages, [3 * 3600, 2 * 3600], "the longest open first");
    request.page_token = first.next_page_token;
    let second = desk.of(&desk.alice).list_cases(request.clone()).await.unwrap().into_inner();
    assert_eq!((second.cases.len(), second.next_page_token.as_str()), (1, ""));
    request.payment_no = "P-other".to_owned();
    let foreign = desk.of(&desk.alice).list_cases(request).await.unwrap_err();
    assert_eq!(reason(&foreign), "INVALID_FIELD", "a token is bound to its filters");
    let shown = GetCaseRequest { merchant_id: MERCHANT.to_owned(), case_id: second.cases[0].case_id.clone() };
    let shown = desk.of(&desk.alice).get_case(shown).await.unwrap().into_inner().case.unwrap();
    assert_eq!(shown, second.cases[0]);
    desk.app.finish().await;
}
