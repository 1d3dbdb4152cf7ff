//! A whole service in one process for one test: a database of its own, a WeChat Pay simulator, and the server's three
//! listeners, all on one clock that the test moves.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use payment_core::{gateway::GatewayFactory, invariant, ports::Ports};
use payment_proto::v1::{
    event_service_client::EventServiceClient, order_service_client::OrderServiceClient,
    payment_service_client::PaymentServiceClient, refund_service_client::RefundServiceClient,
};
use payment_sandbox::{
    clock::SimulatorClock,
    postgres::TestDatabase,
    wechat::{GeneratedMerchant, KeyMode, MerchantOptions, SimulatorOptions, WechatControl, WechatSimulator},
};
use payment_server::{
    app::App,
    assemble,
    channels::ChannelRegistry,
    config::{Config, GeneratedApiKey},
    jobs::{Job, Report, Settings},
    lifecycle::Lifecycle,
    ports::{ReqwestHttp, SystemRandomness},
    serve::Running,
};
use payment_store::Store;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use time::{OffsetDateTime, macros::datetime};
use tokio_postgres::Client;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::{
    accounts::{wechat_section, with_wechat_keys_in},
    database::{self, proxy::Proxy},
    log_watch,
};

/// When every test begins.
pub const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

/// The merchant whose key [`TestApp::payments`] uses.
pub const MERCHANT: &str = "acme";

/// Its WeChat Pay account.
pub const ACCOUNT: &str = "acme-wechat";

/// A merchant that has an account of its own and nothing to do with the first.
pub const OTHER_MERCHANT: &str = "other";

/// The WeChat Pay account of [`OTHER_MERCHANT`].
pub const OTHER_ACCOUNT: &str = "other-wechat";

/// The simulators' clock as everybody's.
#[derive(Clone)]
pub struct SharedClock(pub SimulatorClock);

impl payment_core::ports::Clock for SharedClock {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }
}

/// Puts an API key on each call.
#[derive(Clone)]
pub struct WithKey(MetadataValue<Ascii>);

impl WithKey {
    /// Puts this key on each call.
    #[must_use]
    pub fn new(key: &str) -> Self {
        log_watch::add_secrets([key]);
        Self(format!("Bearer {key}").parse().unwrap())
    }
}

impl Interceptor for WithKey {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A client of the payment service.
pub type Payments = PaymentServiceClient<InterceptedService<Channel, WithKey>>;

/// A client of the order service.
pub type Orders = OrderServiceClient<InterceptedService<Channel, WithKey>>;

/// A client of the refund service.
pub type Refunds = RefundServiceClient<InterceptedService<Channel, WithKey>>;

/// A client of the event service.
pub type Events = EventServiceClient<InterceptedService<Channel, WithKey>>;

/// A running service with everything around it.
pub struct TestApp {
    /// The channel's side.
    pub simulator: WechatSimulator,
    /// The merchant at the channel.
    pub wechat_merchant: GeneratedMerchant,
    /// The service's records.
    pub store: Store,
    /// The service's database.
    pub database: TestDatabase,
    /// A second look at it, with plain SQL.
    pub observer: Client,
    clock: SimulatorClock,
    config: Config,
    registry: ChannelRegistry,
    running: Option<Running>,
    channel: Channel,
    keys: BTreeMap<&'static str, WithKey>,
    folder: TempDir,
    wire: Option<Proxy>,
}

/// How a test wants its service.
pub struct TestAppOptions {
    /// Which keys the WeChat account verifies with.
    pub key_mode: KeyMode,
    /// Lines that go into the configuration after the listeners, whole sections. Without `[jobs]` among them the service
    /// looks for no due work by itself: tests run jobs by hand.
    pub more_config: String,
    /// The clock; manual unless a test has reasons.
    pub clock: SimulatorClock,
    /// Lines that go into the section of [`ACCOUNT`].
    pub account_config: String,
    /// A folder in which to keep the keys of [`ACCOUNT`], in files that the configuration names; in the configuration itself
    /// if none is given.
    pub keys_in: Option<PathBuf>,
    /// Channels beside those that come with the server.
    pub plugins: Vec<Arc<dyn GatewayFactory>>,
    /// Whether the server's statements go over a wire that counts them: [`TestApp::wire`].
    pub counted: bool,
}

impl TestAppOptions {
    /// Public-key mode, a manual clock at [`START`], nothing more.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            key_mode: KeyMode::PublicKey,
            more_config: String::new(),
            clock: SimulatorClock::manual(START),
            account_config: String::new(),
            keys_in: None,
            plugins: Vec::new(),
            counted: false,
        }
    }
}

impl TestApp {
    /// The usual service.
    pub async fn start() -> Self {
        Self::start_with(TestAppOptions::usual()).await
    }

    /// A service as `options` say.
    pub async fn start_with(options: TestAppOptions) -> Self {
        Self::start_beside(options, |_| String::new()).await
    }

    /// The usual service, whose WeChat account has its keys in files of `folder`: `merchant.key`, `serial`, `api_v3_key`.
    pub async fn start_with_wechat_keys_in(folder: &Path) -> Self {
        Self::start_with(TestAppOptions { keys_in: Some(folder.to_owned()), ..TestAppOptions::usual() }).await
    }

    /// A service as `options` say, with another merchant's section made from the keys of the first.
    pub async fn start_beside(
        options: TestAppOptions,
        neighbour: impl FnOnce(&GeneratedMerchant) -> String,
    ) -> Self {
        log_watch::begin();
        let clock = options.clock.clone();
        let simulator = WechatSimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let wechat_merchant =
            simulator.control().create_merchant(MerchantOptions::new(options.key_mode)).await.unwrap();
        let other_merchant =
            simulator.control().create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        let database = database::migrated_database().await;
        let wire = if options.counted { Some(Proxy::to(database.url()).await) } else { None };
        let database_url =
            wire.as_ref().map_or_else(|| database.url().to_owned(), |wire| wire.url(database.url()));
        let folder = tempfile::tempdir().unwrap();
        let mut keys = BTreeMap::new();
        let mut merchants = String::new();
        for (name, account, wechat, more) in [
            (MERCHANT, ACCOUNT, &wechat_merchant, options.account_config.as_str()),
            (OTHER_MERCHANT, OTHER_ACCOUNT, &other_merchant, ""),
        ] {
            let key = GeneratedApiKey::new(&SystemRandomness);
            keys.insert(name, WithKey::new(key.key.expose_secret()));
            merchants += &format!(
                "[merchants.{name}]\napi_keys = [{{ id = \"{name}-key\", sha256 = \"{}\", scopes = [\"pay\", \"refund\", \"read\"] }}]\n",
                key.hash
            );
            let section = wechat_section(name, account, wechat, simulator.base_url());
            merchants += &match &options.keys_in {
                Some(folder) if name == MERCHANT => with_wechat_keys_in(folder, wechat, &section),
                Some(_) | None => section,
            };
            merchants += more;
        }
        merchants += &neighbour(&wechat_merchant);
        let callbacks = free_address();
        let jobs = if options.more_config.contains("[jobs]") { "" } else { "[jobs]\nenabled = false\n" };
        let text = format!(
            "[database]\nurl = \"{}\"\ntls = \"disabled\"\nacquire_timeout_seconds = 30\n[grpc]\nlisten = \"127.0.0.1:0\"\n\
             [callbacks]\nlisten = \"{callbacks}\"\npublic_url = \"http://{callbacks}\"\nallow_insecure = true\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n{jobs}{}\n{merchants}",
            database_url, options.more_config,
        );
        std::fs::write(folder.path().join("config.toml"), text).unwrap();
        let config = load(&folder);
        let registry = registry(options.plugins);
        let (running, store) = launch(&config, &registry, &clock).await;
        let observer = database::connect(database.url()).await;
        let channel = connect(running.addresses().grpc).await;
        Self {
            simulator,
            wechat_merchant,
            store,
            database,
            observer,
            clock,
            config,
            registry,
            running: Some(running),
            channel,
            keys,
            folder,
            wire,
        }
    }

    /// The channel's controls.
    #[must_use]
    pub fn wechat(&self) -> WechatControl {
        self.simulator.control()
    }

    /// The merchant's number at the channel.
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.wechat_merchant.mchid
    }

    /// Moves everybody's clock, and lets the channel do what is due.
    pub async fn advance(&self, step: std::time::Duration) {
        self.wechat().advance(step).await.unwrap();
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &SimulatorClock {
        &self.clock
    }

    /// The payment service for [`MERCHANT`].
    #[must_use]
    pub fn payments(&self) -> Payments {
        self.payments_of(MERCHANT)
    }

    /// The payment service for a merchant.
    #[must_use]
    pub fn payments_of(&self, merchant: &str) -> Payments {
        PaymentServiceClient::with_interceptor(self.channel.clone(), self.keys[merchant].clone())
    }

    /// The order service for [`MERCHANT`].
    #[must_use]
    pub fn orders(&self) -> Orders {
        OrderServiceClient::with_interceptor(self.channel.clone(), self.keys[MERCHANT].clone())
    }

    /// The refund service for [`MERCHANT`].
    #[must_use]
    pub fn refunds(&self) -> Refunds {
        self.refunds_of(MERCHANT)
    }

    /// The refund service for a merchant.
    #[must_use]
    pub fn refunds_of(&self, merchant: &str) -> Refunds {
        RefundServiceClient::with_interceptor(self.channel.clone(), self.keys[merchant].clone())
    }

    /// The event service for [`MERCHANT`].
    #[must_use]
    pub fn events_client(&self) -> Events {
        self.events_client_of(MERCHANT)
    }

    /// The event service for a merchant.
    #[must_use]
    pub fn events_client_of(&self, merchant: &str) -> Events {
        EventServiceClient::with_interceptor(self.channel.clone(), self.keys[merchant].clone())
    }

    /// The wire of [`TestAppOptions::counted`].
    #[must_use]
    pub fn wire(&self) -> &Proxy {
        self.wire.as_ref().expect("statements are counted")
    }

    /// Another replica on the same database and clock, without listeners: a new one at each call.
    pub async fn app(&self) -> Arc<App> {
        let ports = ports(&self.config, &self.clock);
        let app = assemble::app(&self.config, &self.registry, &ports, Lifecycle::default()).await;
        app.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Another replica on the same database and clock, with listeners of its own.
    pub async fn replica(&self) -> Running {
        self.replica_with(&[]).await
    }

    /// Another replica, with variables such as `GRPC__HEADER_TIMEOUT_SECONDS` over the configuration.
    pub async fn replica_with(&self, variables: &[(&str, &str)]) -> Running {
        let listen = ["GRPC", "CALLBACKS", "ADMIN"].map(|name| format!("PAYMENT__{name}__LISTEN"));
        let listen = listen.into_iter().map(|name| (name, "127.0.0.1:0".to_owned()));
        let more = variables.iter().map(|(name, value)| (format!("PAYMENT__{name}"), (*value).to_owned()));
        let environment = listen.chain(more).collect();
        let config = Config::load(&self.folder.path().join("config.toml"), &environment);
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        launch(&config, &self.registry, &self.clock).await.0
    }

    /// How jobs work according to the configuration.
    #[must_use]
    pub fn job_settings(&self) -> Settings {
        self.config.jobs.settings
    }

    /// One look of a job, by a replica of its own.
    pub async fn run_job(&self, job: Job) -> Report {
        self.app().await.run_job(job, self.job_settings()).await.unwrap()
    }

    /// A merchant's key, to be put on a client that is not offered here.
    #[must_use]
    pub fn key(&self, merchant: &str) -> WithKey {
        self.keys[merchant].clone()
    }

    /// A merchant's key as text, to be looked for where it must not be.
    #[must_use]
    pub fn bearer(&self, merchant: &str) -> String {
        self.keys[merchant].0.to_str().unwrap().trim_start_matches("Bearer ").to_owned()
    }

    /// The bare connection, for calls without a key.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Where callbacks arrive.
    #[must_use]
    pub fn callback_address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().addresses().callbacks
    }

    /// Where operators' probes are answered.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().addresses().admin
    }

    /// Where gRPC is served.
    #[must_use]
    pub fn grpc_address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().addresses().grpc
    }

    /// The configuration's folder, to write another configuration beside it.
    #[must_use]
    pub fn folder(&self) -> &TempDir {
        &self.folder
    }

    /// Ends the server, lets the channel finish, and checks every invariant against the records and the channel's books.
    pub async fn finish(mut self) {
        self.end().await;
    }

    /// As [`TestApp::finish`], of a story in which nobody may have waited in a circle. Other replicas are gone by then.
    pub async fn finish_without_deadlock(mut self) {
        self.end().await;
        let Self { store, observer, database, .. } = self;
        drop(store);
        database::no_session_met_a_deadlock(&observer).await;
        drop(database);
    }

    async fn end(&mut self) {
        self.wechat().settled().await;
        self.running.take().unwrap().shutdown().await;
        self.check_invariants().await;
    }

    /// Whether a warning or an error that holds this text was logged.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        log_watch::was_told(text)
    }

    /// Checks every invariant on what is recorded now.
    pub async fn check_invariants(&self) {
        let breaches = invariant::check(&self.store.ledger().await.unwrap());
        assert!(breaches.is_empty(), "{breaches:#?}");
    }
}

/// A bare connection to a server's gRPC.
pub async fn connect(grpc: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{grpc}")).unwrap().connect().await.unwrap()
}

fn load(folder: &TempDir) -> Config {
    log_watch::load(&folder.path().join("config.toml"))
}

fn ports(config: &Config, clock: &SimulatorClock) -> Ports {
    Ports {
        clock: Arc::new(SharedClock(clock.clone())),
        randomness: Arc::new(SystemRandomness),
        http: Arc::new(ReqwestHttp::new(&config.channel_http).unwrap()),
    }
}

/// The channels that come with the server, and these.
fn registry(plugins: Vec<Arc<dyn GatewayFactory>>) -> ChannelRegistry {
    let mut registry = ChannelRegistry::with_builtin().unwrap();
    for plugin in plugins {
        registry.register(plugin).unwrap();
    }
    registry
}

async fn launch(config: &Config, registry: &ChannelRegistry, clock: &SimulatorClock) -> (Running, Store) {
    let ports = ports(config, clock);
    let running = assemble::start(config, registry, &ports, Lifecycle::default()).await;
    (running.unwrap_or_else(|error| panic!("{error}")), assemble::store(config, &ports).unwrap())
}

/// The callback URL goes to the channel before the listener's port is known, so the port is chosen here. Linux gives
/// connections of 127.0.0.1 ports of that address, and each test process has an address of its own, on which no port is
/// chosen twice: nobody takes it between the choice and the start, nor between a server's death and its next start.
#[must_use]
pub fn free_address() -> SocketAddr {
    static CHOSEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let host =
        if cfg!(target_os = "linux") { Ipv4Addr::new(127, 78, high, low) } else { Ipv4Addr::LOCALHOST };
    loop {
        let address = std::net::TcpListener::bind((host, 0)).unwrap().local_addr().unwrap();
        if CHOSEN.lock().unwrap().insert(address.port()) {
            return address;
        }
    }
}
