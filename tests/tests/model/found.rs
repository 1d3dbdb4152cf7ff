//! How long it takes until a paid payment is found whose notification never comes, at each channel, by the schedulers alone.

use std::collections::BTreeMap;

use payment_server::jobs::Job;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{
    acting::History,
    channels::{Attempt, Channel},
    crowds::WAYS,
    stage::Stage,
    story::{Act, Earlier, Landing},
};

const SEED: u64 = 20_261_127;

/// Payments at each channel.
const PAYMENTS: usize = 50;

/// Payers take up to as many seconds: nearly all of their time.
const LONGEST: u32 = 590;

/// What is promised, in seconds.
const MEDIAN: u32 = 30;
const WORST: u32 = 300;

/// A payment of an order of its own, and the second in which it is paid.
async fn open(stage: &Stage, way: super::story::Way, dice: &mut StdRng) -> (u32, Attempt) {
    let history = History::new(stage);
    history.act(0, &Act::Create { first: 1, last: 1, way, earlier: Earlier::Refuse }).await;
    (dice.random_range(1..LONGEST), history.attempts().remove(0))
}

/// A channel that never calls need not be silenced; to be silenced makes it lie.
fn silence(stage: &Stage, attempt: &Attempt) {
    match attempt.way.channel() {
        channel @ (Channel::Wechat | Channel::Alipay | Channel::Paypal) => {
            stage.market(channel).silence(&attempt.payment_no);
        }
        Channel::BadPay => {}
    }
}

/// The schedulers look each second, as they are configured to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r19_f35_a_lost_callback_is_found_within_30_s_at_the_median_and_5_minutes_at_worst_at_any_channel() {
    let stage = Stage::set().await;
    let mut dice = StdRng::seed_from_u64(SEED);
    let mut waiting = Vec::new();
    for way in WAYS {
        for _ in 0..PAYMENTS {
            waiting.push(open(&stage, way, &mut dice).await);
        }
    }
    for (_, attempt) in &waiting {
        silence(&stage, attempt);
    }
    let settings = stage.replicas.config.jobs.settings;
    let replica = stage.replicas.at(0).await;
    let (mut paid, mut delays) = (BTreeMap::new(), BTreeMap::<&str, Vec<u32>>::new());
    for second in 1..LONGEST + WORST + 1 {
        stage.clock.advance(std::time::Duration::from_secs(1)).unwrap();
        for (_, attempt) in waiting.extract_if(.., |(at, _)| *at == second) {
            let channel = attempt.way.channel();
            stage.market(channel).pay(&attempt, Landing::InTime);
            paid.insert(attempt.payment_no, (channel.name(), second));
        }
        if waiting.is_empty() && paid.is_empty() {
            break;
        }
        let mut claimed = 0;
        for job in [Job::PaymentSuccess, Job::PaymentClose] {
            let app = std::sync::Arc::clone(&replica.app);
            claimed +=
                replica.run(async move { app.run_job(job, settings).await }).await.unwrap().unwrap().claimed;
        }
        if claimed > 0 && !paid.is_empty() {
            for number in payment_tests::database::texts(&stage.observer, FOUND).await {
                if let Some((channel, at)) = paid.remove(&number) {
                    delays.entry(channel).or_default().push(second - at);
                }
            }
        }
    }
    assert!(paid.is_empty(), "never found: {paid:?}");
    for (channel, delays) in &mut delays {
        delays.sort_unstable();
        let (median, worst) = (delays[PAYMENTS / 2], delays[PAYMENTS - 1]);
        println!("{channel}: lost callbacks are found after {median} s at the median, {worst} s at worst");
        assert!(delays.len() == PAYMENTS && median <= MEDIAN && worst <= WORST, "{channel}: {delays:?}");
    }
    assert_eq!(delays.len(), WAYS.len(), "{:?}", delays.keys());
    stage.finish().await;
}

const FOUND: &str = "SELECT payment_no FROM payment WHERE state = 'SUCCEEDED'";
