//! How fast it is: from the commit to the consumer, and through a backlog. Printed; only that it happens is asserted.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures::{StreamExt as _, stream::BoxStream};
use payment_core::{
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{Finding, PaidFinding},
    identifiers::{ApiKeyId, ChannelTransactionNo, KeySerial, MerchantId, PaymentNo},
    payment::{Payment, apply::Happening},
};
use payment_server::{
    app::{
        App, FeedSettings, Parts,
        command::{Caller, EventFilter, FeedStart, FollowEvents, Followed},
        error::AppError,
        keep_feeds,
    },
    assemble,
    channels::Accounts,
    config::Config,
    lifecycle::Lifecycle,
    ports::{SystemClock, SystemRandomness},
};
use payment_store::{Store, payment::ApplyRequest};
use payment_tests::{
    app::{MERCHANT, TestApp, TestAppOptions},
    database::{connect, open, options},
};
use time::macros::datetime;
use tokio::{task::JoinHandle, time::timeout};

use crate::scene::{PATIENCE, commit_events, stream, take};

const COMMITS: usize = 200;
const BACKLOG: usize = 50_000;

fn merchant() -> MerchantId {
    MerchantId::parse(MERCHANT).unwrap()
}

/// The application on a store that the test commits through, as a notification would.
fn application(store: &Store, lifecycle: &Lifecycle) -> Arc<App> {
    let config = without_endpoints();
    let policy = assemble::policy(&config);
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let webhooks = assemble::webhooks_of(&config).unwrap();
    App::new(Parts {
        store: store.clone(),
        accounts: Accounts::new(vec![]),
        clock,
        randomness,
        policy,
        webhooks,
        metrics: Arc::default(),
        lifecycle: lifecycle.clone(),
    })
}

fn without_endpoints() -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    let text = "[database]\nurl = \"postgres://localhost/none\"\n[callbacks]\npublic_url = \"https://pay.example.com\"\n";
    std::fs::write(&file, text).unwrap();
    Config::load(&file, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"))
}

/// What a channel's answer to a question is once it was verified.
fn paid(payment: &Payment, number: usize) -> ApplyRequest {
    let words =
        ChannelEvidence { bytes: b"{}".to_vec(), verified_by: Some(KeySerial::parse("KEY").unwrap()) };
    let finding = PaidFinding {
        transaction_no: ChannelTransactionNo::parse(format!("42{number}")).unwrap(),
        amount: payment.amount,
        payee: payment.payee.clone(),
        paid_time: None,
    };
    ApplyRequest {
        merchant_id: payment.merchant_id.clone(),
        payment_no: payment.payment_no.clone(),
        happening: Happening::Found(Finding::Paid(finding)),
        evidence: Evidence::of_channel(Source::QueryAnswer, words),
        notification: None,
        now: datetime!(2026-11-23 08:01 UTC),
    }
}

fn milliseconds(sorted: &[u128], percent: usize) -> u128 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)] / 1000
}

/// Payments of a service whose own keeper looks once a minute only, and a replica of it that the test commits through. The
/// replica's looks are an hour apart: what it tells at once, it tells because a commit woke it.
struct Scene {
    service: TestApp,
    payments: Vec<Payment>,
    store: Store,
    app: Arc<App>,
    lifecycle: Lifecycle,
    keeping: JoinHandle<()>,
}

impl Scene {
    async fn with_payments(count: usize) -> Self {
        let more_config = "[events]\ninterval_milliseconds = 60000\n".to_owned();
        let service = TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await;
        let mut payments = Vec::new();
        for number in 0..count {
            let payment_no = service.open(&format!("r-{number}"), &format!("O-{number}"), 100).await;
            let payment_no = PaymentNo::parse(payment_no).unwrap();
            payments.push(service.store.payment_get(&merchant(), &payment_no).await.unwrap().unwrap());
        }
        let store = open(&options(service.database.url(), 8));
        let lifecycle = Lifecycle::default();
        let app = application(&store, &lifecycle);
        let settings = FeedSettings { interval: std::time::Duration::from_secs(3600), keep: None };
        let keeping = tokio::spawn(keep_feeds(Arc::clone(&app), settings));
        Self { service, payments, store, app, lifecycle, keeping }
    }

    /// Follows what is told from now on.
    async fn follow(&self) -> BoxStream<'static, Result<Followed, AppError>> {
        let caller = Caller { merchant_id: merchant(), api_key_id: ApiKeyId::parse("key").unwrap() };
        let follow = FollowEvents { start: FeedStart::Now, filter: EventFilter::default() };
        let mut told = self.app.follow_events(&caller, follow).await.unwrap().boxed();
        assert!(told.next().await.unwrap().unwrap().event.is_none(), "only where the stream is");
        told
    }

    async fn commit(&self, number: usize) {
        self.store.payment_apply(&paid(&self.payments[number], number)).await.unwrap().unwrap();
    }

    async fn end(self) {
        self.lifecycle.draining.cancel();
        self.keeping.await.unwrap();
    }
}

async fn event(told: &mut BoxStream<'static, Result<Followed, AppError>>) -> i64 {
    let event = async {
        loop {
            if let Some(event) = told.next().await.unwrap().unwrap().event {
                return event.feed_no;
            }
        }
    };
    timeout(PATIENCE, event).await.expect("an event")
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_from_the_commit_to_the_consumer() {
    let scene = Scene::with_payments(COMMITS).await;
    let mut told = scene.follow().await;
    let mut taken = Vec::new();
    for number in 0..COMMITS {
        scene.commit(number).await;
        let committed = Instant::now();
        event(&mut told).await;
        taken.push(committed.elapsed().as_micros());
    }
    taken.sort_unstable();
    println!(
        "commit to consumer, {COMMITS} commits: p50 {} ms, p99 {} ms",
        milliseconds(&taken, 50),
        milliseconds(&taken, 99)
    );
    scene.end().await;
}

/// The keeper that the commit woke waits for the feed's lock, and finds that whoever held it has numbered the event.
#[tokio::test(flavor = "multi_thread")]
async fn r27_who_follows_is_told_at_once_though_another_replica_was_faster() {
    let scene = Scene::with_payments(1).await;
    let mut told = scene.follow().await;
    let mut other = connect(scene.service.database.url()).await;
    let faster = other.transaction().await.unwrap();
    faster.execute("INSERT INTO event_feed VALUES ('acme', 0, 0)", &[]).await.unwrap();
    scene.commit(0).await;
    faster.execute("UPDATE outbox_event SET feed_no = 1", &[]).await.unwrap();
    faster.execute("UPDATE event_feed SET last_no = 1", &[]).await.unwrap();
    faster.commit().await.unwrap();
    assert_eq!(event(&mut told).await, 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_backlog_that_is_numbered_and_streamed() {
    let app = TestApp::start().await;
    let mut following = stream(&mut app.events_client(), "").await.unwrap();
    commit_events(&app.observer, i64::try_from(BACKLOG).unwrap(), 1000).await;
    let begun = Instant::now();
    let told = take(&mut following, BACKLOG).await;
    let seconds = begun.elapsed();
    crate::scene::assert_each_payments_order(&told);
    println!("{BACKLOG} events numbered and streamed in {} ms", seconds.as_millis());
    let again = Instant::now();
    let mut following = stream(&mut app.events_client(), "").await.unwrap();
    take(&mut following, BACKLOG).await;
    println!("{BACKLOG} events streamed again in {} ms", again.elapsed().as_millis());
}
