//! How long rows wait that a replica could have taken: rows that are due by the clock of one that lives, while PostgreSQL is
//! there. Nothing else excuses a delay.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use time::OffsetDateTime;

use crate::{replica::SteadyClock, stage::JOB_INTERVAL};

/// A row with the time from which it may be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DueRow {
    /// Which, and at which account.
    pub(crate) name: String,
    /// Its own time, or the end of the lease of whoever took it.
    pub(crate) due: OffsetDateTime,
}

/// One look at what is due.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// When it began, by the machine's clock.
    pub(crate) at: Instant,
    /// What everybody's clock showed then.
    pub(crate) now: OffsetDateTime,
    /// The clocks of those who lived then.
    pub(crate) clocks: Vec<SteadyClock>,
    /// Since when the database is there.
    pub(crate) database_since: Instant,
    /// Every row that is due by the fastest of the clocks.
    pub(crate) rows: Vec<DueRow>,
}

/// What looks have shown so far.
#[derive(Debug)]
pub(crate) struct Vigil {
    /// How many times as fast as the machine's the clocks run.
    speed: u32,
    last_look: Option<Instant>,
    /// The rows of the last look, and since when each may have been there.
    known: HashMap<DueRow, Instant>,
    /// The longest that a row waited.
    pub(crate) longest: Duration,
    /// Rows that waited for longer than an interval.
    pub(crate) slow: BTreeMap<String, Duration>,
}

impl Vigil {
    pub(crate) fn new(speed: u32) -> Self {
        Self { speed, last_look: None, known: HashMap::new(), longest: Duration::ZERO, slow: BTreeMap::new() }
    }

    /// Learns from a look.
    pub(crate) fn learn(&mut self, mut look: Look) {
        // Who writes a row may be behind the others: to them it is due as soon as it is there, which was after the last look.
        let appeared = self.last_look.replace(look.at).unwrap_or(look.at);
        let before = std::mem::take(&mut self.known);
        for row in std::mem::take(&mut look.rows) {
            let there_since = before.get(&row).copied().unwrap_or(appeared);
            let waited = self.waited(&look, row.due, there_since);
            self.longest = self.longest.max(waited);
            if waited > JOB_INTERVAL {
                let longest = self.slow.entry(row.name.clone()).or_default();
                *longest = waited.max(*longest);
            }
            self.known.insert(row, there_since);
        }
    }

    /// For how long at least one and the same replica could have taken it.
    fn waited(&self, look: &Look, due: OffsetDateTime, there_since: Instant) -> Duration {
        let by = |clock: &SteadyClock| {
            let due_for = look.now + time::Duration::seconds(clock.ahead) - due;
            let due_for = Duration::try_from(due_for / self.speed).unwrap_or_default();
            let possible_since = there_since.max(look.database_since).max(clock.since);
            due_for.min(look.at.saturating_duration_since(possible_since))
        };
        look.clocks.iter().map(by).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pause::instant;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-28 08:00 UTC);
    const SPEED: u32 = 10;

    /// Looks in a row, each some milliseconds after the start, and what they have shown.
    struct Story {
        start: Instant,
        vigil: Vigil,
        clocks: Vec<SteadyClock>,
        database_since: Instant,
    }

    impl Story {
        /// Of replicas that have lived for long with clocks so far ahead.
        fn of(ahead: &[i64]) -> Self {
            let start = instant() + Duration::from_secs(1000);
            let clocks = ahead.iter().map(|ahead| SteadyClock { ahead: *ahead, since: instant() }).collect();
            Self { start, vigil: Vigil::new(SPEED), clocks, database_since: instant() }
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.start + Duration::from_millis(milliseconds)
        }

        /// A look at which this row is due, from so many seconds of everybody's clock after the start.
        fn look(&mut self, milliseconds: u64, due: Option<i64>) {
            let row = |due| DueRow { name: "P1".to_owned(), due: START + time::Duration::seconds(due) };
            let now = START + time::Duration::milliseconds(i64::try_from(milliseconds).unwrap()) * 10;
            let look = Look {
                at: self.at(milliseconds),
                now,
                clocks: self.clocks.clone(),
                database_since: self.database_since,
                rows: due.map(row).into_iter().collect(),
            };
            self.vigil.learn(look);
        }

        fn longest(&self) -> u128 {
            self.vigil.longest.as_millis()
        }
    }

    #[test]
    fn a_row_waits_since_it_is_due_by_a_living_clock() {
        let mut story = Story::of(&[0]);
        story.look(0, None);
        story.look(2900, Some(20));
        assert_eq!(story.longest(), 900, "due after 20 s of a clock ten times as fast");
        story.look(4500, Some(20));
        assert_eq!(story.longest(), 2500);
        assert_eq!(story.vigil.slow["P1"].as_millis(), 2500);
    }

    #[test]
    fn one_replica_that_could_have_taken_it_is_enough() {
        let mut story = Story::of(&[-120, 10]);
        story.look(0, None);
        story.look(3000, Some(20));
        assert_eq!(story.longest(), 2000, "the fast one's clock showed that it was due after a second");
    }

    #[test]
    fn who_is_dead_could_not_have_taken_it() {
        let mut story = Story::of(&[-120, 100]);
        story.look(0, None);
        story.look(400, Some(0));
        story.clocks.remove(1);
        story.look(9000, Some(0));
        assert_eq!(story.longest(), 400, "by the other clock it is not due yet");
        story.look(14_000, Some(0));
        assert_eq!(story.longest(), 2000);
    }

    #[test]
    fn a_replica_answers_for_the_time_since_it_serves_and_since_its_clock_was_moved() {
        let mut story = Story::of(&[0]);
        story.look(0, None);
        story.clocks[0] = SteadyClock { ahead: 120, since: story.at(100) };
        story.look(600, Some(0));
        assert_eq!(story.longest(), 500);
    }

    #[test]
    fn what_was_due_while_postgresql_was_away_waits_since_it_is_back() {
        let mut story = Story::of(&[0]);
        story.look(0, Some(0));
        story.database_since = story.at(5000);
        story.look(5300, Some(0));
        assert_eq!(story.longest(), 300);
        story.look(8000, Some(0));
        assert_eq!(story.longest(), 3000);
    }

    #[test]
    fn what_a_slow_clock_wrote_waits_since_it_was_written() {
        let mut story = Story::of(&[-120, 0]);
        story.look(0, None);
        story.look(100, Some(-115));
        assert_eq!(story.longest(), 100, "it was not there at the look before");
        story.look(600, Some(-115));
        assert_eq!(story.longest(), 600);
        // It was taken, and is due again: another wait.
        story.look(700, Some(-100));
        story.look(800, Some(-100));
        assert_eq!(story.longest(), 600);
    }

    #[test]
    fn a_row_in_hand_is_not_due_before_its_lease_ends_and_is_then() {
        let mut story = Story::of(&[0]);
        story.look(0, Some(0));
        // Claimed by one that is killed: due again at the lease's end, 30 s later.
        story.look(29_900, None);
        story.look(31_500, Some(300));
        assert_eq!(story.longest(), 1500);
    }
}
