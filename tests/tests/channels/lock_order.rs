//! Creates, callbacks, refunds, closes and jobs of two channels over the same orders at once: nobody waits in a circle
//! (R24, F14).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use payment_proto::v1::{ClosePaymentRequest, EarlierAttemptPolicy, OrderToPay, SyncPaymentRequest};
use payment_sandbox::{
    alipay::InvokeOptions,
    wechat::{Landing, PayOptions, RefundStatus},
};
use payment_server::{app::App, jobs::Job};
use payment_tests::requests::{app_payment_of, refund_all};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tonic::{Code, Status};

use super::scene::{Scene, alipay_app, sdk_text};

const SEED: u64 = 20_261_127;
const WORKERS: u64 = 16;
const ORDERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// How long it lasts on every day. CI asks for a minute.
const USUAL_SECONDS: u64 = 10;

/// However short the time and slow the machine: the dice must make it a fight.
const LEAST_ROUNDS: usize = 12;

#[expect(clippy::disallowed_methods, reason = "CI asks for more than the tests of every day")]
fn time() -> Duration {
    let seconds =
        std::env::var("PAYMENT_LOCK_ORDER_SECONDS").map(|text| text.parse().expect("whole seconds"));
    Duration::from_secs(seconds.unwrap_or(USUAL_SECONDS))
}

/// What a caller may be told in a crowd, of which a race that others won is a part. That no deadlock stands behind it is told by
/// PostgreSQL's count in the end.
fn clear(outcome: Result<(), Status>) {
    if let Err(status) = outcome {
        let known = [
            Code::FailedPrecondition,
            Code::AlreadyExists,
            Code::Aborted,
            Code::InvalidArgument,
            Code::NotFound,
            Code::Unimplemented,
        ];
        assert!(known.contains(&status.code()), "{status:?}");
    }
}

/// A basket of some of the same few orders, through one of two channels; now and then its payer pays at once.
async fn create(scene: &Scene, dice: &mut StdRng, request_id: String, generation: usize) {
    let size = dice.random_range(1..=3);
    let names: Vec<String> =
        ORDERS.choose_multiple(dice, size).map(|order| format!("{order}-{generation}")).collect();
    let basket: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 10)).collect();
    let by_wechat = app_payment_of(&request_id, &basket);
    let by_alipay: bool = dice.random();
    let mut request = if by_alipay {
        let orders: Vec<OrderToPay> = by_wechat.orders;
        payment_proto::v1::CreatePaymentRequest { orders, ..alipay_app(&request_id, &names[0], 10) }
    } else {
        by_wechat
    };
    request.earlier_attempt_policy = EarlierAttemptPolicy::Proceed.into();
    match scene.app.payments().create_payment(request).await {
        Ok(created) if by_alipay && dice.random_range(0..3) == 0 => {
            if let Some(data) = created.into_inner().payment_data {
                // It may be closed by now: then the payer is told so.
                let _ = scene.alipay.invoke(&sdk_text(Some(data)), &InvokeOptions::default());
            }
        }
        outcome => clear(outcome.map(drop)),
    }
}

/// Something happens to one of the newest payments.
async fn happen(scene: &Scene, replica: &Arc<App>, dice: &mut StdRng, refund_no: String) {
    let app = &scene.app;
    let newest = "SELECT payment_no FROM payment ORDER BY create_time DESC, payment_no DESC LIMIT 24";
    let Some(payment_no) = app.texts(newest).await.choose(dice).cloned() else { return };
    match dice.random_range(0..7) {
        0 => {
            let landing = if dice.random() { Landing::Late } else { Landing::InTime };
            let options = PayOptions { landing, ..PayOptions::default() };
            // It may be paid or closed already, or the other channel's: then the payer is told so.
            let _ = app.wechat().pay(app.mchid(), &payment_no, &options);
        }
        1 => {
            // There may be no notification yet.
            let _ = app.wechat().resend_notification(app.mchid(), &payment_no, 3).await;
            let _ = scene.alipay.resend_notification(&scene.alipay_app_id, &payment_no, 3).await;
        }
        2 => clear(app.payments().close_payment(ClosePaymentRequest { payment_no }).await.map(drop)),
        3 => clear(app.payments().sync_payment(SyncPaymentRequest { payment_no }).await.map(drop)),
        4 => {
            let everything = refund_all(&refund_no, &payment_no);
            clear(app.refunds().create_refund(everything).await.map(drop));
        }
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
#[expect(clippy::disallowed_methods, reason = "as long as is asked for")]
async fn r24_f14_sixteen_workers_over_the_same_orders_of_two_channels_never_deadlock() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let replicas = join_all((0..3).map(|_| app.app())).await;
    let (start, time) = (Instant::now(), time());
    let rounds = join_all((0..WORKERS).map(|worker| {
        let (scene, replicas) = (&scene, &replicas);
        async move {
            let mut dice = StdRng::seed_from_u64(SEED + worker);
            let replica = &replicas[usize::try_from(worker).unwrap() % replicas.len()];
            let mut round = 0;
            while start.elapsed() < time || round < LEAST_ROUNDS {
                create(scene, &mut dice, format!("r-{worker}-{round}"), round / 5).await;
                happen(scene, replica, &mut dice, format!("R-{worker}-{round}-a")).await;
                happen(scene, replica, &mut dice, format!("R-{worker}-{round}-b")).await;
                round += 1;
            }
            round
        }
    }))
    .await;
    app.wechat().settled().await;
    scene.alipay.settled().await;
    let (paid, refunds, channels) = (
        app.number("SELECT count(*) FROM payment WHERE state = 'SUCCEEDED'").await,
        app.number("SELECT count(*) FROM refund").await,
        app.number("SELECT count(DISTINCT channel) FROM payment WHERE state = 'SUCCEEDED'").await,
    );
    println!(
        "{} rounds: {paid} payments were paid, {refunds} refunds recorded",
        rounds.iter().sum::<usize>()
    );
    assert!(paid > 5 && refunds > 2 && channels == 2, "the dice must make it a fight");
    drop(replicas);
    scene.app.finish_without_deadlock().await;
}
