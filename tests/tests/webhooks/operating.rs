//! `WebhookService`: what operators, and merchants with the scope to operate, see and do; and who may not.

use payment_core::merchant_event::MerchantEvent;
use payment_proto::v1::{
    ListWebhookDeliveriesRequest, ListWebhookEndpointsRequest, PauseWebhookEndpointRequest,
    ReplayWebhookEventsRequest, ResumeWebhookEndpointRequest, WebhookAttemptResult, WebhookEndpoint,
    WebhookEventIds, WebhookPauseReason, WebhookSequenceRange, WebhookTimeRange,
    replay_webhook_events_request::Range, webhook_service_client::WebhookServiceClient,
};
use payment_server::{config::GeneratedApiKey, ports::SystemRandomness};
use payment_tests::{
    app::{MERCHANT, WithKey},
    refusal::Refusal,
    webhook_receiver::Received,
};
use secrecy::ExposeSecret as _;
use tonic::{service::interceptor::InterceptedService, transport::Channel};

use super::scene::{ENDPOINT, Scene};

type Webhooks = WebhookServiceClient<InterceptedService<Channel, WithKey>>;

/// A service with an operator who sees every merchant, and that operator.
async fn operated() -> (Scene, Webhooks) {
    let key = GeneratedApiKey::new(&SystemRandomness);
    let operator = format!(
        "[webhooks]\nenabled = false\n[operators.alice]\nmerchants = \"all\"\napi_keys = [{{ id = \"laptop\", sha256 = \"{}\" }}]\n",
        key.hash
    );
    let scene = Scene::with("", &operator).await;
    let key = WithKey::new(key.key.expose_secret());
    let webhooks = WebhookServiceClient::with_interceptor(scene.app.channel(), key);
    (scene, webhooks)
}

fn merchant() -> String {
    MERCHANT.to_owned()
}

async fn endpoint(webhooks: &mut Webhooks) -> WebhookEndpoint {
    let request = ListWebhookEndpointsRequest { merchant_id: merchant() };
    let mut endpoints = webhooks.list_webhook_endpoints(request).await.unwrap().into_inner().endpoints;
    assert_eq!(endpoints.len(), 1);
    endpoints.remove(0)
}

fn replay(range: Option<Range>) -> ReplayWebhookEventsRequest {
    ReplayWebhookEventsRequest { merchant_id: merchant(), endpoint: ENDPOINT.to_owned(), range }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_how_far_an_endpoint_is_behind_and_why() {
    let (scene, mut webhooks) = operated().await;
    let healthy = endpoint(&mut webhooks).await;
    assert!(healthy.configured && healthy.last_success_time.is_none());
    assert_eq!((healthy.name.as_str(), healthy.undelivered_count), (ENDPOINT, 0));
    scene.tell([1, 1]).await;
    scene.receiver.answer(500);
    scene.deliver().await;
    let failing = endpoint(&mut webhooks).await;
    assert_eq!((failing.undelivered_count, failing.pause_reason()), (2, WebhookPauseReason::Unspecified));
    assert!(failing.failing_since.is_some() && failing.oldest_undelivered_time.is_some());

    let request = ListWebhookDeliveriesRequest {
        merchant_id: merchant(),
        endpoint: ENDPOINT.to_owned(),
        undelivered_only: true,
        page_size: 1,
        ..ListWebhookDeliveriesRequest::default()
    };
    let page = webhooks.list_webhook_deliveries(request.clone()).await.unwrap().into_inner();
    assert_eq!((page.deliveries.len(), page.deliveries[0].sequence), (1, 2));
    assert!(page.deliveries[0].next_attempt_time.is_none(), "it waits for the first");
    let next = ListWebhookDeliveriesRequest { page_token: page.next_page_token, ..request.clone() };
    let page = webhooks.list_webhook_deliveries(next.clone()).await.unwrap().into_inner();
    assert_eq!((page.deliveries[0].sequence, page.next_page_token.as_str()), (1, ""));
    let delivery = &page.deliveries[0];
    assert_eq!(delivery.r#type, MerchantEvent::PaymentClosed.as_str());
    assert_eq!(delivery.event_id, scene.receiver.received()[0].id);
    let attempt = &delivery.attempts[0];
    assert_eq!((attempt.number, attempt.result()), (1, WebhookAttemptResult::Refused));
    assert_eq!((attempt.status_code, attempt.response_excerpt.as_str()), (500, "words of the receiver"));

    let other_filters = ListWebhookDeliveriesRequest { undelivered_only: false, ..next };
    let refusal = Refusal::of(&webhooks.list_webhook_deliveries(other_filters).await.unwrap_err());
    assert_eq!(refusal.reason, "INVALID_FIELD");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_replayed_by_number_by_time_and_by_id_in_order_under_their_ids() {
    let (scene, mut webhooks) = operated().await;
    let told = scene.tell([1, 2, 1, 3, 1]).await;
    scene.deliver().await;
    scene.receiver.assert_in_order(&told);
    let first = scene.receiver.received();
    let middle = scene.app.clock().now();
    scene.advance(60).await;
    scene.tell([4]).await;
    scene.deliver().await;

    let times = WebhookTimeRange {
        from_time: Some(wire(middle)),
        before_time: Some(wire(middle + time::Duration::SECOND)),
    };
    let sequences = WebhookSequenceRange { first: 1, last: 5 };
    for range in [Range::Sequences(sequences), Range::Times(times)] {
        scene.receiver.forget();
        let replayed = webhooks.replay_webhook_events(replay(Some(range))).await.unwrap().into_inner();
        assert_eq!((replayed.replayed_count, replayed.last_sequence), (5, 5));
        scene.deliver().await;
        scene.receiver.assert_in_order(&told);
        let ids = |received: &[Received]| {
            let mut ids: Vec<_> = received.iter().map(|one| one.id.clone()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&scene.receiver.received()), ids(&first));
    }

    scene.receiver.forget();
    let ids = WebhookEventIds { event_ids: vec![first[0].id.clone()] };
    webhooks.replay_webhook_events(replay(Some(Range::Events(ids)))).await.unwrap();
    scene.deliver().await;
    assert_eq!(scene.receiver.received()[0].body, first[0].body);
    assert_eq!(scene.receiver.received().len(), 1);
}

/// What is replayed goes before what waits, so that the receiver sees the payment's story from there on in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_in_the_middle_of_a_failure_keeps_the_order() {
    let (scene, mut webhooks) = operated().await;
    scene.tell([1, 1, 1]).await;
    scene.receiver.answer_by(|received, _| (if received.sequence() > 1 { 500 } else { 200 }, None));
    scene.deliver().await;
    assert_eq!(scene.receiver.sequences(), [1, 2]);
    let range = Range::Sequences(WebhookSequenceRange { first: 1, last: 1 });
    webhooks.replay_webhook_events(replay(Some(range))).await.unwrap();
    scene.receiver.answer(200);
    scene.deliver().await;
    assert_eq!(scene.receiver.taken_sequences(), [1, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pauses_and_resumes_an_endpoint_and_nothing_is_lost() {
    let (scene, mut webhooks) = operated().await;
    let (merchant_id, name) = (merchant(), ENDPOINT.to_owned());
    let pause = PauseWebhookEndpointRequest { merchant_id: merchant_id.clone(), endpoint: name.clone() };
    let paused = webhooks.pause_webhook_endpoint(pause).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!(paused.pause_reason(), WebhookPauseReason::Operator);
    let told = scene.tell([1, 2, 1]).await;
    scene.advance(30 * 24 * 3600).await;
    assert_eq!(scene.deliver().await.claimed, 0);
    assert_eq!(endpoint(&mut webhooks).await.undelivered_count, 3);
    let resume = ResumeWebhookEndpointRequest { merchant_id, endpoint: name };
    let resumed = webhooks.resume_webhook_endpoint(resume).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!(resumed.pause_reason(), WebhookPauseReason::Unspecified);
    assert_eq!(scene.deliver().await.delivered, 3);
    scene.receiver.assert_in_order(&told);
}

/// A resumed endpoint is not left to the steps of back-off that its outage drove up.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_next_step_is_due_at_once_when_an_endpoint_is_resumed() {
    let (scene, mut webhooks) = operated().await;
    scene.tell([1, 2, 3]).await;
    scene.receiver.answer(500);
    for step in [0, 7, 376, 2251] {
        scene.advance(step).await;
        scene.deliver().await;
    }
    scene.receiver.answer(200);
    scene.advance(1).await;
    assert_eq!(scene.deliver().await.claimed, 0);
    let resume = ResumeWebhookEndpointRequest { merchant_id: merchant(), endpoint: ENDPOINT.to_owned() };
    webhooks.resume_webhook_endpoint(resume).await.unwrap();
    assert_eq!(scene.deliver().await.delivered, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_nobody_sees_or_steers_another_merchants_endpoints() {
    let (scene, mut operator) = operated().await;
    let of_other = ListWebhookEndpointsRequest { merchant_id: "other".to_owned() };
    let others = operator.list_webhook_endpoints(of_other).await.unwrap().into_inner().endpoints;
    assert!(others.is_empty(), "{others:?}");
    let unnamed = ListWebhookEndpointsRequest::default();
    let refusal = Refusal::of(&operator.list_webhook_endpoints(unnamed.clone()).await.unwrap_err());
    assert_eq!(refusal.reason, "INVALID_FIELD", "an operator of many says whose");
    // A merchant's backend has no scope to operate.
    let key = scene.app.key(MERCHANT);
    let mut backend = WebhookServiceClient::with_interceptor(scene.app.channel(), key);
    let refusal = Refusal::of(&backend.list_webhook_endpoints(unnamed).await.unwrap_err());
    assert_eq!(refusal.reason, "SCOPE_MISSING");
    for (endpoint, reason) in [("elsewhere", "WEBHOOK_ENDPOINT_NOT_FOUND"), ("No Name", "INVALID_FIELD")] {
        let endpoint = endpoint.to_owned();
        let pause = PauseWebhookEndpointRequest { merchant_id: merchant(), endpoint };
        let refusal = Refusal::of(&operator.pause_webhook_endpoint(pause).await.unwrap_err());
        assert_eq!(refusal.reason, reason);
    }
    let wrong: [Option<Range>; 5] = [
        None,
        Some(Range::Sequences(WebhookSequenceRange { first: 0, last: 4 })),
        Some(Range::Sequences(WebhookSequenceRange { first: 5, last: 4 })),
        Some(Range::Events(WebhookEventIds { event_ids: vec!["not a uuid".to_owned()] })),
        Some(Range::Times(WebhookTimeRange { from_time: None, before_time: None })),
    ];
    for range in wrong {
        let refusal = Refusal::of(&operator.replay_webhook_events(replay(range)).await.unwrap_err());
        assert_eq!(refusal.reason, "INVALID_FIELD");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_each_merchants_events_go_to_its_own_endpoints() {
    let (scene, _) = operated().await;
    scene.tell([1]).await;
    let foreign = "UPDATE outbox_event SET merchant_id = 'other'; \
                   INSERT INTO event_feed (merchant_id, last_no, trimmed_no) VALUES ('other', 1, 0)";
    scene.app.observer.batch_execute(foreign).await.unwrap();
    assert_eq!(scene.deliver().await.claimed, 0);
    assert!(scene.receiver.received().is_empty());
}

fn wire(time: time::OffsetDateTime) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.unix_timestamp(), nanos: 0 }
}
