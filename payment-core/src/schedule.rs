//! When to ask next: steps of back-off as data that each channel declares, with jitter so that replicas and payments do
//! not march in step.

use std::time::Duration;

use time::OffsetDateTime;

/// How often a channel is asked: a part of its [`Capabilities`](crate::gateway::Capabilities).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedules {
    /// About a payment that may be paid at any moment (R19).
    pub payment: Schedule,
    /// About a payment whose money is held and that nobody is about to take: notifications tell what others do to it, and
    /// the channel is asked in case one is lost.
    pub hold: Schedule,
    /// To close a payment whose time is over, until the channel proves that it did (R20).
    pub close: Schedule,
    /// About a refund that has not arrived (R22).
    pub refund: Schedule,
    /// About a payment after its end, for money that comes all the same and whose callback is lost too (R6).
    pub late: LateLooks,
}

/// Delays by the number of times asked; the last one goes on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    steps: &'static [u32],
}

/// Looks at a payment that was proven closed or failed, by the time since its end. There is none after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateLooks {
    after: &'static [u32],
}

impl Schedules {
    /// What suits a channel that has no reason for others: a lost callback is found within 30 s at the median and a
    /// minute at worst during a payment's first hour, within 5 minutes after that. Refunds reach wallets
    /// within seconds and cards within days.
    pub const USUAL: Self = Self {
        payment: Schedule::new(&steps_of_payment()),
        hold: Schedule::new(&[60, 300, 1800, 3600]),
        close: Schedule::new(&[10, 30, 60, 120, 300]),
        refund: Schedule::new(&[10, 60, 300, 600, 1200, 1800, 3600]),
        late: LateLooks::new(&[600, 3600, 86_400, 259_200]),
    };
}

/// An event that an endpoint does not take: at once, then the steps of Standard Webhooks, three days and three hours in all,
/// and once a day after that.
pub const WEBHOOK: Schedule =
    Schedule { steps: &[0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] };

const fn steps_of_payment() -> [u32; 96] {
    let mut steps = [45; 96];
    steps[0] = 5;
    steps[1] = 10;
    steps[2] = 15;
    steps[3] = 30;
    steps[95] = 240;
    steps
}

impl Schedule {
    /// Delays in seconds. Without any, it is asked once a minute.
    #[must_use]
    pub const fn new(steps: &'static [u32]) -> Self {
        Self { steps }
    }

    /// How long to wait after having asked `asked` times; `chance` (0 to 255) moves it by up to a quarter either way.
    #[must_use]
    pub fn delay(self, asked: u32, chance: u8) -> Duration {
        let position = usize::try_from(asked).unwrap_or(usize::MAX).min(self.steps.len().saturating_sub(1));
        let step = u64::from(self.steps.get(position).copied().unwrap_or(60));
        // 192/256 to 319/256 of the step.
        Duration::from_millis(step * 1000 * (192 + u64::from(chance) / 2) / 256)
    }

    /// When a row that just came to be, or changed, is looked at first. Whoever changed it is still at work on it.
    #[must_use]
    pub fn first(self, now: OffsetDateTime) -> OffsetDateTime {
        now + self.delay(0, 128)
    }
}

impl LateLooks {
    /// Seconds since the end, growing. None at all: such a payment is never looked at again.
    #[must_use]
    pub const fn new(after: &'static [u32]) -> Self {
        Self { after }
    }

    /// When the next look is due after `looks` of them were answered, if there is one.
    #[must_use]
    pub fn next(self, end: OffsetDateTime, looks: u32) -> Option<OffsetDateTime> {
        let position = usize::try_from(looks).ok()?;
        self.after.get(position).map(|seconds| end + Duration::from_secs(u64::from(*seconds)))
    }

    /// When a look that got no answer is due again: an answer is what counts, so it does not count. A channel that does
    /// not answer for as long again as all looks take is given up on, so that no row waits for ever.
    #[must_use]
    pub fn again(self, end: OffsetDateTime, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let (first, last) = (self.after.first()?, self.after.last()?);
        let given_up = end + Duration::from_secs(u64::from(*last) * 2);
        (now < given_up).then(|| now + Duration::from_secs(u64::from(*first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn r19_f35_no_gap_exceeds_a_minute_in_the_first_hour_nor_five_minutes_ever() {
        let payment = Schedules::USUAL.payment;
        let mut age = Duration::ZERO;
        for asked in 0..1000 {
            let longest = payment.delay(asked, 255);
            let limit = if age < Duration::from_secs(3000) { 60 } else { 300 };
            assert!(longest <= Duration::from_secs(limit), "{asked}: {longest:?} at {age:?}");
            age += payment.delay(asked, 0);
        }
    }

    #[test]
    fn r19_a_payer_who_takes_long_costs_a_channel_few_questions() {
        let payment = Schedules::USUAL.payment;
        let mut asked_in_hour = [0; 3];
        let mut age = Duration::ZERO;
        for asked in 0..500 {
            age += payment.delay(asked, 128);
            let hour = usize::try_from(age.as_secs() / 3600).expect("an hour");
            let Some(questions) = asked_in_hour.get_mut(hour) else { break };
            *questions += 1;
        }
        let [first, _, third] = asked_in_hour;
        assert!(first < 90 && third <= 15, "{asked_in_hour:?}");
    }

    #[test]
    fn what_was_just_recorded_is_looked_at_after_the_first_step() {
        let now = datetime!(2026-11-27 08:00 UTC);
        assert_eq!(Schedules::USUAL.refund.first(now), datetime!(2026-11-27 08:00:10 UTC));
    }

    #[test]
    fn webhooks_are_tried_at_the_times_that_the_specification_recommends() {
        // Its table's column "Time since start".
        let recommended = [0, 5, 305, 2105, 9305, 27_305, 63_305, 113_705, 185_705, 272_105];
        let mut since_start = Duration::ZERO;
        for (asked, expected) in (0..).zip(recommended) {
            // 128 moves by nothing.
            since_start += WEBHOOK.delay(asked, 128);
            assert_eq!(since_start, Duration::from_secs(expected), "after {asked}");
        }
    }

    #[test]
    fn chance_moves_a_step_by_a_quarter_at_most() {
        let close = Schedules::USUAL.close;
        assert_eq!(close.delay(1, 0), Duration::from_millis(22_500));
        assert_eq!(close.delay(1, 255), Duration::from_millis(37_382));
        assert_eq!(close.delay(u32::MAX, 128), Duration::from_millis(300_000));
    }

    #[test]
    fn r06_late_looks_end_with_the_last_and_an_unanswered_one_is_repeated_until_it_is_given_up() {
        let end = datetime!(2026-11-27 08:00 UTC);
        let late = LateLooks::new(&[600, 3600]);
        assert_eq!(late.next(end, 0), Some(datetime!(2026-11-27 08:10 UTC)));
        assert_eq!(late.next(end, 1), Some(datetime!(2026-11-27 09:00 UTC)));
        assert_eq!(late.next(end, 2), None);
        let unanswered = datetime!(2026-11-27 09:00 UTC);
        assert_eq!(late.again(end, unanswered), Some(datetime!(2026-11-27 09:10 UTC)));
        let last_chance = datetime!(2026-11-27 9:59:59 UTC);
        assert_eq!(late.again(end, last_chance), Some(datetime!(2026-11-27 10:09:59 UTC)));
        assert_eq!(late.again(end, datetime!(2026-11-27 10:00 UTC)), None);
        let never = LateLooks::new(&[]);
        assert_eq!((never.next(end, 0), never.again(end, end)), (None, None));
    }
}
