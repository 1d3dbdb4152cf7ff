//! The same callback five times at once.

use payment_core::merchant_event::MerchantEvent;

use super::Story;
use crate::demo::{channels::Ability, promise::Played, scene::Scene};

pub(super) const STORY: Story = Story {
    title: "Five callbacks at once",
    why: "Elsewhere three equal webhooks settled an order three times: each must be acknowledged, and one may count. (R3, F9, F10)",
    promised: "5 acknowledged, 1 success recorded, told 1 time",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    scene.needs(Ability::Callbacks)?;
    let order = scene.new_order(4_500);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt);
    scene.pay(&attempt)?;
    let statuses = scene.call_back(&attempt, 5).await?;
    let acknowledged = statuses.iter().filter(|status| **status == 200).count();
    scene.watch_success(&attempt).await?;
    let trail = scene.outcome(&attempt).await?.trail;
    let told = trail.told(MerchantEvent::PaymentSucceeded);
    Ok(format!("{acknowledged} acknowledged, {} success recorded, told {told} time", trail.successes))
}
