//! Turns of the endpoint: so many notifications are handled at a time, and of one channel only half of that. A channel that
//! goes wild, or does not answer while its notifications are being verified, keeps none of another waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use payment_core::identifiers::ChannelName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of all notifications. First come, first served, channel by channel.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// How many are one channel's at most.
    share: usize,
    /// Made as they are needed; only channels that are configured ever are.
    shares: Mutex<HashMap<ChannelName, Arc<Semaphore>>>,
}

/// A notification's turn, which is over when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_channel: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new(at_a_time: usize) -> Self {
        let (all, share) = (Arc::new(Semaphore::new(at_a_time)), at_a_time.div_ceil(2));
        Self { all, share, shares: Mutex::default() }
    }

    /// Waits for a turn of this channel's share first: who waits there takes no turn from anybody. `None`: never.
    pub(super) async fn of(&self, channel: &ChannelName) -> Option<Turn> {
        let of_channel = self.share_of(channel).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _of_all: of_all, _of_channel: of_channel })
    }

    fn share_of(&self, channel: &ChannelName) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(channel.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        Arc::clone(share)
    }
}
