//! One after the other: who has something to apply to a payment waits here for whoever came before. Otherwise they would wait
//! for its row's lock, each with a connection in its hand, and a thousand callbacks of one payment would take all that
//! there are (ADR 16). What is decided is decided under the lock all the same: another replica has turns of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use payment_core::identifiers::PaymentNo;
use payment_store::StoreError;
use tokio::{sync::Mutex as Turn, time::timeout};

/// The payments at which somebody is, with those who wait.
pub(super) struct Turns {
    lines: Mutex<HashMap<PaymentNo, Line>>,
    patience: Duration,
}

/// Those at one payment. There is no line without anybody in it.
struct Line {
    turn: Arc<Turn<()>>,
    people: usize,
}

/// Somebody's place in a line, left when it is dropped: after the work, or when it is given up, or when it panics.
struct Place<'a> {
    turns: &'a Turns,
    payment_no: &'a PaymentNo,
    turn: Arc<Turn<()>>,
}

impl Turns {
    /// Nobody is anywhere. Nobody will wait longer than `patience` for a turn.
    pub(super) fn new(patience: Duration) -> Self {
        Self { lines: Mutex::default(), patience }
    }

    /// Does work on the records of a payment when it is its turn. The work calls no channel and takes no other turn.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if its turn does not come in time; the work was not begun.
    pub(super) async fn take<T>(
        &self,
        payment_no: &PaymentNo,
        work: BoxFuture<'_, T>,
    ) -> Result<T, StoreError> {
        let place = self.line_up(payment_no);
        let turn = timeout(self.patience, place.turn.lock()).await;
        let _turn = turn.map_err(|_| StoreError::Contention)?;
        Ok(work.await)
    }

    /// How many wait for their turn now.
    pub(super) fn waiting(&self) -> usize {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.values().map(|line| line.people.saturating_sub(1)).sum()
    }

    fn line_up<'a>(&'a self, payment_no: &'a PaymentNo) -> Place<'a> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line =
            lines.entry(payment_no.clone()).or_insert_with(|| Line { turn: Arc::default(), people: 0 });
        line.people += 1;
        Place { turns: self, payment_no, turn: Arc::clone(&line.turn) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = self.turns.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(self.payment_no) {
            line.people -= 1;
            if line.people == 0 {
                lines.remove(self.payment_no);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, future::pending, poll};
    use tokio::sync::oneshot;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const PATIENT: Duration = Duration::from_secs(60);

    fn payment(last: u8) -> PaymentNo {
        PaymentNo::generate(time::macros::datetime!(2026-11-28 08:00 UTC), 0, [last; PaymentNo::RANDOM_BYTES])
    }

    fn lines(turns: &Turns) -> usize {
        turns.lines.lock().unwrap().len()
    }

    #[tokio::test]
    async fn one_payment_waits_for_its_turn_and_others_do_not() {
        let (turns, number, other) = (Turns::new(PATIENT), payment(1), payment(2));
        let (done, doing) = oneshot::channel::<()>();
        let mut first = Box::pin(turns.take(&number, doing.boxed()));
        assert!(poll!(&mut first).is_pending());
        let mut second = Box::pin(turns.take(&number, async { "second" }.boxed()));
        assert!(poll!(&mut second).is_pending());
        assert_eq!(turns.waiting(), 1);
        assert_eq!(turns.take(&other, async { "other" }.boxed()).now_or_never().unwrap().unwrap(), "other");
        done.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap(), "second");
        assert_eq!(lines(&turns), 0);
    }

    #[tokio::test]
    async fn who_goes_away_or_panics_keeps_nobody_waiting() {
        let (turns, number) = (Turns::new(PATIENT), payment(1));
        let mut first = Box::pin(turns.take(&number, pending::<()>().boxed()));
        let mut second = Box::pin(turns.take(&number, async {}.boxed()));
        let mut third = Box::pin(turns.take(&number, async { panic!("a defect") }.boxed()));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        assert!(poll!(&mut third).is_pending());
        drop(second);
        drop(first);
        let panicked: Result<Result<(), _>, _> = std::panic::AssertUnwindSafe(third).catch_unwind().await;
        assert!(panicked.is_err());
        turns.take(&number, async {}.boxed()).now_or_never().unwrap().unwrap();
        assert_eq!(lines(&turns), 0);
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_in_time_is_contention_and_nothing_was_begun() {
        let (turns, number) = (Turns::new(SOON), payment(1));
        let mut first = Box::pin(turns.take(&number, pending::<()>().boxed()));
        assert!(poll!(&mut first).is_pending());
        let begun = turns.take(&number, async { panic!("it was begun") }.boxed()).await;
        assert!(matches!(begun, Err::<(), _>(StoreError::Contention)));
        drop(first);
        assert_eq!(lines(&turns), 0);
    }
}
