//! Notifications that are the channel's own: repeated, at once, early, late, after the end, and damaged on the way.

use payment_proto::v1::{AllocationState, ClientResult, OrderState, PaymentState};
use payment_sandbox::wechat::{
    Fault, Landing, NotificationFault, NotificationFaultRule, NotificationKind, Operation, PayOptions,
};
use payment_tests::{
    app::TestApp,
    requests::{app_payment, payment_no},
};
use serde_json::json;
use std::time::Duration;

/// The next attempt to notify about a payment goes wrong in this way.
fn spoil(app: &TestApp, fault: NotificationFault) {
    app.wechat().add_notification_fault(NotificationFaultRule {
        notification: Some(NotificationKind::Payment),
        out_trade_no: None,
        times: Some(1),
        fault,
    });
}

fn statuses(app: &TestApp, payment_no: &str) -> Vec<String> {
    let deliveries = app.wechat().deliveries_of(app.mchid(), payment_no);
    let attempts = deliveries.iter().flat_map(|delivery| &delivery.attempts);
    attempts.map(|attempt| format!("{:?}", attempt.result)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_f09_f10_64_identical_notifications_at_once_have_one_effect_and_64_right_acknowledgements() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay_unheard(&payment_no).await;
    let attempts = app.wechat().resend_notification(app.mchid(), &payment_no, 64).await.unwrap();
    assert_eq!(attempts.len(), 64);
    for attempt in &attempts {
        assert_eq!(format!("{:?}", attempt.result), "Answered { status: 200, body: \"\" }");
    }
    assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded);
    assert_eq!(app.events(&payment_no).await, ["payment.succeeded"]);
    assert_eq!(app.number("SELECT count(*) FROM payment_transition WHERE to_state = 'SUCCEEDED'").await, 1);
    assert_eq!(app.verdicts().await, ["APPLIED 1", "REPEATED 63"]);
    // F09: and once more, long after.
    app.advance(Duration::from_secs(3600)).await;
    let again = app.wechat().resend_notification(app.mchid(), &payment_no, 1).await.unwrap();
    assert!(again[0].result.is_acknowledged(), "{again:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_success_that_comes_before_the_create_is_answered_stays() {
    let app = TestApp::start().await;
    app.fault(Operation::Prepay, Fault::PaidBeforeAnswer);
    let created = app.create(app_payment("r-1", "A", 100)).await;
    assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::Succeeded);
    assert!(created.payment_data.is_none(), "nothing is left to pay");
    let payment_no = payment_no(&created);
    assert_eq!(app.events(&payment_no).await, ["payment.succeeded"]);
    let causes =
        "SELECT source || ' ' || from_state || ' ' || to_state FROM payment_transition ORDER BY revision";
    assert_eq!(app.texts(causes).await, ["NOTIFICATION INITIATING SUCCEEDED"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_f01_a_success_after_the_close_is_recorded_and_told() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    assert_eq!(app.close(&payment_no).await, PaymentState::Closed);
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &payment_no, &late).unwrap();
    app.wechat().settled().await;
    let paid = app.payment(&payment_no).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert_eq!(paid.allocations[0].state(), AllocationState::Effective);
    assert!(paid.end_time.is_some(), "that it was closed is not forgotten");
    assert_eq!(app.events(&payment_no).await, ["payment.closed", "payment.succeeded"]);
    assert_eq!(app.order("A").await.state(), OrderState::Paid);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_f03_a_payment_in_time_whose_notification_comes_after_its_time_is_a_success() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    spoil(&app, NotificationFault::Delayed { seconds: 7200 });
    app.wechat().pay(app.mchid(), &payment_no, &PayOptions::default()).unwrap();
    app.advance(Duration::from_secs(7199)).await;
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    app.advance(Duration::from_secs(1)).await;
    let paid = app.payment(&payment_no).await;
    assert_eq!(paid.state(), PaymentState::Succeeded);
    let seconds = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
    assert_eq!(seconds(paid.succeed_time), seconds(paid.create_time), "the channel's time counts, not ours");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r06_a_success_of_an_order_that_another_payment_has_paid_is_recorded_as_duplicate() {
    let app = TestApp::start().await;
    let first = app.open("r-1", "A", 100).await;
    assert_eq!(app.close(&first).await, PaymentState::Closed);
    let second = app.open("r-2", "A", 100).await;
    app.pay(&second).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &first, &late).unwrap();
    app.wechat().settled().await;
    let duplicate = app.payment(&first).await;
    assert_eq!(duplicate.state(), PaymentState::Succeeded);
    assert_eq!(duplicate.allocations[0].state(), AllocationState::Duplicate);
    assert_eq!(app.order("A").await.effective_payment_no, second);
    assert_eq!(app.number("SELECT count(*) FROM refund WHERE origin = 'DUPLICATE'").await, 1);
    let told = ["payment.closed", "payment.succeeded", "payment.duplicate_found"];
    assert_eq!(app.events(&first).await, told);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_f08_what_comes_after_a_success_cannot_undo_it_and_a_closing_word_ends_an_open_payment() {
    let app = TestApp::start().await;
    // F08: WeChat sends no such notification today; were it to, an open attempt ends by it.
    let open = app.open("r-1", "A", 100).await;
    spoil(&app, state("CLOSED"));
    app.pay(&open).await;
    assert_eq!(app.state(&open).await, PaymentState::Closed);
    // The money was taken in truth: asking finds it.
    assert_eq!(app.sync(&open).await.0, PaymentState::Succeeded);
    // F05: each word that is no success, by notification and by answer.
    for word in ["CLOSED", "REVOKED", "NOTPAY", "PAYERROR", "USERPAYING", "NEW_WORD", "REFUND"] {
        app.fault(Operation::QueryByOutTradeNo, said(word));
        assert_eq!(app.sync(&open).await.0, PaymentState::Succeeded, "{word}");
    }
    assert_eq!(app.confirm(&open, ClientResult::Cancelled).await, PaymentState::Succeeded);
    assert_eq!(app.close(&open).await, PaymentState::Succeeded);
    assert_eq!(app.events(&open).await, ["payment.closed", "payment.succeeded"]);
    assert!(app.cases().await.is_empty());
    app.finish().await;
}

fn state(word: &str) -> NotificationFault {
    NotificationFault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!(word) }
}

fn said(word: &str) -> Fault {
    Fault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!(word) }
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_f39_f43_damaged_notifications_are_refused_without_a_trace_and_the_true_one_is_taken() {
    let app = TestApp::start().await;
    let table = [
        (NotificationFault::SignatureProbe, "SIGNATURE_INVALID", 401),
        (NotificationFault::WrongKey, "SIGNATURE_INVALID", 401),
        (NotificationFault::AlteredBody, "SIGNATURE_INVALID", 401),
        (NotificationFault::UnknownSerial, "UNKNOWN_KEY", 401),
        (NotificationFault::StaleTimestamp, "STALE", 401),
        (NotificationFault::MissingSignatureHeaders, "MALFORMED", 400),
    ];
    for (index, (fault, rejection, status)) in table.into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        spoil(&app, fault);
        app.pay(&payment_no).await;
        let answers = statuses(&app, &payment_no);
        assert!(answers[0].contains(&format!("status: {status}")), "{rejection}: {answers:?}");
        assert!(answers[0].contains("FAIL"), "in the channel's words: {answers:?}");
        assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
        let refused = app.verdicts().await;
        assert!(refused.iter().any(|line| line.starts_with(rejection)), "{rejection}: {refused:?}");
        // WeChat's next attempt is the true one.
        app.advance(Duration::from_secs(15)).await;
        assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded, "{rejection}");
    }
    let verdicts = ["APPLIED 6", "MALFORMED 1", "SIGNATURE_INVALID 3", "STALE 1", "UNKNOWN_KEY 1"];
    assert_eq!(app.verdicts().await, verdicts);
    assert!(app.cases().await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f48_optional_parts_may_be_absent_and_required_ones_may_not() {
    let app = TestApp::start().await;
    let absent = |pointer: &str| NotificationFault::RemovedField { pointer: pointer.to_owned() };
    let harmless = [
        NotificationFault::EmptyAssociatedData,
        NotificationFault::AbsentAssociatedData,
        NotificationFault::Milliseconds,
        absent("/payer"),
        absent("/success_time"),
        absent("/bank_type"),
        absent("/attach"),
        absent("/amount/payer_total"),
        absent("/amount/currency"),
    ];
    for (index, fault) in harmless.into_iter().enumerate() {
        let payment_no = app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await;
        let shown = format!("{fault:?}");
        spoil(&app, fault);
        app.pay(&payment_no).await;
        let paid = app.payment(&payment_no).await;
        assert_eq!(paid.state(), PaymentState::Succeeded, "{shown}");
        assert!(paid.succeed_time.is_some(), "{shown}");
    }
    let proofs =
        ["/transaction_id", "/mchid", "/appid", "/amount", "/amount/total", "/trade_state", "/out_trade_no"];
    for (index, pointer) in proofs.into_iter().enumerate() {
        let payment_no = app.open(&format!("q-{index}"), &format!("other-{index}"), 100).await;
        spoil(&app, absent(pointer));
        app.pay(&payment_no).await;
        assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer, "{pointer}");
        assert!(statuses(&app, &payment_no)[0].contains("status: 400"), "{pointer}");
        app.advance(Duration::from_secs(15)).await;
        assert_eq!(app.state(&payment_no).await, PaymentState::Succeeded, "{pointer}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_every_transition_is_kept_with_who_said_it_the_bytes_and_the_key() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.wechat().suppress_notifications(None);
    assert_eq!(app.confirm(&payment_no, ClientResult::Paid).await, PaymentState::ClientReported);
    app.pay(&payment_no).await;
    app.wechat().resend_notification(app.mchid(), &payment_no, 1).await.unwrap();
    let other = app.open("r-2", "B", 100).await;
    app.pay(&other).await;
    assert_eq!(app.sync(&other).await.0, PaymentState::Succeeded);
    let closed = app.open("r-3", "C", 100).await;
    assert_eq!(app.close(&closed).await, PaymentState::Closed);
    let evidence = app.texts(
        "SELECT concat_ws(' ', source, from_state, to_state, caller, coalesce(t.verified_by, '-'), \
         CASE WHEN n.body IS NOT NULL THEN 'inbox' WHEN octet_length(t.evidence) > 0 THEN 'bytes' ELSE 'none' END) \
         FROM payment_transition t LEFT JOIN notification n USING (notification_id) ORDER BY t.payment_no, t.revision",
    );
    let key = &app.wechat_merchant.public_key.as_ref().unwrap().id;
    let created = format!("CREATE_ANSWER INITIATING AWAITING_PAYER acme-key {key} bytes");
    let expected = [
        created.clone(),
        "CLIENT_RESULT AWAITING_PAYER CLIENT_REPORTED acme-key - none".to_owned(),
        format!("NOTIFICATION CLIENT_REPORTED SUCCEEDED {key} inbox"),
        created.clone(),
        format!("QUERY_ANSWER AWAITING_PAYER SUCCEEDED acme-key {key} bytes"),
        created,
        format!("CLOSE_ANSWER AWAITING_PAYER CLOSED acme-key {key} none"),
    ];
    let mut found = evidence.await;
    // Payment numbers of one instant sort by chance; what is compared is the set of ways.
    found.sort();
    let mut wanted = expected.to_vec();
    wanted.sort();
    assert_eq!(found, wanted);
    app.finish().await;
}
