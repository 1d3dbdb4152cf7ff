//! What histories are played on, one after the other: a database, four channels, replicas, and one clock that only moves on.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use channel_bad_pay::BadPayFactory;
use payment_core::{identifiers::MerchantId, invariant};
use payment_sandbox::{clock::SimulatorClock, postgres::TestDatabase};
use payment_server::{
    channels::ChannelRegistry,
    config::{Config, GeneratedApiKey},
    ports::SystemRandomness,
};
use payment_store::Store;
use payment_tests::{
    app::{MERCHANT, START, SharedClock},
    database,
};
use tokio::{net::TcpListener, sync::Mutex};
use tokio_postgres::Client;

use super::{
    channels::{self, Channel, Market},
    post_office::PostOffice,
    replica::Replica,
    story::REPLICAS,
};

/// What the first order of a history costs, in minor units.
pub(crate) const UNIT: i64 = 100;

/// How often something was reached, by its name.
pub(crate) type Reached = BTreeMap<&'static str, u64>;

/// What histories are about. A run that reaches one of them never shows nothing about it.
const MATTERS: [(&str, &str); 19] = [
    ("paid by WeChat", "SELECT count(*) FROM payment WHERE channel = 'wechat' AND state = 'SUCCEEDED'"),
    ("paid by Alipay", "SELECT count(*) FROM payment WHERE channel = 'alipay' AND state = 'SUCCEEDED'"),
    ("paid by PayPal", "SELECT count(*) FROM payment WHERE channel = 'paypal' AND state = 'SUCCEEDED'"),
    ("paid by Bad Pay", "SELECT count(*) FROM payment WHERE channel = 'bad-pay' AND state = 'SUCCEEDED'"),
    ("payments closed", "SELECT count(*) FROM payment WHERE state = 'CLOSED'"),
    (
        "paid after the close",
        "SELECT count(*) FROM payment_transition WHERE from_state = 'CLOSED' AND to_state = 'SUCCEEDED'",
    ),
    (
        "found paid by asking",
        "SELECT count(*) FROM payment_transition WHERE to_state = 'SUCCEEDED' AND source = 'QUERY_ANSWER'",
    ),
    ("duplicates", "SELECT count(*) FROM allocation WHERE state = 'DUPLICATE'"),
    (
        "baskets that were duplicates in part",
        "SELECT count(DISTINCT one.payment_no) FROM allocation one JOIN allocation other USING (payment_no) \
         WHERE one.state = 'DUPLICATE' AND other.state = 'EFFECTIVE'",
    ),
    ("refunds that callers wanted", "SELECT count(*) FROM refund WHERE origin = 'CALLER'"),
    (
        "refunds in part",
        "SELECT count(*) FROM refund JOIN payment USING (payment_no) WHERE refund.amount < payment.amount",
    ),
    ("refunds under a successor's number", "SELECT count(*) FROM refund WHERE successors > 0"),
    ("repeated notifications", "SELECT count(*) FROM notification WHERE verdict = 'REPEATED'"),
    (
        "held money taken",
        "SELECT count(*) FROM payment_transition WHERE from_state = 'HELD' AND to_state = 'SUCCEEDED'",
    ),
    (
        "held money let go",
        "SELECT count(*) FROM payment_transition WHERE from_state = 'HELD' AND to_state = 'CLOSED'",
    ),
    ("refunds of the channels' consoles", "SELECT count(*) FROM refund WHERE origin = 'CHANNEL'"),
    (
        "refunds that a purse was too empty for",
        "SELECT count(*) FROM payment_case WHERE kind = 'REFUND_NEEDS_PERSON' \
         AND description LIKE '%MERCHANT_BALANCE_INSUFFICIENT%'",
    ),
    (
        "refunds that stuck",
        "SELECT count(*) FROM payment_case WHERE kind = 'REFUND_NEEDS_PERSON' \
         AND description LIKE '%PAYER_ACCOUNT_UNUSABLE%'",
    ),
    ("captures intended", "SELECT count(*) FROM payment WHERE capture_intend_time IS NOT NULL"),
];

/// Everything around histories.
pub(crate) struct Stage {
    pub(crate) markets: Vec<Box<dyn Market>>,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) office: PostOffice,
    pub(crate) store: Store,
    pub(crate) observer: Client,
    pub(crate) clock: SimulatorClock,
    pub(crate) merchant: MerchantId,
    histories: AtomicU32,
    // It goes away with the stage.
    _database: TestDatabase,
}

/// The replicas by number; one that died is followed by a fresh one when it is next wanted.
pub(crate) struct Replicas {
    pub(crate) config: Arc<Config>,
    registry: ChannelRegistry,
    clock: SharedClock,
    slots: [Mutex<Option<Arc<Replica>>>; REPLICAS],
    deaths: AtomicU64,
}

impl Replicas {
    /// The living replica of this number.
    pub(crate) async fn at(&self, number: usize) -> Arc<Replica> {
        let mut slot = self.slots[number].lock().await;
        if let Some(replica) = slot.as_ref() {
            if !replica.wire.is_dead() {
                return Arc::clone(replica);
            }
            replica.kill().await;
            self.deaths.fetch_add(1, Ordering::SeqCst);
        }
        let fresh = Arc::new(Replica::start(&self.config, &self.registry, &self.clock).await);
        *slot = Some(Arc::clone(&fresh));
        fresh
    }

    async fn living(&self) -> Vec<Arc<Replica>> {
        let mut living = Vec::new();
        for slot in &self.slots {
            living.extend(slot.lock().await.clone().filter(|replica| !replica.wire.is_dead()));
        }
        living
    }

    /// Ends every replica where it stands.
    async fn end(&self) {
        for slot in &self.slots {
            let replica = slot.lock().await.take();
            if let Some(replica) = replica {
                replica.kill().await;
            }
        }
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let clock = SimulatorClock::manual(START);
        let markets = channels::open_all(&clock).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callbacks = format!("http://{}", listener.local_addr().unwrap());
        for (market, channel) in markets.iter().zip(Channel::ALL) {
            market.notified_at(&format!("{callbacks}/v1/callbacks/{}/{}", channel.name(), channel.account()));
        }
        let database = database::migrated_database().await;
        let config = Arc::new(config(database.url(), &callbacks, &markets));
        let mut registry = ChannelRegistry::with_builtin().unwrap();
        registry.register(Arc::new(BadPayFactory::new().unwrap())).unwrap();
        let slots = std::array::from_fn(|_| Mutex::default());
        let (clock_of_replicas, deaths) = (SharedClock(clock.clone()), AtomicU64::new(0));
        let replicas = Arc::new(Replicas { config, registry, clock: clock_of_replicas, slots, deaths });
        Self {
            office: PostOffice::open(listener, Arc::clone(&replicas)),
            markets,
            replicas,
            store: database::open(&database::options(database.url(), 2)),
            observer: database::connect(database.url()).await,
            clock,
            merchant: MerchantId::parse(MERCHANT).unwrap(),
            histories: AtomicU32::new(0),
            _database: database,
        }
    }

    /// Breaks the service for a test: this SQL runs before anything is played.
    pub(crate) async fn set_with(sabotage: &str) -> Self {
        let stage = Self::set().await;
        stage.observer.batch_execute(sabotage).await.unwrap();
        stage
    }

    pub(crate) fn market(&self, channel: Channel) -> &dyn Market {
        self.markets[channel as usize].as_ref()
    }

    /// A name for the next history, and with it for its orders.
    pub(crate) fn next_name(&self) -> String {
        format!("h{}", self.histories.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn histories(&self) -> u32 {
        self.histories.load(Ordering::SeqCst)
    }

    /// Time passes for everybody at once, and what is due then happens.
    pub(crate) async fn pass(&self, step: Duration) {
        self.clock.advance(step).unwrap();
        self.calm().await;
    }

    /// Waits until nothing happens any more unless time passes or somebody acts.
    pub(crate) async fn calm(&self) {
        loop {
            let replicas = self.replicas.living().await;
            let calls = || replicas.iter().map(|replica| replica.wire.calls()).sum::<u64>();
            let before = (self.office.arrived(), calls());
            for market in &self.markets {
                market.settled().await;
            }
            for replica in &replicas {
                replica.idle().await;
            }
            if (self.office.arrived(), calls()) == before {
                return;
            }
        }
    }

    /// What went wrong is over.
    pub(crate) async fn heal(&self) {
        self.office.heal();
        for market in &self.markets {
            market.forget_orders();
        }
        for replica in self.replicas.living().await {
            replica.wire.heal();
        }
    }

    /// Checks everything that was recorded on this stage, histories against each other too, and the channels' whole books.
    /// Gives how often what histories are about was reached.
    pub(crate) async fn finish(self) -> Reached {
        self.replicas.end().await;
        let ledger = self.store.ledger().await.unwrap();
        let breaches = invariant::check(&ledger);
        assert!(breaches.is_empty(), "{breaches:#?}");
        let said = "SELECT coalesce(sum(amount - refund_reserved), 0)::bigint FROM allocation WHERE state = 'EFFECTIVE'";
        let said: i64 = self.observer.query_one(said, &[]).await.unwrap().get(0);
        let kept: i64 = self.markets.iter().map(|market| market.kept()).sum();
        assert_eq!(kept, said, "what all channels kept, what all orders say");
        self.reached().await
    }

    async fn reached(&self) -> Reached {
        let mut reached =
            Reached::from([("replicas that died", self.replicas.deaths.load(Ordering::SeqCst))]);
        for (what, sql) in MATTERS {
            let count: i64 = self.observer.query_one(sql, &[]).await.unwrap().get(0);
            reached.insert(what, u64::try_from(count).unwrap());
        }
        reached
    }
}

fn config(database: &str, callbacks: &str, markets: &[Box<dyn Market>]) -> Config {
    let key = GeneratedApiKey::new(&SystemRandomness);
    let mut text = format!(
        "[database]\nurl = \"{database}\"\ntls = \"disabled\"\nmax_connections = 4\n[grpc]\nlisten = \"127.0.0.1:0\"\n\
         [callbacks]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{callbacks}\"\nallow_insecure = true\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n[jobs]\nenabled = false\n\
         [merchants.{MERCHANT}]\napi_keys = [{{ id = \"key\", sha256 = \"{}\", scopes = [\"pay\", \"refund\"] }}]\n",
        key.hash
    );
    text.extend(markets.iter().map(|market| market.section()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"))
}
