//! Publishes every event to NATS JetStream, where the configuration says so.
//!
//! The message is a `payment.v1.Event` in protobuf's binary form, its subject `{prefix}.{merchant}.{kind}`, its
//! `Nats-Msg-Id` the event's id, by which JetStream drops what is published twice within its window. It counts as
//! delivered once JetStream has acknowledged that a stream keeps it.

mod connect;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{self, message::PublishMessage, stream::Config as StreamConfig};
use payment_proto::v1;
use payment_store::FeedEvent;
use prost::Message as _;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    app::{App, Delivery, consume},
    config,
    grpc::event_message,
};

/// The name under which the database keeps how far it has come.
const CONSUMER: &str = "nats";

/// How long JetStream may take to acknowledge.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(5);

/// How long connecting may take, finding or making the stream included.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// The header that tells the payload's form.
const CONTENT_TYPE: (&str, &str) = ("Content-Type", "application/protobuf; message=payment.v1.Event");

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishFailed {
    /// There is no connection.
    #[error("NATS cannot be reached: {0}")]
    Connect(String),
    /// The stream that the configuration names is neither there nor can it be made.
    #[error("stream {0}: {1}")]
    Stream(String, String),
    /// JetStream did not take it: without an answer it may have.
    #[error("subject {0}: {1}; is there a stream that takes this subject?")]
    Publish(String, String),
}

/// Where events go.
pub(crate) struct Publisher {
    settings: config::Nats,
    connected: OnceCell<jetstream::Context>,
}

/// Publishes until the application drains.
pub(crate) async fn publish(app: Arc<App>, settings: config::Nats, interval: Duration) {
    let publisher = Publisher { settings, connected: OnceCell::new() };
    consume(app, CONSUMER, Arc::new(publisher), interval).await;
}

impl Publisher {
    /// The connection, which repairs itself once it was there.
    async fn connected(&self) -> Result<&jetstream::Context, PublishFailed> {
        let connecting = self.connected.get_or_try_init(|| self.connect());
        timeout(CONNECTED_WITHIN, connecting)
            .await
            .map_err(|_| PublishFailed::Connect("no answer in time".to_owned()))?
    }

    async fn connect(&self) -> Result<jetstream::Context, PublishFailed> {
        let failed = |error: async_nats::ConnectError| PublishFailed::Connect(error.to_string());
        let options = connect::options(&self.settings)
            .map_err(|unusable| PublishFailed::Connect(unusable.to_string()))?;
        let client = options.connect(self.settings.url.as_str()).await.map_err(failed)?;
        let mut context = jetstream::new(client);
        context.set_timeout(ACKNOWLEDGED_WITHIN);
        if let Some(name) = &self.settings.stream {
            let stream = StreamConfig {
                name: name.clone(),
                subjects: vec![format!("{}.>", self.settings.subject_prefix)],
                ..StreamConfig::default()
            };
            let made = context.get_or_create_stream(stream).await;
            made.map_err(|error| PublishFailed::Stream(name.clone(), error.to_string()))?;
        }
        tracing::info!("connected to NATS");
        Ok(context)
    }
}

impl Delivery for Publisher {
    type Failure = PublishFailed;

    async fn deliver(&self, event: &FeedEvent) -> Result<(), PublishFailed> {
        let context = self.connected().await?;
        let subject = subject(&self.settings.subject_prefix, event);
        let message: v1::Event = event_message(event);
        let message = PublishMessage::build()
            .message_id(&message.event_id)
            .header(CONTENT_TYPE.0, CONTENT_TYPE.1)
            .payload(message.encode_to_vec().into());
        let publish = async {
            let acknowledged = context.send_publish(subject.clone(), message).await?;
            acknowledged.await
        };
        match timeout(ACKNOWLEDGED_WITHIN, publish).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(PublishFailed::Publish(subject, error.to_string())),
            Err(_) => Err(PublishFailed::Publish(subject, "no acknowledgement in time".to_owned())),
        }
    }
}

/// Merchants' names and kinds have no character that NATS gives a meaning to, but for the dots between their parts.
fn subject(prefix: &str, event: &FeedEvent) -> String {
    format!("{prefix}.{}.{}", event.merchant_id, event.event.as_str())
}
