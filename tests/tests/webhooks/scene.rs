//! A service with an endpoint, replicas that deliver when the test says so, and events to be delivered.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use payment_core::identifiers::{MerchantId, WebhookName};
use payment_sandbox::clock::SimulatorClock;
use payment_server::{
    app::{App, webhooks::Look},
    webhooks::SigningSecret,
};
use payment_store::webhook::{DeliveryFilter, DeliveryRecord, EndpointId, EndpointRecord};
use payment_tests::{
    app::{MERCHANT, START, TestApp, TestAppOptions},
    webhook_receiver::Receiver,
};

/// The secret of the usual endpoint.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The usual endpoint's name.
pub(crate) const ENDPOINT: &str = "shop";

/// A service and its merchant's endpoint.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) receiver: Receiver,
}

impl Scene {
    /// The usual one: nothing is delivered by itself.
    pub(crate) async fn new() -> Self {
        Self::with("", "[webhooks]\nenabled = false\n").await
    }

    /// With further lines for the endpoint and the configuration.
    pub(crate) async fn with(of_endpoint: &str, more_config: &str) -> Self {
        Self::on(SimulatorClock::manual(START), SECRET, of_endpoint, more_config).await
    }

    /// On a clock, with a secret.
    pub(crate) async fn on(
        clock: SimulatorClock,
        secret: &str,
        of_endpoint: &str,
        more_config: &str,
    ) -> Self {
        assert!(SigningSecret::parse(secret).is_ok());
        let receiver = Receiver::start().await;
        let options = TestAppOptions {
            account_config: endpoint_section(&receiver.url(), secret, of_endpoint),
            more_config: more_config.to_owned(),
            clock,
            ..TestAppOptions::usual()
        };
        let scene = Self { app: TestApp::start_with(options).await, receiver };
        // The endpoint is known from here on, and gets what is told from here on.
        scene.app.app().await.deliver_webhooks().await.unwrap();
        scene
    }

    /// Tells an event for each number, about the payment of that number, and gives them their places.
    pub(crate) async fn tell(&self, payments: impl IntoIterator<Item = usize>) -> BTreeMap<String, Vec<i64>> {
        let mut told: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let reach = "SELECT coalesce(max(last_no), 0) FROM event_feed WHERE merchant_id = $1";
        let mut last: i64 = self.app.observer.query_one(reach, &[&MERCHANT]).await.unwrap().get(0);
        for payment in payments {
            last += 1;
            let payment_no = format!("P20261123{payment:022}");
            let tell = "INSERT INTO outbox_event \
                (event_id, merchant_id, payment_no, revision, position, event, create_time, feed_no) \
                VALUES (gen_random_uuid(), $1, $2, $3, 0, 'payment.closed', $4, $5)";
            let revision = i32::try_from(last).unwrap();
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&MERCHANT, &payment_no, &revision, &self.app.clock().now(), &last];
            self.app.observer.execute(tell, &values).await.unwrap();
            told.entry(payment_no).or_default().push(last);
        }
        let reach = "INSERT INTO event_feed (merchant_id, last_no, trimmed_no) VALUES ($1, $2, 0) \
                     ON CONFLICT (merchant_id) DO UPDATE SET last_no = excluded.last_no";
        self.app.observer.execute(reach, &[&MERCHANT, &last]).await.unwrap();
        told
    }

    /// Another replica.
    pub(crate) async fn replica(&self) -> Arc<App> {
        self.app.app().await
    }

    /// One replica delivers until nothing is due, and says what it did in all.
    pub(crate) async fn deliver(&self) -> Look {
        deliver_all(&self.replica().await).await
    }

    /// Moves the clock.
    pub(crate) async fn advance(&self, seconds: u64) {
        self.app.advance(Duration::from_secs(seconds)).await;
    }

    /// The endpoint as it is recorded.
    pub(crate) async fn endpoint(&self) -> EndpointRecord {
        let merchant = MerchantId::parse(MERCHANT).unwrap();
        self.app.store.webhook_endpoints(&merchant).await.unwrap().remove(0)
    }

    /// Its deliveries, the latest events first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryRecord> {
        let filter = DeliveryFilter {
            endpoint: endpoint_id(),
            undelivered_only: false,
            payment_no: None,
            below: None,
            limit: 200,
        };
        self.app.store.webhook_deliveries(&filter).await.unwrap()
    }
}

/// Delivers until nothing is due.
pub(crate) async fn deliver_all(replica: &Arc<App>) -> Look {
    let mut all = Look::default();
    loop {
        let look = replica.deliver_webhooks().await.unwrap();
        if look == Look::default() {
            return all;
        }
        all = Look { claimed: all.claimed + look.claimed, delivered: all.delivered + look.delivered };
    }
}

/// The usual endpoint.
pub(crate) fn endpoint_id() -> EndpointId {
    EndpointId {
        merchant_id: MerchantId::parse(MERCHANT).unwrap(),
        name: WebhookName::parse(ENDPOINT).unwrap(),
    }
}

/// The usual endpoint's section of the configuration.
pub(crate) fn endpoint_section(url: &str, secret: &str, more: &str) -> String {
    format!(
        "[merchants.{MERCHANT}.webhooks.{ENDPOINT}]\nurl = \"{url}\"\nsecret = \"{secret}\"\nallow_insecure = true\n\
         allow_private = true\n{more}"
    )
}
