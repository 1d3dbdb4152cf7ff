//! Money is held first: taken once the goods are there, or let go.

use payment_proto::v1::PaymentState;

use super::Story;
use crate::demo::{
    channels::{Ability, Entry},
    promise::{Kept, Played, expect},
    scene::{Attempt, Scene},
    words::{decimal, word},
};

pub(super) const STORY: Story = Story {
    title: "Money is held first, then taken or let go",
    why: "A hold is no payment: no order is paid by it, the shop alone takes it, once, and what it closes instead is free again. (R1, R11, R20)",
    promised: "HELD, order PAYMENT_OPEN, captured: SUCCEEDED, order PAID; another HELD, closed: CLOSED, 0.00 taken or held",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    scene.needs(Ability::Holds)?;
    let taken = hold(scene, 15_000).await?;
    let held = scene.outcome(&taken).await?;
    expect("the channel's word on the capture", &PaymentState::Succeeded, &scene.capture(&taken).await?)?;
    held_and_taken(&scene.books(&taken), 0, 15_000)?;
    let captured = scene.outcome(&taken).await?;
    let freed = hold(scene, 4_500).await?;
    let closed = word(scene.close(&freed).await?);
    let books = scene.books(&freed);
    expect("GetPayment after the close", &closed, &scene.outcome(&freed).await?.state())?;
    let (before, after) = (held.order_state(), captured.order_state());
    let (state, left) = (captured.state(), decimal(books.taken + books.held));
    Ok(format!(
        "HELD, order {before}, captured: {state}, order {after}; another HELD, closed: {closed}, {left} taken or held"
    ))
}

/// An order whose money the payer lets the channel hold.
async fn hold<'a>(scene: &mut Scene<'a>, minor: i64) -> Kept<Attempt<'a>> {
    let order = scene.new_order(minor);
    let request = scene.request_to_hold(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    expect("the payment", &PaymentState::Held, &scene.money_is_held(&attempt).await?)?;
    held_and_taken(&scene.books(&attempt), minor, 0)?;
    Ok(attempt)
}

fn held_and_taken(books: &Entry, held: i64, taken: i64) -> Kept<()> {
    expect("held and taken by the channel's books", &(held, taken), &(books.held, books.taken))
}
