//! A consumer of the merchant's events: one stream at a time, from any replica, going on from its cursor after each break.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use payment_proto::v1::{Event, StreamEventsRequest};

use crate::{caller::Market, pause::pause};

/// An event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) event_id: String,
    pub(crate) sequence: i64,
    pub(crate) payment_no: String,
    pub(crate) refund_no: String,
    pub(crate) revision: i32,
}

/// Everything that came, in the order in which it came.
#[derive(Default)]
pub(crate) struct Consumer {
    heard: Mutex<Vec<Heard>>,
}

impl Consumer {
    /// Follows the feed for ever.
    pub(crate) async fn follow(self: Arc<Self>, market: Arc<Market>) {
        let mut cursor = String::new();
        loop {
            let request = StreamEventsRequest { after: cursor.clone(), ..StreamEventsRequest::default() };
            let mut events = market.client.anyone().events;
            let Ok(Ok(answer)) =
                tokio::time::timeout(Duration::from_secs(5), events.stream_events(request)).await
            else {
                pause(Duration::from_millis(100)).await;
                continue;
            };
            let mut stream = answer.into_inner();
            while let Ok(Some(told)) = stream.message().await {
                if let Some(event) = told.event {
                    cursor.clone_from(&event.cursor);
                    self.heard.lock().unwrap().push(Heard::of(event));
                }
            }
        }
    }

    /// What came so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The sequence of the newest.
    pub(crate) fn position(&self) -> i64 {
        self.heard.lock().unwrap().last().map_or(0, |heard| heard.sequence)
    }
}

impl Heard {
    fn of(event: Event) -> Self {
        Self {
            event_id: event.event_id,
            sequence: event.sequence,
            payment_no: event.payment_no,
            refund_no: event.refund_no,
            revision: event.revision,
        }
    }
}
