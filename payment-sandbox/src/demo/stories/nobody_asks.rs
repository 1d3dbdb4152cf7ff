//! The callback never comes, and nobody asks: the scheduler does.

use super::Story;
use crate::demo::{promise::Kept, scene::Scene, words::word};

pub(super) const STORY: Story = Story {
    title: "The callback is lost, and nobody asks",
    why: "The last line of defence: every replica asks WeChat about open payments, within seconds at first. (R19, F18, F35)",
    promised: "AWAITING_PAYER, found by itself: SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(9_100);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt).await?;
    scene.pay(&attempt).await?;
    let before = scene.outcome(&attempt).await?;
    let found = scene.found_by_itself(&attempt).await?;
    let after = scene.outcome(&attempt).await?;
    Ok(format!("{}, found by itself: {}, order {}", before.state(), word(found), after.order_state()))
}
