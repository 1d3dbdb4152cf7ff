//! A closed loop: so many clients, each sending its next request when the last one is answered.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// How fast, and how long one took.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Speed {
    /// Answers in a second.
    pub(crate) per_second: f64,
    /// Half of them took at most so long.
    pub(crate) median: Duration,
    /// 99 of 100 took at most so long.
    pub(crate) p99: Duration,
    /// How many there were.
    pub(crate) count: usize,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// When time is over.
    Elapsed(Duration),
    /// When so many are done.
    Done(usize),
}

/// Runs `request(number)` in `clients` loops; numbers are given out once each, from 0.
pub(crate) async fn run<F>(
    clients: usize,
    until: Until,
    request: Arc<dyn Fn(usize) -> F + Send + Sync>,
) -> Result<Speed, Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let begin = now();
    let client = || {
        let (next, request) = (Arc::clone(&next), Arc::clone(&request));
        tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let over = match until {
                    Until::Elapsed(time) => begin.elapsed() >= time,
                    Until::Done(count) => number >= count,
                };
                if over {
                    return Ok::<_, Failure>(took);
                }
                let asked = now();
                request(number).await?;
                took.push(asked.elapsed());
            }
        })
    };
    let tasks: Vec<_> = (0..clients).map(|_| client()).collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.map_err(Failure::new)??);
    }
    Ok(Speed::of(took, begin.elapsed()))
}

impl Speed {
    /// The speed of these, which took `whole` together.
    pub(crate) fn of(mut took: Vec<Duration>, whole: Duration) -> Self {
        took.sort_unstable();
        let at = |hundredth: usize| {
            let position = (took.len() * hundredth / 100).min(took.len().saturating_sub(1));
            took.get(position).copied().unwrap_or_default()
        };
        let count = took.len();
        Self { per_second: count as f64 / whole.as_secs_f64(), median: at(50), p99: at(99), count }
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this crate is for")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
