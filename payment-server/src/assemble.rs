//! Puts a server together: database, channel accounts, use cases, listeners.

use std::{collections::BTreeMap, sync::Arc};

use payment_core::ports::{Clock, Ports};
use payment_store::{DatabaseTls, Store, StoreError, StoreOptions, webhook::EndpointId};

use crate::{
    admin::{NotReady, Readiness},
    app::{
        App, Notifications, Parts, Policy,
        api_keys::KeyDesk,
        keep_feeds,
        webhooks::{self, Served, Webhooks},
    },
    callback::NotificationHandler,
    channels::{Accounts, ChannelRegistry, KeyWatch},
    config::{Config, ConfigError, DatabaseEncryption, WebhookEndpoint},
    grpc::{self, RateLimits, Services},
    jobs,
    key_ring::KeyRing,
    lifecycle::Lifecycle,
    metrics::Metrics,
    nats::{self, Publisher},
    reload::Reload,
    retention,
    serve::{self, Components, Running, StartError},
    webhooks::{HttpCourier, Names, SystemNames, WebhookHttp, WebhookHttpError},
};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// An account cannot be opened.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be reached or brought to this binary's schema.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// The database is older than this binary.
    #[error(
        "database: lacks {}. Run `payment-server migrate`, or set database.migrate_at_start; servers of the version \
         before go on working meanwhile", .0.join(", ")
    )]
    MissingMigrations(Vec<String>),
    /// No HTTP client for webhooks can be made.
    #[error(transparent)]
    Webhooks(#[from] WebhookHttpError),
    /// The contract's descriptors cannot be read: a defect of the build.
    #[error("reflection: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] StartError),
}

/// The database of a configuration.
///
/// # Errors
/// [`StoreError::Unavailable`] if URL or certificates cannot be read; nothing is connected yet.
pub fn store(config: &Config, ports: &Ports) -> Result<Store, StoreError> {
    let database = &config.database;
    let tls = match &database.encryption {
        DatabaseEncryption::Disabled => DatabaseTls::Disabled,
        DatabaseEncryption::Verified { certificate_authorities } => DatabaseTls::Verified {
            certificate_authorities: certificate_authorities.clone().map(String::into_bytes),
        },
    };
    let options = StoreOptions {
        url: database.url.clone(),
        tls,
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
    };
    Store::new(&options, Arc::clone(&ports.randomness))
}

/// The use cases of a configuration, without listeners: for one look of a job, or as another replica in a test.
///
/// # Errors
/// [`AssemblyError::Config`] if an account cannot be opened, [`AssemblyError::Store`] if the database's address cannot be
/// read.
pub async fn app(
    config: &Config,
    registry: &ChannelRegistry,
    ports: &Ports,
    lifecycle: Lifecycle,
) -> Result<Arc<App>, AssemblyError> {
    let store = store(config, ports)?;
    let metrics = Arc::new(Metrics::new());
    let accounts = registry.open(config, ports, &metrics).await?;
    let webhooks = webhooks_of(config)?;
    Ok(use_cases(config, ports, store, accounts, metrics, webhooks, lifecycle))
}

fn use_cases(
    config: &Config,
    ports: &Ports,
    store: Store,
    accounts: Accounts,
    metrics: Arc<Metrics>,
    webhooks: Webhooks,
    lifecycle: Lifecycle,
) -> Arc<App> {
    let schedules =
        accounts.iter().map(|account| (account.channel.clone(), account.gateway.capabilities().schedules));
    let store = store.with_schedules(schedules.collect());
    let (clock, randomness) = (Arc::clone(&ports.clock), Arc::clone(&ports.randomness));
    let policy = policy(config);
    App::new(Parts { store, accounts, clock, randomness, policy, webhooks, metrics, lifecycle })
}

/// The endpoints of all merchants, and the way to them.
///
/// # Errors
/// [`WebhookHttpError`] if endpoints are configured and the system offers no TLS roots, or certificates cannot be read.
pub fn webhooks_of(config: &Config) -> Result<Webhooks, WebhookHttpError> {
    Ok(webhooks_and_courier(config)?.0)
}

/// The same, and the courier by itself: its secrets may change.
pub(crate) fn webhooks_and_courier(
    config: &Config,
) -> Result<(Webhooks, Arc<HttpCourier>), WebhookHttpError> {
    let endpoints = endpoints_of(config);
    let names: Arc<dyn Names> = Arc::new(SystemNames);
    let reaches = endpoints.values().map(|endpoint| endpoint.reach);
    let http = WebhookHttp::new(&config.webhooks.http, &names, reaches)?;
    let served = endpoints.iter().map(|(id, endpoint)| {
        (id.clone(), Served { events: endpoint.events.clone(), concurrency: endpoint.concurrency })
    });
    let served = served.collect();
    let courier = HttpCourier::new(endpoints, http);
    Ok((Webhooks::new(config.webhooks.settings, served, Arc::clone(&courier) as _), courier))
}

fn endpoints_of(config: &Config) -> BTreeMap<EndpointId, WebhookEndpoint> {
    let mut endpoints = BTreeMap::new();
    for (merchant_id, merchant) in &config.merchants {
        for (name, endpoint) in &merchant.webhooks {
            let id = EndpointId { merchant_id: merchant_id.clone(), name: name.clone() };
            endpoints.insert(id, endpoint.clone());
        }
    }
    endpoints
}

/// Starts a server. It serves until its lifecycle drains; see [`Running`].
///
/// # Errors
/// [`AssemblyError`]; nothing listens then.
pub async fn start(
    config: &Config,
    registry: &ChannelRegistry,
    ports: &Ports,
    lifecycle: Lifecycle,
) -> Result<Running, AssemblyError> {
    let store = store(config, ports)?;
    if config.database.migrate_at_start {
        for migration in store.migrate().await? {
            tracing::info!(migration, "the database was migrated");
        }
    } else {
        require_schema(&store).await?;
    }
    let metrics = Arc::new(Metrics::new());
    let accounts = registry.open(config, ports, &metrics).await?;
    let keys = KeyWatch::new(registry, config, ports, &accounts);
    let (webhooks, courier) = webhooks_and_courier(config)?;
    let (records, counted) = (store.clone(), Arc::clone(&metrics));
    let app = use_cases(config, ports, records, accounts.clone(), counted, webhooks, lifecycle.clone());
    let notifications: Arc<dyn NotificationHandler> = Arc::new(Notifications(Arc::clone(&app)));
    let readiness: Arc<dyn Readiness> = Arc::new(DatabaseReadiness(store.clone()));
    let for_retention = store.clone();
    let ring = KeyRing::new(config, store.clone(), Arc::clone(&ports.clock));
    ring.refresh_or_tell().await;
    let services = Services {
        app: Arc::clone(&app),
        notifications: Arc::clone(&notifications),
        accounts: Arc::new(accounts),
        keys: Arc::clone(&ring) as _,
        rates: RateLimits::new(config),
        key_desk: KeyDesk {
            store,
            ring: Arc::clone(&ring),
            clock: Arc::clone(&ports.clock),
            randomness: Arc::clone(&ports.randomness),
            lifecycle: lifecycle.clone(),
        },
        lifecycle: lifecycle.clone(),
        max_event_streams: config.events.max_streams,
    };
    let (routes, health) = grpc::routes(services, &config.grpc, &config.callbacks).await?;
    let components = Components {
        grpc: routes,
        notifications,
        readiness: Arc::clone(&readiness),
        metrics,
        exposition: Arc::clone(&app) as _,
        clock: Arc::clone(&ports.clock),
        lifecycle: lifecycle.clone(),
    };
    let running = serve::start(config, components).await?;
    let publisher = config.nats.clone().map(Publisher::new);
    work(&app, config, publisher.clone(), for_retention, Arc::clone(&ports.clock), &lifecycle);
    let reload = Reload::new(config, registry, Arc::clone(&ring), courier, publisher);
    lifecycle.tasks.spawn(reload.run(lifecycle.draining.clone()));
    lifecycle.tasks.spawn(ring.run(lifecycle.draining.clone()));
    lifecycle.tasks.spawn(keys.run(lifecycle.draining.clone()));
    tokio::spawn(health.follow(readiness, lifecycle));
    Ok(running)
}

/// Begins what a server does without being called. Each is among the tasks that the end waits for: what was claimed is
/// handled before the process goes.
fn work(
    app: &Arc<App>,
    config: &Config,
    publisher: Option<Arc<Publisher>>,
    store: Store,
    clock: Arc<dyn Clock>,
    lifecycle: &Lifecycle,
) {
    let tasks = &lifecycle.tasks;
    tasks.spawn(keep_feeds(Arc::clone(app), config.events.settings));
    if config.webhooks.enabled {
        tasks.spawn(webhooks::run(Arc::clone(app)));
    }
    if let Some(publisher) = publisher {
        tasks.spawn(nats::publish(Arc::clone(app), publisher, config.events.settings.interval));
    }
    if config.jobs.enabled {
        tasks.spawn(jobs::run(Arc::clone(app), config.jobs.settings));
        tasks.spawn(Arc::clone(app).watch_cases());
    }
    if let Some(keep) = config.retention.raw_words {
        tasks.spawn(retention::run(store, clock, keep, lifecycle.draining.clone()));
    }
}

/// A binary that is newer than its database would fail at its first statement. A database that cannot be asked now is
/// no reason to stay away: readiness tells when it is back.
async fn require_schema(store: &Store) -> Result<(), AssemblyError> {
    match store.missing_migrations().await {
        Ok(missing) if missing.is_empty() => Ok(()),
        Ok(missing) => Err(AssemblyError::MissingMigrations(missing)),
        Err(error) => {
            tracing::warn!(%error, "the database could not be asked whether it has this binary's schema");
            Ok(())
        }
    }
}

/// What a configuration lets the use cases decide.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    let payments = &config.payments;
    Policy {
        time_to_pay: payments.default_time_to_pay.try_into().unwrap_or(time::Duration::MAX),
        earlier_attempts_deadline: payments.earlier_attempts_deadline,
        earlier_attempt_policy: payments.earlier_attempt_policy,
        joins_traces: config.traces.otlp_endpoint.is_some(),
        approval_limits: config.cases.approval_limits.clone(),
        case_steps: config.cases.steps.clone(),
        jobs: config.jobs.settings,
    }
}

/// Ready while the database answers.
struct DatabaseReadiness(Store);

#[async_trait::async_trait]
impl Readiness for DatabaseReadiness {
    async fn ready(&self) -> Result<(), NotReady> {
        self.0.ping().await.map_err(|error| NotReady(error.to_string()))
    }
}
