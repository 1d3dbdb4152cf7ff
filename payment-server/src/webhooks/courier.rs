//! Brings one event to one endpoint: writes the body, signs it, sends it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use payment_core::webhook::AttemptResult;
use payment_store::{FeedEvent, webhook::EndpointId};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{
    body,
    http::{Answer, Attempt, WebhookHttp},
};
use crate::config::{Config, WebhookEndpoint};

/// Brings events to endpoints.
#[async_trait::async_trait]
pub trait Courier: Send + Sync {
    /// Makes one attempt. Whatever happens is an answer.
    async fn deliver(&self, endpoint: &EndpointId, event: &FeedEvent, now: OffsetDateTime) -> Delivered;
}

/// An answer, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The answer.
    pub answer: Answer,
    /// How long it took.
    pub duration: Duration,
}

/// The courier over HTTP.
pub struct HttpCourier {
    /// Those of the start, with the secrets of now.
    endpoints: ArcSwap<BTreeMap<EndpointId, WebhookEndpoint>>,
    http: WebhookHttp,
}

impl HttpCourier {
    /// A courier to these endpoints.
    #[must_use]
    pub fn new(endpoints: BTreeMap<EndpointId, WebhookEndpoint>, http: WebhookHttp) -> Arc<Self> {
        Arc::new(Self { endpoints: ArcSwap::from_pointee(endpoints), http })
    }

    /// Signs with the secrets of another configuration from the next attempt on, and tells whether any differs. An endpoint that
    /// left it keeps its own until this process ends.
    pub fn take_secrets(&self, config: &Config) -> bool {
        let mut endpoints = BTreeMap::clone(&self.endpoints.load());
        let mut differs = false;
        for (id, endpoint) in &mut endpoints {
            let merchant = config.merchants.get(&id.merchant_id);
            let now = merchant.and_then(|merchant| merchant.webhooks.get(&id.name));
            if let Some(now) = now.filter(|now| now.secrets != endpoint.secrets) {
                endpoint.secrets = now.secrets.clone();
                differs = true;
            }
        }
        self.endpoints.store(Arc::new(endpoints));
        differs
    }

    async fn attempt(&self, id: &EndpointId, event: &FeedEvent, now: OffsetDateTime) -> Answer {
        let endpoints = self.endpoints.load_full();
        let Some(endpoint) = endpoints.get(id) else {
            return Answer::failed(AttemptResult::NotSent, "the endpoint is not configured".to_owned());
        };
        let body = match body::of_event(event) {
            Ok(body) => body,
            Err(error) => return Answer::failed(AttemptResult::NotSent, error.to_string()),
        };
        let event_id = event.event_id.to_string();
        let attempt = Attempt {
            url: &endpoint.url,
            reach: endpoint.reach,
            timeout: endpoint.timeout,
            id: &event_id,
            time: now,
            signature: endpoint.secrets.sign(&event_id, now.unix_timestamp(), &body),
            body,
        };
        self.http.send(attempt).await
    }
}

#[async_trait::async_trait]
impl Courier for HttpCourier {
    async fn deliver(&self, endpoint: &EndpointId, event: &FeedEvent, now: OffsetDateTime) -> Delivered {
        let begin = Instant::now();
        let answer = self.attempt(endpoint, event, now).await;
        Delivered { answer, duration: begin.elapsed() }
    }
}
