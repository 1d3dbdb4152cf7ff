//! Reads a body within limits: each by its length, all together by the memory that they take while they wait.

use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many bodies of full length may be in memory at a time. Real notifications have a hundredth of it, so that many
/// slow strangers cannot take the memory that real ones need.
const FULL_BODIES: usize = 32;

/// The limits, shared by all requests.
#[derive(Debug)]
pub(super) struct BodyLimits {
    longest: usize,
    memory: Arc<Semaphore>,
}

/// A body and its share of the memory, given back when it is dropped.
#[derive(Debug)]
pub(super) struct BoundedBody {
    pub(super) bytes: Vec<u8>,
    pub(super) share: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyRefused {
    /// Longer than allowed.
    TooLong,
    /// All memory for bodies is taken.
    NoMemory,
    /// Broken off or malformed.
    Broken,
}

impl BodyLimits {
    pub(super) fn new(longest: usize) -> Self {
        let memory = longest.saturating_mul(FULL_BODIES).min(Semaphore::MAX_PERMITS);
        Self { longest, memory: Arc::new(Semaphore::new(memory)) }
    }

    /// Reads the whole body, or stops at the first byte too many.
    pub(super) async fn read(&self, mut body: Body) -> Result<BoundedBody, BodyRefused> {
        let announced = body.size_hint().lower();
        if announced > u64::try_from(self.longest).unwrap_or(u64::MAX) {
            return Err(BodyRefused::TooLong);
        }
        let mut read = BoundedBody { bytes: Vec::new(), share: None };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| BodyRefused::Broken)?;
            // Trailers are no part of what channels sign.
            let Ok(chunk) = frame.into_data() else { continue };
            if read.bytes.len() + chunk.len() > self.longest {
                return Err(BodyRefused::TooLong);
            }
            read.take(&chunk, self.share(chunk.len())?);
        }
        Ok(read)
    }

    fn share(&self, length: usize) -> Result<OwnedSemaphorePermit, BodyRefused> {
        let permits = u32::try_from(length).map_err(|_| BodyRefused::TooLong)?;
        Arc::clone(&self.memory).try_acquire_many_owned(permits).map_err(|_| BodyRefused::NoMemory)
    }
}

impl BoundedBody {
    fn take(&mut self, chunk: &[u8], share: OwnedSemaphorePermit) {
        self.bytes.extend_from_slice(chunk);
        match &mut self.share {
            Some(whole) => whole.merge(share),
            None => self.share = Some(share),
        }
    }
}
