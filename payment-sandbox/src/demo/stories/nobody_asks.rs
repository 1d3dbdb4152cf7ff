//! The callback never comes, and nobody asks: the scheduler does.

use super::Story;
use crate::demo::{promise::Played, scene::Scene, words::word};

pub(super) const STORY: Story = Story {
    title: "The callback is lost, and nobody asks",
    why: "The last line of defence: every replica asks the channels about open payments, within seconds at first. (R19, F18, F35)",
    promised: "AWAITING_PAYER, found by itself: SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(9_100);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.lose_callbacks(&attempt);
    scene.pay(&attempt)?;
    let before = scene.outcome(&attempt).await?;
    let found = scene.found_by_itself(&attempt).await?;
    let after = scene.outcome(&attempt).await?;
    Ok(format!("{}, found by itself: {}, order {}", before.state(), word(found), after.order_state()))
}
