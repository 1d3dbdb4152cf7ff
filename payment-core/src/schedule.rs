//! When to ask next: steps of back-off as data, with jitter so that replicas and payments do not march in step.

use std::time::Duration;

/// Delays by the number of times asked; the last one goes on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    steps: &'static [u32],
}

/// A payment that may be paid at any moment: a lost callback is found within 30 s at the median and a minute at worst
/// during its first hour, within 5 minutes after that.
pub const PAYMENT: Schedule = Schedule { steps: &steps_of_payment() };

/// A payment whose time is over: the channel is asked to close it until it proves that it did.
pub const CLOSE: Schedule = Schedule { steps: &[10, 30, 60, 120, 300] };

/// A refund on its way: wallets within seconds, cards within days (WeChat advises a minute, then 5, 10, 20, 30).
pub const REFUND: Schedule = Schedule { steps: &[10, 60, 300, 600, 1200, 1800, 3600] };

const fn steps_of_payment() -> [u32; 96] {
    let mut steps = [60; 96];
    steps[0] = 5;
    steps[1] = 10;
    steps[2] = 15;
    steps[3] = 30;
    steps[4] = 45;
    steps[95] = 240;
    steps
}

impl Schedule {
    /// How long to wait after having asked `asked` times; `chance` (0 to 255) moves it by up to a quarter either way.
    #[must_use]
    pub fn delay(self, asked: u32, chance: u8) -> Duration {
        let position = usize::try_from(asked).unwrap_or(usize::MAX).min(self.steps.len().saturating_sub(1));
        let step = u64::from(self.steps.get(position).copied().unwrap_or(60));
        // 192/256 to 319/256 of the step.
        Duration::from_millis(step * 1000 * (192 + u64::from(chance) / 2) / 256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_f35_no_gap_exceeds_75_seconds_in_the_first_hour_nor_five_minutes_ever() {
        let mut age = Duration::ZERO;
        for asked in 0..1000 {
            let longest = PAYMENT.delay(asked, 255);
            let limit = if age < Duration::from_secs(3000) { 75 } else { 300 };
            assert!(longest <= Duration::from_secs(limit), "{asked}: {longest:?} at {age:?}");
            age += PAYMENT.delay(asked, 0);
        }
    }

    #[test]
    fn chance_moves_a_step_by_a_quarter_at_most() {
        assert_eq!(CLOSE.delay(1, 0), Duration::from_millis(22_500));
        assert_eq!(CLOSE.delay(1, 255), Duration::from_millis(37_382));
        assert_eq!(CLOSE.delay(u32::MAX, 128), Duration::from_millis(300_000));
    }
}
