//! The plain case: an order is paid, and the channel proves it.

use payment_core::merchant_event::MerchantEvent;

use super::Story;
use crate::demo::{promise::Played, scene::Scene};

pub(super) const STORY: Story = Story {
    title: "An order is paid",
    why: "It is paid when the channel's verified word says so, and the caller is told once. (R1, R2)",
    promised: "SUCCEEDED, order PAID, told once",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(3_990);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    scene.proven(&attempt).await?;
    scene.acknowledged(&attempt).await?;
    let outcome = scene.outcome(&attempt).await?;
    let told = match outcome.trail.told(MerchantEvent::PaymentSucceeded) {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Ok(format!("{}, order {}, told {told}", outcome.state(), outcome.order_state()))
}
