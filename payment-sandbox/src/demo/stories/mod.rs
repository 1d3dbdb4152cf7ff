//! The stories, in the order in which they are played.

mod app_says_paid;
mod books_agree;
mod five_callbacks;
mod forged_callback;
mod late_payment;
mod lost_answer;
mod lost_callback;
mod order_paid;
mod overlapping_baskets;
mod paid_twice;
mod refund_in_parts;
mod two_orders;
mod wrong_amount;

use futures::future::BoxFuture;

use super::{promise::Kept, scene::Scene};

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

type Play = for<'a, 'b> fn(&'a mut Scene<'b>) -> BoxFuture<'a, Kept<String>>;

/// Every story; the last one audits the others.
pub(super) const STORIES: [Story; 13] = [
    order_paid::STORY,
    two_orders::STORY,
    five_callbacks::STORY,
    lost_callback::STORY,
    app_says_paid::STORY,
    forged_callback::STORY,
    wrong_amount::STORY,
    lost_answer::STORY,
    refund_in_parts::STORY,
    paid_twice::STORY,
    overlapping_baskets::STORY,
    late_payment::STORY,
    books_agree::STORY,
];
