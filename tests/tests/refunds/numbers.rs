//! One number, one refund: whoever asks again, however often, also after a crash.

use futures::future::join_all;
use payment_proto::v1::RefundReason;
use payment_sandbox::wechat::{Execution, Fault, Operation};
use payment_server::jobs::Job;
use payment_tests::{app::TestApp, refusal::Refusal};

use super::scene::{arrives, ask, at_channel, faults, finish, look_later, paid, recorded, refund};

#[tokio::test(flavor = "multi_thread")]
async fn r16_the_same_number_and_content_is_the_same_refund_and_other_content_names_the_field() {
    let app = TestApp::start().await;
    let (payment_no, other) = (paid(&app, "A", 100).await, paid(&app, "B", 100).await);
    let answers = join_all((0..32).map(|_| ask(&app, refund("R-1", &payment_no, 40)))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(at_channel(&app, &payment_no).len(), 1);
    arrives(&app, "R-1").await;
    let again = ask(&app, refund("R-1", &payment_no, 40)).await.unwrap();
    assert_eq!(again, recorded(&app, "R-1").await);
    let mut reason = refund("R-1", &payment_no, 40);
    reason.reason = RefundReason::Cancellation.into();
    let mut description = refund("R-1", &payment_no, 40);
    description.description = "came back broken".to_owned();
    for (request, field) in [
        (refund("R-1", &payment_no, 41), "extent"),
        (refund("R-1", &other, 40), "payment"),
        (reason, "reason"),
        (description, "description"),
    ] {
        let refusal = Refusal::of(&ask(&app, request).await.unwrap_err());
        assert_eq!(refusal.reason, "REFUND_NO_REUSED", "{field}");
        assert!(refusal.metadata.values().any(|value| value == field), "{field}: {refusal:?}");
    }
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_one_number_for_two_payments_at_once_is_one_refund() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let one = paid(&app, &format!("A-{round}"), 100).await;
        let other = paid(&app, &format!("B-{round}"), 100).await;
        let number = format!("R-{round}");
        let answers = join_all([&one, &other].map(|payment| ask(&app, refund(&number, payment, 40)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let refused = answers.iter().find_map(|answer| answer.as_ref().err()).unwrap();
        assert_eq!(Refusal::of(refused).reason, "REFUND_NO_REUSED");
        assert_eq!(at_channel(&app, &one).len() + at_channel(&app, &other).len(), 1);
        arrives(&app, &number).await;
    }
    finish(app).await;
}

/// Another replica knows nothing of the first but its database: as after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn r16_r17_a_refund_whose_caller_died_is_driven_by_another_process_under_the_same_number() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    faults(
        &app,
        Operation::CreateRefund,
        Some(1),
        Fault::ConnectionDropped { execution: Execution::Skipped },
    );
    ask(&app, refund("R-1", &payment_no, 40)).await.unwrap();
    assert_eq!(at_channel(&app, &payment_no).len(), 0);
    look_later(&app, Job::RefundSuccess, 2).await;
    assert_eq!(at_channel(&app, &payment_no)[0].out_refund_no, "R-1");
    ask(&app, refund("R-1", &payment_no, 40)).await.unwrap();
    assert_eq!(at_channel(&app, &payment_no).len(), 1);
    arrives(&app, "R-1").await;
    finish(app).await;
}
