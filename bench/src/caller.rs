//! The caller: gRPC with an API key over a few kept connections, as a backend holds them.

use http::Uri;
use payment_proto::v1::{
    event_service_client::EventServiceClient, operator_service_client::OperatorServiceClient,
    order_service_client::OrderServiceClient, payment_service_client::PaymentServiceClient,
    refund_service_client::RefundServiceClient,
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::failure::Failure;

/// How many connections the callers share.
const CONNECTIONS: usize = 4;

/// Puts the API key on each call.
#[derive(Clone)]
pub(crate) struct WithKey(MetadataValue<Ascii>);

impl Interceptor for WithKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Keyed = InterceptedService<Channel, WithKey>;

/// Connections to the server.
#[derive(Clone)]
pub(crate) struct Caller {
    channels: Vec<Channel>,
    key: WithKey,
}

impl Caller {
    /// Connects.
    pub(crate) async fn connect(address: &str, key: &str) -> Result<Self, Failure> {
        let uri: Uri = format!("http://{address}").parse().map_err(Failure::new)?;
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(Endpoint::from(uri.clone()).connect().await.map_err(Failure::at("gRPC"))?);
        }
        let key = format!("Bearer {key}").parse().map_err(Failure::at("API key"))?;
        Ok(Self { channels, key: WithKey(key) })
    }

    fn channel(&self, number: usize) -> Keyed {
        // There is at least one.
        let channel = self.channels.iter().cycle().nth(number % CONNECTIONS);
        let channel =
            channel.cloned().unwrap_or_else(|| Endpoint::from_static("http://127.0.0.1").connect_lazy());
        InterceptedService::new(channel, self.key.clone())
    }

    /// The payment service, over one of the connections.
    pub(crate) fn payments(&self, number: usize) -> PaymentServiceClient<Keyed> {
        PaymentServiceClient::new(self.channel(number))
    }

    /// The order service.
    pub(crate) fn orders(&self, number: usize) -> OrderServiceClient<Keyed> {
        OrderServiceClient::new(self.channel(number))
    }

    /// The event service.
    pub(crate) fn events(&self, number: usize) -> EventServiceClient<Keyed> {
        EventServiceClient::new(self.channel(number))
    }

    /// The operators' service.
    pub(crate) fn operators(&self, number: usize) -> OperatorServiceClient<Keyed> {
        OperatorServiceClient::new(self.channel(number))
    }

    /// The refund service.
    pub(crate) fn refunds(&self, number: usize) -> RefundServiceClient<Keyed> {
        RefundServiceClient::new(self.channel(number))
    }
}
