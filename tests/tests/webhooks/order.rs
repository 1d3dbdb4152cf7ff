//! The order of each payment, under failures and with any number of replicas; and that payments do not wait for others.

use std::collections::BTreeMap;

use futures::future::join_all;
use payment_tests::webhook_receiver::Received;

use super::scene::{Scene, deliver_all};

#[tokio::test(flavor = "multi_thread")]
async fn r27_events_are_delivered_once_in_the_order_of_each_payment() {
    let scene = Scene::new().await;
    let told = scene.tell([1, 2, 1, 1, 3, 2]).await;
    let look = scene.deliver().await;
    assert_eq!((look.claimed, look.delivered), (6, 6));
    scene.receiver.assert_in_order(&told);
    assert_eq!(scene.deliver().await.claimed, 0);
    assert_eq!(scene.endpoint().await.undelivered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_an_event_that_is_refused_holds_up_its_own_payment_only() {
    let scene = Scene::new().await;
    let told = scene.tell([1, 2, 1, 2, 1]).await;
    scene.receiver.answer_by(|received, _| (if received.sequence() == 1 { 500 } else { 200 }, None));
    scene.deliver().await;
    assert_eq!(scene.receiver.sequences(), [1, 2, 4]);
    let waiting = scene.endpoint().await;
    assert_eq!((waiting.undelivered, waiting.health.paused), (3, None));
    assert_eq!(waiting.health.failing_since, None, "another event was taken after it");
    // What is told of it later waits, too.
    let more = scene.tell([1, 2]).await;
    scene.deliver().await;
    assert_eq!(scene.receiver.sequences(), [1, 2, 4, 7]);
    scene.receiver.answer(200);
    scene.deliver().await;
    assert_eq!(scene.receiver.sequences().len(), 4, "its step of back-off is not over");
    scene.advance(7).await;
    scene.deliver().await;
    let mut all = told;
    for (payment, events) in more {
        all.get_mut(&payment).unwrap().extend(events);
    }
    scene.receiver.assert_in_order(&all);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_three_replicas_and_an_endpoint_that_fails_by_chance_keep_every_payments_order() {
    let scene = Scene::with("concurrency = 3\n", "[webhooks]\nenabled = false\n").await;
    let mut told: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut chance = Chance(7);
    scene.receiver.answer_by(move |_: &Received, _| match chance.next(10) {
        0..6 => (200, None),
        6..8 => (500, None),
        8 => (404, None),
        _ => (302, None),
    });
    let replicas = [scene.replica().await, scene.replica().await, scene.replica().await];
    let mut payments = Chance(11);
    let mut rounds = 0;
    while rounds < 10 || scene.endpoint().await.undelivered > 0 {
        if rounds < 10 {
            for (payment, events) in scene.tell((0..12).map(|_| payments.next(9))).await {
                told.entry(payment).or_default().extend(events);
            }
        }
        join_all(replicas.iter().map(deliver_all)).await;
        // Beyond every step, so that the test ends after few rounds; less than the patience with the endpoint.
        scene.advance(120_000).await;
        rounds += 1;
        assert!(rounds < 200, "{:?}", scene.endpoint().await);
    }
    scene.receiver.assert_in_order(&told);
    assert_eq!(scene.receiver.taken().len(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_gets_the_events_that_it_asks_for_and_only_those_told_since_it_is_known() {
    let scene = Scene::with("events = [\"payment.closed\"]\n", "[webhooks]\nenabled = false\n").await;
    scene.tell([1, 1, 2]).await;
    scene
        .app
        .observer
        .execute("UPDATE outbox_event SET event = 'payment.failed' WHERE feed_no <> 2", &[])
        .await
        .unwrap();
    scene.deliver().await;
    assert_eq!(scene.receiver.sequences(), [2]);
    assert_eq!(scene.receiver.received()[0].json()["type"], "payment.closed");
    assert_eq!(scene.endpoint().await.undelivered, 0);
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below).unwrap()
    }
}
