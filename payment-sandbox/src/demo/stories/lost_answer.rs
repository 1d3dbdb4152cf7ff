//! The channel accepts a payment, and its answer is lost.

use super::Story;
use crate::demo::{
    channels::Ability,
    promise::{Played, expect},
    scene::Scene,
    words::word,
};

pub(super) const STORY: Story = Story {
    title: "The answer is lost after the channel accepted",
    why: "Unknown is not failed: the intent is kept, and the same request goes on with the same number. (R5, R14, F21, F25)",
    promised: "INITIATING, repeated: same payment, SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    scene.needs(Ability::CallToCreate)?;
    let order = scene.new_order(1_234);
    let request = scene.request(&[order]);
    let lost = scene.create_unheard(&request).await?;
    expect("payment data of a lost answer", &None, &lost.data)?;
    expect("payments that the channel accepted", &1, &scene.books(&lost).announced)?;
    let found = scene.create_again(&request).await?;
    expect("number of the repeated payment", &lost.payment_no, &found.payment_no)?;
    scene.pay(&found)?;
    scene.proven(&found).await?;
    let outcome = scene.outcome(&found).await?;
    let (state, order_state) = (outcome.state(), outcome.order_state());
    Ok(format!("{}, repeated: same payment, {state}, order {order_state}", word(lost.state)))
}
