//! Publishes every event to NATS JetStream, where the configuration says so.
//!
//! The message is a `payment.v1.Event` in protobuf's binary form, its subject `{prefix}.{merchant}.{kind}`, its
//! `Nats-Msg-Id` the event's id, by which JetStream drops what is published twice within its window. It counts as
//! delivered once JetStream has acknowledged that a stream keeps it.

mod connect;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_nats::jetstream::{self, message::PublishMessage, stream::Config as StreamConfig};
use payment_proto::v1;
use payment_store::FeedEvent;
use prost::Message as _;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    app::{App, Delivery, consume},
    config::{self, NatsCredentials},
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
    settings: ArcSwap<config::Nats>,
    /// The connection once there is one. Held while it is made, so that one is made at a time.
    connected: Mutex<Option<jetstream::Context>>,
}

/// Publishes until the application drains.
pub(crate) async fn publish(app: Arc<App>, publisher: Arc<Publisher>, interval: Duration) {
    consume(app, CONSUMER, publisher, interval).await;
}

impl Publisher {
    /// Publishes as `settings` say, from the first event on.
    pub(crate) fn new(settings: config::Nats) -> Arc<Self> {
        Arc::new(Self { settings: ArcSwap::from_pointee(settings), connected: Mutex::new(None) })
    }

    /// Goes over to other credentials, once they have opened a connection. What is under way ends on the old one.
    ///
    /// # Errors
    /// [`PublishFailed`]; the old ones stay.
    pub(crate) async fn take(&self, credentials: &NatsCredentials) -> Result<(), PublishFailed> {
        let mut settings = config::Nats::clone(&self.settings.load());
        settings.credentials = credentials.clone();
        let context = connect_in_time(&settings).await?;
        self.settings.store(Arc::new(settings));
        *self.connected.lock().await = Some(context);
        Ok(())
    }

    /// The connection, which repairs itself once it was there.
    async fn connected(&self) -> Result<jetstream::Context, PublishFailed> {
        let mut connected = self.connected.lock().await;
        if let Some(context) = connected.as_ref() {
            return Ok(context.clone());
        }
        let context = connect_in_time(&self.settings.load_full()).await?;
        *connected = Some(context.clone());
        Ok(context)
    }
}

async fn connect_in_time(settings: &config::Nats) -> Result<jetstream::Context, PublishFailed> {
    let connected = timeout(CONNECTED_WITHIN, connect(settings)).await;
    connected.unwrap_or_else(|_| Err(PublishFailed::Connect("no answer in time".to_owned())))
}

async fn connect(settings: &config::Nats) -> Result<jetstream::Context, PublishFailed> {
    let failed = |error: async_nats::ConnectError| PublishFailed::Connect(error.to_string());
    let options =
        connect::options(settings).map_err(|unusable| PublishFailed::Connect(unusable.to_string()))?;
    let client = options.connect(settings.url.as_str()).await.map_err(failed)?;
    let mut context = jetstream::new(client);
    context.set_timeout(ACKNOWLEDGED_WITHIN);
    if let Some(name) = &settings.stream {
        let stream = StreamConfig {
            name: name.clone(),
            subjects: vec![format!("{}.>", settings.subject_prefix)],
            ..StreamConfig::default()
        };
        let made = context.get_or_create_stream(stream).await;
        made.map_err(|error| PublishFailed::Stream(name.clone(), error.to_string()))?;
    }
    tracing::info!("connected to NATS");
    Ok(context)
}

impl Delivery for Publisher {
    type Failure = PublishFailed;

    async fn deliver(&self, event: &FeedEvent) -> Result<(), PublishFailed> {
        let context = self.connected().await?;
        let subject = subject(&self.settings.load().subject_prefix, event);
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
