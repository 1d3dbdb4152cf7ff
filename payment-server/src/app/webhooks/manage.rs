//! What operators, and merchants for their own endpoints, may see and do.

use payment_core::identifiers::{MerchantId, WebhookName};
use payment_store::webhook::{
    DeliveryFilter, DeliveryRecord, EndpointChange, EndpointId, EndpointRecord, Replay, ReplayRange,
    ReplayRequest,
};

use crate::app::{App, error::AppError, principal::Operator};

/// How many events one replay puts in line.
const REPLAYED_AT_ONCE: u16 = 5000;

/// An endpoint, and whether this process's configuration has it.
#[derive(Debug, Clone)]
pub struct ConfiguredEndpoint {
    /// How it is.
    pub record: EndpointRecord,
    /// Whether events are delivered to it. One that left the configuration keeps what it was not sent.
    pub configured: bool,
}

/// Which deliveries to list.
#[derive(Debug, Clone)]
pub struct ListDeliveries {
    /// 1 to 200.
    pub page_size: u16,
    /// Of which endpoint.
    pub endpoint: EndpointId,
    /// Only those that the endpoint has not taken.
    pub undelivered_only: bool,
    /// Only those about this payment.
    pub payment_no: Option<String>,
    /// The event of the last delivery of the page before.
    pub below: Option<i64>,
}

impl App {
    /// A merchant's endpoints, by name.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn list_webhook_endpoints(
        &self,
        merchant_id: &MerchantId,
    ) -> Result<Vec<ConfiguredEndpoint>, AppError> {
        let records = self.store.webhook_endpoints(merchant_id).await?;
        let configured = |record: EndpointRecord| ConfiguredEndpoint {
            configured: self.webhooks.endpoints.contains_key(&record.id),
            record,
        };
        Ok(records.into_iter().map(configured).collect())
    }

    /// An endpoint's deliveries with their latest attempts, the latest events first, and whether there are more.
    ///
    /// # Errors
    /// [`AppError::WebhookEndpointNotFound`], [`AppError::StoreUnavailable`].
    pub async fn list_webhook_deliveries(
        &self,
        list: &ListDeliveries,
    ) -> Result<(Vec<DeliveryRecord>, Option<i64>), AppError> {
        self.webhook_endpoint(&list.endpoint).await?;
        let filter = DeliveryFilter {
            endpoint: list.endpoint.clone(),
            undelivered_only: list.undelivered_only,
            payment_no: list.payment_no.clone(),
            below: list.below,
            limit: list.page_size.saturating_add(1),
        };
        let mut deliveries = self.store.webhook_deliveries(&filter).await?;
        let more = deliveries.len() > usize::from(list.page_size);
        deliveries.truncate(list.page_size.into());
        let next = deliveries.last().filter(|_| more).map(|delivery| delivery.event_no);
        Ok((deliveries, next))
    }

    /// Puts events in line again, from the first of the range on, as many as one call may.
    ///
    /// # Errors
    /// [`AppError::WebhookEndpointNotFound`] also if the endpoint left the configuration, [`AppError::StoreUnavailable`].
    pub async fn replay_webhook_events(
        &self,
        operator: &Operator,
        endpoint: EndpointId,
        range: ReplayRange,
    ) -> Result<Replay, AppError> {
        let line = self.webhooks.endpoints.get(&endpoint);
        let events = line.ok_or_else(|| not_found(&endpoint.name))?.events.clone();
        let request = ReplayRequest { endpoint, events, range, limit: REPLAYED_AT_ONCE, now: self.now() };
        let store = self.store.clone();
        let sent = request.clone();
        let replay = self.detached(async move { Ok(store.webhook_replay(&sent).await?) }).await?;
        let EndpointId { merchant_id, name } = &request.endpoint;
        let replay = replay.ok_or_else(|| not_found(name))?;
        let actor = operator.actor();
        tracing::info!(%merchant_id, endpoint = %name, actor, replay.count, "events are delivered again");
        self.webhooks.wake();
        Ok(replay)
    }

    /// Pauses or resumes an endpoint.
    ///
    /// # Errors
    /// [`AppError::WebhookEndpointNotFound`], [`AppError::StoreUnavailable`].
    pub async fn change_webhook_endpoint(
        &self,
        operator: &Operator,
        id: EndpointId,
        change: EndpointChange,
    ) -> Result<ConfiguredEndpoint, AppError> {
        let (store, changed, now) = (self.store.clone(), id.clone(), self.now());
        let work = async move { Ok(store.webhook_endpoint_change(&changed, change, now).await?) };
        self.detached(work).await?.ok_or_else(|| not_found(&id.name))?;
        let actor = operator.actor();
        let EndpointId { merchant_id, name } = &id;
        match change {
            EndpointChange::Pause => {
                tracing::warn!(%merchant_id, endpoint = %name, actor, "an operator paused a webhook endpoint");
            }
            EndpointChange::Resume => {
                tracing::info!(%merchant_id, endpoint = %name, actor, "an operator resumed a webhook endpoint");
                self.webhooks.wake();
            }
        }
        self.webhook_endpoint(&id).await
    }

    async fn webhook_endpoint(&self, id: &EndpointId) -> Result<ConfiguredEndpoint, AppError> {
        let endpoints = self.list_webhook_endpoints(&id.merchant_id).await?;
        endpoints.into_iter().find(|one| one.record.id == *id).ok_or_else(|| not_found(&id.name))
    }
}

fn not_found(name: &WebhookName) -> AppError {
    AppError::WebhookEndpointNotFound(name.clone())
}
