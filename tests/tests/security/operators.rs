//! A service with operators, and what tests of its doors have in common.

use std::{future::Future, time::Duration};

use payment_proto::v1::{
    ApiKeyScope, CreateApiKeyRequest, api_key_service_client::ApiKeyServiceClient,
    payment_service_client::PaymentServiceClient,
};
use payment_tests::{
    app::{Payments, TestApp, TestAppOptions, WithKey},
    log_watch,
    operators::Person,
};
use tonic::{service::interceptor::InterceptedService, transport::Channel};

/// A client of the service for API keys.
pub(crate) type Desk = ApiKeyServiceClient<InterceptedService<Channel, WithKey>>;

/// A service and the key of an operator who sees every merchant.
pub(crate) struct Operated {
    pub(crate) app: TestApp,
    pub(crate) alice: WithKey,
    /// The key of an operator who sees merchant `other` only.
    pub(crate) bob: WithKey,
}

impl Operated {
    /// The usual service with two operators, and `more` of the configuration.
    pub(crate) async fn start(more: &str) -> Self {
        let (alice, bob) = (Person::new("alice", "\"all\""), Person::new("bob", "[\"other\"]"));
        let more_config = [alice.config.as_str(), &bob.config, more].concat();
        let app = TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await;
        let [alice, bob] = [alice, bob].map(|person| WithKey::new(&person.bearer));
        Self { app, alice, bob }
    }

    /// The desk where somebody makes and revokes keys.
    pub(crate) fn desk(&self, key: &WithKey) -> Desk {
        ApiKeyServiceClient::with_interceptor(self.app.channel(), key.clone())
    }

    /// Payments as somebody with this key sees them.
    pub(crate) fn payments(&self, key: &str) -> Payments {
        PaymentServiceClient::with_interceptor(self.app.channel(), WithKey::new(key))
    }

    /// A new key of a merchant.
    pub(crate) async fn key(&self, merchant: &str, id: &str, scopes: &[ApiKeyScope]) -> String {
        let request = wanted(merchant, id, scopes);
        let secret = self.desk(&self.alice).create_api_key(request).await.unwrap().into_inner().secret;
        log_watch::add_secrets([secret.as_str()]);
        secret
    }
}

/// A request for a key that never expires.
pub(crate) fn wanted(merchant: &str, id: &str, scopes: &[ApiKeyScope]) -> CreateApiKeyRequest {
    CreateApiKeyRequest {
        merchant_id: merchant.to_owned(),
        api_key_id: id.to_owned(),
        scopes: scopes.iter().map(|scope| i32::from(*scope)).collect(),
        expire_time: None,
    }
}

/// Waits until something is so, for as long as a busy machine may need.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let patience = tokio::time::timeout(Duration::from_secs(120), async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        while !holds().await {
            ticks.tick().await;
        }
    });
    patience.await.unwrap_or_else(|_| panic!("{what} never happened"));
}
