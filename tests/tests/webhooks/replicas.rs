//! Replicas that die, are slow, or come in the middle: each event goes out, under the same id, and never twice at a time.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use payment_core::webhook::AttemptResult;
use payment_store::webhook::{AttemptOutcome, ClaimRequest, RecordRequest, WebhookClaim};

use super::scene::{Scene, deliver_all, endpoint_id};

const LEASE: Duration = Duration::from_secs(120);

/// A replica claims what is due and dies.
async fn claimed_by_the_dead(scene: &Scene) -> Vec<WebhookClaim> {
    let request = ClaimRequest {
        endpoint: endpoint_id(),
        events: Vec::new(),
        now: scene.app.clock().now(),
        lease: LEASE,
        limit: 100,
    };
    scene.app.store.webhook_claim(&request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replicas_deliveries_are_taken_over_when_their_lease_ends() {
    let scene = Scene::new().await;
    let told = scene.tell([1, 2, 1, 3]).await;
    let claims = claimed_by_the_dead(&scene).await;
    let claimed: BTreeSet<i64> = claims.iter().map(|claim| claim.event_no).collect();
    assert_eq!(claimed, BTreeSet::from([1, 2, 4]));
    scene.advance(LEASE.as_secs() - 1).await;
    assert_eq!(scene.deliver().await.claimed, 0, "it may be alive");
    scene.advance(1).await;
    assert_eq!(scene.deliver().await.delivered, 4);
    scene.receiver.assert_in_order(&told);
    let first = scene.deliveries().await.pop().unwrap();
    assert_eq!((first.attempts, first.latest_attempts.len()), (2, 1), "the first attempt left no outcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_comes_too_late_with_its_outcome_changes_nothing() {
    let scene = Scene::new().await;
    scene.tell([1, 1]).await;
    let late = claimed_by_the_dead(&scene).await.remove(0);
    scene.advance(LEASE.as_secs()).await;
    let second = claimed_by_the_dead(&scene).await.remove(0);
    assert_eq!((late.event_no, second.event_no, second.attempt), (1, 1, 2));
    let now = scene.app.clock().now();
    let outcome = |result| AttemptOutcome {
        start_time: now,
        duration: Duration::from_secs(1),
        result,
        status: Some(200),
        retry_after: None,
        description: String::new(),
        response_excerpt: String::new(),
    };
    let record = |claim: &WebhookClaim, result| RecordRequest {
        claim: claim.clone(),
        outcome: outcome(result),
        next_attempt_time: now + time::Duration::HOUR,
        patience: time::Duration::DAY,
        now,
    };
    let store = &scene.app.store;
    assert_eq!(store.webhook_record(&record(&late, AttemptResult::Refused)).await.unwrap(), None);
    assert_eq!(store.webhook_record(&record(&late, AttemptResult::Delivered)).await.unwrap(), None);
    assert!(store.webhook_record(&record(&second, AttemptResult::Delivered)).await.unwrap().is_some());
    assert_eq!(store.webhook_record(&record(&second, AttemptResult::Refused)).await.unwrap(), None);
    assert_eq!(scene.deliver().await.delivered, 1);
    assert_eq!(scene.receiver.sequences(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_share_the_work_and_never_send_two_events_of_a_payment_at_a_time() {
    let scene = Scene::with("concurrency = 4\n", "[webhooks]\nenabled = false\n").await;
    let told = scene.tell((0..200).map(|number| number % 25)).await;
    let replicas = [scene.replica().await, scene.replica().await, scene.replica().await];
    let most = Arc::new(AtomicUsize::new(0));
    while scene.endpoint().await.undelivered > 0 {
        let looks = join_all(replicas.iter().map(deliver_all)).await;
        most.fetch_max(looks.iter().filter(|look| look.claimed > 0).count(), Ordering::SeqCst);
    }
    scene.receiver.assert_in_order(&told);
    assert_eq!(scene.receiver.received().len(), 200);
    assert!(most.load(Ordering::SeqCst) > 1, "one replica did it all");
}

/// What a server that serves does by itself: a payment that is paid is at the endpoint without anybody's looking.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_delivers_by_itself() {
    let scene = Scene::with("", "").await;
    let told = scene.tell([1, 2, 1, 1]).await;
    scene.receiver.until(4).await;
    scene.receiver.assert_in_order(&told);
    scene.app.finish().await;
}
