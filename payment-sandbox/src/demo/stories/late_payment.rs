//! Money arrives for a payment that was closed.

use payment_proto::v1::PaymentState;

use super::Story;
use crate::demo::{
    channels::Ability,
    promise::{Played, expect},
    scene::Scene,
    words::word,
};

pub(super) const STORY: Story = Story {
    title: "The money comes after the close",
    why: "A close can lose its race against a bank. Money that came is recorded whatever the state was, and pays its order. (R6, R20, F29)",
    promised: "CLOSED, then SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    scene.needs(Ability::LateMoney)?;
    let order = scene.new_order(7_700);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.open(&attempt)?;
    let closed = scene.close(&attempt).await?;
    expect("the channel's proof", &PaymentState::Closed, &closed)?;
    scene.pay_late(&attempt)?;
    scene.late_money_is_known(&attempt).await?;
    scene.acknowledged(&attempt).await?;
    let outcome = scene.outcome(&attempt).await?;
    Ok(format!("{}, then {}, order {}", word(closed), outcome.state(), outcome.order_state()))
}
