//! Where the channels' notifications arrive before a replica hears them: they may find nobody, come more often than they
//! were sent, or their acknowledgement gets lost.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, Uri},
    response::Response,
    routing::post,
};
use futures::future::join_all;
use payment_core::gateway::{CallbackReply, RawCallback};
use payment_server::callback::{NotificationHandler as _, NotificationReply};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{replica::Replica, stage::Replicas, story::REPLICAS};

/// What becomes of an arriving notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It finds nobody.
    Refused,
    /// It is handed to each replica twice, all at once.
    Doubled,
    /// It is handed over, and the acknowledgement gets lost.
    Unacknowledged,
    /// It is handed over, and the replica dies instead of acknowledging.
    Deadly,
}

/// The callback endpoint of all replicas.
pub(crate) struct PostOffice {
    counter: Arc<Counter>,
    server: JoinHandle<()>,
}

struct Counter {
    replicas: Arc<Replicas>,
    fates: Mutex<VecDeque<Fate>>,
    turn: AtomicUsize,
    arrived: AtomicU64,
}

impl PostOffice {
    pub(crate) fn open(listener: TcpListener, replicas: Arc<Replicas>) -> Self {
        let counter = Counter {
            replicas,
            fates: Mutex::default(),
            turn: AtomicUsize::new(0),
            arrived: AtomicU64::new(0),
        };
        let counter = Arc::new(counter);
        let router = Router::new()
            .route("/v1/callbacks/{channel}/{account}", post(receive))
            .with_state(Arc::clone(&counter));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { counter, server }
    }

    /// Says what becomes of the notifications that arrive next, one after the other.
    pub(crate) fn expect(&self, fates: impl IntoIterator<Item = Fate>) {
        self.counter.fates.lock().unwrap().extend(fates);
    }

    /// Nothing happens to notifications any more.
    pub(crate) fn heal(&self) {
        self.counter.fates.lock().unwrap().clear();
    }

    /// Notifications so far.
    pub(crate) fn arrived(&self) -> u64 {
        self.counter.arrived.load(Ordering::SeqCst)
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(counter): State<Arc<Counter>>,
    Path((channel, account)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    counter.arrived.fetch_add(1, Ordering::SeqCst);
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let callback = RawCallback {
        method: method.as_str().to_owned(),
        target: uri.to_string(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    let fate = counter.fates.lock().unwrap().pop_front();
    let reply = match fate {
        Some(Fate::Refused) => None,
        Some(Fate::Doubled) => {
            let copies = (0..2 * REPLICAS).map(|_| counter.hand_over(&channel, &account, callback.clone()));
            join_all(copies).await.into_iter().flatten().next()
        }
        Some(Fate::Unacknowledged) => {
            counter.hand_over(&channel, &account, callback).await;
            None
        }
        Some(Fate::Deadly) => {
            let replica = counter.replicas.at(counter.next_replica()).await;
            counter.hand_over_to(&replica, &channel, &account, callback).await;
            replica.kill().await;
            None
        }
        None => counter.hand_over(&channel, &account, callback).await,
    };
    respond(reply)
}

impl Counter {
    fn next_replica(&self) -> usize {
        self.turn.fetch_add(1, Ordering::SeqCst) % REPLICAS
    }

    async fn hand_over(&self, channel: &str, account: &str, callback: RawCallback) -> Option<CallbackReply> {
        let replica = self.replicas.at(self.next_replica()).await;
        self.hand_over_to(&replica, channel, account, callback).await
    }

    async fn hand_over_to(
        &self,
        replica: &Replica,
        channel: &str,
        account: &str,
        callback: RawCallback,
    ) -> Option<CallbackReply> {
        let notifications = Arc::clone(&replica.notifications);
        let (channel, account) = (channel.to_owned(), account.to_owned());
        let handled = async move { notifications.handle(&channel, &account, callback).await };
        match replica.run(handled).await? {
            NotificationReply::Handled(reply) => Some(reply),
            NotificationReply::UnknownAccount => panic!("no such account"),
        }
    }
}

fn respond(reply: Option<CallbackReply>) -> Response {
    let Some(reply) = reply else {
        return Response::builder().status(502).body(Body::empty()).unwrap();
    };
    let mut response = Response::builder().status(reply.status);
    if let Some(content_type) = reply.content_type {
        response = response.header("content-type", content_type);
    }
    response.body(Body::from(reply.body)).unwrap()
}
