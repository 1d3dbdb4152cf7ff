//! How fast it is: from the commit to the consumer, and through a backlog. Printed; only that it happens is asserted.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures::StreamExt as _;
use payment_core::{
    evidence::{ChannelEvidence, Evidence, Source},
    gateway::{Finding, PaidFinding},
    identifiers::{ApiKeyId, ChannelTransactionNo, KeySerial, MerchantId, PaymentNo},
    payment::apply::Happening,
};
use payment_server::{
    app::{
        App, FeedSettings, Parts, Policy,
        command::{Caller, EarlierAttemptPolicy, EventFilter, FeedStart, FollowEvents},
        keep_feeds,
    },
    assemble,
    channels::Accounts,
    config::Config,
    lifecycle::Lifecycle,
    ports::{SystemClock, SystemRandomness},
};
use payment_store::{Store, payment::ApplyRequest};
use payment_tests::app::{MERCHANT, TestApp};
use time::macros::datetime;

use crate::scene::{commit_events, stream, take};

const COMMITS: usize = 200;
const BACKLOG: usize = 50_000;

fn merchant() -> MerchantId {
    MerchantId::parse(MERCHANT).unwrap()
}

/// The application on a store that the test commits through, as a notification would.
fn application(store: &Store, lifecycle: &Lifecycle) -> Arc<App> {
    let policy = Policy {
        time_to_pay: time::Duration::minutes(30),
        earlier_attempts_deadline: std::time::Duration::from_secs(5),
        earlier_attempt_policy: EarlierAttemptPolicy::Refuse,
        joins_traces: false,
    };
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let webhooks = assemble::webhooks_of(&without_endpoints()).unwrap();
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
fn paid(payment: &payment_core::payment::Payment, number: usize) -> ApplyRequest {
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

/// The looks are an hour apart, so what arrives arrives by the wake-up after the commit.
#[tokio::test(flavor = "multi_thread")]
async fn figures_from_the_commit_to_the_consumer() {
    let service = TestApp::start().await;
    let mut payments = Vec::new();
    for number in 0..COMMITS {
        let payment_no =
            PaymentNo::parse(service.open(&format!("r-{number}"), &format!("O-{number}"), 100).await);
        payments.push(service.store.payment_get(&merchant(), &payment_no.unwrap()).await.unwrap().unwrap());
    }
    let lifecycle = Lifecycle::default();
    let store = payment_tests::database::open(&payment_tests::database::options(service.database.url(), 8));
    let app = application(&store, &lifecycle);
    let settings = FeedSettings { interval: std::time::Duration::from_secs(3600), keep: None };
    let keeping = tokio::spawn(keep_feeds(Arc::clone(&app), settings));
    let caller = Caller { merchant_id: merchant(), api_key_id: ApiKeyId::parse("key").unwrap() };
    let follow = FollowEvents { start: FeedStart::Now, filter: EventFilter::default() };
    let mut told = std::pin::pin!(app.follow_events(&caller, follow).await.unwrap());
    told.next().await.unwrap().unwrap();
    let mut taken = Vec::new();
    for (number, payment) in payments.iter().enumerate() {
        store.payment_apply(&paid(payment, number)).await.unwrap().unwrap();
        let committed = Instant::now();
        while told.next().await.unwrap().unwrap().event.is_none() {}
        taken.push(committed.elapsed().as_micros());
    }
    taken.sort_unstable();
    println!(
        "commit to consumer, {COMMITS} commits: p50 {} ms, p99 {} ms",
        milliseconds(&taken, 50),
        milliseconds(&taken, 99)
    );
    lifecycle.draining.cancel();
    keeping.await.unwrap();
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
