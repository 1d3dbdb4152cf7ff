//! The channel says another amount than was to be paid.

use payment_core::merchant_event::MerchantEvent;
use payment_proto::v1::PaymentState;

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
    words::word,
};

pub(super) const STORY: Story = Story {
    title: "The channel says a wrong amount",
    why: "A good signature does not make 0.01 out to be 256.00: what does not fit opens a case for a person. (R8, F36, F46)",
    promised: "1 case, AWAITING_PAYER, order PAYMENT_OPEN, then the true word: SUCCEEDED",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(25_600);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt);
    scene.pay(&attempt)?;
    scene.hear_wrong_amount(&attempt).await?;
    let outcome = scene.outcome(&attempt).await?;
    let cases = outcome.trail.told(MerchantEvent::CaseOpened);
    let asked = scene.sync(&attempt).await?;
    expect("the channel's true answer", &PaymentState::Succeeded, &asked)?;
    let (state, order_state) = (outcome.state(), outcome.order_state());
    Ok(format!("{cases} case, {state}, order {order_state}, then the true word: {}", word(asked)))
}
