//! The gRPC services in this process on a free port, with the real application before a database that is away.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, stream};
use payment_core::{
    case::resolution::ApprovalLimits,
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackReply, Capabilities, CaptureRequest, ClientResultHint,
        CloseRequest, Closed, CreateRequest, Created, Gateway, GatewayError, HoldRequest, PaymentAnswer,
        PaymentData, QueryRequest, RawCallback, RefundAnswer, RefundQueryRequest, RefundRequest,
        ReleaseRequest, VerifiedEvent,
    },
    identifiers::{ApiKeyId, ChannelAccountId, ChannelName, MerchantId, Payee, Product},
    payment::ChannelHandle,
    violation::Violation,
};
use payment_server::{
    admin::{NotReady, Readiness},
    app::{
        App, Parts, Policy,
        api_keys::KeyDesk,
        command::{Caller, EarlierAttemptPolicy},
        operate::CaseSteps,
        principal::{KeyHolder, Scope},
    },
    assemble,
    callback::{NotificationHandler, NotificationReply},
    channels::{Account, Accounts, Watch},
    config::Config,
    grpc::{self, ApiKeys, Health, KeyRefused, RateLimits, Services},
    jobs,
    key_ring::KeyRing,
    lifecycle::Lifecycle,
    ports::{SystemClock, SystemRandomness},
};
use payment_store::{DatabaseTls, Store, StoreOptions};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint, Server as TonicServer, server::TcpIncoming},
};
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::fmt::MakeWriter;

/// The key of merchant `acme`.
pub(crate) const KEY: &str = "payk_right";

/// A key of the same merchant that only reads.
pub(crate) const READING_KEY: &str = "payk_reading";

struct TwoKeys;

impl ApiKeys for TwoKeys {
    fn authenticate(&self, presented: &str) -> Result<KeyHolder, KeyRefused> {
        let scopes = match presented {
            KEY => BTreeSet::from([Scope::Pay, Scope::Refund, Scope::Read]),
            READING_KEY => BTreeSet::from([Scope::Read]),
            _ => return Err(KeyRefused::Invalid),
        };
        let caller = Caller {
            merchant_id: MerchantId::parse("acme").unwrap(),
            api_key_id: ApiKeyId::parse("shop").unwrap(),
        };
        Ok(KeyHolder::Merchant { caller, scopes })
    }
}

/// A request with the key.
pub(crate) fn authorized<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {KEY}").parse().unwrap());
    request
}

/// Remembers what reached it and answers with the same words each time.
struct Handler(Arc<Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl NotificationHandler for Handler {
    fn expects(&self, _: &ChannelName, _: &ChannelAccountId) -> bool {
        true
    }

    async fn handle(&self, channel: &str, account: &str, callback: RawCallback) -> NotificationReply {
        let names: Vec<_> = callback.headers.iter().map(|(name, _)| name.as_str()).collect();
        let handled = format!("{channel}/{account} {}", names.join(" "));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handled);
        let body = b"{\"code\":\"FAIL\"}".to_vec();
        NotificationReply::Handled(CallbackReply {
            status: 401,
            content_type: Some("application/json"),
            body,
        })
    }
}

struct Database(AtomicBool);

#[async_trait::async_trait]
impl Readiness for Database {
    async fn ready(&self) -> Result<(), NotReady> {
        let answers = self.0.load(Ordering::SeqCst);
        if answers { Ok(()) } else { Err(NotReady("away".to_owned())) }
    }
}

/// A channel that no test reaches.
struct NoGateway;

#[async_trait::async_trait]
impl Gateway for NoGateway {
    fn capabilities(&self) -> &Capabilities {
        unreachable!()
    }
    fn payee(&self, _: &Product) -> Payee {
        unreachable!()
    }
    fn check_create(&self, _: &CreateRequest) -> Vec<Violation> {
        unreachable!()
    }
    async fn create(&self, _: &CreateRequest) -> Result<Created, GatewayError> {
        unreachable!()
    }
    fn payment_data(&self, _: &Product, _: &ChannelHandle) -> Result<PaymentData, GatewayError> {
        unreachable!()
    }
    async fn query(&self, _: &QueryRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn capture(&self, _: &CaptureRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn close(&self, _: &CloseRequest) -> Result<Closed, GatewayError> {
        unreachable!()
    }
    async fn hold(&self, _: &HoldRequest) -> Result<PaymentAnswer, GatewayError> {
        unreachable!()
    }
    async fn release(&self, _: &ReleaseRequest) -> Result<Closed, GatewayError> {
        unreachable!()
    }
    async fn refund(&self, _: &RefundRequest) -> Result<RefundAnswer, GatewayError> {
        unreachable!()
    }
    async fn query_refund(&self, _: &RefundQueryRequest) -> Result<RefundAnswer, GatewayError> {
        unreachable!()
    }
    fn read_client_result(&self, _: &[u8]) -> Result<ClientResultHint, Vec<Violation>> {
        unreachable!()
    }
    async fn verify_callback(
        &self,
        _: &RawCallback,
        _: OffsetDateTime,
    ) -> Result<VerifiedEvent, CallbackRejected> {
        unreachable!()
    }
    fn callback_reply(&self, _: &CallbackOutcome) -> CallbackReply {
        unreachable!()
    }
}

fn account(merchant: &str, account: &str) -> Account {
    let (channel, account_id) =
        (ChannelName::parse("wechat").unwrap(), ChannelAccountId::parse(account).unwrap());
    Account {
        watch: Watch::new(&channel, &account_id, Arc::default(), Arc::new(SystemClock)),
        merchant_id: MerchantId::parse(merchant).unwrap(),
        account_id,
        channel,
        gateway: Arc::new(NoGateway),
        notify_url: "https://pay.example.com/v1/callbacks/wechat/main".parse().unwrap(),
    }
}

/// The services, and what lies behind them.
pub(crate) struct Server {
    address: SocketAddr,
    handled: Arc<Mutex<Vec<String>>>,
    database: Arc<Database>,
    health: Health,
    /// Ends the server.
    pub(crate) lifecycle: Lifecycle,
}

impl Server {
    /// Starts the services on a free port.
    pub(crate) async fn start() -> Self {
        let (lifecycle, handled) = (Lifecycle::default(), Arc::new(Mutex::new(Vec::new())));
        let accounts = Accounts::new(vec![account("acme", "acme-main"), account("other", "other-main")]);
        let services = Services {
            app: app(&accounts, &lifecycle),
            notifications: Arc::new(Handler(Arc::clone(&handled))),
            accounts: Arc::new(accounts),
            keys: Arc::new(TwoKeys),
            rates: RateLimits::new(&config()),
            key_desk: key_desk(&lifecycle),
            lifecycle: lifecycle.clone(),
            max_event_streams: 2,
        };
        let config = config();
        let (routes, health) = grpc::routes(services, &config.grpc, &config.callbacks).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = TonicServer::builder().add_routes(routes);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        let database = Arc::new(Database(AtomicBool::new(false)));
        Self { address, handled, database, health, lifecycle }
    }

    /// A connection of its own.
    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    /// Whether the database answers the readiness probe from now on.
    pub(crate) fn database_answers(&self, answers: bool) {
        self.database.0.store(answers, Ordering::SeqCst);
    }

    /// Lets health follow the database.
    pub(crate) fn follow_health(&self) {
        let readiness: Arc<dyn Readiness> = Arc::clone(&self.database) as _;
        tokio::spawn(self.health.clone().follow(readiness, self.lifecycle.clone()));
    }

    /// The notifications that reached the handler.
    pub(crate) fn handled(&self) -> Vec<String> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn key_desk(lifecycle: &Lifecycle) -> KeyDesk {
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let ring = KeyRing::new(&config(), store(), Arc::new(SystemClock));
    KeyDesk { store: store(), ring, clock, randomness, lifecycle: lifecycle.clone() }
}

/// A database that refuses connections.
fn store() -> Store {
    let options = StoreOptions {
        url: "postgres://nobody@127.0.0.1:1/none".to_owned().into(),
        tls: DatabaseTls::Disabled,
        max_connections: 2,
        acquire_timeout: Duration::from_secs(2),
        statement_timeout: Duration::from_secs(2),
    };
    Store::new(&options, Arc::new(SystemRandomness)).unwrap()
}

/// The real application; its database refuses connections.
fn app(accounts: &Accounts, lifecycle: &Lifecycle) -> Arc<App> {
    let policy = Policy {
        time_to_pay: time::Duration::minutes(30),
        earlier_attempts_deadline: Duration::from_secs(5),
        earlier_attempt_policy: EarlierAttemptPolicy::Refuse,
        joins_traces: false,
        approval_limits: ApprovalLimits::default(),
        case_steps: CaseSteps(Vec::new()),
        jobs: jobs::Settings {
            interval: Duration::from_secs(1),
            batch: 1,
            lease: Duration::from_secs(10),
            calls_in_flight: 1,
        },
    };
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let webhooks = assemble::webhooks_of(&config()).unwrap();
    App::new(Parts {
        store: store(),
        accounts: accounts.clone(),
        clock,
        randomness,
        policy,
        webhooks,
        metrics: Arc::default(),
        lifecycle: lifecycle.clone(),
    })
}

fn config() -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payment.toml");
    let text = "[database]\nurl = \"postgres://localhost/none\"\n\
                [callbacks]\npublic_url = \"https://pay.example.com\"\n";
    fs::write(&file, text).unwrap();
    Config::load(&file, &BTreeMap::new()).unwrap()
}

/// The services that reflection v1 lists.
pub(crate) async fn services_v1(channel: Channel) -> Vec<String> {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let answers = ServerReflectionClient::new(channel).server_reflection_info(stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    match answer.message_response {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|one| one.name).collect()
        }
        other => panic!("no list: {other:?}"),
    }
}

/// The services that reflection v1alpha lists.
pub(crate) async fn services_v1alpha(channel: Channel) -> Vec<String> {
    use tonic_reflection::pb::v1alpha::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let answers = ServerReflectionClient::new(channel).server_reflection_info(stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    match answer.message_response {
        Some(MessageResponse::ListServicesResponse(list)) => {
            list.service.into_iter().map(|one| one.name).collect()
        }
        other => panic!("no list: {other:?}"),
    }
}

/// A call to a service that is in no contract.
pub(crate) async fn call_unknown_service(channel: Channel) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = "/payment.v1.NoSuchService/Do".parse().unwrap();
    client.unary(Request::new(()), path, codec).await.map(drop)
}

/// The log as it is written.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Captures what this thread logs as JSON while the guard lives.
pub(crate) fn capture_log() -> (Captured, DefaultGuard) {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(Level::TRACE)
        .with_writer(captured.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    (captured, guard)
}
