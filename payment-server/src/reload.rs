//! What of the configuration is taken anew while the service runs: API keys and what operators see, secrets of webhooks,
//! credentials for NATS. Its file, and the files that it points to, are watched; whatever changes, the whole is read and checked, and
//! only if it is in order these parts of it are taken. Everything else waits for the next start. Keys of channel accounts and
//! certificates have watches of their own, for they are proven in other ways.

use std::{path::Path, sync::Arc};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, NatsCredentials},
    file_watch::{FileWatch, LOOK},
    key_ring::KeyRing,
    nats::Publisher,
    webhooks::HttpCourier,
};

/// Watches the configuration, and hands on what changes in it.
pub(crate) struct Reload {
    taken: Config,
    files: FileWatch,
    ring: Arc<KeyRing>,
    courier: Arc<HttpCourier>,
    nats: Option<Arc<Publisher>>,
    /// Credentials that have not opened a connection yet, and whether that was told.
    untried: Option<(NatsCredentials, bool)>,
}

impl Reload {
    /// Watches what `config` was read from.
    pub(crate) fn new(
        config: &Config,
        ring: Arc<KeyRing>,
        courier: Arc<HttpCourier>,
        nats: Option<Arc<Publisher>>,
    ) -> Self {
        Self { taken: config.clone(), files: watch(config), ring, courier, nats, untried: None }
    }

    /// Keeps watching until the server drains.
    pub(crate) async fn run(mut self, draining: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while draining.run_until_cancelled(ticks.tick()).await.is_some() {
            if self.files.settled_change() {
                self.read_again();
            }
            self.try_credentials().await;
        }
    }

    fn read_again(&mut self) {
        match self.taken.read_again() {
            Ok(config) => self.take(config),
            Err(error) => {
                for problem in error.violations() {
                    tracing::error!(%problem, "the changed configuration is not in order; the old one stays");
                }
            }
        }
    }

    fn take(&mut self, config: Config) {
        if self.ring.take(&config) {
            tracing::info!("the configuration's new API keys were taken");
        }
        if self.courier.take_secrets(&config) {
            tracing::info!("the webhooks' new secrets were taken");
        }
        if let (Some(old), Some(new)) = (&self.taken.nats, &config.nats)
            && !old.credentials.is_same(&new.credentials)
        {
            self.untried = Some((new.credentials.clone(), false));
        }
        if !config.origin.files().eq(self.taken.origin.files()) {
            self.files = watch(&config);
        }
        self.taken = config;
    }

    /// Credentials prove themselves by opening a connection; until they do, the old ones stay. NATS may only be away.
    async fn try_credentials(&mut self) {
        let Some((publisher, (credentials, told))) = self.nats.as_ref().zip(self.untried.as_mut()) else {
            return;
        };
        match publisher.take(credentials).await {
            Ok(()) => {
                tracing::info!("the new credentials for NATS were taken");
                self.untried = None;
            }
            Err(error) if !std::mem::replace(told, true) => {
                tracing::error!(%error, "the new credentials open no connection to NATS yet; the old ones stay");
            }
            Err(_) => {}
        }
    }
}

fn watch(config: &Config) -> FileWatch {
    FileWatch::of_files_read_before(config.origin.files().map(Path::to_owned).collect())
}
