//! The one place that opens transactions.
//!
//! A transaction here calls no channel (R23), takes its locks in one order (R24), and is run again from its beginning when
//! PostgreSQL decides a race against it. It must run in a task of its own, as every write of the server does: a dropped
//! future would leave its transaction open in the pool until the connection is next checked out.

mod pipelined;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use diesel::{connection::InstrumentationEvent, result::Error as DieselError};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, pooled_connection::PoolableConnection as _};
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    appended,
    error::{Retry, StoreError, retry_of},
    pool::Connections,
};

pub(crate) use pipelined::{OpenedBody, Opening, commit_with};

/// How often a transaction may lose a race before the caller is told.
const ATTEMPTS: usize = 8;

/// How often it may fail for a reason that Diesel has no name for. A deadlock is one, and its words are in the server's
/// language; a defect of ours is another, and fails as often as it is run.
const UNNAMED_FAILURES: usize = 3;

/// Why a transaction is rolled back.
pub(crate) enum Abort {
    /// Diesel's or PostgreSQL's failure.
    Database(diesel::result::Error),
    /// Ours.
    Store(StoreError),
}

impl Abort {
    /// The failure as callers of the store see it.
    pub(crate) fn into_store(self) -> StoreError {
        match self {
            Self::Database(error) => error.into(),
            Self::Store(error) => error,
        }
    }
}

impl From<diesel::result::Error> for Abort {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a transaction does: all its input is in `request`, so that it can be run again.
pub(crate) type Body<R, T> = for<'c> fn(&'c mut AsyncPgConnection, &'c R) -> BoxFuture<'c, Result<T, Abort>>;

/// A transaction's statements.
enum Work<R, O, T> {
    /// One after the other.
    Plain(Body<R, T>),
    /// The first together with BEGIN, the last perhaps together with COMMIT.
    Opened(Opening<R, O>, OpenedBody<R, O, T>),
}

/// Runs `body` in a transaction and commits it, again if it lost a race, or if its connection was dead before it began.
pub(crate) async fn run<R: Sync, T: Send>(
    connections: &Connections,
    request: &R,
    body: Body<R, T>,
) -> Result<T, StoreError> {
    Box::pin(until_decided(connections, request, Work::<R, (), T>::Plain(body), ATTEMPTS)).await
}

/// The same, where callers or channels wait for it: `opening` takes the first lock on its way with BEGIN.
pub(crate) async fn run_opened<R: Sync, O: Send, T: Send>(
    connections: &Connections,
    request: &R,
    opening: Opening<R, O>,
    body: OpenedBody<R, O, T>,
) -> Result<T, StoreError> {
    Box::pin(until_decided(connections, request, Work::Opened(opening, body), ATTEMPTS)).await
}

/// The same, where a lost race is for the caller to decide about.
pub(crate) async fn run_opened_once<R: Sync, O: Send, T: Send>(
    connections: &Connections,
    request: &R,
    opening: Opening<R, O>,
    body: OpenedBody<R, O, T>,
) -> Result<T, StoreError> {
    Box::pin(until_decided(connections, request, Work::Opened(opening, body), 1)).await
}

/// Boxed by those who call it: kilobytes that would be copied through every layer above.
async fn until_decided<R: Sync, O: Send, T: Send>(
    connections: &Connections,
    request: &R,
    work: Work<R, O, T>,
    attempts: usize,
) -> Result<T, StoreError> {
    let mut failures = Failures::default();
    for _ in 0..attempts {
        let (mut connection, began, start) =
            (connections.acquire().await?, AtomicBool::new(false), Instant::now());
        let (outcome, told) = appended::noted(attempt(&mut connection, request, &work, &began)).await;
        let error = match outcome {
            Ok(value) => {
                connections.appended().announce(told);
                return Ok(value);
            }
            Err(Abort::Store(error)) => return Err(error),
            Err(Abort::Database(error)) => error,
        };
        tracing::debug!(%error, "a transaction failed");
        let failed = Failed {
            began: began.load(Ordering::Relaxed),
            connection_ended: connection.is_broken(),
            out_of_time: start.elapsed() >= connections.statement_timeout(),
        };
        drop(connection);
        failures.judge(error, failed)?;
        if !failed.began {
            connections.forget_idle();
        }
    }
    Err(StoreError::Contention)
}

/// What is known about a failure beside the words that PostgreSQL has for it.
#[derive(Debug, Clone, Copy)]
struct Failed {
    /// Whether anything but BEGIN was run.
    began: bool,
    connection_ended: bool,
    /// Whether it took as long as a statement may.
    out_of_time: bool,
}

/// The failures of one transaction so far.
#[derive(Debug, Default)]
struct Failures {
    never_begun: usize,
    unnamed: usize,
}

impl Failures {
    /// `Ok` if it may be run again: what failed before it began has certainly done nothing, and gets one more connection;
    /// what lost a race was rolled back.
    fn judge(&mut self, error: DieselError, failed: Failed) -> Result<(), StoreError> {
        if !failed.began {
            self.never_begun += 1;
            return if self.never_begun == 1 { Ok(()) } else { Err(error.into()) };
        }
        match retry_of(&error) {
            Retry::Again => Ok(()),
            Retry::Futile => Err(error.into()),
            Retry::Unnamed if failed.connection_ended => Err(StoreError::unavailable(error)),
            Retry::Unnamed if failed.out_of_time => Err(StoreError::Contention),
            Retry::Unnamed => {
                self.unnamed += 1;
                if self.unnamed < UNNAMED_FAILURES { Ok(()) } else { Err(error.into()) }
            }
        }
    }
}

async fn attempt<R: Sync, O: Send, T: Send>(
    connection: &mut AsyncPgConnection,
    request: &R,
    work: &Work<R, O, T>,
    began: &AtomicBool,
) -> Result<T, Abort> {
    match work {
        Work::Plain(body) => attempt_plain(connection, request, *body, began).await,
        Work::Opened(opening, body) => {
            pipelined::attempt(connection, request, (*opening, *body), began).await
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
async fn attempt_plain<R: Sync, T: Send>(
    connection: &mut AsyncPgConnection,
    request: &R,
    body: Body<R, T>,
    began: &AtomicBool,
) -> Result<T, Abort> {
    let failed = Arc::new(AtomicBool::new(false));
    connection.set_instrumentation(note_failures(&failed));
    let checked = async |connection: &mut AsyncPgConnection| {
        began.store(true, Ordering::Relaxed);
        unless_passed_over(&failed, body(connection, request).await?)
    };
    connection.transaction::<_, Abort, _>(checked).await
}

/// PostgreSQL answers the COMMIT of an aborted transaction with a ROLLBACK that is no error, and Diesel takes it for
/// done. So a body that passed over a failed statement is refused before it commits.
fn unless_passed_over<T>(failed: &AtomicBool, value: T) -> Result<T, Abort> {
    if failed.load(Ordering::Relaxed) {
        let passed_over = "a failed statement was passed over".to_owned();
        return Err(StoreError::Statement(passed_over).into());
    }
    Ok(value)
}

fn note_failures(failed: &Arc<AtomicBool>) -> impl FnMut(InstrumentationEvent<'_>) + Send + 'static {
    let failed = Arc::clone(failed);
    move |event| {
        if let InstrumentationEvent::FinishQuery { error: Some(_), .. } = event {
            failed.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
