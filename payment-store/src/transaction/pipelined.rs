//! Transactions on the paths that callers and channels wait for: BEGIN is on its way together with the first statement, and
//! COMMIT with the last, so that neither costs a round trip of its own.
//!
//! PostgreSQL takes statements in the order in which they were sent. Diesel's account of the connection is kept: it is in
//! a transaction from before BEGIN is sent until COMMIT or ROLLBACK was answered, so the pool closes a connection whose
//! future was dropped between the two, as it does with Diesel's own transactions.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use diesel::{connection::TransactionDepthChange, result::QueryResult};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection as _, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _,
    TransactionManager as _,
};
use futures::{future::BoxFuture, join, pin_mut, poll};

use super::{Abort, note_failures, unless_passed_over};
use crate::{cached::Cached, writes::Writes};

/// The first statement of a transaction, which takes its first lock.
pub(crate) type Opening<R, O> = for<'c> fn(&'c AsyncPgConnection, &'c R) -> BoxFuture<'c, QueryResult<O>>;

/// What the transaction does then. [`commit_with`] may be its last step.
pub(crate) type OpenedBody<R, O, T> =
    for<'c> fn(&'c mut AsyncPgConnection, &'c R, O) -> BoxFuture<'c, Result<T, Abort>>;

/// Runs `opening` and `body` in a transaction and commits it.
pub(super) async fn attempt<R: Sync, O: Send, T: Send>(
    connection: &mut AsyncPgConnection,
    request: &R,
    (opening, body): (Opening<R, O>, OpenedBody<R, O, T>),
    began: &AtomicBool,
) -> Result<T, Abort> {
    let failed = Arc::new(AtomicBool::new(false));
    connection.set_instrumentation(note_failures(&failed));
    change_depth(connection, TransactionDepthChange::IncreaseDepth)?;
    let (begin, opened) = {
        let (mut first, second) = (&*connection, &*connection);
        join!(first.batch_execute("BEGIN"), opening(second, request))
    };
    begin?;
    began.store(true, Ordering::Relaxed);
    let outcome = match opened {
        Ok(opened) => body(connection, request, opened).await,
        Err(error) => Err(error.into()),
    };
    if depth(connection)?.is_none() {
        return outcome;
    }
    match outcome.and_then(|value| unless_passed_over(&failed, value)) {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(connection).await?;
            Ok(value)
        }
        Err(abort) => {
            // Where this fails too, the first failure says more, and the connection is known to be of no more use.
            let _ = AnsiTransactionManager::rollback_transaction(connection).await;
            Err(abort)
        }
    }
}

/// Carries out the last writes of an opened transaction and commits it. Without writes the commit is left to [`attempt`].
///
/// PostgreSQL answers the COMMIT of an aborted transaction with a ROLLBACK that is no error. So what is done is said by the
/// writes' own answer: they fail if anything before them did. Where they fail before they are sent, COMMIT is not sent.
///
/// COMMIT must not overtake them while they are being prepared, so it is a prepared statement too: both go through the lock
/// of the connection's statement cache, which is held until a statement is prepared. A test holds their order at the wire.
pub(crate) async fn commit_with(connection: &mut AsyncPgConnection, writes: Writes<'_>) -> QueryResult<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let (written, committed) = {
        let (mut first, mut second) = (&*connection, &*connection);
        let writing = writes.execute(&mut first);
        pin_mut!(writing);
        match poll!(&mut writing) {
            Poll::Ready(unsent) => return unsent,
            Poll::Pending => join!(writing, commit(&mut second)),
        }
    };
    if committed.is_ok() {
        change_depth(connection, TransactionDepthChange::DecreaseDepth)?;
    }
    written.and(committed)
}

async fn commit(connection: &mut &AsyncPgConnection) -> QueryResult<()> {
    Cached(diesel::sql_query("COMMIT")).execute(connection).await.map(drop)
}

fn change_depth(connection: &mut AsyncPgConnection, change: TransactionDepthChange) -> QueryResult<()> {
    AnsiTransactionManager::transaction_manager_status_mut(connection)
        .transaction_state()?
        .change_transaction_depth(change)
}

fn depth(connection: &mut AsyncPgConnection) -> QueryResult<Option<NonZeroU32>> {
    AnsiTransactionManager::transaction_manager_status_mut(connection).transaction_depth()
}
