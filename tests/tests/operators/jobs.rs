//! Jobs: what is due, and one look by hand.

use std::time::Duration;

use payment_proto::v1::{Job, ListJobsRequest, PaymentState, RunJobRequest};
use payment_tests::log_watch;

use super::scene::{Desk, reason};

async fn job(desk: &Desk, name: &str) -> Job {
    let jobs = desk.of(&desk.alice).list_jobs(ListJobsRequest {}).await.unwrap().into_inner().jobs;
    assert_eq!(jobs.len(), 4);
    jobs.into_iter().find(|job| job.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_shows_and_a_look_by_hand_handles_it() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay_unheard(&payment_no).await;
    assert_eq!(job(&desk, "payment-success").await.due_rows, 0);
    desk.app.advance(Duration::from_secs(60)).await;
    let due = job(&desk, "payment-success").await;
    assert_eq!((due.due_rows, due.last_run), (1, None));
    assert!(due.oldest_due_time.is_some());
    let request = RunJobRequest { name: "payment-success".to_owned() };
    let run = desk.of(&desk.alice).run_job(request).await.unwrap().into_inner().run.unwrap();
    assert_eq!((run.claimed, run.answered, run.failed, run.looked), (1, 1, 0, true));
    assert_eq!(desk.app.state(&payment_no).await, PaymentState::Succeeded);
    let done = job(&desk, "payment-success").await;
    assert_eq!((done.due_rows, done.last_run.unwrap().claimed), (0, 1));
    let acts = desk.app.texts("SELECT actor || ' ' || description FROM operator_act").await;
    assert_eq!(acts, ["alice/laptop made payment-success look"]);
    let unknown = RunJobRequest { name: "payment-magic".to_owned() };
    assert_eq!(reason(&desk.of(&desk.alice).run_job(unknown).await.unwrap_err()), "INVALID_FIELD");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_that_grow_old_are_told_about_at_each_step_of_their_age() {
    let desk = Desk::open().await;
    desk.lost("A", 100).await;
    let replica = desk.app.app().await;
    let opened = desk.app.clock().now();
    let hours = |hours: i64| opened + time::Duration::hours(hours);
    let waiting = async |until| desk.app.store.cases_waiting(until).await.unwrap().count;
    assert_eq!(waiting(opened - time::Duration::SECOND).await, 0);
    assert_eq!(waiting(opened).await, 1);
    let told = async |until, now| {
        let steps = replica.tell_old_cases(until, now).await.unwrap();
        steps.iter().map(|step| step.as_secs() / 3600).collect::<Vec<_>>()
    };
    assert_eq!(told(None, opened).await, [0; 0], "nothing is old yet");
    assert_eq!(told(None, hours(2)).await, [1]);
    assert_eq!(told(Some(hours(2)), hours(23)).await, [0; 0], "a step is told once");
    assert_eq!(told(Some(hours(23)), hours(25)).await, [24]);
    assert_eq!(told(None, hours(200)).await, [1, 24, 72, 168], "whoever begins tells of all that is old");
    assert!(log_watch::was_told("cases wait for a person"));
    desk.app.finish().await;
}
