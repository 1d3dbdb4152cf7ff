//! Everything the channel remembers, and how it finds it again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::authorization::Authorization;
use super::capture::Capture;
use super::certificates::CertificateStore;
use super::delivery::{Attempt, Delivery};
use super::error::ApiError;
use super::fault::{Fault, FaultBoard};
use super::idempotency::{RequestKey, StoredRequest};
use super::merchant::Merchant;
use super::operation::Operation;
use super::order::Order;
use super::refund::Refund;
use crate::simulator::{self, Agenda, DeliveryState, Progress};

/// Whether the retries of an event repeat its transmission. PayPal does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryTransmission {
    /// Id, time and signature stay, so the time can be three days old.
    Kept,
    /// Each attempt has its own.
    Fresh,
}

/// What the certificate's URL hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServedCertificates {
    /// The leaf alone, as PayPal does: the intermediate must be known beforehand.
    LeafOnly,
    /// The leaf and the intermediate.
    WithIntermediate,
}

/// What a `PayPal-Request-Id` does when it comes again with another request. PayPal does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReusedRequestId {
    /// The first result, whatever the second request wants.
    FirstResult,
    /// 422 `PAYPAL_REQUEST_ID_PREVIOUSLY_USED`.
    Refused,
}

/// How the channel behaves, fixed at its start.
pub(super) struct Settings {
    pub(super) base_url: String,
    pub(super) order_lifetime: Duration,
    pub(super) retries: RetryTransmission,
    pub(super) served_certificates: ServedCertificates,
    pub(super) reused_request_ids: ReusedRequestId,
    pub(super) reporting_lag: Duration,
    pub(super) reporting_cap: usize,
}

/// How much of a resource an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    Minimal,
    Representation,
}

/// One request that has passed the checks, as the operations see it.
pub(super) struct Call<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) settings: &'a Settings,
    pub(super) client_id: &'a str,
    pub(super) operation: Operation,
    pub(super) body: &'a Map<String, Value>,
    pub(super) preference: Preference,
    pub(super) request_id: Option<&'a str>,
    pub(super) fault: Option<&'a Fault>,
}

/// Something that happens by itself at an instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// The next attempt of the delivery at this index.
    Deliver(usize),
    /// The end of an authorization's validity.
    ExpireAuthorization(String),
}

/// One request that reached the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestRecord {
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What it wanted.
    pub operation: Operation,
    /// The id in its path, empty where there is none.
    pub id: String,
    /// Its `PayPal-Request-Id`.
    pub request_id: Option<String>,
}

/// The channel's memory.
pub(crate) struct World {
    /// By client_id.
    pub(super) merchants: BTreeMap<String, Merchant>,
    /// Which app a token belongs to.
    pub(super) tokens: HashMap<String, String>,
    pub(super) orders: BTreeMap<String, Order>,
    pub(super) captures: BTreeMap<String, Capture>,
    pub(super) authorizations: BTreeMap<String, Authorization>,
    pub(super) refunds: BTreeMap<String, Refund>,
    pub(super) stored_requests: HashMap<RequestKey, StoredRequest>,
    /// Keys whose first request has not been answered yet.
    pub(super) in_progress: HashSet<RequestKey>,
    pub(super) certificates: CertificateStore,
    pub(super) faults: FaultBoard,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) requests: Vec<RequestRecord>,
    pub(super) agenda: Agenda<Task>,
}

impl World {
    pub(super) fn new(certificates: CertificateStore) -> Self {
        Self {
            merchants: BTreeMap::new(),
            tokens: HashMap::new(),
            orders: BTreeMap::new(),
            captures: BTreeMap::new(),
            authorizations: BTreeMap::new(),
            refunds: BTreeMap::new(),
            stored_requests: HashMap::new(),
            in_progress: HashSet::new(),
            certificates,
            faults: FaultBoard::new(),
            deliveries: Vec::new(),
            requests: Vec::new(),
            agenda: Agenda::new(),
        }
    }

    pub(super) fn merchant(&mut self, client_id: &str) -> Result<&mut Merchant, ApiError> {
        self.merchants.get_mut(client_id).ok_or_else(ApiError::server)
    }

    /// The caller's order, unless its time has passed: then it is gone.
    pub(super) fn order(&mut self, call: &Call<'_>, id: &str) -> Result<&mut Order, ApiError> {
        let found = self.orders.get_mut(id).filter(|order| order.client_id == call.client_id);
        found.filter(|order| !order.is_expired(call.now)).ok_or_else(ApiError::not_found)
    }

    pub(super) fn capture(&mut self, call: &Call<'_>, id: &str) -> Result<&mut Capture, ApiError> {
        let found = self.captures.get_mut(id).filter(|capture| capture.client_id == call.client_id);
        found.ok_or_else(ApiError::not_found)
    }

    pub(super) fn authorization(
        &mut self,
        call: &Call<'_>,
        id: &str,
    ) -> Result<&mut Authorization, ApiError> {
        let found = self.authorizations.get_mut(id).filter(|held| held.client_id == call.client_id);
        found.ok_or_else(ApiError::not_found)
    }

    /// Every id under which faults and the control API may name what belongs to an order.
    pub(super) fn references(&self, order_id: &str) -> Vec<String> {
        let Some(order) = self.orders.get(order_id) else { return Vec::new() };
        let of_units = order.units.iter().flat_map(|unit| {
            let names = ["custom_id", "invoice_id"].into_iter().filter_map(|name| unit.text(name));
            names.map(str::to_owned).chain(unit.captures.clone()).chain(unit.authorizations.clone())
        });
        let captures = order.units.iter().flat_map(|unit| &unit.captures);
        let refunds = captures.filter_map(|id| self.captures.get(id)).flat_map(|c| c.refunds.clone());
        [order.id.clone()].into_iter().chain(of_units).chain(refunds).collect()
    }
}

impl simulator::World for World {
    type Task = Task;
    type Attempt = Attempt;

    fn agenda(&mut self) -> &mut Agenda<Task> {
        &mut self.agenda
    }

    fn is_delivering(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.progress.state == DeliveryState::InFlight)
    }

    fn delivery(&mut self, index: usize) -> Option<&mut Progress<Attempt>> {
        self.deliveries.get_mut(index).map(|delivery| &mut delivery.progress)
    }

    fn task(index: usize) -> Task {
        Task::Deliver(index)
    }
}
