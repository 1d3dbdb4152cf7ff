//! The gRPC edge: decode and validate, call `app`, encode. Health and reflection need no key, everything else does.

mod api_key_service;
mod authenticate;
mod call;
mod call_log;
mod convert;
mod event_service;
mod health;
mod introduction;
mod notification_service;
mod operator_service;
mod order_service;
mod payment_service;
mod rate;
mod refund_service;
mod scopes;
mod status;
mod stream_limits;
mod webhook_service;

use std::sync::Arc;

use payment_proto::{
    FILE_DESCRIPTOR_SET,
    v1::{
        api_key_service_server::ApiKeyServiceServer, event_service_server::EventServiceServer,
        notification_service_server::NotificationServiceServer,
        operator_service_server::OperatorServiceServer, order_service_server::OrderServiceServer,
        payment_service_server::PaymentServiceServer, refund_service_server::RefundServiceServer,
        webhook_service_server::WebhookServiceServer,
    },
};
use tonic::{body::Body, service::Routes};
use tonic_health::{pb::health_server::HealthServer, server::HealthService};
use tonic_reflection::server::{Builder, Error as DescriptorError};

pub use authenticate::{ApiKeys, KeyRefused};
pub(crate) use convert::event as event_message;
pub use health::Health;
pub(crate) use introduction::Introduction;
pub use rate::RateLimits;

use self::{
    api_key_service::ApiKeyDesk,
    call::{Gate, Guarded},
    event_service::Events,
    notification_service::Notifications,
    operator_service::Operators,
    order_service::Orders,
    payment_service::Payments,
    refund_service::Refunds,
    webhook_service::Webhooks,
};
use crate::{
    app::{App, api_keys::KeyDesk},
    callback::NotificationHandler,
    channels::Accounts,
    config,
    lifecycle::Lifecycle,
};

/// What a notification's message takes beside the body: headers at their limit, and the framing of them all.
const NOTIFICATION_FRAME_BYTES: usize = 2 * convert::MAX_HEADER_BYTES;

/// What the services lead to.
pub struct Services {
    /// The use cases.
    pub app: Arc<App>,
    /// The code behind the callback endpoint.
    pub notifications: Arc<dyn NotificationHandler>,
    /// The opened channel accounts.
    pub accounts: Arc<Accounts>,
    /// Who may call.
    pub keys: Arc<dyn ApiKeys>,
    /// How often each may.
    pub rates: RateLimits,
    /// Where operators make and revoke keys.
    pub key_desk: KeyDesk,
    /// Ends streams and keeps what must be finished.
    pub lifecycle: Lifecycle,
    /// The most streams of events at a time.
    pub max_event_streams: usize,
}

/// Every service of the contract, health, and reflection in both of its versions; and the handle of health, which
/// says "not serving" until [`Health::follow`] runs.
///
/// # Errors
/// [`DescriptorError`] if the contract's descriptors cannot be read, which no configuration can cause.
pub async fn routes(
    services: Services,
    limits: &config::Grpc,
    callbacks: &config::Callbacks,
) -> Result<(Routes, Health), DescriptorError> {
    let Services { app, notifications, accounts, keys, rates, key_desk, lifecycle, max_event_streams } =
        services;
    let gate = Arc::new(Gate {
        keys,
        rates,
        scope_of: scopes::needed_for,
        deadline: limits.request_deadline,
        metrics: Arc::clone(app.metrics()),
    });
    let payments = Payments::new(Arc::clone(&app), lifecycle.draining.clone());
    let payments = PaymentServiceServer::new(payments).max_decoding_message_size(limits.max_message_bytes);
    let events = Events::new(Arc::clone(&app), lifecycle.draining.clone(), max_event_streams);
    let events = EventServiceServer::new(events).max_decoding_message_size(limits.max_message_bytes);
    let orders = OrderServiceServer::new(Orders::new(Arc::clone(&app)))
        .max_decoding_message_size(limits.max_message_bytes);
    let webhooks = WebhookServiceServer::new(Webhooks::new(Arc::clone(&app)))
        .max_decoding_message_size(limits.max_message_bytes);
    let operators = OperatorServiceServer::new(Operators::new(Arc::clone(&app)))
        .max_decoding_message_size(limits.max_message_bytes);
    let refunds =
        RefundServiceServer::new(Refunds::new(app)).max_decoding_message_size(limits.max_message_bytes);
    let api_keys =
        ApiKeyServiceServer::new(ApiKeyDesk(key_desk)).max_decoding_message_size(limits.max_message_bytes);
    let body_limit = callbacks.body_limit;
    let notifications = Notifications { handler: notifications, accounts, lifecycle, body_limit };
    let notifications = NotificationServiceServer::new(notifications)
        .max_decoding_message_size(body_limit.saturating_add(NOTIFICATION_FRAME_BYTES));
    let health = Health::not_serving().await;
    let health_service = HealthServer::new(HealthService::from_health_reporter(health.reporter()));
    let routes = Routes::new(Guarded::new(payments, &gate))
        .add_service(Guarded::new(orders, &gate))
        .add_service(Guarded::new(refunds, &gate))
        .add_service(Guarded::new(events, &gate))
        .add_service(Guarded::new(webhooks, &gate))
        .add_service(Guarded::new(operators, &gate))
        .add_service(Guarded::new(notifications, &gate))
        .add_service(Guarded::new(api_keys, &gate))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok((with_unknown_methods_refused(routes), health))
}

/// Clients find the contract and the health service by it. Older tools ask by `v1alpha` only.
fn reflection() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Services that do not exist are refused with a reason, as everything is.
fn with_unknown_methods_refused(routes: Routes) -> Routes {
    let refuse = async || status::of_edge(status::EdgeRefusal::MethodUnknown).into_http::<Body>();
    routes.into_axum_router().fallback(refuse).into()
}
