//! Endpoints that are down, throttle, say that they are gone, or answer what they should not.

use payment_core::webhook::{AttemptResult, PauseReason};
use payment_store::webhook::DeliveryRecord;

use super::scene::{Scene, deliver_all};

const HOUR: u64 = 3600;

fn results(delivery: &DeliveryRecord) -> Vec<AttemptResult> {
    delivery.latest_attempts.iter().rev().map(|attempt| attempt.outcome.result).collect()
}

async fn pause_reason(scene: &Scene) -> Option<PauseReason> {
    scene.endpoint().await.health.paused.map(|pause| pause.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_tried_again_by_the_recommended_steps_under_the_same_id_and_a_fresh_signature() {
    let scene = Scene::new().await;
    scene.tell([1]).await;
    scene.receiver.answer(503);
    // Each step and a quarter of it, which is as much as chance adds.
    for step in [0, 7, 376, 2251, 9001, 22_501] {
        scene.advance(step).await;
        assert_eq!(scene.deliver().await.claimed, 1, "after {step} s");
        assert_eq!(scene.deliver().await.claimed, 0, "not before its time");
    }
    scene.receiver.answer(200);
    scene.advance(45_001).await;
    scene.deliver().await;
    let received = scene.receiver.received();
    assert_eq!(received.len(), 7);
    assert!(received.iter().all(|one| one.id == received[0].id && one.body == received[0].body));
    assert!(received.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
    assert!(received.windows(2).all(|pair| pair[0].signature != pair[1].signature));
    let delivery = &scene.deliveries().await[0];
    assert_eq!((delivery.attempts, delivery.latest_attempts.len()), (7, 7));
    assert_eq!(results(delivery)[5..], [AttemptResult::Refused, AttemptResult::Delivered]);
    let refused = &delivery.latest_attempts[6].outcome;
    assert_eq!((refused.status, refused.response_excerpt.as_str()), (Some(503), "words of the receiver"));
    assert_eq!(delivery.latest_attempts[0].outcome.response_excerpt, "", "nothing of what was taken is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_for_long_is_paused_probed_and_resumes_without_loss() {
    let scene = Scene::new().await;
    let told = scene.tell([1, 2, 1, 3, 4, 4]).await;
    scene.receiver.answer(500);
    while pause_reason(&scene).await.is_none() {
        scene.deliver().await;
        scene.advance(HOUR).await;
        assert!(scene.receiver.received().len() < 100, "no pause");
    }
    let endpoint = scene.endpoint().await;
    let pause = endpoint.health.paused.unwrap();
    assert!(pause.time - endpoint.health.failing_since.unwrap() >= time::Duration::days(3));
    assert_eq!((pause.reason, endpoint.undelivered), (PauseReason::Failing, 6));

    // One probe in a quarter of an hour, whatever is due.
    scene.advance(30 * 24 * HOUR).await;
    scene.receiver.forget();
    assert_eq!(scene.deliver().await.claimed, 1);
    assert_eq!(scene.deliver().await.claimed, 0);
    scene.advance(14 * 60).await;
    assert_eq!(scene.deliver().await.claimed, 0);
    scene.advance(61).await;
    assert_eq!(scene.deliver().await.claimed, 1);
    assert_eq!(pause_reason(&scene).await, Some(PauseReason::Failing));

    // Whatever it is told meanwhile waits, and everything comes with the first event that is taken.
    let more = scene.tell([5, 1]).await;
    scene.receiver.forget();
    scene.receiver.answer(200);
    scene.advance(15 * 60 + 1).await;
    assert_eq!(scene.deliver().await.delivered, 8);
    assert_eq!((pause_reason(&scene).await, scene.endpoint().await.undelivered), (None, 0));
    let mut all = told;
    for (payment, events) in more {
        all.entry(payment).or_default().extend(events);
    }
    scene.receiver.assert_in_order(&all);
}

/// What fails for good is one event, not the endpoint: a probe with another event finds that out.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_refused_for_ever_keeps_no_endpoint_paused() {
    let scene = Scene::new().await;
    scene.tell([1]).await;
    scene.receiver.answer_by(|received, _| (if received.sequence() == 1 { 400 } else { 200 }, None));
    while pause_reason(&scene).await.is_none() {
        scene.deliver().await;
        scene.advance(6 * HOUR).await;
    }
    scene.tell([2]).await;
    scene.advance(16 * 60).await;
    scene.deliver().await;
    assert_eq!(pause_reason(&scene).await, None);
    assert_eq!(scene.receiver.taken_sequences(), [2]);
    scene.receiver.answer(200);
    scene.advance(36 * HOUR).await;
    scene.deliver().await;
    assert_eq!(scene.receiver.taken_sequences(), [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_gets_nothing_until_an_operator_resumes_it() {
    let scene = Scene::new().await;
    let told = scene.tell([1]).await;
    scene.receiver.answer(410);
    scene.deliver().await;
    assert_eq!(pause_reason(&scene).await, Some(PauseReason::Gone));
    let more = scene.tell([2, 1]).await;
    scene.receiver.answer(200);
    scene.advance(30 * 24 * HOUR).await;
    assert_eq!(scene.deliver().await.claimed, 0);
    assert_eq!(scene.endpoint().await.undelivered, 3, "they wait in the feed");
    let resume = payment_store::webhook::EndpointChange::Resume;
    let now = scene.app.clock().now();
    scene.app.store.webhook_endpoint_change(&super::scene::endpoint_id(), resume, now).await.unwrap();
    assert_eq!(scene.deliver().await.delivered, 3);
    let mut all = told;
    for (payment, events) in more {
        all.entry(payment).or_default().extend(events);
    }
    scene.receiver.assert_in_order(&all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_endpoint_is_left_alone_by_every_replica_for_as_long_as_it_asks() {
    let scene = Scene::with("concurrency = 1\n", "[webhooks]\nenabled = false\n").await;
    scene.tell([1, 2, 3]).await;
    scene.receiver.answer_by(|_, _| (429, Some("600")));
    scene.replica().await.deliver_webhooks().await.unwrap();
    assert_eq!(scene.receiver.received().len(), 1);
    scene.receiver.answer(200);
    scene.advance(599).await;
    for _ in 0..3 {
        assert_eq!(scene.deliver().await.claimed, 0);
    }
    scene.advance(1).await;
    assert_eq!(scene.deliver().await.delivered, 3);
    assert_eq!(results(scene.deliveries().await.last().unwrap())[0], AttemptResult::Throttled);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_forgotten_after_its_time_and_what_was_not_is_kept() {
    let scene = Scene::new().await;
    scene.tell([1, 2]).await;
    scene.receiver.answer_by(|received, _| (if received.sequence() == 1 { 500 } else { 200 }, None));
    scene.deliver().await;
    let now = scene.app.clock().now();
    let forget = async |before| scene.app.store.webhook_deliveries_forget(before, 1000).await.unwrap();
    assert_eq!(forget(now).await, 0);
    assert_eq!(forget(now + time::Duration::SECOND).await, 1);
    assert_eq!(forget(now + time::Duration::days(9999)).await, 0);
    let left: Vec<_> = scene.deliveries().await.iter().map(|delivery| delivery.event_no).collect();
    assert_eq!(left, [1]);
    // The feed has it still: it can be replayed.
    let replica = scene.replica().await;
    let range = payment_store::webhook::ReplayRange::Numbers { first: 2, last: 2 };
    let request = payment_store::webhook::ReplayRequest {
        endpoint: super::scene::endpoint_id(),
        events: Vec::new(),
        range,
        limit: 10,
        now,
    };
    assert_eq!(scene.app.store.webhook_replay(&request).await.unwrap().unwrap().count, 1);
    deliver_all(&replica).await;
    assert_eq!(scene.receiver.taken_sequences(), [2, 2]);
}

/// The feed keeps what an endpoint waits for beyond its time, as long as somebody has the endpoint in a configuration.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_configured_endpoint_stays_in_the_feed() {
    let scene = Scene::new().await;
    scene.receiver.answer(500);
    scene.tell([1, 1, 2]).await;
    scene.deliver().await;
    let told = scene.app.clock().now();
    scene.advance(100_000).await;
    scene.replica().await.deliver_webhooks().await.unwrap();
    let merchant = super::scene::endpoint_id().merchant_id;
    let trim = async |before| scene.app.store.feed_trim(&merchant, before, 100).await.unwrap();
    assert_eq!(trim(told + time::Duration::MINUTE).await, 0);
    // Nobody had it in a configuration for longer than events are kept: it comes back and finds them gone.
    assert_eq!(trim(told + time::Duration::days(2)).await, 3);
    scene.advance(200_000).await;
    scene.receiver.answer(200);
    scene.receiver.forget();
    // What is given up makes the next event of its payment due, which is gone, too.
    for _ in 0..2 {
        assert_eq!(scene.deliver().await.claimed, 0);
    }
    assert_eq!(scene.endpoint().await.undelivered, 0);
    scene.tell([1]).await;
    scene.deliver().await;
    assert_eq!(scene.receiver.received().len(), 1);
}
