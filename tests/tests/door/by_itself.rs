//! Nobody asks and nobody calls back: the service's own jobs bring the payments home.

use std::time::Duration;

use channel_bad_pay::{Accident, OrderState};
use payment_proto::v1::PaymentState;
use payment_server::jobs::Job;

use super::stage::{SHOP, Stage};

/// Lets time pass in small steps, and the job look after each, until the payment is in this state. Gives the seconds.
async fn until(stage: &Stage, job: Job, payment_no: &str, state: PaymentState) -> u64 {
    for step in 1..=480 {
        stage.advance(30).await;
        stage.app.run_job(job).await;
        if stage.app.state(payment_no).await == state {
            return step * 30;
        }
    }
    panic!("never became {state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_a_payment_that_nobody_speaks_of_is_found_by_asking_again_and_again_through_its_denials() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.pay_and_deny(&number, 2, Duration::from_secs(120));
    let seconds = until(&stage, Job::PaymentSuccess, &number, PaymentState::Succeeded).await;
    assert!(seconds >= 120, "{seconds}");
    assert_eq!(stage.app.events(&number).await, ["payment.succeeded"]);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_time_that_is_over_closes_what_is_unpaid_and_nothing_that_is_denied() {
    let stage = Stage::set().await;
    let (unpaid, denied) = (stage.open("r-1", "A").await, stage.open("r-2", "B").await);
    stage.pay_and_deny(&denied, 0, Duration::from_secs(2 * 3600));
    until(&stage, Job::PaymentClose, &unpaid, PaymentState::Closed).await;
    assert_eq!(stage.bad.state(SHOP, &unpaid), OrderState::Closed);
    assert_eq!(stage.app.state(&denied).await, PaymentState::AwaitingPayer, "nothing is proven");
    stage.advance(2 * 3600).await;
    let found = until(&stage, Job::PaymentClose, &denied, PaymentState::Succeeded).await;
    assert!(found > 0);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_answers_that_prove_nothing_do_not_end_the_asking() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.bad.pay(SHOP, &number);
    for accident in [Accident::BrokenOff, Accident::Unsigned, Accident::Busy, Accident::Broken] {
        stage.bad.accident(accident);
    }
    until(&stage, Job::PaymentSuccess, &number, PaymentState::Succeeded).await;
    assert_eq!(stage.bad.accidents_left(), 0);
    stage.app.finish().await;
}
