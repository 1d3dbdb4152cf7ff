//! Whether anybody has shown a key over a connection: one over which nobody does is not kept for long (R30).

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What the calls of one connection say about who is at its other end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Introduction(CancellationToken);

impl Introduction {
    /// A call came over it with a key that is known.
    pub(super) fn make(&self) {
        self.0.cancel();
    }

    /// Waits until one did.
    pub(crate) fn made(&self) -> WaitForCancellationFutureOwned {
        self.0.clone().cancelled_owned()
    }
}
