//! gRPC health: serving only while the database answers, for the server as a whole and for each service by name.

use std::{sync::Arc, time::Duration};

use payment_proto::v1::{
    notification_service_server, order_service_server, payment_service_server, refund_service_server,
};
use tokio::time::timeout;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    admin::Readiness,
    lifecycle::{Lifecycle, Looks},
};

/// How often the database is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// How long it may take to answer; a slower one is of no use to callers either.
const PATIENCE: Duration = Duration::from_secs(1);

/// The names that can be asked for; the empty one is the server as a whole.
const NAMES: [&str; 5] = [
    "",
    payment_service_server::SERVICE_NAME,
    order_service_server::SERVICE_NAME,
    refund_service_server::SERVICE_NAME,
    notification_service_server::SERVICE_NAME,
];

/// Sets what the health service answers.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
}

impl Health {
    /// Not serving until the database has answered once.
    pub(super) async fn not_serving() -> Self {
        let health = Self { reporter: HealthReporter::new() };
        health.set(ServingStatus::NotServing).await;
        health
    }

    pub(super) fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// Follows the readiness of the database until the server drains; then it is not serving, so that balancers turn
    /// to other servers while calls in flight end.
    pub async fn follow(self, readiness: Arc<dyn Readiness>, lifecycle: Lifecycle) {
        let mut looks = Looks::every(PERIOD, lifecycle.draining);
        while looks.next().await {
            let status = match timeout(PATIENCE, readiness.ready()).await {
                Ok(Ok(())) => ServingStatus::Serving,
                Ok(Err(_)) | Err(_) => ServingStatus::NotServing,
            };
            self.set(status).await;
        }
        self.set(ServingStatus::NotServing).await;
    }

    async fn set(&self, status: ServingStatus) {
        for name in NAMES {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
