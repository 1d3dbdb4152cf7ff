//! What every channel must hold, as one set of tests over the [`Gateway`](payment_core::gateway::Gateway) trait: real
//! sockets, the server's own HTTP, the channel's simulator on the other side, one clock that the test moves.
//!
//! A channel takes part by a [`ChannelUnderTest`] and one line with [`gateway_conformance!`](crate::gateway_conformance).
//! What it cannot do it declares, in its capabilities or in [`Habits`], and the suite then checks that it refuses that.

mod channel;
mod closing;
mod holds;
mod payments;
mod receiver;
mod refunds;
mod scene;
mod secrecy;
mod trust;
mod unknown;

pub use channel::{
    Accident, Attempt, Books, ChannelUnderTest, Forgery, Habits, Notifies, Ordered, Proof, Verb, Whose,
};

/// The cases, each a function over a channel.
pub mod cases {
    pub use super::closing::*;
    pub use super::holds::*;
    pub use super::payments::*;
    pub use super::refunds::*;
    pub use super::secrecy::*;
    pub use super::trust::*;
    pub use super::unknown::*;
}

/// Makes the suite's tests for one channel, in a module of their own.
#[macro_export]
macro_rules! gateway_conformance {
    ($module:ident, $channel:ty) => {
        $crate::gateway_conformance!(@cases $module, $channel,
            every_product_is_created_handed_out_paid_and_found,
            local_products_call_nobody_and_the_others_bring_evidence,
            a_repeated_create_is_the_same_payment,
            what_the_channel_would_refuse_is_told_before_it_is_asked,
            each_state_is_found_as_what_it_is,
            a_capture_takes_the_money_once_or_is_refused,
            money_that_is_held_is_taken_once_or_nothing_is_held,
            money_that_is_let_go_is_closed_for_good,
            time_that_is_over_is_no_success,
            an_open_payment_is_closed_for_good_or_never,
            what_is_paid_or_unknown_is_not_closed,
            refunds_in_parts_reach_the_whole_and_no_more,
            a_repeated_refund_number_gives_back_once,
            what_was_never_paid_is_not_given_back,
            a_refund_that_is_held_is_under_way_until_it_ends,
            a_refund_without_money_is_refused_and_can_be_asked_for_again,
            an_unproven_answer_to_a_create_is_unknown_and_the_repeat_finds_one_payment,
            an_unproven_answer_to_a_question_is_unknown,
            an_unproven_answer_to_a_close_is_unknown,
            an_unproven_answer_to_a_capture_takes_the_money_once,
            an_unproven_answer_to_a_refund_gives_back_once,
            a_channel_that_turned_us_away_did_not_act,
            a_success_is_notified_proven_and_acknowledged_in_the_channels_words,
            a_refund_is_notified_under_our_number,
            a_stripped_or_altered_notification_proves_nothing,
            a_forged_notification_is_never_our_success,
            a_notification_to_one_account_proves_nothing_to_another,
            an_account_with_a_foreign_key_does_nothing,
            an_account_that_believes_a_foreign_key_believes_nothing,
            figures_are_told_as_the_channel_has_them,
            no_secret_is_shown,
        );
    };
    (@cases $module:ident, $channel:ty, $($case:ident),+ $(,)?) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $case() {
                    $crate::conformance::cases::$case::<$channel>().await;
                }
            )+
        }
    };
}
