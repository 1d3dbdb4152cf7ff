//! Every API key that opens anything: those of the configuration, and those of the database as this process knows them.
//!
//! A call is never kept waiting for the database. The keys are held in memory and one number is asked for every two
//! seconds; where it has changed, the keys are loaded again. Should that number not be had for ten seconds, nobody can
//! tell any more which keys were revoked, and those of the database are refused until it is had again: a revoked key works
//! for ten seconds at most, in whatever replica.
//!
//! Keys of the configuration open without the database, and are replaced by replacing its file. The database can bar them as well, by
//! their SHA-256, so that an operator ends one in every replica at once; what a replica knows to be barred stays so.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use payment_core::{
    identifiers::{ApiKeyId, MerchantId, OperatorName},
    ports::Clock,
};
use payment_store::{
    Store, StoreError,
    api_key::{ApiKey, ApiKeyUse},
};
use time::OffsetDateTime;
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{command::Caller, principal::KeyHolder},
    config::{ApiKeyConfig, ApiKeyHash, ApiKeys, Config, OperatorConfig},
    grpc::{self, KeyRefused},
    lifecycle::Looks,
};

/// How often the database is asked whether keys have changed.
const REFRESH: Duration = Duration::from_secs(2);

/// How long its last answer may be relied on.
const STALEST: Duration = Duration::from_secs(10);

/// How many seconds lie between two writes of one key's last use.
const USE_SECONDS: i64 = 60;

/// The keys of one service. Shared by the gate, which asks it, and the desk, which changes what is kept.
pub struct KeyRing {
    configured: ArcSwap<Configured>,
    /// The merchants that this process serves: those of the configuration at its start. A key of another opens nothing.
    merchants: BTreeSet<MerchantId>,
    store: Store,
    clock: Arc<dyn Clock>,
    kept: ArcSwap<Kept>,
    /// Held while the database is asked, so that an older answer never replaces a newer one.
    refreshing: Mutex<()>,
    /// Whether the last question was answered: what changes is told, not each failure.
    answered: AtomicBool,
}

/// The keys of the configuration.
struct Configured {
    keys: ApiKeys,
    merchants: BTreeMap<MerchantId, Vec<ApiKeyConfig>>,
    operators: BTreeMap<OperatorName, OperatorConfig>,
}

impl Configured {
    /// The keys of these merchants, and of every operator.
    fn new(config: &Config, merchants: &BTreeSet<MerchantId>) -> Self {
        let keys = |id: &MerchantId| {
            config.merchants.get(id).map(|merchant| merchant.api_keys.clone()).unwrap_or_default()
        };
        let merchants = merchants.iter().map(|id| (id.clone(), keys(id))).collect();
        let operators = config.operators.clone();
        Self { keys: ApiKeys::new(&merchants, &operators), merchants, operators }
    }
}

/// What the database said.
struct Kept {
    /// When it was asked, and at which revision its keys were; none before its first answer.
    asked: Option<(Instant, i64)>,
    keys: Arc<HashMap<ApiKeyHash, KeptKey>>,
    /// The keys of the configuration that it bars.
    barred: Arc<BTreeSet<ApiKeyHash>>,
}

struct KeptKey {
    holder: KeyHolder,
    merchant_id: MerchantId,
    api_key_id: ApiKeyId,
    expire_time: Option<OffsetDateTime>,
    uses: Arc<Uses>,
}

/// Unix seconds, 0 for never.
#[derive(Default)]
struct Uses {
    last: AtomicI64,
    written: AtomicI64,
}

impl KeyRing {
    /// The keys of the configuration; those of the database once it was asked.
    #[must_use]
    pub fn new(config: &Config, store: Store, clock: Arc<dyn Clock>) -> Arc<Self> {
        let merchants = config.merchants.keys().cloned().collect();
        Arc::new(Self {
            configured: ArcSwap::from_pointee(Configured::new(config, &merchants)),
            merchants,
            store,
            clock,
            kept: ArcSwap::from_pointee(Kept { asked: None, keys: Arc::default(), barred: Arc::default() }),
            refreshing: Mutex::new(()),
            answered: AtomicBool::new(true),
        })
    }

    /// A merchant's keys in the configuration; none where there is no such merchant.
    #[must_use]
    pub fn of_merchant(&self, merchant: &MerchantId) -> Option<Vec<ApiKeyConfig>> {
        self.configured.load().merchants.get(merchant).cloned()
    }

    /// An operator's keys; none where there is no such operator.
    #[must_use]
    pub fn of_operator(&self, name: &OperatorName) -> Option<Vec<ApiKeyConfig>> {
        self.configured.load().operators.get(name).map(|operator| operator.api_keys.clone())
    }

    /// Lets in by the keys of another configuration from now on, those of the merchants that this process serves and of its
    /// operators, and tells whether anything differs.
    pub fn take(&self, config: &Config) -> bool {
        let new = Configured::new(config, &self.merchants);
        let old = self.configured.load();
        let differs = old.merchants != new.merchants || old.operators != new.operators;
        if differs {
            self.configured.store(Arc::new(new));
        }
        differs
    }

    /// Asks the database for what has changed.
    ///
    /// # Errors
    /// [`StoreError`]; what was known stays known for its time.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _alone = self.refreshing.lock().await;
        let asked = Instant::now();
        let revision = self.store.api_key_revision().await?;
        let known = self.kept.load_full();
        let (keys, barred) = match known.asked {
            Some((_, same)) if same == revision => (Arc::clone(&known.keys), Arc::clone(&known.barred)),
            Some(_) | None => (Arc::new(self.load(&known.keys).await?), Arc::new(self.load_barred().await?)),
        };
        self.kept.store(Arc::new(Kept { asked: Some((asked, revision)), keys, barred }));
        Ok(())
    }

    async fn load(
        &self,
        known: &HashMap<ApiKeyHash, KeptKey>,
    ) -> Result<HashMap<ApiKeyHash, KeptKey>, StoreError> {
        let live = self.store.api_keys_live(self.clock.now()).await?;
        let of_merchants = live.into_iter().filter(|key| self.merchants.contains(&key.merchant_id));
        let kept = of_merchants.map(|key| {
            let hash = ApiKeyHash::from_bytes(key.sha256);
            let uses = known.get(&hash).map(|known| Arc::clone(&known.uses)).unwrap_or_default();
            (hash, KeptKey::new(key, uses))
        });
        Ok(kept.collect())
    }

    async fn load_barred(&self) -> Result<BTreeSet<ApiKeyHash>, StoreError> {
        let barred = self.store.api_keys_barred().await?;
        Ok(barred.into_iter().map(|key| ApiKeyHash::from_bytes(key.sha256)).collect())
    }

    /// As [`Self::refresh`]; a failure is told, once until it is over.
    pub async fn refresh_or_tell(&self) {
        match self.refresh().await {
            Ok(()) if !self.answered.swap(true, Ordering::Relaxed) => {
                tracing::info!("the API keys of the database are known again");
            }
            Ok(()) => {}
            Err(error) if self.answered.swap(false, Ordering::Relaxed) => {
                tracing::error!(%error, "the API keys of the database cannot be read; they will be refused");
            }
            Err(_) => {}
        }
    }

    /// Keeps up with the database until the server drains.
    pub async fn run(self: Arc<Self>, draining: CancellationToken) {
        let mut looks = Looks::every(REFRESH, draining);
        while looks.next().await {
            self.refresh_or_tell().await;
            self.write_uses().await;
        }
    }

    /// Writes which keys were used, outside of any call's way. What cannot be written is written next time.
    async fn write_uses(&self) {
        let kept = self.kept.load_full();
        let used: Vec<_> = kept.keys.values().filter_map(|key| Some((key, key.use_to_write()?))).collect();
        if used.is_empty() {
            return;
        }
        let records: Vec<_> = used.iter().filter_map(|(key, last)| key.record(*last)).collect();
        match self.store.api_keys_used(&records).await {
            Ok(()) => used.iter().for_each(|(key, last)| key.uses.written.store(*last, Ordering::Relaxed)),
            Err(error) => tracing::warn!(%error, "when API keys were used could not be written"),
        }
    }
}

impl grpc::ApiKeys for KeyRing {
    fn authenticate(&self, presented: &str) -> Result<KeyHolder, KeyRefused> {
        let hash = ApiKeyHash::of_presented(presented).ok_or(KeyRefused::Invalid)?;
        let kept = self.kept.load();
        if let Some(holder) = self.configured.load().keys.lookup(&hash) {
            return if kept.barred.contains(&hash) { Err(KeyRefused::Invalid) } else { Ok(holder.clone()) };
        }
        if kept.asked.is_none_or(|(asked, _)| asked.elapsed() > STALEST) {
            return Err(KeyRefused::Unknowable);
        }
        let now = self.clock.now();
        // Found by SHA-256, whose place in the table no caller can steer, and then compared in constant time.
        let key = kept.keys.get(&hash).filter(|key| key.expire_time.is_none_or(|end| now < end));
        let key = key.ok_or(KeyRefused::Invalid)?;
        key.uses.last.fetch_max(now.unix_timestamp(), Ordering::Relaxed);
        Ok(key.holder.clone())
    }
}

impl KeptKey {
    fn new(key: ApiKey, uses: Arc<Uses>) -> Self {
        let (merchant_id, api_key_id) = (key.merchant_id, key.api_key_id);
        let caller = Caller { merchant_id: merchant_id.clone(), api_key_id: api_key_id.clone() };
        let holder = KeyHolder::Merchant { caller, scopes: key.scopes };
        Self { holder, merchant_id, api_key_id, expire_time: key.expire_time, uses }
    }

    /// The last use, if it is to be written.
    fn use_to_write(&self) -> Option<i64> {
        let last = self.uses.last.load(Ordering::Relaxed);
        (last - self.uses.written.load(Ordering::Relaxed) >= USE_SECONDS).then_some(last)
    }

    fn record(&self, last: i64) -> Option<ApiKeyUse> {
        let time = OffsetDateTime::from_unix_timestamp(last).ok()?;
        Some(ApiKeyUse { merchant_id: self.merchant_id.clone(), api_key_id: self.api_key_id.clone(), time })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use payment_core::scope::Scope;
    use payment_store::{DatabaseTls, StoreOptions};

    use super::*;
    use crate::{
        grpc::ApiKeys as _,
        ports::{SystemClock, SystemRandomness},
    };

    /// A ring with one key in the configuration, before a database that is away.
    fn ring() -> Arc<KeyRing> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("payment.toml");
        let text = format!(
            "[database]\nurl = \"postgres://localhost/none\"\n[callbacks]\npublic_url = \"https://pay.example.com\"\n\
             [merchants.acme]\napi_keys = [{{ id = \"shop\", sha256 = \"{}\", scopes = [\"read\"] }}]\n\
             [merchants.acme.accounts.main]\nchannel = \"wechat\"\n",
            ApiKeyHash::of("payk_configured"),
        );
        fs::write(&file, text).expect("written");
        let config = Config::load(&file, &BTreeMap::new()).expect("a configuration");
        let options = StoreOptions {
            url: "postgres://nobody@127.0.0.1:1/none".to_owned().into(),
            tls: DatabaseTls::Disabled,
            max_connections: 2,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(2),
        };
        let store = Store::new(&options, Arc::new(SystemRandomness)).expect("a store");
        KeyRing::new(&config, store, Arc::new(SystemClock))
    }

    /// What the database would have said a moment ago.
    fn recorded(key: &str) -> Kept {
        let api_key = ApiKey {
            merchant_id: MerchantId::parse("acme").expect("a merchant"),
            api_key_id: ApiKeyId::parse("till").expect("a key"),
            sha256: ApiKeyHash::of(key).bytes(),
            scopes: BTreeSet::from([Scope::Read]),
            created_by: "alice/laptop".to_owned(),
            create_time: OffsetDateTime::UNIX_EPOCH,
            expire_time: None,
            revoked: None,
            last_use_time: None,
        };
        let key = KeptKey::new(api_key, Arc::default());
        let hash = ApiKeyHash::of("payk_recorded");
        let keys = Arc::new(HashMap::from([(hash, key)]));
        Kept { asked: Some((Instant::now(), 1)), keys, barred: Arc::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn r30_keys_of_the_database_are_refused_while_nobody_can_tell_whether_they_were_revoked() {
        let ring = ring();
        let asked = |key| ring.authenticate(key).map(drop);
        assert_eq!(asked("payk_recorded"), Err(KeyRefused::Unknowable), "the database was not asked yet");
        ring.kept.store(Arc::new(recorded("payk_recorded")));
        assert_eq!([asked("payk_recorded"), asked("payk_wrong")], [Ok(()), Err(KeyRefused::Invalid)]);
        tokio::time::advance(STALEST).await;
        assert_eq!(asked("payk_recorded"), Ok(()));
        tokio::time::advance(Duration::from_secs(1)).await;
        for key in ["payk_recorded", "payk_wrong"] {
            assert_eq!(asked(key), Err(KeyRefused::Unknowable), "its answer is too old");
        }
        assert_eq!(asked("payk_configured"), Ok(()), "the configuration needs no database");
        assert_eq!(asked(""), Err(KeyRefused::Invalid));
        let barred = Arc::new(BTreeSet::from([ApiKeyHash::of("payk_configured")]));
        ring.kept.store(Arc::new(Kept { barred, ..recorded("payk_recorded") }));
        tokio::time::advance(STALEST * 2).await;
        assert_eq!(asked("payk_configured"), Err(KeyRefused::Invalid), "what is known to be barred stays so");
    }
}
