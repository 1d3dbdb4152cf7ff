//! The merchant's balance does not suffice for a refund, for now.

use payment_sandbox::wechat::{Fault, Operation};

use super::Story;
use crate::demo::{
    promise::{Kept, expect},
    scene::{Scene, refund_state},
};

pub(super) const STORY: Story = Story {
    title: "A refund that WeChat refuses at first",
    why: "There is no failed refund: a person is told why it waits, and it is tried again with the same number until it arrives. (R17, R22, F22, F24)",
    promised: "PENDING: MERCHANT_BALANCE_INSUFFICIENT, then SUCCEEDED by itself, given back once",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(8_300);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt).await?;
    scene.watch_success(&attempt).await?;
    scene.fail(Operation::CreateRefund, &attempt, Fault::NotEnoughBalance).await?;
    let request = scene.refund_request(&attempt, 8_300);
    let refused = scene.refund(&request).await?;
    let arrived = scene.refund_arrives(&request.refund_no).await?;
    expect("reasons that a person is needed", &"", &arrived.attention_reason.as_str())?;
    let there = scene.refunds_there(&attempt).await?;
    let numbers: Vec<_> = there.iter().map(|refund| refund.out_refund_no.clone()).collect();
    expect("refunds at WeChat", &vec![request.refund_no], &numbers)?;
    scene.outcome(&attempt).await?;
    let (first, reason, last) = (refund_state(&refused), refused.attention_reason, refund_state(&arrived));
    Ok(format!("{first}: {reason}, then {last} by itself, given back once"))
}
