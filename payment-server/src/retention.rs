//! Blanks raw words that are older than the configuration keeps them, a few rows at a time, in every replica: what one
//! has locked the others pass over.

use std::{sync::Arc, time::Duration};

use payment_core::ports::Clock;
use payment_store::{RawWords, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::Looks;

/// How often is looked for words that have grown old.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// How many rows one statement blanks: short locks, and little for a standby to catch up with.
const BATCH: u16 = 200;

/// Looks again and again, until the server drains.
pub async fn run(store: Store, clock: Arc<dyn Clock>, keep: time::Duration, draining: CancellationToken) {
    let mut looks = Looks::every(LOOK, draining.clone());
    while looks.next().await {
        match look(&store, clock.as_ref(), keep, &draining).await {
            Ok(0) => {}
            Ok(blanked) => tracing::info!(blanked, "old raw words were blanked"),
            Err(error) => tracing::error!(%error, "old raw words could not be blanked"),
        }
    }
}

/// Blanks everything that is older than `keep`, and tells how many rows held some.
///
/// # Errors
/// [`StoreError`]; what was blanked before stays so.
pub async fn look(
    store: &Store,
    clock: &dyn Clock,
    keep: time::Duration,
    draining: &CancellationToken,
) -> Result<usize, StoreError> {
    let before = clock.now() - keep;
    let mut blanked = 0;
    for which in RawWords::ALL {
        loop {
            let rows = store.raw_words_blank(which, before, BATCH).await?;
            blanked += rows;
            if rows < usize::from(BATCH) || draining.is_cancelled() {
                break;
            }
        }
    }
    Ok(blanked)
}
