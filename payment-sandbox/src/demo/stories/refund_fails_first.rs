//! The merchant's balance does not suffice for a refund, for now.

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::{Scene, refund_state},
};

pub(super) const STORY: Story = Story {
    title: "A refund that is refused at first",
    why: "There is no failed refund: a person is told why it waits, and it is tried again with the same number until it arrives. (R17, R22, F22, F24)",
    promised: "PENDING: MERCHANT_BALANCE_INSUFFICIENT, then SUCCEEDED by itself, given back once",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(8_300);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    scene.proven(&attempt).await?;
    scene.refuse_next_refund(&attempt);
    let request = scene.refund_request(&attempt, 8_300);
    let refused = scene.refund(&request).await?;
    let arrived = scene.refund_arrives(&request.refund_no).await?;
    expect("reasons that a person is needed", &"", &arrived.attention_reason.as_str())?;
    expect("refunds in the channel's books", &vec![8_300], &scene.books(&attempt).refunds)?;
    scene.outcome(&attempt).await?;
    let (first, reason, last) = (refund_state(&refused), refused.attention_reason, refund_state(&arrived));
    Ok(format!("{first}: {reason}, then {last} by itself, given back once"))
}
