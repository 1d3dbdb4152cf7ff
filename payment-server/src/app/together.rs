//! Notifications that come at once are applied in one transaction (ADR 17): while one is under way, those that come gather,
//! and the next one takes all of them. Nobody waits for others to come, so one alone is as fast as ever.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use payment_store::{Lane, StoreError};
use tokio::{sync::oneshot, time::timeout};
use tokio_util::task::TaskTracker;

/// How many share a transaction at most.
const MOST: usize = 32;

/// How many transactions are under way at most.
const AT_ONCE: usize = 2;

/// How many have to wait for a second one to begin beside the first: it pays for a crowd only, for two small ones cost more than
/// one that is twice as large.
const CROWD: usize = 16;

/// How long one waits for a transaction that is under way, before it goes alone: much longer than one takes, unless the
/// database is in trouble.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long those wait that a transaction has taken up. Going alone is safe then: it waits for the locks of what is still being
/// done, and finds a repeat if it was done.
const LIMIT: Duration = Duration::from_secs(1);

/// Does several requests together: an outcome for each, or `None` where it has to be done alone.
type Work<R, O> =
    Box<dyn Fn(Vec<Arc<R>>) -> BoxFuture<'static, Result<Vec<Option<O>>, StoreError>> + Send + Sync>;

/// Requests that are done together.
pub(super) struct Together<R, O>(Arc<Shared<R, O>>);

struct Shared<R, O> {
    line: Mutex<Line<R, O>>,
    work: Work<R, O>,
    tasks: TaskTracker,
}

/// Those that wait, and how many transactions are under way for those before them. Nobody waits while there is none.
struct Line<R, O> {
    under_way: usize,
    waiting: Vec<Waiting<R, O>>,
}

struct Waiting<R, O> {
    request: Arc<R>,
    outcome: oneshot::Sender<Option<O>>,
}

impl<R: Send + Sync + 'static, O: Send + 'static> Together<R, O> {
    /// Nobody waits. The work is done in tasks of `tasks`.
    pub(super) fn new(work: Work<R, O>, tasks: TaskTracker) -> Self {
        let line = Mutex::new(Line { under_way: 0, waiting: Vec::new() });
        Self(Arc::new(Shared { line, work, tasks }))
    }

    /// Does a request with whatever others there are. `None`: nothing was done of it that is known, and it is to be done alone.
    pub(super) async fn take(&self, request: &Arc<R>) -> Option<O> {
        let mut outcome = self.line_up(request);
        match timeout(PATIENCE, &mut outcome).await {
            Ok(outcome) => outcome.ok()?,
            Err(_) if self.leave(request) => None,
            Err(_) => outcome.await.ok()?,
        }
    }

    fn line_up(&self, request: &Arc<R>) -> oneshot::Receiver<Option<O>> {
        let (outcome, told) = oneshot::channel();
        let mut line = self.0.line();
        line.waiting.push(Waiting { request: Arc::clone(request), outcome });
        if line.may_begin(line.under_way) {
            line.under_way += 1;
            drop(line);
            self.0.tasks.spawn(carry_out(Arc::clone(&self.0)));
        }
        told
    }

    /// Whether it still waited.
    fn leave(&self, request: &Arc<R>) -> bool {
        let mut line = self.0.line();
        let before = line.waiting.len();
        line.waiting.retain(|waiting| !Arc::ptr_eq(&waiting.request, request));
        line.waiting.len() < before
    }
}

impl<R, O> Shared<R, O> {
    fn line(&self) -> MutexGuard<'_, Line<R, O>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next who share a transaction. Where there are none, or too few beside another one, whoever asks is done.
    fn next(&self) -> Vec<Waiting<R, O>> {
        let mut line = self.line();
        if line.may_begin(line.under_way - 1) {
            let most = line.waiting.len().min(MOST);
            line.waiting.drain(..most).collect()
        } else {
            line.under_way -= 1;
            Vec::new()
        }
    }
}

impl<R, O> Line<R, O> {
    /// Whether those that wait may begin beside so many.
    fn may_begin(&self, beside: usize) -> bool {
        match beside {
            0 => !self.waiting.is_empty(),
            beside => beside < AT_ONCE && self.waiting.len() >= CROWD,
        }
    }
}

/// Carries out one transaction after the other until nobody waits.
async fn carry_out<R: Send + Sync + 'static, O: Send + 'static>(shared: Arc<Shared<R, O>>) {
    loop {
        let (requests, told): (Vec<_>, Vec<_>) =
            shared.next().into_iter().map(|waiting| (waiting.request, waiting.outcome)).unzip();
        if requests.is_empty() {
            return;
        }
        // In a task of its own: a defect in it must not stop those who come later, nor must a connection that says nothing more.
        let doing = Arc::clone(&shared);
        let doing = Lane::Background.take(async move { (doing.work)(requests).await });
        let outcomes = match timeout(LIMIT, shared.tasks.spawn(doing)).await {
            Ok(Ok(Ok(outcomes))) => outcomes,
            Ok(Ok(Err(error))) => {
                tracing::debug!(%error, "notifications could not be applied together; each goes alone");
                Vec::new()
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "applying notifications together ended without a result; each goes alone");
                Vec::new()
            }
            Err(_) => {
                tracing::warn!("applying notifications together takes long; each goes alone");
                Vec::new()
            }
        };
        // Whoever is told nothing goes alone. Who went away is not told, and what was done is done.
        for (outcome, told) in outcomes.into_iter().zip(told) {
            drop(told.send(outcome));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::{FutureExt as _, future::join_all};
    use tokio::sync::Semaphore;

    use super::*;

    /// Work that waits for leave, and keeps what was done together each time. A request is a number; its outcome is its double.
    #[derive(Clone)]
    struct Desk {
        leave: Arc<Semaphore>,
        taken: Arc<Mutex<Vec<Vec<u32>>>>,
        begun: Arc<AtomicUsize>,
        at_once: Arc<AtomicUsize>,
        most_at_once: Arc<AtomicUsize>,
    }

    /// Requests of these numbers are odd ones.
    const LEFT: u32 = 100;
    const REFUSED: u32 = 101;
    const DEFECT: u32 = 102;

    impl Desk {
        fn open(leave: usize) -> Self {
            let (leave, taken) = (Arc::new(Semaphore::new(leave)), Arc::default());
            let (begun, at_once, most_at_once) = (Arc::default(), Arc::default(), Arc::default());
            Self { leave, taken, begun, at_once, most_at_once }
        }

        fn together(&self) -> Together<u32, u32> {
            let desk = self.clone();
            let work = move |requests: Vec<Arc<u32>>| {
                let desk = desk.clone();
                async move {
                    desk.begun.fetch_add(1, Ordering::SeqCst);
                    let at_once = desk.at_once.fetch_add(1, Ordering::SeqCst) + 1;
                    desk.most_at_once.fetch_max(at_once, Ordering::SeqCst);
                    desk.leave.acquire().await.unwrap().forget();
                    desk.at_once.fetch_sub(1, Ordering::SeqCst);
                    let numbers: Vec<u32> = requests.iter().map(|request| **request).collect();
                    desk.taken.lock().unwrap().push(numbers.clone());
                    assert!(!numbers.contains(&DEFECT), "a defect");
                    if numbers.contains(&REFUSED) {
                        return Err(StoreError::Contention);
                    }
                    Ok(numbers.into_iter().map(|number| (number != LEFT).then_some(2 * number)).collect())
                }
                .boxed()
            };
            Together::new(Box::new(work), TaskTracker::new())
        }

        fn taken(&self) -> Vec<usize> {
            self.taken.lock().unwrap().iter().map(Vec::len).collect()
        }
    }

    /// Lines up one that begins, and the others once it has begun.
    async fn behind_one(desk: &Desk, together: &Together<u32, u32>, others: &[u32]) -> Vec<Option<u32>> {
        let (first, others): (_, Vec<_>) = (Arc::new(0), others.iter().copied().map(Arc::new).collect());
        let beginning = together.take(&first);
        let following = async {
            while desk.begun.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            let all = join_all(others.iter().map(|other| together.take(other)));
            let leave = async {
                tokio::task::yield_now().await;
                desk.leave.add_permits(others.len() + 1);
            };
            futures::join!(all, leave).0
        };
        let (first, outcomes) = futures::join!(beginning, following);
        assert_eq!(first, Some(0));
        outcomes
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_come_meanwhile_share_the_next_one() {
        let desk = Desk::open(0);
        let outcomes = behind_one(&desk, &desk.together(), &[1, 2, 3]).await;
        assert_eq!(outcomes, [Some(2), Some(4), Some(6)]);
        assert_eq!(*desk.taken.lock().unwrap(), [vec![0], vec![1, 2, 3]]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_taken_by_two_in_turns_of_so_many() {
        for crowd in [CROWD - 1, CROWD, 70_usize] {
            let desk = Desk::open(0);
            let crowd: Vec<u32> = (1..=u32::try_from(crowd).unwrap()).collect();
            let outcomes = behind_one(&desk, &desk.together(), &crowd).await;
            assert_eq!(outcomes, crowd.iter().map(|number| Some(2 * number)).collect::<Vec<_>>());
            let taken = desk.taken();
            assert!(taken.iter().all(|taken| *taken <= MOST), "{taken:?}");
            assert_eq!(taken.iter().sum::<usize>(), 1 + crowd.len(), "each once: {taken:?}");
            let begun_beside = desk.most_at_once.load(Ordering::SeqCst);
            assert_eq!(begun_beside, if crowd.len() < CROWD { 1 } else { AT_ONCE }, "{taken:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_alone_begins_at_once_and_the_next_one_after_it() {
        let desk = Desk::open(2);
        let together = desk.together();
        for number in [1, 2] {
            assert_eq!(together.take(&Arc::new(number)).await, Some(2 * number));
        }
        assert_eq!(desk.taken(), [1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_refused_or_panics_goes_alone_and_keeps_nobody_waiting() {
        for (odd, others) in [(LEFT, Some(2)), (REFUSED, None), (DEFECT, None)] {
            let desk = Desk::open(0);
            let together = desk.together();
            assert_eq!(behind_one(&desk, &together, &[1, odd]).await, [others, None], "{odd}");
            desk.leave.add_permits(1);
            assert_eq!(together.take(&Arc::new(7)).await, Some(14), "after {odd}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_goes_alone_unless_it_is_being_done() {
        let desk = Desk::open(0);
        let together = desk.together();
        let (first, late) = (Arc::new(1), Arc::new(2));
        let mut doing = Box::pin(together.take(&first));
        assert!(futures::poll!(&mut doing).is_pending());
        while desk.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // Time goes on while nobody can do anything.
        assert_eq!(together.take(&late).await, None);
        assert!(futures::poll!(&mut doing).is_pending(), "it was begun, so it is waited for");
        desk.leave.add_permits(1);
        assert_eq!(doing.await, Some(2));
        assert_eq!(*desk.taken.lock().unwrap(), [[1]], "who went alone is done by nobody else");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_to_no_end_keeps_nobody_waiting() {
        let desk = Desk::open(0);
        let together = desk.together();
        assert_eq!(together.take(&Arc::new(1)).await, None, "it goes alone");
        let second = Arc::new(2);
        let next = async {
            while desk.begun.load(Ordering::SeqCst) < 2 {
                tokio::task::yield_now().await;
            }
            // One for what still waits for the first, and one for the second.
            desk.leave.add_permits(2);
        };
        let (outcome, ()) = futures::join!(together.take(&second), next);
        assert_eq!(outcome, Some(4));
    }
}
