//! One run: callers in the storm, then calm until nothing is due, then the judge.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, stream};

use crate::{
    arguments::RunArguments,
    caller::Market,
    client::Client,
    consumer::Consumer,
    faults::Weather,
    judge::{self, Case},
    pause::{instant, pause},
    report::Report,
    stage::Stage,
    storm,
    told::Told,
    watch::Watch,
};

/// How long what is due may take in calm weather, by the machine's clock.
const PATIENCE: Duration = Duration::from_secs(120);

/// Jumps of everybody's clock after the storm, in seconds: over each payment's time, the leases of the dead, and the late looks
/// at what was closed, of which the last is after three days.
const JUMPS: [u64; 5] = [320, 320, 700, 4000, 345_600];

/// In so many looks in a row, half a second from one to the next, nothing is due before it is quiet: a row that a job is just
/// looking at is not due, and may be again.
const LOOKS: u32 = 3;

/// Runs, and tells what came of it.
pub(crate) async fn run(arguments: &RunArguments, seed: u64) -> Report {
    let begun = instant();
    let stage = Arc::new(Stage::set(arguments, seed).await);
    let (told, consumer, watch) = (Arc::new(Told::default()), Arc::default(), Arc::<Watch>::default());
    let market = Arc::new(market(&stage, &told, seed));
    let following = tokio::spawn(Consumer::follow(Arc::clone(&consumer), Arc::clone(&market)));
    stage.weather.begin_storm();
    let blowing = tokio::spawn(storm::blow(Arc::clone(&stage), Arc::clone(&told)));
    let watching = tokio::spawn(Arc::clone(&watch).keep(Arc::clone(&stage)));
    let stormy = instant();
    shop(&market, &stage.weather, arguments).await;
    let stormed = stormy.elapsed();
    stage.weather.end_storm();
    blowing.await.unwrap();
    watching.await.unwrap();
    let stuck = settle(&stage, &consumer).await;
    following.abort();
    let case = Case::gather(&stage, &told, &consumer, watch.seen(), stuck, arguments.slack).await;
    Report {
        seed,
        orders: arguments.orders,
        callers: arguments.callers,
        speed: arguments.speed,
        least: arguments.least,
        stormed,
        took: begun.elapsed(),
        weather: Arc::clone(&stage.weather),
        figures: case.figures(),
        verdicts: judge::judge(&case),
    }
}

fn market(stage: &Stage, told: &Arc<Told>, seed: u64) -> Market {
    let replicas = stage.replicas.iter().map(|replica| replica.grpc);
    Market {
        client: Client::new(replicas, &stage.api_key, Arc::clone(&stage.weather), Arc::clone(told)),
        channels: Arc::clone(&stage.channels),
        told: Arc::clone(told),
        seed,
    }
}

/// All callers live all their orders.
async fn shop(market: &Arc<Market>, weather: &Weather, arguments: &RunArguments) {
    let done = AtomicUsize::new(0);
    let total = arguments.orders;
    let lives = stream::iter(0..total).for_each_concurrent(arguments.callers, |index| {
        let done = &done;
        async move {
            market.buy(index).await;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            weather.progressed(done, total);
            if done.is_multiple_of(500) {
                crate::report::say(&format!("{done} of {total} orders"));
            }
        }
    });
    lives.await;
}

/// Lets everything come to rest; tells what did not.
async fn settle(stage: &Stage, consumer: &Consumer) -> Vec<String> {
    for reached in stage.channels.iter() {
        reached.channel.forget_troubles();
    }
    let mut ahead = 0;
    for replica in &stage.replicas {
        replica.set_ahead(0);
    }
    for jump in JUMPS {
        stage.clock.advance(Duration::from_secs(jump)).unwrap();
        ahead += i64::try_from(jump).unwrap();
        for replica in &stage.replicas {
            replica.set_ahead(ahead);
        }
        if !quiet(stage).await {
            return vec![format!("work stayed due {ahead} s of their time after the storm")];
        }
    }
    match heard_everything(stage, consumer).await {
        true => Vec::new(),
        false => vec!["the consumer did not hear the newest event".to_owned()],
    }
}

/// Waits until nothing is due.
async fn quiet(stage: &Stage) -> bool {
    let due = "SELECT (SELECT count(*) FROM payment WHERE next_check_time <= $1) + (SELECT count(*) FROM refund WHERE next_check_time <= $1)";
    let database = stage.database.observer().await.expect("nothing stops it any more");
    let since = instant();
    let mut looks = 0;
    while since.elapsed() < PATIENCE {
        pause(Duration::from_millis(500)).await;
        let row = database.query_one(due, &[&stage.clock.now()]).await.unwrap();
        looks = if row.get::<_, i64>(0) == 0 { looks + 1 } else { 0 };
        if looks == LOOKS {
            return true;
        }
    }
    false
}

async fn heard_everything(stage: &Stage, consumer: &Consumer) -> bool {
    let newest = "SELECT CASE WHEN EXISTS (SELECT FROM outbox_event WHERE feed_no IS NULL) THEN -1 \
                  ELSE (SELECT coalesce(max(feed_no), 0) FROM outbox_event) END";
    let database = stage.database.observer().await.expect("nothing stops it any more");
    let since = instant();
    while since.elapsed() < PATIENCE {
        let row = database.query_one(newest, &[]).await.unwrap();
        if row.get::<_, i64>(0) == consumer.position() {
            return true;
        }
        pause(Duration::from_millis(200)).await;
    }
    false
}
