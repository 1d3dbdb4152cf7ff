//! A circuit breaker: a channel account that does not answer is left alone for a while, then probed by one call.

use time::{Duration, OffsetDateTime};

/// How many calls in a row must go unanswered.
const FAILURES: u32 = 5;

/// How long the account is left alone, and how long one probe may take before the next one is let through.
const PAUSE: Duration = Duration::seconds(30);

/// The breaker of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    failures: u32,
    open_until: Option<OffsetDateTime>,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may.
    Go,
    /// It may not before this much time has passed.
    Wait(Duration),
}

impl Breaker {
    pub(crate) const fn closed() -> Self {
        Self { failures: 0, open_until: None }
    }

    /// Asks for a call. After a pause one caller goes through as a probe, and the others wait for another pause.
    pub(crate) fn ask(&mut self, now: OffsetDateTime) -> Verdict {
        match self.open_until {
            None => Verdict::Go,
            Some(until) if now < until => Verdict::Wait(until - now),
            Some(_) => {
                self.open_until = Some(now + PAUSE);
                Verdict::Go
            }
        }
    }

    /// Whether the account is left alone at `now`.
    pub(crate) fn is_open(&self, now: OffsetDateTime) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// The channel answered.
    pub(crate) fn answered(&mut self) {
        *self = Self::closed();
    }

    /// It did not.
    pub(crate) fn unanswered(&mut self, now: OffsetDateTime) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_dead_channel_is_left_alone_and_probed_by_one_call() {
        let start = datetime!(2026-11-23 08:00 UTC);
        let mut breaker = Breaker::closed();
        for _ in 0..FAILURES {
            assert_eq!(breaker.ask(start), Verdict::Go);
            breaker.unanswered(start);
        }
        assert_eq!(breaker.ask(start + Duration::seconds(10)), Verdict::Wait(Duration::seconds(20)));
        assert_eq!(breaker.ask(start + PAUSE), Verdict::Go, "the probe");
        assert_eq!(breaker.ask(start + PAUSE), Verdict::Wait(PAUSE), "one probe at a time");
        breaker.unanswered(start + PAUSE);
        assert_eq!(breaker.ask(start + PAUSE * 2), Verdict::Go, "the next probe");
        breaker.answered();
        assert_eq!(breaker.ask(start + PAUSE * 2), Verdict::Go);
        assert_eq!(breaker, Breaker::closed());
    }

    #[test]
    fn one_answer_forgives_failures_before() {
        let start = datetime!(2026-11-23 08:00 UTC);
        let mut breaker = Breaker::closed();
        for _ in 0..FAILURES * 3 {
            breaker.unanswered(start);
            breaker.answered();
        }
        assert_eq!(breaker.ask(start), Verdict::Go);
    }
}
