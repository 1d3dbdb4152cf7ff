//! An order is given back in two parts, and a third is too much.

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
    words::decimal,
};

pub(super) const STORY: Story = Story {
    title: "A refund in two parts, and too much in between",
    why: "Parts are reserved before the channel is asked, so that they never exceed what was paid, however many come at once. (R15, R16, F11)",
    promised: "30.00 and 9.90 back, 10.00 refused, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(3_990);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    scene.proven(&attempt).await?;
    let first = scene.refund_request(&attempt, 3_000);
    scene.refund(&first).await?;
    let too_much = scene.refund_request(&attempt, 1_000);
    expect("reason", &"REFUND_EXCEEDS_PAID".to_owned(), &scene.refund_refused(&too_much).await?)?;
    let rest = scene.refund_request(&attempt, 990);
    scene.refund(&rest).await?;
    scene.refund_arrives(&first.refund_no).await?;
    scene.refund_arrives(&rest.refund_no).await?;
    let mut refunds = scene.books(&attempt).refunds;
    refunds.sort_unstable_by(|one, other| other.cmp(one));
    let order_state = scene.outcome(&attempt).await?.order_state();
    let back: Vec<_> = refunds.into_iter().map(decimal).collect();
    Ok(format!("{} back, 10.00 refused, order {order_state}", back.join(" and ")))
}
