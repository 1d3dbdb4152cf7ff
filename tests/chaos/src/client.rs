//! Callers' connections to the replicas. A call that is not answered is repeated at another one, as the contract says.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use payment_proto::v1::{
    event_service_client::EventServiceClient, payment_service_client::PaymentServiceClient,
    refund_service_client::RefundServiceClient,
};
use payment_tests::app::{Events, Payments, Refunds, WithKey};
use tonic::{Code, Response, Status, transport::Endpoint};
use tonic_types::StatusExt as _;

use crate::{faults::Weather, pause::pause, told::Told};

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(12);

/// How often a call is repeated before it counts as never answered.
const TRIES: usize = 400;

/// One replica as callers see it.
#[derive(Clone)]
pub(crate) struct Counter {
    pub(crate) payments: Payments,
    pub(crate) refunds: Refunds,
    pub(crate) events: Events,
}

/// All of them.
pub(crate) struct Client {
    counters: Vec<Counter>,
    weather: Arc<Weather>,
    told: Arc<Told>,
}

impl Client {
    /// Connects to each when it is called first, and again after each death.
    pub(crate) fn new(
        replicas: impl Iterator<Item = SocketAddr>,
        key: &str,
        weather: Arc<Weather>,
        told: Arc<Told>,
    ) -> Self {
        let key = WithKey::new(key);
        let counter = |address: SocketAddr| {
            let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
            let channel = endpoint.connect_timeout(Duration::from_secs(2)).connect_lazy();
            Counter {
                payments: PaymentServiceClient::with_interceptor(channel.clone(), key.clone()),
                refunds: RefundServiceClient::with_interceptor(channel.clone(), key.clone()),
                events: EventServiceClient::with_interceptor(channel, key.clone()),
            }
        };
        Self { counters: replicas.map(counter).collect(), weather, told }
    }

    /// Any replica.
    pub(crate) fn anyone(&self) -> Counter {
        let many = u64::try_from(self.counters.len()).unwrap();
        self.counters[usize::try_from(self.weather.below(many)).unwrap()].clone()
    }

    /// Calls until there is an answer; a refusal is one.
    pub(crate) async fn call<T>(
        &self,
        what: &str,
        call: impl AsyncFn(Counter) -> Result<Response<T>, Status>,
    ) -> Result<T, Status> {
        for _ in 0..TRIES {
            let tried = tokio::time::timeout(PATIENCE, call(self.anyone())).await;
            match tried {
                Ok(Ok(answer)) => {
                    self.told.memory().answered += 1;
                    return Ok(answer.into_inner());
                }
                Ok(Err(refusal)) if !is_passing(&refusal) => {
                    self.told.memory().answered += 1;
                    return Err(refusal);
                }
                Ok(Err(broken)) => self.note(what, &broken),
                Err(_) => self.told.memory().unanswered += 1,
            }
            pause(self.weather.between(Duration::from_millis(20), Duration::from_millis(300))).await;
        }
        let mut memory = self.told.memory();
        memory.wrong.push(format!("{what} was not answered in {TRIES} tries"));
        Err(Status::unavailable("never answered"))
    }

    /// A defect that the service itself owns up to is one.
    fn note(&self, what: &str, status: &Status) {
        let mut memory = self.told.memory();
        memory.unanswered += 1;
        if reason(status) == "INTERNAL" {
            memory.wrong.push(format!("{what}: {}", status.message()));
        }
    }
}

/// The reason by which callers decide.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Whether the contract says that the call is to be repeated.
fn is_passing(status: &Status) -> bool {
    let passing = [
        Code::Unavailable,
        Code::Aborted,
        Code::Unknown,
        Code::Internal,
        Code::Cancelled,
        Code::DeadlineExceeded,
        Code::ResourceExhausted,
    ];
    passing.contains(&status.code()) || reason(status) == "EARLIER_ATTEMPT_UNRESOLVED"
}
