//! Several replicas over one database: each due row is handled once, and a killed replica's rows are taken over.

use futures::future::join_all;
use payment_sandbox::wechat::Operation;
use payment_server::jobs::{Job, Settings};
use payment_store::{ClaimLimits, DuePayments};
use payment_tests::{app::TestApp, database::copy_payment};

use super::scene::{count, counted, finish};

const ROWS: u32 = 2_000;

async fn work_off(app: &TestApp, settings: Settings, replicas: usize) -> usize {
    let replicas = join_all((0..replicas).map(|_| app.app())).await;
    let work = replicas.into_iter().map(|replica| {
        tokio::spawn(async move {
            let mut handled = 0;
            loop {
                let report = replica.run_job(Job::PaymentSuccess, settings).await.unwrap();
                assert_eq!((report.failed, report.unanswered), (0, 0));
                if report.claimed == 0 {
                    return handled;
                }
                handled += report.answered;
            }
        })
    });
    join_all(work).await.into_iter().map(Result::unwrap).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r19_f18_f19_three_replicas_handle_2000_due_rows_once_each() {
    let app = TestApp::start().await;
    let model = app.open("model", "model", 100).await;
    copy_payment(&app.observer, ROWS).await;
    count(&app, Operation::QueryByOutTradeNo);
    assert_eq!(work_off(&app, app.job_settings(), 3).await, ROWS as usize);
    assert_eq!(counted(&app, Operation::QueryByOutTradeNo), ROWS);
    assert_eq!(app.number("SELECT count(*) FROM payment WHERE checks = 1").await, i64::from(ROWS));
    app.close(&model).await;
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_rows_of_a_killed_replica_come_back_after_its_lease_and_are_handled_once() {
    let app = TestApp::start().await;
    let model = app.open("model", "model", 100).await;
    copy_payment(&app.observer, 200).await;
    let settings = app.job_settings();
    // It took half of them, and was killed before it asked.
    let now = app.clock().now();
    let limits = ClaimLimits { lease: settings.lease, rows: 100, except: &[] };
    let taken = app.store.payments_claim_due(DuePayments::ToAsk, now, limits).await.unwrap();
    assert_eq!(taken.len(), 100);
    count(&app, Operation::QueryByOutTradeNo);
    assert_eq!(work_off(&app, settings, 2).await, 100, "the others");
    app.clock().advance(settings.lease - std::time::Duration::from_secs(1)).unwrap();
    let due = format!(
        "SELECT count(*) FROM payment WHERE request_id LIKE 'N-%' AND checks = 0 AND next_check_time <= '{}'",
        app.clock().now()
    );
    assert_eq!(app.number(&due).await, 0, "still leased");
    app.clock().advance(std::time::Duration::from_secs(1)).unwrap();
    work_off(&app, settings, 2).await;
    let never = "SELECT count(*) FROM payment WHERE request_id LIKE 'N-%' AND checks = 0";
    assert_eq!(app.number(never).await, 0, "taken over");
    app.close(&model).await;
    finish(app).await;
}

/// What changed while it was handled keeps the time that the change set, and a late replica overwrites nobody's lease.
#[tokio::test]
async fn a_replica_whose_lease_ended_reschedules_nothing() {
    let app = TestApp::start().await;
    let model = app.open("model", "model", 100).await;
    copy_payment(&app.observer, 1).await;
    let lease = app.job_settings().lease;
    let claim = async || {
        let (now, limits) = (app.clock().now(), ClaimLimits { lease, rows: 10, except: &[] });
        app.store.payments_claim_due(DuePayments::ToAsk, now, limits).await.unwrap()
    };
    let slow = claim().await;
    let of_row = slow.iter().find(|claim| claim.number.as_str() != model).unwrap();
    app.clock().advance(lease).unwrap();
    let taken_over = claim().await;
    assert!(taken_over.iter().any(|claim| claim.number == of_row.number));
    let next = payment_store::NextCheck { time: Some(app.clock().now()), checks: 9 };
    app.store.payment_reschedule(of_row, next).await.unwrap();
    let row = format!("SELECT checks::bigint FROM payment WHERE payment_no = '{}'", of_row.number);
    assert_eq!(app.number(&row).await, 0);
    assert_eq!(claim().await.len(), 0, "still the other's");
    app.close(&model).await;
    finish(app).await;
}
