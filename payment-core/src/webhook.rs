//! Webhooks: what an endpoint's answer means for the delivery and for the endpoint, as Standard Webhooks recommends it.
//!
//! A delivery has no failed state: it is tried until the endpoint takes it, and the events of its payment wait for it, so
//! that nothing is lost or reordered. What fails for long is the endpoint, which is paused as a whole and probed.

use time::{Duration, OffsetDateTime};

/// How long a throttled endpoint is left alone where it does not say.
const THROTTLE: Duration = Duration::seconds(30);

/// The longest that an endpoint can ask for by `Retry-After`.
const LONGEST_THROTTLE: Duration = Duration::hours(1);

/// How long after a probe of a paused endpoint the next one follows.
const BETWEEN_PROBES: Duration = Duration::minutes(15);

/// How one attempt to deliver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// A status of 200 to 299.
    Delivered,
    /// A redirect, which is never followed: an address that was not checked, and a body for someone else.
    Redirected,
    /// 410: the endpoint wants no more events.
    Gone,
    /// 429, 502, 504, or 503 with `Retry-After`: too much at a time.
    Throttled,
    /// Any other status.
    Refused,
    /// No answer within the time limit.
    TimedOut,
    /// No connection: the name, the port or the certificate.
    NotConnected,
    /// The host leads to an address that is not for webhooks, so nothing was sent.
    AddressForbidden,
    /// The connection broke, or what came was no HTTP.
    Broken,
    /// The delivery was not sent for a reason of ours.
    NotSent,
}

impl AttemptResult {
    /// Every result.
    pub const ALL: [Self; 10] = [
        Self::Delivered,
        Self::Redirected,
        Self::Gone,
        Self::Throttled,
        Self::Refused,
        Self::TimedOut,
        Self::NotConnected,
        Self::AddressForbidden,
        Self::Broken,
        Self::NotSent,
    ];

    /// The word kept in the database and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "DELIVERED",
            Self::Redirected => "REDIRECTED",
            Self::Gone => "GONE",
            Self::Throttled => "THROTTLED",
            Self::Refused => "REFUSED",
            Self::TimedOut => "TIMED_OUT",
            Self::NotConnected => "NOT_CONNECTED",
            Self::AddressForbidden => "ADDRESS_FORBIDDEN",
            Self::Broken => "BROKEN",
            Self::NotSent => "NOT_SENT",
        }
    }

    /// What a status means. `asks_to_wait`: the answer has a `Retry-After`.
    #[must_use]
    pub const fn of_status(status: u16, asks_to_wait: bool) -> Self {
        match status {
            200..=299 => Self::Delivered,
            300..=399 => Self::Redirected,
            410 => Self::Gone,
            429 | 502 | 504 => Self::Throttled,
            503 if asks_to_wait => Self::Throttled,
            _ => Self::Refused,
        }
    }
}

/// Why an endpoint gets no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// It took none for long. Probed; the first event that it takes resumes it.
    Failing,
    /// It answered 410. Resumed by an operator only.
    Gone,
    /// An operator paused it, and resumes it.
    Operator,
}

impl PauseReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Failing, Self::Gone, Self::Operator];

    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "FAILING",
            Self::Gone => "GONE",
            Self::Operator => "OPERATOR",
        }
    }
}

/// What is remembered of an endpoint from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Why it is paused, if it is.
    pub paused: Option<Pause>,
    /// The first failure since the last success.
    pub failing_since: Option<OffsetDateTime>,
    /// Until when it is left alone.
    pub hold_until: Option<OffsetDateTime>,
    /// What was tried before this time is due at once: set when the endpoint resumed.
    pub resume_time: Option<OffsetDateTime>,
    /// The last event that it took.
    pub last_success_time: Option<OffsetDateTime>,
}

/// Since when and why an endpoint is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub time: OffsetDateTime,
}

impl EndpointHealth {
    /// An endpoint about which nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            paused: None,
            failing_since: None,
            hold_until: None,
            resume_time: None,
            last_success_time: None,
        }
    }

    /// Whether new events become deliveries. While they do not, they wait in the feed, which keeps them anyway.
    #[must_use]
    pub const fn takes_events(&self) -> bool {
        match self.paused {
            // A probe with a fresh event tells an endpoint that is down from one that refuses a certain event.
            None | Some(Pause { reason: PauseReason::Failing, .. }) => true,
            Some(Pause { reason: PauseReason::Gone | PauseReason::Operator, .. }) => false,
        }
    }

    /// What may be sent at `now`.
    #[must_use]
    pub fn permits(&self, now: OffsetDateTime) -> Permission {
        if self.hold_until.is_some_and(|until| now < until) {
            return Permission::Nothing;
        }
        match self.paused.map(|pause| pause.reason) {
            None => Permission::WhatIsDue,
            Some(PauseReason::Failing) => Permission::OneProbe,
            Some(PauseReason::Gone | PauseReason::Operator) => Permission::Nothing,
        }
    }

    /// A probe is on its way: the next one waits.
    #[must_use]
    pub fn probed(self, now: OffsetDateTime) -> Self {
        Self { hold_until: Some(now + BETWEEN_PROBES), ..self }
    }

    /// What an attempt makes of it. `retry_after`: how long the endpoint asks to be left alone.
    #[must_use]
    pub fn after(
        self,
        result: AttemptResult,
        retry_after: Option<Duration>,
        patience: Duration,
        now: OffsetDateTime,
    ) -> Self {
        match result {
            AttemptResult::Delivered => self.took_one(now),
            AttemptResult::Gone => self.failed(patience, now).pause(PauseReason::Gone, now),
            AttemptResult::Throttled => {
                let wait = retry_after.unwrap_or(THROTTLE).clamp(Duration::SECOND, LONGEST_THROTTLE);
                self.failed(patience, now).held_until(now + wait)
            }
            // Ours, not the endpoint's.
            AttemptResult::NotSent => self,
            AttemptResult::Redirected
            | AttemptResult::Refused
            | AttemptResult::TimedOut
            | AttemptResult::NotConnected
            | AttemptResult::AddressForbidden
            | AttemptResult::Broken => self.failed(patience, now),
        }
    }

    /// What a delivery tells that was on its way when an operator paused its endpoint changes nothing of that.
    fn took_one(self, now: OffsetDateTime) -> Self {
        let healthy = Self { failing_since: None, last_success_time: Some(now), ..self };
        match self.paused.map(|pause| pause.reason) {
            Some(PauseReason::Failing) => healthy.resume(now),
            None | Some(PauseReason::Gone | PauseReason::Operator) => healthy,
        }
    }

    fn failed(self, patience: Duration, now: OffsetDateTime) -> Self {
        let since = self.failing_since.unwrap_or(now);
        let failing = Self { failing_since: Some(since), ..self };
        if now - since >= patience { failing.pause(PauseReason::Failing, now).probed(now) } else { failing }
    }

    fn held_until(self, until: OffsetDateTime) -> Self {
        Self { hold_until: Some(self.hold_until.map_or(until, |held| held.max(until))), ..self }
    }

    /// Pauses it. An operator's pause outlasts every other, and no pause begins twice.
    #[must_use]
    pub fn pause(self, reason: PauseReason, now: OffsetDateTime) -> Self {
        let paused = match (self.paused, reason) {
            (Some(pause), PauseReason::Failing) => pause,
            (Some(pause @ Pause { reason: PauseReason::Operator, .. }), _) => pause,
            (Some(pause @ Pause { reason: PauseReason::Gone, .. }), PauseReason::Gone) => pause,
            (_, reason) => Pause { reason, time: now },
        };
        Self { paused: Some(paused), ..self }
    }

    /// Resumes it: everything that waits is due at once.
    #[must_use]
    pub fn resume(self, now: OffsetDateTime) -> Self {
        Self { paused: None, failing_since: None, hold_until: None, resume_time: Some(now), ..self }
    }
}

impl Default for EndpointHealth {
    fn default() -> Self {
        Self::new()
    }
}

/// What may be sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Every delivery that is due.
    WhatIsDue,
    /// One delivery, due or not.
    OneProbe,
    /// Nothing.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-27 08:00 UTC);
    const PATIENCE: Duration = Duration::days(3);

    fn after(health: EndpointHealth, result: AttemptResult, now: OffsetDateTime) -> EndpointHealth {
        health.after(result, None, PATIENCE, now)
    }

    #[test]
    fn statuses_mean_what_the_specification_says() {
        let table = [
            (200, AttemptResult::Delivered),
            (204, AttemptResult::Delivered),
            (299, AttemptResult::Delivered),
            (301, AttemptResult::Redirected),
            (308, AttemptResult::Redirected),
            (400, AttemptResult::Refused),
            (404, AttemptResult::Refused),
            (410, AttemptResult::Gone),
            (429, AttemptResult::Throttled),
            (500, AttemptResult::Refused),
            (502, AttemptResult::Throttled),
            (503, AttemptResult::Refused),
            (504, AttemptResult::Throttled),
            (199, AttemptResult::Refused),
            (600, AttemptResult::Refused),
        ];
        for (status, expected) in table {
            assert_eq!(AttemptResult::of_status(status, false), expected, "{status}");
        }
        assert_eq!(AttemptResult::of_status(503, true), AttemptResult::Throttled);
        assert_eq!(AttemptResult::of_status(500, true), AttemptResult::Refused);
    }

    #[test]
    fn an_endpoint_that_takes_nothing_for_long_is_paused_probed_and_resumed_by_the_first_event_that_it_takes()
    {
        let mut health = after(EndpointHealth::new(), AttemptResult::TimedOut, START);
        health = after(health, AttemptResult::Refused, START + Duration::days(2));
        assert_eq!((health.failing_since, health.paused), (Some(START), None));
        let late = START + PATIENCE;
        health = after(health, AttemptResult::NotConnected, late);
        assert_eq!(health.paused, Some(Pause { reason: PauseReason::Failing, time: late }));
        assert!(health.takes_events());
        assert_eq!(health.permits(late), Permission::Nothing, "the next probe waits");
        let probe = late + BETWEEN_PROBES;
        assert_eq!(health.permits(probe), Permission::OneProbe);
        health = after(health.probed(probe), AttemptResult::Refused, probe);
        assert_eq!(health.paused.map(|pause| pause.time), Some(late), "since its first pause");
        let taken = probe + BETWEEN_PROBES;
        health = after(health, AttemptResult::Delivered, taken);
        assert_eq!((health.paused, health.failing_since), (None, None));
        assert_eq!((health.resume_time, health.permits(taken)), (Some(taken), Permission::WhatIsDue));
        assert_eq!(health.last_success_time, Some(taken));
    }

    #[test]
    fn an_operator_resumes_an_endpoint_at_once_and_with_all_its_patience() {
        let failing = after(EndpointHealth::new(), AttemptResult::TimedOut, START);
        let paused = after(failing, AttemptResult::TimedOut, START + PATIENCE);
        let resumed = paused.resume(START + PATIENCE);
        assert_eq!(resumed.permits(START + PATIENCE), Permission::WhatIsDue, "no probe is waited for");
        let again = after(resumed, AttemptResult::TimedOut, START + PATIENCE + Duration::SECOND);
        assert_eq!(again.paused, None);
    }

    #[test]
    fn one_event_that_is_taken_forgives_all_failures_before() {
        let failing = after(EndpointHealth::new(), AttemptResult::Refused, START);
        let healthy = after(failing, AttemptResult::Delivered, START + Duration::days(2));
        let failing = after(healthy, AttemptResult::Refused, START + Duration::days(4));
        assert_eq!(failing.paused, None);
        assert_eq!(failing.failing_since, Some(START + Duration::days(4)));
    }

    #[test]
    fn gone_and_operators_pauses_end_by_an_operator_only() {
        let gone = after(EndpointHealth::new(), AttemptResult::Gone, START);
        let paused = EndpointHealth::new().pause(PauseReason::Operator, START);
        for health in [gone, paused] {
            let later = START + Duration::days(30);
            assert_eq!(health.permits(later), Permission::Nothing);
            assert!(!health.takes_events());
            let late_success = after(health, AttemptResult::Delivered, START + Duration::SECOND);
            assert_eq!(late_success.paused, health.paused, "a delivery that was on its way");
            assert_eq!(health.resume(later).permits(later), Permission::WhatIsDue);
        }
    }

    #[test]
    fn a_second_reason_takes_nothing_from_a_stronger_first() {
        let operator = EndpointHealth::new().pause(PauseReason::Operator, START);
        let later = START + Duration::days(9);
        assert_eq!(after(operator, AttemptResult::Refused, later).paused.map(|pause| pause.reason), {
            Some(PauseReason::Operator)
        });
        assert_eq!(after(operator, AttemptResult::Gone, later).paused.map(|pause| pause.reason), {
            Some(PauseReason::Operator)
        });
        let failing = EndpointHealth::new().pause(PauseReason::Failing, START);
        assert_eq!(failing.pause(PauseReason::Operator, later).paused.map(|pause| pause.reason), {
            Some(PauseReason::Operator)
        });
        assert_eq!(after(failing, AttemptResult::Gone, later).paused.map(|pause| pause.reason), {
            Some(PauseReason::Gone)
        });
    }

    #[test]
    fn a_throttled_endpoint_is_left_alone_as_long_as_it_asks_within_reason() {
        let ask = |seconds: Option<i64>| {
            let retry_after = seconds.map(Duration::seconds);
            let health = EndpointHealth::new().after(AttemptResult::Throttled, retry_after, PATIENCE, START);
            health.hold_until.map(|until| until - START)
        };
        assert_eq!(ask(None), Some(THROTTLE));
        assert_eq!(ask(Some(90)), Some(Duration::seconds(90)));
        assert_eq!(ask(Some(0)), Some(Duration::SECOND));
        assert_eq!(ask(Some(i64::MAX / 2)), Some(LONGEST_THROTTLE));
    }

    #[test]
    fn what_was_not_sent_is_not_the_endpoints_failure() {
        assert_eq!(after(EndpointHealth::new(), AttemptResult::NotSent, START), EndpointHealth::new());
    }

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            AttemptResult::ALL.map(AttemptResult::as_str),
            [
                "DELIVERED",
                "REDIRECTED",
                "GONE",
                "THROTTLED",
                "REFUSED",
                "TIMED_OUT",
                "NOT_CONNECTED",
                "ADDRESS_FORBIDDEN",
                "BROKEN",
                "NOT_SENT"
            ]
        );
        assert_eq!(PauseReason::ALL.map(PauseReason::as_str), ["FAILING", "GONE", "OPERATOR"]);
    }
}
