//! The plain case: an order is paid, and the channel's callback proves it.

use payment_core::merchant_event::MerchantEvent;

use super::Story;
use crate::demo::{
    promise::{Kept, expect},
    scene::Scene,
};

pub(super) const STORY: Story = Story {
    title: "An order is paid, and WeChat calls back",
    why: "An order is paid when WeChat's verified word says so, and the caller is told once. (R1, R2)",
    promised: "SUCCEEDED, order PAID, told once",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(3_990);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt).await?;
    scene.watch_success(&attempt).await?;
    expect("answers to WeChat", &vec![200], &scene.callbacks(&attempt, 1).await?)?;
    let outcome = scene.outcome(&attempt).await?;
    let told = match outcome.trail.told(MerchantEvent::PaymentSucceeded) {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Ok(format!("{}, order {}, told {told}", outcome.state(), outcome.order_state()))
}
