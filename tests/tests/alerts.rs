//! Every alert rule is provoked at a running server: what the server's own `/metrics` said before and after, minute by
//! minute, is put before Prometheus's own evaluation of the rule file, which must be silent before and fire after.
//!
//! `promtool` evaluates. Where it is missing, the tests fail and say how to get it; `PAYMENT_OFFLINE=1` leaves them out
//! instead, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "helpers of tests fail as tests do, and look for other people's programs"
)]

#[path = "alerts/callbacks.rs"]
mod callbacks;
#[path = "alerts/callers.rs"]
mod callers;
#[path = "alerts/channels.rs"]
mod channels;
#[path = "alerts/jobs.rs"]
mod jobs;
#[path = "alerts/moving.rs"]
mod moving;
#[path = "alerts/prometheus.rs"]
mod prometheus;
#[path = "alerts/rules.rs"]
mod rules;
#[path = "alerts/told.rs"]
mod told;
#[path = "alerts/waiting.rs"]
mod waiting;
#[path = "alerts/watch.rs"]
mod watch;

use std::collections::BTreeSet;

/// A test for each rule, named after it, and the list of them.
macro_rules! provocations {
    ($($rule:ident by $provocation:path;)*) => {
        const PROVOKED: &[&str] = &[$(stringify!($rule)),*];
        $(
            #[tokio::test(flavor = "multi_thread")]
            #[expect(non_snake_case, reason = "a test is named after the rule that it provokes")]
            async fn $rule() {
                if prometheus::is_here() {
                    let judged: watch::Judged = $provocation().await;
                    assert_eq!(judged.rule, stringify!($rule));
                }
            }
        )*
    };
}

provocations! {
    PaymentServerDown by callers::a_replica_ends;
    PaymentDatabaseDown by callers::the_database_is_gone;
    PaymentRpcFailing by callers::calls_fail;
    PaymentRpcSlow by callers::calls_are_slow;
    PaymentDatabasePoolExhausted by callers::connections_are_held;
    PaymentChannelUnanswered by channels::answers_are_useless;
    PaymentChannelBreakerOpen by channels::nothing_is_answered_to_the_jobs;
    PaymentCallbacksRefused by callbacks::many_are_forged;
    PaymentCallbacksLost by callbacks::some_never_come;
    PaymentCallbacksLate by callbacks::they_come_late;
    PaymentWorkOverdue by jobs::nobody_looks_at_a_payment;
    PaymentJobsSilent by jobs::one_job_stops;
    PaymentJobsFailing by jobs::an_account_left_the_configuration;
    PaymentDuplicateNotRefunded by jobs::a_duplicate_has_no_refund;
    PaymentCaseWaiting by waiting::money_fits_nowhere;
    PaymentCaseAging by waiting::money_fits_nowhere_for_a_day;
    PaymentRefundNeedsPerson by waiting::a_balance_is_empty;
    PaymentRefundOverdue by waiting::a_refund_does_not_arrive;
    PaymentEventsStuck by told::a_feed_is_locked;
    PaymentWebhookPaused by told::an_endpoint_is_gone;
    PaymentWebhookLate by told::nobody_delivers;
}

#[test]
fn every_rule_is_provoked() {
    let rules = rules::all();
    let rules: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(rules, PROVOKED.iter().copied().collect(), "a rule without a provocation, or the reverse");
}
