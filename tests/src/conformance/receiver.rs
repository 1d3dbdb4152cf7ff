//! Where the channel's notifications arrive: kept byte by byte, and answered in the words that the gateway has for them.

use std::sync::{Arc, Mutex, OnceLock};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use payment_core::gateway::{CallbackOutcome, CallbackReply, Gateway, RawCallback};
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Default)]
struct Inbox {
    arrived: Mutex<Vec<RawCallback>>,
    gateway: OnceLock<Arc<dyn Gateway>>,
}

/// A callback endpoint on a loopback address.
pub(super) struct Receiver {
    /// Where to notify.
    pub(super) url: String,
    inbox: Arc<Inbox>,
    server: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/callbacks", listener.local_addr().unwrap());
        let inbox = Arc::new(Inbox::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inbox));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inbox, server }
    }

    /// From now on notifications are acknowledged in this gateway's words.
    pub(super) fn answer_for(&self, gateway: Arc<dyn Gateway>) {
        assert!(self.inbox.gateway.set(gateway).is_ok(), "answers for one gateway");
    }

    /// Everything that arrived since it was asked last, oldest first.
    pub(super) fn take(&self) -> Vec<RawCallback> {
        std::mem::take(&mut *self.inbox.arrived.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let callback = RawCallback {
        method: method.as_str().to_owned(),
        target: uri.to_string(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    inbox.arrived.lock().unwrap().push(callback);
    let reply = match inbox.gateway.get() {
        Some(gateway) => gateway.callback_reply(&CallbackOutcome::Recorded),
        None => CallbackReply { status: 503, content_type: None, body: Vec::new() },
    };
    let mut response = Response::builder().status(reply.status);
    if let Some(content_type) = reply.content_type {
        response = response.header("content-type", content_type);
    }
    response.body(Body::from(reply.body)).unwrap()
}
