//! The stories, in the order in which they are told.

mod app_says_paid;
mod books_agree;
mod denied;
mod five_callbacks;
mod forged_callback;
mod held_first;
mod late_payment;
mod lost_answer;
mod lost_callback;
mod nobody_asks;
mod order_paid;
mod overlapping_baskets;
mod paid_twice;
mod refund_fails_first;
mod refund_in_parts;
mod server_killed;
mod two_orders;
mod wrong_amount;

use futures::future::BoxFuture;

use super::{promise::Played, scene::Scene};

/// What happened to somebody once, and how it ends here.
pub(super) struct Story {
    /// What it is about.
    pub(super) title: &'static str,
    /// Why it matters, with the failure cases and rules that it stands for.
    pub(super) why: &'static str,
    /// How it must end.
    pub(super) promised: &'static str,
    /// Plays it and says how it ended, in the words of `promised`.
    pub(super) play: Play,
}

type Play = for<'a, 'b> fn(&'a mut Scene<'b>) -> BoxFuture<'a, Played>;

/// Those in which one thing is done after the other.
pub(super) static STORIES: [Story; 13] = [
    order_paid::STORY,
    two_orders::STORY,
    five_callbacks::STORY,
    lost_callback::STORY,
    denied::STORY,
    app_says_paid::STORY,
    forged_callback::STORY,
    wrong_amount::STORY,
    lost_answer::STORY,
    paid_twice::STORY,
    overlapping_baskets::STORY,
    late_payment::STORY,
    held_first::STORY,
];

/// The one that takes the server away for a moment.
pub(super) static KILLED: Story = server_killed::STORY;

/// Those in which nobody does anything for some seconds.
pub(super) static WAITING: [Story; 3] =
    [refund_in_parts::STORY, nobody_asks::STORY, refund_fails_first::STORY];

/// What all others left behind.
pub(super) static AUDIT: Story = books_agree::STORY;
