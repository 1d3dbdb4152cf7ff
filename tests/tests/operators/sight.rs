//! R30: operators see the merchants that the configuration lets them see; nobody else operates.

use payment_proto::v1::{
    ApproveCaseResolutionRequest, CaseResolution, ExplainPaymentRequest, GetCaseRequest,
    GetChannelHealthRequest, GetNotificationRequest, ListCasesRequest, ListJobsRequest,
    ListNotificationsRequest, PostponeRefundRequest, RejectCaseResolutionRequest, ReplayNotificationRequest,
    ResolveCaseRequest, RetryRefundRequest, RunJobRequest, explain_payment_request::Subject,
    operator_service_client::OperatorServiceClient,
};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT},
    operators::Person,
};
use prost_types::Timestamp;
use tonic::Status;

use super::scene::{Desk, reason};

/// What there is of the first merchant's to be seen.
struct Seen {
    payment_no: String,
    refund_no: String,
    case_id: String,
    notification_id: String,
}

/// Asks for everything of the first merchant's, as `merchant_id` names it: each answer's reason, or nothing if it was
/// answered.
async fn ask_for_all(
    desk: &Desk,
    person: &Person,
    seen: &Seen,
    merchant_id: &str,
) -> Vec<(&'static str, String)> {
    let mut client = desk.of(person);
    let merchant_id = merchant_id.to_owned();
    let case_id = seen.case_id.clone();
    let notification_id = seen.notification_id.clone();
    let refund_no = seen.refund_no.clone();
    let why = "because".to_owned();
    let subject = |subject| ExplainPaymentRequest {
        merchant_id: merchant_id.clone(),
        subject: Some(subject),
        show_evidence: false,
    };
    let mut answers = Vec::new();
    macro_rules! ask {
        ($name:literal, $call:ident, $request:expr) => {
            let outcome: Result<(), Status> = client.$call($request).await.map(drop);
            answers.push(($name, outcome.err().map(|status| reason(&status)).unwrap_or_default()));
        };
    }
    ask!("payment", explain_payment, subject(Subject::PaymentNo(seen.payment_no.clone())));
    ask!("order", explain_payment, subject(Subject::OrderNo("A".to_owned())));
    ask!("case", get_case, GetCaseRequest { merchant_id: merchant_id.clone(), case_id: case_id.clone() });
    let resolve = ResolveCaseRequest {
        merchant_id: merchant_id.clone(),
        case_id: case_id.clone(),
        resolution: CaseResolution::Dismiss.into(),
        reason: why.clone(),
        order_no: String::new(),
    };
    ask!("resolve", resolve_case, resolve);
    let approve = ApproveCaseResolutionRequest { merchant_id: merchant_id.clone(), case_id: case_id.clone() };
    ask!("approve", approve_case_resolution, approve);
    let reject = RejectCaseResolutionRequest { merchant_id: merchant_id.clone(), case_id };
    ask!("reject", reject_case_resolution, reject);
    let get = GetNotificationRequest {
        merchant_id: merchant_id.clone(),
        notification_id: notification_id.clone(),
        show_evidence: true,
    };
    ask!("notification", get_notification, get);
    let replay =
        ReplayNotificationRequest { merchant_id: merchant_id.clone(), notification_id, reason: why.clone() };
    ask!("replay", replay_notification, replay);
    let retry = RetryRefundRequest {
        merchant_id: merchant_id.clone(),
        refund_no: refund_no.clone(),
        reason: why.clone(),
    };
    ask!("retry", retry_refund, retry);
    let seconds = desk.app.clock().now().unix_timestamp() + 3600;
    let postpone = PostponeRefundRequest {
        merchant_id: merchant_id.clone(),
        refund_no,
        not_before: Some(Timestamp { seconds, nanos: 0 }),
        reason: why,
    };
    ask!("postpone", postpone_refund, postpone);
    answers
}

async fn something_to_see(desk: &Desk) -> Seen {
    let (duplicate, _) = desk.paid_twice("A", 100).await;
    desk.lost("B", 100).await;
    let list = ListNotificationsRequest { merchant_id: MERCHANT.to_owned(), ..Default::default() };
    let listed = desk.of(&desk.alice).list_notifications(list).await.unwrap().into_inner().notifications;
    Seen {
        refund_no: format!("{duplicate}-D0"),
        payment_no: duplicate,
        case_id: desk.the_case().await.case_id,
        notification_id: listed[0].notification_id.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_another_merchants_data_does_not_exist() {
    let desk = Desk::open().await;
    let seen = something_to_see(&desk).await;
    let acts = "SELECT count(*) FROM operator_act";
    let before = desk.app.number(acts).await;
    for (what, refused) in ask_for_all(&desk, &desk.stranger, &seen, "").await {
        let expected = match what {
            "payment" => "PAYMENT_NOT_FOUND",
            "order" => "ORDER_NOT_FOUND",
            "notification" | "replay" => "NOTIFICATION_NOT_FOUND",
            "retry" | "postpone" => "REFUND_NOT_FOUND",
            _ => "CASE_NOT_FOUND",
        };
        assert_eq!(refused, expected, "{what}");
    }
    for (what, refused) in ask_for_all(&desk, &desk.stranger, &seen, MERCHANT).await {
        assert_eq!(refused, "MERCHANT_NOT_FOUND", "{what}");
    }
    assert_eq!(desk.app.number(acts).await, before, "nothing was done");
    let mut client = desk.of(&desk.stranger);
    assert!(client.list_cases(ListCasesRequest::default()).await.unwrap().into_inner().cases.is_empty());
    let listed = client.list_notifications(ListNotificationsRequest::default()).await.unwrap().into_inner();
    assert!(listed.notifications.is_empty());
    let health = client.get_channel_health(GetChannelHealthRequest::default()).await.unwrap().into_inner();
    assert!(health.accounts.iter().all(|account| account.channel_account.starts_with(OTHER_MERCHANT)));
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_who_sees_one_merchant_names_none_and_who_sees_several_must() {
    let desk = Desk::open().await;
    let seen = something_to_see(&desk).await;
    for (what, refused) in ask_for_all(&desk, &desk.alice, &seen, "").await {
        assert_eq!(refused, "INVALID_FIELD", "{what}");
    }
    let conflicts = ["approve", "reject"];
    for (what, refused) in ask_for_all(&desk, &desk.clerk, &seen, "").await {
        let expected = if conflicts.contains(&what) { "CASE_STATE_CONFLICT" } else { "" };
        assert_eq!(refused, expected, "{what}");
    }
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_jobs_are_for_those_who_see_every_merchant() {
    let desk = Desk::open().await;
    let mut clerk = desk.of(&desk.clerk);
    assert_eq!(reason(&clerk.list_jobs(ListJobsRequest {}).await.unwrap_err()), "ALL_MERCHANTS_REQUIRED");
    let run = RunJobRequest { name: "payment-success".to_owned() };
    assert_eq!(reason(&clerk.run_job(run).await.unwrap_err()), "ALL_MERCHANTS_REQUIRED");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_merchants_key_without_the_scope_operates_nothing() {
    let desk = Desk::open().await;
    let mut caller = OperatorServiceClient::with_interceptor(desk.app.channel(), desk.app.key(MERCHANT));
    let refused = caller.list_cases(ListCasesRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "SCOPE_MISSING");
    desk.app.finish().await;
}
