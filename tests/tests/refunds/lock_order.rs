//! Creates, callbacks, refunds, closes and jobs over the same orders at once: nobody waits in a circle (R24, F14).

use std::sync::Arc;

use futures::future::join_all;
use payment_proto::v1::{ClosePaymentRequest, EarlierAttemptPolicy, SyncPaymentRequest};
use payment_sandbox::wechat::{Landing, PayOptions, RefundStatus};
use payment_server::{app::App, jobs::Job};
use payment_tests::{app::TestApp, requests::app_payment_of};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tonic::{Code, Status};

use super::scene::{ask, finish, refund_all};

const SEED: u64 = 20_261_123;
const WORKERS: u64 = 16;
const ROUNDS: usize = 25;
const ORDERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// What a caller may be told in a crowd. A deadlock would be none of these.
fn clear(outcome: Result<(), Status>) {
    if let Err(status) = outcome {
        let known = [
            Code::FailedPrecondition,
            Code::AlreadyExists,
            Code::Aborted,
            Code::InvalidArgument,
            Code::NotFound,
        ];
        assert!(known.contains(&status.code()), "{status:?}");
    }
}

async fn create(app: &TestApp, dice: &mut StdRng, request_id: String, generation: usize) {
    let size = dice.random_range(1..=3);
    let names: Vec<String> =
        ORDERS.choose_multiple(dice, size).map(|order| format!("{order}-{generation}")).collect();
    let basket: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 10)).collect();
    let mut request = app_payment_of(&request_id, &basket);
    request.earlier_attempt_policy = EarlierAttemptPolicy::Proceed.into();
    clear(app.payments().create_payment(request).await.map(drop));
}

/// Something happens to one of the newest payments.
async fn happen(app: &TestApp, replica: &Arc<App>, dice: &mut StdRng, refund_no: String) {
    let newest = "SELECT payment_no FROM payment ORDER BY create_time DESC, payment_no DESC LIMIT 24";
    let Some(payment_no) = app.texts(newest).await.choose(dice).cloned() else { return };
    match dice.random_range(0..7) {
        0 => {
            let landing = if dice.random() { Landing::Late } else { Landing::InTime };
            let options = PayOptions { landing, ..PayOptions::default() };
            // It may be paid or closed already: then the payer is told so.
            let _ = app.wechat().pay(app.mchid(), &payment_no, &options);
        }
        1 => {
            // There may be no notification yet.
            let _ = app.wechat().resend_notification(app.mchid(), &payment_no, 3).await;
        }
        2 => clear(app.payments().close_payment(ClosePaymentRequest { payment_no }).await.map(drop)),
        3 => clear(app.payments().sync_payment(SyncPaymentRequest { payment_no }).await.map(drop)),
        4 => clear(ask(app, refund_all(&refund_no, &payment_no)).await.map(drop)),
        5 => {
            let processing = app.texts("SELECT sent_as FROM refund WHERE state = 'PROCESSING'").await;
            if let Some(number) = processing.choose(dice) {
                let _ = app.wechat().settle_refund(app.mchid(), number, RefundStatus::Success);
            }
        }
        _ => {
            let job = Job::ALL[dice.random_range(0..Job::ALL.len())];
            let report = replica.run_job(job, app.job_settings()).await.unwrap();
            assert_eq!(report.failed, 0, "{job:?}: {report:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r24_f14_sixteen_workers_over_the_same_orders_never_deadlock() {
    let app = TestApp::start().await;
    let replicas = join_all((0..3).map(|_| app.app())).await;
    join_all((0..WORKERS).map(|worker| {
        let (app, replicas) = (&app, &replicas);
        async move {
            let mut dice = StdRng::seed_from_u64(SEED + worker);
            let replica = &replicas[usize::try_from(worker).unwrap() % replicas.len()];
            for round in 0..ROUNDS {
                create(app, &mut dice, format!("r-{worker}-{round}"), round / 5).await;
                happen(app, replica, &mut dice, format!("R-{worker}-{round}-a")).await;
                happen(app, replica, &mut dice, format!("R-{worker}-{round}-b")).await;
            }
        }
    }))
    .await;
    app.wechat().settled().await;
    let (paid, refunds) = (
        app.number("SELECT count(*) FROM payment WHERE state = 'SUCCEEDED'").await,
        app.number("SELECT count(*) FROM refund").await,
    );
    println!("{paid} payments were paid, {refunds} refunds asked for");
    assert!(paid > 10 && refunds > 5, "the dice must make it a fight");
    // A deadlock would be retried unseen, but PostgreSQL logs each in its count, at the latest when sessions end.
    app.until_recorded("(SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) = 0")
        .await;
    for number in app.texts("SELECT sent_as FROM refund WHERE state <> 'SUCCEEDED'").await {
        let _ = app.wechat().settle_refund(app.mchid(), &number, RefundStatus::Success);
    }
    app.wechat().settled().await;
    finish(app).await;
}
