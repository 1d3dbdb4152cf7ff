//! A service with operators, and what tests of its doors have in common.

use payment_proto::v1::{
    ApiKeyScope, CreateApiKeyRequest, RevokeApiKeyRequest, api_key_service_client::ApiKeyServiceClient,
    payment_service_client::PaymentServiceClient,
};
use payment_tests::{
    app::{Payments, TestApp, TestAppOptions, WithKey},
    operators::Person,
};
use tonic::{Code, service::interceptor::InterceptedService, transport::Channel};

/// How whoever has no key that counts is refused.
pub(crate) const NOBODY: (Code, &str) = (Code::Unauthenticated, "CREDENTIALS_INVALID");

/// A client of the service for API keys.
pub(crate) type Desk = ApiKeyServiceClient<InterceptedService<Channel, WithKey>>;

/// A service and the key of an operator who sees every merchant.
pub(crate) struct Operated {
    pub(crate) app: TestApp,
    pub(crate) alice: WithKey,
    /// The key of an operator who sees merchant `other` only.
    pub(crate) bob: WithKey,
    /// The section that lets that operator in.
    pub(crate) bobs_section: String,
}

impl Operated {
    /// The usual service with two operators, and `more` of the configuration.
    pub(crate) async fn start(more: &str) -> Self {
        let (alice, bob) = (Person::new("alice", "\"all\""), Person::new("bob", "[\"other\"]"));
        let more_config = [alice.config.as_str(), &bob.config, more].concat();
        let app = TestApp::start_with(TestAppOptions { more_config, ..TestAppOptions::usual() }).await;
        let bobs_section = bob.config.clone();
        let [alice, bob] = [alice, bob].map(|person| WithKey::new(&person.bearer));
        Self { app, alice, bob, bobs_section }
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
        self.desk(&self.alice).create_api_key(request).await.unwrap().into_inner().secret
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

/// Ends a merchant's key.
pub(crate) fn revoking(merchant: &str, id: &str) -> RevokeApiKeyRequest {
    RevokeApiKeyRequest {
        merchant_id: merchant.to_owned(),
        api_key_id: id.to_owned(),
        ..RevokeApiKeyRequest::default()
    }
}
