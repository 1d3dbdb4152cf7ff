//! Webhooks: delivering what is due, and what operators and receivers may ask about it.

mod deliver;
mod manage;

use std::{collections::BTreeMap, sync::Arc};

use payment_core::merchant_event::MerchantEvent;
use payment_store::webhook::EndpointId;
use tokio::sync::{Notify, Semaphore};

use crate::webhooks::{Courier, Settings};

pub use deliver::{Look, run};
pub use manage::{ConfiguredEndpoint, ListDeliveries};

/// What the delivery of events needs.
pub struct Webhooks {
    settings: Settings,
    endpoints: BTreeMap<EndpointId, Line>,
    courier: Arc<dyn Courier>,
    wake: Notify,
}

/// One endpoint as this process serves it.
struct Line {
    /// The events that it wants; none: all of them.
    events: Vec<MerchantEvent>,
    /// One permit for each attempt that may be under way.
    slots: Arc<Semaphore>,
}

/// An endpoint that is to be served.
#[derive(Debug, Clone)]
pub struct Served {
    /// The events that it wants; none: all of them.
    pub events: Vec<MerchantEvent>,
    /// The most attempts under way at a time.
    pub concurrency: usize,
}

impl Webhooks {
    /// Delivery to these endpoints by this courier.
    #[must_use]
    pub fn new(
        settings: Settings,
        endpoints: BTreeMap<EndpointId, Served>,
        courier: Arc<dyn Courier>,
    ) -> Self {
        let line = |served: Served| Line {
            events: served.events,
            slots: Arc::new(Semaphore::new(served.concurrency)),
        };
        let endpoints = endpoints.into_iter().map(|(id, served)| (id, line(served))).collect();
        Self { settings, endpoints, courier, wake: Notify::new() }
    }

    /// Something may be due: looks at once instead of at the next interval.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}
