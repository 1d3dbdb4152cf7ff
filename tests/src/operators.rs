//! Operators for tests: a person with a key, and the part of the configuration that lets them in.

use payment_proto::v1::operator_service_client::OperatorServiceClient;
use payment_server::{config::GeneratedApiKey, ports::SystemRandomness};
use secrecy::ExposeSecret as _;
use tonic::{service::interceptor::InterceptedService, transport::Channel};

use crate::{
    app::{TestApp, WithKey},
    log_watch,
};

/// A client of the operator service.
pub type Operators = OperatorServiceClient<InterceptedService<Channel, WithKey>>;

/// Somebody who operates the service.
#[derive(Clone)]
pub struct Person {
    /// The key as text.
    pub bearer: String,
    /// The section of the configuration that lets them in.
    pub config: String,
}

impl Person {
    /// A person who sees these merchants: `"all"` or a list, as TOML writes them.
    #[must_use]
    pub fn new(name: &str, merchants: &str) -> Self {
        let generated = GeneratedApiKey::new(&SystemRandomness);
        log_watch::add_secrets([generated.key.expose_secret()]);
        let config = format!(
            "[operators.{name}]\napi_keys = [{{ id = \"laptop\", sha256 = \"{}\" }}]\nmerchants = {merchants}\n",
            generated.hash
        );
        Self { bearer: generated.key.expose_secret().to_owned(), config }
    }
}

impl TestApp {
    /// The operator service for a person.
    #[must_use]
    pub fn operators(&self, person: &Person) -> Operators {
        OperatorServiceClient::with_interceptor(self.channel(), WithKey::new(&person.bearer))
    }
}
