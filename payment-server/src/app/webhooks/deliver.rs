//! One look at what is due: claim, send outside of any transaction (R23), record. What a killed process had claimed is due
//! again when its lease ends, and goes out again under the same id.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt as _, future::join_all, stream};
use payment_core::{
    schedule,
    webhook::{AttemptResult, EndpointHealth, PauseReason},
};
use payment_store::{
    FeedEvent, Lane,
    webhook::{AttemptOutcome, ClaimRequest, EndpointId, HealthChange, RecordRequest, WebhookClaim},
};
use time::OffsetDateTime;
use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::Line;
use crate::{
    app::{
        App,
        crash_point::{CrashPoint, reach},
        error::AppError,
    },
    webhooks::{Answer, Delivered},
};

/// How many endpoints one look finds work for; the next one finds the rest.
const ENDPOINTS: u16 = 1000;

/// How many endpoints are claimed for at a time: each takes a connection of the pool.
const CLAIMING: usize = 2;

/// How many old deliveries one statement deletes.
const FORGOTTEN_AT_ONCE: u16 = 1000;

/// How often endpoints are noted as configured, and old deliveries are looked for.
const HOUSEKEEPING: std::time::Duration = std::time::Duration::from_secs(60);

/// What one look did, once all that it sent was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Deliveries that were claimed.
    pub claimed: usize,
    /// Events that endpoints took.
    pub delivered: usize,
}

/// A delivery on its way; true once the endpoint took it.
type OnItsWay = JoinHandle<bool>;

/// Delivers until the application drains.
pub async fn run(app: Arc<App>) {
    Lane::Background.take(deliver(app)).await;
}

async fn deliver(app: Arc<App>) {
    let draining = app.draining();
    let mut ticks = interval(app.webhooks.settings.interval);
    let mut housekeeping = interval(HOUSEKEEPING);
    for ticker in [&mut ticks, &mut housekeeping] {
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut moved = app.feeds.moved();
    loop {
        let looked = tokio::select! {
            () = draining.cancelled() => return,
            _ = housekeeping.tick() => app.keep_webhooks().await,
            _ = ticks.tick() => Ok(()),
            () = app.webhooks.wake.notified() => Ok(()),
            // What holds the sender is the application, which is here.
            _ = moved.changed() => Ok(()),
        };
        // Deliveries go on by themselves, and each wakes the next look when it is done.
        let looked = match looked {
            Ok(()) => app.look_for_webhooks().await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            tracing::error!(%error, "could not look for webhooks that are due");
        }
    }
}

impl App {
    /// Delivers what is due, and waits until all of it is recorded. Safe from any number of replicas at once.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`] if nothing could be claimed.
    pub async fn deliver_webhooks(self: &Arc<Self>) -> Result<Look, AppError> {
        self.keep_webhooks().await?;
        let on_their_way = self.look_for_webhooks().await?;
        let outcomes = join_all(on_their_way).await;
        let delivered = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
        Ok(Look { claimed: outcomes.len(), delivered })
    }

    /// Notes which endpoints are configured, and deletes what was delivered long ago.
    async fn keep_webhooks(&self) -> Result<(), AppError> {
        if self.webhooks.endpoints.is_empty() {
            return Ok(());
        }
        let configured: Vec<_> = self.webhooks.endpoints.keys().cloned().collect();
        self.store.webhook_endpoints_register(&configured, self.now()).await?;
        let before = self.now() - self.webhooks.settings.retention;
        while self.store.webhook_deliveries_forget(before, FORGOTTEN_AT_ONCE).await?
            >= usize::from(FORGOTTEN_AT_ONCE)
        {}
        Ok(())
    }

    /// Claims what is due and sends it on its way.
    async fn look_for_webhooks(self: &Arc<Self>) -> Result<Vec<OnItsWay>, AppError> {
        if self.webhooks.endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.webhook_endpoints_with_work(self.now(), ENDPOINTS).await?;
        let claiming = stream::iter(found).map(|id| self.take_up(id)).buffer_unordered(CLAIMING);
        let on_their_way = claiming.collect::<Vec<_>>().await;
        Ok(on_their_way.into_iter().flatten().collect())
    }

    /// Claims for one endpoint as much as this process has hands free for it.
    async fn take_up(self: &Arc<Self>, id: EndpointId) -> Vec<OnItsWay> {
        let Some(line) = self.webhooks.endpoints.get(&id) else { return Vec::new() };
        let hands = line.free_hands();
        if hands.is_empty() {
            return Vec::new();
        }
        let request = ClaimRequest {
            endpoint: id,
            events: line.events.clone(),
            now: self.now(),
            lease: self.webhooks.settings.lease,
            limit: u16::try_from(hands.len()).unwrap_or(u16::MAX),
        };
        let app = Arc::clone(self);
        let claimed = self.detached(async move { app.claim_with_events(request).await }).await;
        match claimed {
            Ok(claimed) => claimed
                .into_iter()
                .zip(hands)
                .map(|((claim, event), hand)| self.send_on_its_way(claim, event, hand))
                .collect(),
            Err(error) => {
                tracing::error!(%error, "could not claim webhooks that are due");
                Vec::new()
            }
        }
    }

    async fn claim_with_events(
        &self,
        request: ClaimRequest,
    ) -> Result<Vec<(WebhookClaim, FeedEvent)>, AppError> {
        let claims = self.store.webhook_claim(&request).await?;
        let numbers: Vec<i64> = claims.iter().map(|claim| claim.event_no).collect();
        let events = self.store.feed_events(&request.endpoint.merchant_id, &numbers).await?;
        let mut events: BTreeMap<i64, FeedEvent> =
            events.into_iter().map(|event| (event.feed_no, event)).collect();
        let mut with_events = Vec::new();
        for claim in claims {
            match events.remove(&claim.event_no) {
                Some(event) => with_events.push((claim, event)),
                None => self.give_up(&claim).await?,
            }
        }
        Ok(with_events)
    }

    /// The feed keeps what is not delivered for as long as its endpoint is configured: this one came back too late.
    async fn give_up(&self, claim: &WebhookClaim) -> Result<(), AppError> {
        let (merchant_id, endpoint) = (&claim.endpoint.merchant_id, &claim.endpoint.name);
        tracing::error!(
            %merchant_id, %endpoint, sequence = claim.event_no, payment.no = claim.payment_no,
            "an event is not kept any more and will not be delivered"
        );
        Ok(self.store.webhook_give_up(claim, self.now()).await?)
    }

    fn send_on_its_way(
        self: &Arc<Self>,
        claim: WebhookClaim,
        event: FeedEvent,
        hand: OwnedSemaphorePermit,
    ) -> OnItsWay {
        let app = Arc::clone(self);
        // Among the tasks that the end of the process waits for.
        self.lifecycle.tasks.spawn(Lane::current().take(async move {
            let delivered = app.attempt_webhook(claim, event).await;
            drop(hand);
            app.webhooks.wake();
            delivered
        }))
    }

    async fn attempt_webhook(&self, claim: WebhookClaim, event: FeedEvent) -> bool {
        let start_time = self.now();
        let delivering = self.webhooks.courier.deliver(&claim.endpoint, &event, start_time);
        let Delivered { answer, duration } = delivering.await;
        reach(CrashPoint::WebhookAnswered);
        note_attempt(&claim, &event, &answer);
        let delivered = answer.result == AttemptResult::Delivered;
        let outcome = AttemptOutcome {
            start_time,
            duration,
            result: answer.result,
            status: answer.status,
            retry_after: answer.retry_after,
            description: answer.description,
            response_excerpt: answer.excerpt,
        };
        let request = RecordRequest {
            next_attempt_time: self.next_attempt_time(&claim),
            patience: self.webhooks.settings.pause_after,
            now: self.now(),
            claim,
            outcome,
        };
        match self.store.webhook_record(&request).await {
            Ok(Some(change)) => note_health(&request.claim.endpoint, change),
            // Another process has it by now, and records what it is told itself.
            Ok(None) => return false,
            Err(error) => {
                tracing::error!(%error, "an attempt could not be recorded; the event is delivered again when its lease ends");
                return false;
            }
        }
        delivered
    }

    fn next_attempt_time(&self, claim: &WebhookClaim) -> OffsetDateTime {
        let mut chance = [0];
        self.randomness.fill(&mut chance);
        let [chance] = chance;
        self.now() + schedule::WEBHOOK.delay(claim.failures.saturating_add(1), chance)
    }
}

impl Line {
    /// Every hand that is free at this moment.
    fn free_hands(&self) -> Vec<OwnedSemaphorePermit> {
        std::iter::from_fn(|| Arc::clone(&self.slots).try_acquire_owned().ok()).collect()
    }
}

fn note_attempt(claim: &WebhookClaim, event: &FeedEvent, answer: &Answer) {
    let (merchant_id, endpoint) = (&claim.endpoint.merchant_id, &claim.endpoint.name);
    let event_id = event.event_id.to_string();
    let (result, status) = (answer.result.as_str(), answer.status.unwrap_or_default());
    if answer.result == AttemptResult::Delivered {
        tracing::debug!(%merchant_id, %endpoint, event_id, claim.attempt, status, "delivered an event");
        return;
    }
    let description = &answer.description;
    tracing::warn!(
        %merchant_id, %endpoint, event_id, payment.no = claim.payment_no, claim.attempt, result, status, description,
        "an endpoint did not take an event"
    );
}

/// An endpoint's pause is told once, when it begins.
fn note_health(id: &EndpointId, change: HealthChange) {
    let (merchant_id, endpoint) = (&id.merchant_id, &id.name);
    let reason = |health: EndpointHealth| health.paused.map(|pause| pause.reason);
    match (reason(change.before), reason(change.after)) {
        (before, after) if before == after => {}
        (_, Some(PauseReason::Failing)) => {
            tracing::error!(%merchant_id, %endpoint, "a webhook endpoint is paused: it has taken no event for long");
        }
        (_, Some(PauseReason::Gone)) => {
            tracing::error!(%merchant_id, %endpoint, "a webhook endpoint is paused: it answered 410 Gone");
        }
        (_, Some(PauseReason::Operator)) | (None, None) => {}
        (Some(_), None) => {
            tracing::info!(%merchant_id, %endpoint, "a webhook endpoint took an event again and is resumed");
        }
    }
}
