//! What ends a stream.

use futures::stream;
use payment_core::identifiers::PaymentNo;

use super::*;
use crate::grpc::status::{code_word, reason};

fn limits(draining: &CancellationToken) -> StreamLimits {
    let deadline = Instant::now() + Duration::from_secs(60);
    StreamLimits { deadline, draining: draining.clone(), notes: CallNotes::default() }
}

/// Code and reason of everything that a stream sends; none of these tests has anything to send.
async fn ends(
    items: impl Stream<Item = Result<(), AppError>> + Send + 'static,
    limits: StreamLimits,
) -> Vec<(&'static str, Option<String>)> {
    let told = |answer: Result<(), Status>| {
        let refused = answer.expect_err("there is nothing");
        (code_word(&refused), reason(&refused))
    };
    limited(items, limits, |()| ()).map(told).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline() {
    let started = Instant::now();
    let ended = ends(stream::pending(), limits(&CancellationToken::new())).await;
    assert_eq!(ended, [("DEADLINE_EXCEEDED", Some("DEADLINE_EXCEEDED".to_owned()))]);
    assert_eq!(started.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_stream_does_not_hold_up_the_end_of_the_server() {
    let draining = CancellationToken::new();
    let watching = tokio::spawn(ends(stream::pending(), limits(&draining)));
    draining.cancel();
    let ended = watching.await.expect("no panic");
    assert_eq!(ended, [("UNAVAILABLE", Some("SERVER_STOPPING".to_owned()))]);
}

#[tokio::test]
async fn the_first_refusal_is_the_last_answer_and_an_end_needs_none() {
    let no_payment = || {
        let payment_no = PaymentNo::parse("P202601050001234567890ABCDEFGHJ").expect("a payment number");
        Err(AppError::PaymentNotFound(payment_no))
    };
    let refusals = stream::iter([no_payment(), no_payment()]);
    let ended = ends(refusals, limits(&CancellationToken::new())).await;
    assert_eq!(ended, [("NOT_FOUND", Some("PAYMENT_NOT_FOUND".to_owned()))]);
    assert_eq!(ends(stream::empty(), limits(&CancellationToken::new())).await, []);
}
