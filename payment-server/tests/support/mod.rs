//! A server in this process with a fake application behind it, and a raw HTTP client: tests decide every byte.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its part of this")]

use std::{collections::BTreeMap, fs, net::SocketAddr, sync::Arc};

use payment_core::{
    gateway::RawCallback,
    identifiers::{ChannelAccountId, ChannelName},
};
use payment_server::{
    admin::{NotReady, Readiness},
    callback::{NotificationHandler, NotificationReply},
    config::Config,
    lifecycle::Lifecycle,
    serve::{self, Components, Running, StartError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
};

/// A notification that reached the application, and the way to answer it. Dropping the way lets the handler panic.
pub struct Arrived {
    pub channel: String,
    pub account: String,
    pub callback: RawCallback,
    pub answer: oneshot::Sender<NotificationReply>,
}

struct Application(mpsc::UnboundedSender<Arrived>);

#[async_trait::async_trait]
impl NotificationHandler for Application {
    fn expects(&self, _: &ChannelName, account: &ChannelAccountId) -> bool {
        !account.as_str().starts_with("unknown")
    }

    async fn handle(&self, channel: &str, account: &str, callback: RawCallback) -> NotificationReply {
        let (answer, answered) = oneshot::channel();
        let (channel, account) = (channel.to_owned(), account.to_owned());
        self.0.send(Arrived { channel, account, callback, answer }).unwrap();
        answered.await.expect("the test dropped the answer")
    }
}

/// A database in every condition.
pub enum Database {
    Ready,
    Down,
    Mute,
}

#[async_trait::async_trait]
impl Readiness for Database {
    async fn ready(&self) -> Result<(), NotReady> {
        match self {
            Self::Ready => Ok(()),
            Self::Down => Err(NotReady("the database refuses connections".to_owned())),
            Self::Mute => std::future::pending().await,
        }
    }
}

/// A server and what reaches its application.
pub struct Server {
    pub running: Running,
    pub lifecycle: Lifecycle,
    pub arrivals: mpsc::UnboundedReceiver<Arrived>,
}

/// Tells no figures.
struct NothingCounted;

#[async_trait::async_trait]
impl payment_server::admin::Exposition for NothingCounted {
    async fn text(&self, _: std::time::Duration) -> Result<String, std::fmt::Error> {
        Ok("# EOF\n".to_owned())
    }
}

/// Starts a server on free ports; `more` are further lines of `[callbacks]`.
pub async fn start(more: &str, database: Database) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    let text = format!(
        "[database]\nurl = \"postgres://localhost/none\"\n[shutdown]\ngrace_seconds = 1\n\
         [grpc]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://pay.example.com\"\n{more}"
    );
    fs::write(&file, text).unwrap();
    let config = Config::load(&file, &BTreeMap::new()).unwrap();
    start_with(&config, database).await.unwrap()
}

/// Starts a server with this configuration.
pub async fn start_with(config: &Config, database: Database) -> Result<Server, StartError> {
    let (sender, arrivals) = mpsc::unbounded_channel();
    let lifecycle = Lifecycle::default();
    let components = Components {
        clock: Arc::new(payment_server::ports::SystemClock),
        grpc: tonic::service::Routes::default(),
        notifications: Arc::new(Application(sender)),
        readiness: Arc::new(database),
        metrics: Arc::default(),
        exposition: Arc::new(NothingCounted),
        lifecycle: lifecycle.clone(),
    };
    Ok(Server { running: serve::start(config, components).await?, lifecycle, arrivals })
}

impl Server {
    pub fn callbacks(&self) -> SocketAddr {
        self.running.addresses().callbacks
    }

    pub fn admin(&self) -> SocketAddr {
        self.running.addresses().admin
    }
}

/// Opens a connection and sends these bytes.
pub async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    stream
}

/// Everything that the server sends until it closes the connection.
pub async fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A server that closes while we still send resets the connection; what it said before counts.
    drop(stream.read_to_end(&mut bytes).await);
    String::from_utf8(bytes).unwrap()
}

/// One request on a connection of its own, and the whole answer.
pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    read_to_end(send(address, request).await).await
}

/// A notification to an account's URL, to be followed by its body.
pub fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// The status line's code and the body of an answer.
pub fn parts(answer: &str) -> (u16, &str) {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    (code.unwrap_or_else(|| panic!("no answer: {answer:?}")), body.unwrap_or_default())
}
