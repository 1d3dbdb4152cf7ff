//! What of the configuration is taken anew while the service runs: API keys and what operators see, secrets of webhooks,
//! credentials for NATS. Its file, and the files that it points to, are watched; whatever changes, the whole is read and checked, and
//! only if it is in order these parts of it are taken. Everything else waits for the next start. Keys of channel accounts and
//! certificates have watches of their own, for they are proven in other ways.

use std::{path::Path, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    channels::ChannelRegistry,
    config::{Config, ConfigError, NatsCredentials},
    file_watch::{FileWatch, LOOK},
    key_ring::KeyRing,
    lifecycle::Looks,
    nats::Publisher,
    webhooks::HttpCourier,
};

/// Watches the configuration, and hands on what changes in it.
pub(crate) struct Reload {
    taken: Config,
    files: FileWatch,
    registry: ChannelRegistry,
    ring: Arc<KeyRing>,
    courier: Arc<HttpCourier>,
    nats: Option<Arc<Publisher>>,
    /// Credentials that have not opened a connection yet, and whether that was told.
    untried: Option<(NatsCredentials, bool)>,
    /// What is wrong with the files as they were read last, and was told.
    wrong: Option<ConfigError>,
}

impl Reload {
    /// Watches what `config` was read from.
    pub(crate) fn new(
        config: &Config,
        registry: &ChannelRegistry,
        ring: Arc<KeyRing>,
        courier: Arc<HttpCourier>,
        nats: Option<Arc<Publisher>>,
    ) -> Self {
        Self {
            taken: config.clone(),
            files: watch(config),
            registry: registry.clone(),
            ring,
            courier,
            nats,
            untried: None,
            wrong: None,
        }
    }

    /// Keeps watching until the server drains.
    pub(crate) async fn run(mut self, draining: CancellationToken) {
        let mut looks = Looks::every(LOOK, draining);
        while looks.next().await {
            if self.files.settled_change() {
                self.read_again();
            }
            self.try_credentials().await;
        }
    }

    fn read_again(&mut self) {
        match self.checked() {
            Ok(config) => {
                self.wrong = None;
                self.take(config);
            }
            Err(error) => {
                // What mends it may be a file that is not watched: read again at every look.
                self.files = watch(&self.taken);
                if self.wrong.as_ref() != Some(&error) {
                    self.tell(error);
                }
            }
        }
    }

    /// The configuration as its files are now, if it would do for a start.
    fn checked(&self) -> Result<Config, ConfigError> {
        let config = self.taken.read_again()?;
        self.registry.check(&config)?;
        Ok(config)
    }

    fn tell(&mut self, error: ConfigError) {
        for problem in error.violations() {
            tracing::error!(%problem, "the changed configuration is not in order; the old one stays");
        }
        self.wrong = Some(error);
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use payment_core::{identifiers::OperatorName, ports::Ports};

    use super::*;
    use crate::{
        assemble,
        ports::{ReqwestHttp, SystemClock, SystemRandomness},
    };

    const SECTIONS: &str = "[database]\nurl = \"postgres://localhost/none\"\n[callbacks]\npublic_url = \"https://pay.example.com\"\n";

    const ACCOUNT_OF_NO_CHANNEL: &str =
        "[merchants.acme]\napi_keys = []\n[merchants.acme.accounts.main]\nchannel = \"nowhere\"\n";

    /// The section of an operator, whose keys' SHA-256 consist of this digit.
    fn operator(name: &str, digit: char) -> String {
        let sha256 = digit.to_string().repeat(64);
        format!(
            "[operators.{name}]\nmerchants = \"all\"\napi_keys = [{{ id = \"laptop\", sha256 = \"{sha256}\" }}]\n"
        )
    }

    /// Two looks, as many as a change needs to be seen at rest; whether the operator has keys then.
    fn knows(reload: &mut Reload, name: &str) -> bool {
        for _ in 0..2 {
            if reload.files.settled_change() {
                reload.read_again();
            }
        }
        reload.ring.of_operator(&OperatorName::parse(name).expect("a name")).is_some()
    }

    #[tokio::test]
    async fn r30_what_would_not_do_for_a_start_is_not_taken_until_it_is_mended_wherever_that_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("payment.toml");
        let write = |text: &[&str]| fs::write(&file, text.concat()).expect("a file");
        write(&[SECTIONS]);
        let config = Config::load(&file, &BTreeMap::new()).expect("a configuration");
        let http = ReqwestHttp::new(&config.channel_http).expect("a client");
        let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let ports = Ports { clock, randomness, http: Arc::new(http) };
        let store = assemble::store(&config, &ports).expect("a store");
        let ring = KeyRing::new(&config, store, Arc::clone(&ports.clock));
        let (_, courier) = assemble::webhooks_and_courier(&config).expect("a courier");
        let registry = ChannelRegistry::with_builtin().expect("channels");
        let mut reload = Reload::new(&config, &registry, ring, courier, None);

        write(&[SECTIONS, &operator("alice", 'a'), ACCOUNT_OF_NO_CHANNEL]);
        assert!(!knows(&mut reload, "alice"), "a channel finds its account wrong");
        let told = reload.wrong.clone().expect("a problem").to_string();
        assert!(told.contains("is no channel of this server"), "{told}");
        write(&[SECTIONS, &operator("alice", 'a')]);
        assert!(knows(&mut reload, "alice"));

        let certificate = "[nats]\nurl = \"nats://localhost\"\ntls = \"verified\"\ncertificate_authorities_file = \"ca.pem\"\n";
        write(&[SECTIONS, certificate, &operator("bob", 'b')]);
        assert!(!knows(&mut reload, "bob"), "a file is missing");
        let told = reload.wrong.clone();
        assert!(!knows(&mut reload, "bob") && told.is_some() && reload.wrong == told, "and is still");
        fs::write(folder.path().join("ca.pem"), "certificates").expect("a file");
        assert!(knows(&mut reload, "bob"), "the configuration's own file did not change again");
        assert_eq!(reload.wrong, None);
    }
}
