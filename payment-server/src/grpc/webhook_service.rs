//! `WebhookService`: decode, use case, encode.

use std::sync::Arc;

use payment_core::identifiers::MerchantId;
use payment_proto::v1::{self, webhook_service_server::WebhookService};
use payment_store::webhook::EndpointChange;
use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::{self, webhook_endpoint},
};
use crate::app::{App, error::AppError, principal::Operator};

/// The endpoints of the merchants in an operator's sight.
pub(super) struct Webhooks {
    app: Arc<App>,
}

impl Webhooks {
    /// Endpoints as `app` knows them.
    pub(super) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn change(
        &self,
        operator: &Operator,
        merchant_id: String,
        endpoint: String,
        change: EndpointChange,
    ) -> Result<v1::WebhookEndpoint, AppError> {
        let id = convert::endpoint_id(operator, merchant_id, endpoint)?;
        self.app.change_webhook_endpoint(operator, id, change).await.map(webhook_endpoint)
    }
}

#[tonic::async_trait]
impl WebhookService for Webhooks {
    async fn list_webhook_endpoints(
        &self,
        request: Request<v1::ListWebhookEndpointsRequest>,
    ) -> Result<Response<v1::ListWebhookEndpointsResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let merchant_id: MerchantId = convert::merchant_in_sight(&call.caller, request.merchant_id)?;
            let endpoints = self.app.list_webhook_endpoints(&merchant_id).await?;
            let endpoints = endpoints.into_iter().map(webhook_endpoint).collect();
            Ok(v1::ListWebhookEndpointsResponse { endpoints })
        };
        call.answer(use_case).await
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<v1::ListWebhookDeliveriesRequest>,
    ) -> Result<Response<v1::ListWebhookDeliveriesResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let command = convert::list_webhook_deliveries(&call.caller, request)?;
            let (deliveries, next) = self.app.list_webhook_deliveries(&command).await?;
            let next_page_token = convert::next_delivery_page_token(&command, next);
            let deliveries = deliveries.into_iter().map(convert::webhook_delivery).collect();
            Ok(v1::ListWebhookDeliveriesResponse { deliveries, next_page_token })
        };
        call.answer(use_case).await
    }

    async fn replay_webhook_events(
        &self,
        request: Request<v1::ReplayWebhookEventsRequest>,
    ) -> Result<Response<v1::ReplayWebhookEventsResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let use_case = async {
            let (id, range) = convert::replay_webhook_events(&call.caller, request)?;
            let replay = self.app.replay_webhook_events(&call.caller, id, range).await?;
            Ok(v1::ReplayWebhookEventsResponse {
                replayed_count: i32::try_from(replay.count).unwrap_or(i32::MAX),
                last_sequence: replay.last_no.unwrap_or(0),
            })
        };
        call.answer(use_case).await
    }

    async fn pause_webhook_endpoint(
        &self,
        request: Request<v1::PauseWebhookEndpointRequest>,
    ) -> Result<Response<v1::PauseWebhookEndpointResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let change = self.change(&call.caller, request.merchant_id, request.endpoint, EndpointChange::Pause);
        let use_case = async { Ok(v1::PauseWebhookEndpointResponse { endpoint: Some(change.await?) }) };
        call.answer(use_case).await
    }

    async fn resume_webhook_endpoint(
        &self,
        request: Request<v1::ResumeWebhookEndpointRequest>,
    ) -> Result<Response<v1::ResumeWebhookEndpointResponse>, Status> {
        let (call, request) = Call::<Operator>::of(request)?;
        let change = self.change(&call.caller, request.merchant_id, request.endpoint, EndpointChange::Resume);
        let use_case = async { Ok(v1::ResumeWebhookEndpointResponse { endpoint: Some(change.await?) }) };
        call.answer(use_case).await
    }
}
