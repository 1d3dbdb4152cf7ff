//! Raw words that have grown old.

use payment_core::ports::Clock;
use payment_proto::v1::PaymentState;
use payment_server::retention;
use payment_tests::app::{START, TestApp};
use time::{Duration, OffsetDateTime};
use tokio_util::sync::CancellationToken;

struct At(OffsetDateTime);

impl Clock for At {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

/// How many rows still hold raw words.
async fn raw(app: &TestApp) -> i64 {
    let sql = "SELECT (SELECT count(*) FROM notification WHERE body <> '' OR headers <> '') \
               + (SELECT count(*) FROM payment_transition WHERE evidence IS NOT NULL) \
               + (SELECT count(*) FROM refund_transition WHERE evidence IS NOT NULL) \
               + (SELECT count(*) FROM payment_case WHERE evidence IS NOT NULL)";
    app.observer.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn old_raw_words_are_blanked_and_what_became_of_them_stays() {
    let app = TestApp::start().await;
    let by_callback = app.open("r-1", "A", 100).await;
    app.pay(&by_callback).await;
    let by_query = app.open("r-2", "B", 100).await;
    app.pay_unheard(&by_query).await;
    assert_eq!(app.sync(&by_query).await.0, PaymentState::Succeeded);
    let verdicts = "SELECT verdict || ' ' || verified_by || ' ' || payment_no FROM notification \
                    UNION ALL SELECT source || ' ' || to_state || ' ' || coalesce(verified_by, '') FROM payment_transition \
                    ORDER BY 1";
    let (before, held) = (app.texts(verdicts).await, raw(&app).await);
    assert!(held >= 2, "a notification and an answer");
    let (keep, running) = (Duration::days(400), CancellationToken::new());
    let look = async |now| retention::look(&app.store, &At(now), keep, &running).await.unwrap();
    assert_eq!(look(START + keep - Duration::hours(1)).await, 0, "not yet");
    assert_eq!(raw(&app).await, held);
    let blanked = look(START + keep + Duration::days(1)).await;
    assert_eq!((i64::try_from(blanked).unwrap(), raw(&app).await), (held, 0));
    assert_eq!(look(START + keep + Duration::days(1)).await, 0, "nothing is left to blank");
    assert_eq!(app.texts(verdicts).await, before);
    // Every invariant holds without the words.
    app.finish().await;
}

/// Somebody has to decide by the words of an open case, however old they are.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_that_opened_a_case_are_blanked_once_they_are_old_and_the_case_is_resolved() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    let case = "INSERT INTO payment_case (case_id, merchant_id, kind, channel, channel_account, payment_no, description, source, \
                evidence, verified_by, open_time) SELECT gen_random_uuid(), merchant_id, 'UNKNOWN_PAYMENT', channel, channel_account, \
                payment_no, 'words', 'QUERY_ANSWER', 'the words', 'serial', create_time FROM payment";
    app.observer.batch_execute(case).await.unwrap();
    let (keep, running) = (Duration::days(30), CancellationToken::new());
    let look = async |now| retention::look(&app.store, &At(now), keep, &running).await.unwrap();
    let words = "SELECT count(*) FROM payment_case WHERE evidence IS NOT NULL";
    look(START + keep + Duration::days(1)).await;
    assert_eq!(app.number(words).await, 1, "it is open");
    let resolve = "UPDATE payment_case SET state = 'RESOLVED', resolution = 'DISMISS', resolution_reason = 'known', \
                   proposed_by = 'alice/laptop', resolve_time = open_time";
    app.observer.batch_execute(resolve).await.unwrap();
    assert_eq!(look(START + keep - Duration::days(1)).await, 0, "it is not old");
    assert_eq!(look(START + keep + Duration::days(1)).await, 1);
    assert_eq!(app.number(words).await, 0);
    let rest = "SELECT verified_by || ' ' || description FROM payment_case";
    assert_eq!(app.texts(rest).await, ["serial words"], "what became of them stays");
}
