//! What happens without a caller: due rows are looked at, events are numbered and told, webhooks are attempted.

use std::time::{Duration, Instant};

use payment_proto::v1::{RunJobRequest, StreamEventsRequest};

use crate::{
    channels::Channel,
    failure::Failure,
    load::{self, Speed},
    operations, rows,
    stage::{LISTENER, Stage},
};

/// How long any of it may take before something is taken for broken.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often is looked at what is in memory.
const LOOKING: Duration = Duration::from_millis(10);

/// How often PostgreSQL is asked what is left, which costs it some milliseconds of what is measured.
const COUNTING: Duration = Duration::from_millis(200);

/// The four jobs, by name.
const JOBS: [&str; 4] = ["payment-success", "payment-close", "payment-duplicate", "refund-success"];

/// How many looks of each job are measured.
const LOOKS: usize = 50;

/// What was measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Background {
    /// Due payments looked at in a second, with a channel that answers at once.
    pub(crate) due_rows_per_second: f64,
    /// Events numbered and handed to a follower in a second.
    pub(crate) events_per_second: f64,
    /// From the acknowledgement of a notification, which is after its commit, to the first attempt of its webhook.
    pub(crate) first_attempt: Speed,
}

/// Measures all of it, with so many rows due and events waiting.
pub(crate) async fn measure(stage: &Stage, count: usize) -> Result<Background, Failure> {
    Ok(Background {
        due_rows_per_second: due_rows(stage, count).await?,
        events_per_second: events(stage, count).await?,
        first_attempt: first_attempt(stage).await?,
    })
}

/// The median of a look of all four jobs with nothing due, over gRPC.
pub(crate) async fn tick(stage: &Stage) -> Result<Duration, Failure> {
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        let begin = load::now();
        for name in JOBS {
            let mut operator = stage.operator.operators(0);
            let run = operator.run_job(RunJobRequest { name: name.to_owned() }).await;
            run.map_err(Failure::at("RunJob"))?;
        }
        looks.push(begin.elapsed());
    }
    let whole = looks.iter().sum();
    Ok(Speed::of(looks, whole).median)
}

/// From the moment at which all are due until none is.
async fn due_rows(stage: &Stage, count: usize) -> Result<f64, Failure> {
    rows::due_payments(&stage.observer, count).await?;
    let of_bench =
        format!("payment_no BETWEEN '{}' AND '{}'", rows::due_payment_no(0), rows::due_payment_no(count));
    let not_looked_at = format!("SELECT count(*) FROM payment WHERE {of_bench} AND checks = 0");
    let due = format!("UPDATE payment SET next_check_time = create_time WHERE {of_bench}");
    stage
        .observer
        .batch_execute("ANALYZE payment, allocation, merchant_order")
        .await
        .map_err(Failure::new)?;
    stage.observer.batch_execute(&due).await.map_err(Failure::new)?;
    let begin = load::now();
    until(begin, COUNTING, async || {
        let row = stage.observer.query_one(not_looked_at.as_str(), &[]).await.map_err(Failure::new)?;
        Ok(row.get::<_, i64>(0) == 0)
    })
    .await?;
    Ok(per_second(count, begin))
}

/// From the commit of many events until a follower has the last of them.
async fn events(stage: &Stage, count: usize) -> Result<f64, Failure> {
    let request = StreamEventsRequest { from_now: true, ..StreamEventsRequest::default() };
    let follow = stage.listener.events(0).stream_events(request).await;
    let mut stream = follow.map_err(Failure::at("StreamEvents"))?.into_inner();
    // The first answer says where the stream is.
    stream.message().await.map_err(Failure::at("StreamEvents"))?;
    rows::events(&stage.observer, LISTENER, 0..count).await?;
    let begin = load::now();
    let mut told = 0;
    while told < count {
        let message =
            tokio::time::timeout(PATIENCE, stream.message()).await.map_err(Failure::at("StreamEvents"))?;
        let message = message.map_err(Failure::at("StreamEvents"))?;
        let message = message.ok_or_else(|| Failure::new("the stream of events ended"))?;
        told += usize::from(message.event.is_some());
    }
    Ok(per_second(count, begin))
}

/// How many notifications are sent for [`first_attempt`], and how far apart: a brisk shop, not a flood.
const NOTIFIED: usize = 200;
const APART: Duration = Duration::from_millis(20);

async fn first_attempt(stage: &Stage) -> Result<Speed, Failure> {
    let notifications = operations::caught(stage, Channel::Alipay, "first-attempt", NOTIFIED).await?;
    let http = reqwest::Client::builder().no_proxy().build().map_err(Failure::new)?;
    let mut sending = Vec::new();
    let mut ticks = tokio::time::interval(APART);
    let begin = load::now();
    for notification in notifications {
        ticks.tick().await;
        let http = http.clone();
        let address = stage.server.addresses.callbacks;
        sending.push(tokio::spawn(async move {
            let payment_no = notification.payment_no();
            operations::deliver_one(&http, address, notification).await?;
            Ok::<_, Failure>((payment_no, load::now()))
        }));
    }
    let mut acknowledged = Vec::new();
    for sent in sending {
        acknowledged.push(sent.await.map_err(Failure::new)??);
    }
    // Payments that were made earlier may be told of meanwhile, so these are waited for by their numbers.
    until(begin, LOOKING, async || {
        Ok(stage.receiver.has_all(acknowledged.iter().map(|(payment_no, _)| payment_no)))
    })
    .await?;
    let attempts = stage.receiver.attempts();
    // An attempt may be faster than the acknowledgement.
    let took = acknowledged.iter().filter_map(|(payment_no, time)| {
        attempts.get(payment_no).map(|attempt| attempt.saturating_duration_since(*time))
    });
    Ok(Speed::of(took.collect(), begin.elapsed()))
}

/// Looks this often until something is so.
async fn until(
    begin: Instant,
    often: Duration,
    done: impl AsyncFn() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut looks = tokio::time::interval(often);
    while begin.elapsed() < PATIENCE {
        looks.tick().await;
        if done().await? {
            return Ok(());
        }
    }
    Err(Failure::new("what was to be done in the background was not done in time"))
}

fn per_second(count: usize, begin: Instant) -> f64 {
    count as f64 / begin.elapsed().as_secs_f64()
}
