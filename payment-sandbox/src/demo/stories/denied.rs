//! The channel says "not paid" about a payment that is paid.

use super::Story;
use crate::demo::{promise::Played, scene::Scene, words::word};

pub(super) const STORY: Story = Story {
    title: "The channel denies that it was paid",
    why: "Channels answer \"not paid\" for a while after they took the money: a denial ends nothing. (R4, F31)",
    promised: "denied: AWAITING_PAYER, asked again: SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(7_350);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt);
    scene.pay(&attempt)?;
    scene.deny_next_question(&attempt);
    let denied = scene.sync(&attempt).await?;
    let asked = scene.sync(&attempt).await?;
    let order_state = scene.outcome(&attempt).await?.order_state();
    Ok(format!("denied: {}, asked again: {}, order {order_state}", word(denied), word(asked)))
}
