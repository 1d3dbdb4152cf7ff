//! The callback never comes; asking finds the money.

use payment_proto::v1::PaymentState;

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
    words::word,
};

pub(super) const STORY: Story = Story {
    title: "The callback is lost, and asking finds the money",
    why: "Firewalls and outages swallow callbacks; the channel's answer to our question proves as much. (R1, F35)",
    promised: "AWAITING_PAYER, asked: SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(6_660);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt);
    scene.pay(&attempt)?;
    let before = scene.outcome(&attempt).await?;
    let asked = scene.sync(&attempt).await?;
    expect("the channel's answer", &PaymentState::Succeeded, &asked)?;
    let after = scene.outcome(&attempt).await?;
    Ok(format!("{}, asked: {}, order {}", before.state(), word(asked), after.order_state()))
}
