//! Three replicas over ten thousand due rows, one of which dies in the middle.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;
use payment_server::jobs::{Job, Settings};
use payment_tests::database;

use super::{
    acting::History,
    replica::Replica,
    stage::Stage,
    story::{Act, Earlier, REPLICAS, Way},
};

const ROWS: u32 = 10_000;

/// Handled before one dies.
const BEFORE: u32 = 3_000;

/// Rows that were asked about so often are due again after longer than the lease, which the test has to wait for.
const CHECKS: u32 = 17;
const LEASE: Duration = Duration::from_secs(30);

/// Looks until nothing is due any more, or the replica is dead.
async fn work_off(replica: &Replica, settings: Settings) {
    let app = Arc::clone(&replica.app);
    let work = async move {
        loop {
            let report = app.run_job(Job::PaymentSuccess, settings).await.unwrap();
            assert_eq!((report.failed, report.unanswered), (0, 0));
            if report.claimed == 0 {
                return;
            }
        }
    };
    replica.run(work).await;
}

/// The number of rows that were handled, in full.
async fn handled(stage: &Stage) -> i64 {
    let sql = format!("SELECT count(*) FROM payment WHERE request_id LIKE 'N-%' AND checks = {}", CHECKS + 1);
    stage.observer.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r18_r22_f18_f19_three_replicas_handle_10_000_due_rows_once_each_though_one_dies_in_the_middle() {
    let stage = Stage::set().await;
    let history = History::new(&stage);
    let create = Act::Create { first: 1, last: 1, way: Way::BadPayApp, earlier: Earlier::Refuse };
    history.act(0, &create).await;
    database::copy_payment(&stage.observer, ROWS, CHECKS).await;
    let replicas = join_all((0..REPLICAS).map(|number| stage.replicas.at(number))).await;
    for replica in &replicas {
        replica.wire.count_paths();
    }
    let settings = Settings { lease: LEASE, ..stage.replicas.config.jobs.settings };
    let dying = async {
        while handled(&stage).await < i64::from(BEFORE) {
            stage.observer.query_one("SELECT pg_sleep(0.02)::text", &[]).await.unwrap();
        }
        replicas[0].kill().await;
    };
    tokio::join!(join_all(replicas.iter().map(|replica| work_off(replica, settings))), dying);
    let left = i64::from(ROWS) - handled(&stage).await;
    assert!((1..=i64::from(settings.batch)).contains(&left), "it died with rows in its hands: {left}");

    stage.clock.advance(LEASE).unwrap();
    join_all(replicas[1..].iter().map(|replica| work_off(replica, settings))).await;
    assert_eq!(handled(&stage).await, i64::from(ROWS), "all of them, once each");
    let mut asked: BTreeMap<String, u32> = BTreeMap::new();
    for (path, times) in replicas.iter().flat_map(|replica| replica.wire.paths()) {
        *asked.entry(path).or_default() += times;
    }
    asked.retain(|path, _| path.contains("/payments/"));
    let in_its_hands = replicas[0].wire.paths();
    let twice: Vec<_> = asked.iter().filter(|(_, times)| **times > 1).collect();
    assert!(i64::try_from(twice.len()).unwrap() <= left, "only what was in its hands: {twice:?}");
    assert!(twice.iter().all(|(path, times)| **times == 2 && in_its_hands.contains_key(*path)), "{twice:?}");
    println!(
        "{left} rows were in the hands of the dead, {} of them asked about without a record",
        twice.len()
    );
    stage.finish().await;
}
