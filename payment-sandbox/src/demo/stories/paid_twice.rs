//! One order is paid by two payments, through two channels.

use payment_core::merchant_event::MerchantEvent;

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::{Scene, refund_state},
};

pub(super) const STORY: Story = Story {
    title: "An order is paid twice, by two channels",
    why: "This channel cannot be asked for a moment, the payer turns to another, and pays both: one counts, one goes back. (R11, R12, R13, F26)",
    promised: "order PAID by the first, the second SUCCEEDED and given back by itself: SUCCEEDED",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(5_200);
    let request = scene.request(std::slice::from_ref(&order));
    let first = scene.create(&request).await?;
    scene.lose_next_question(&first);
    let request = scene.request_elsewhere(&[order]);
    let second = scene.create(&request).await?;
    scene.pay(&first)?;
    scene.proven(&first).await?;
    scene.pay(&second)?;
    scene.watch_success(&second).await?;
    let refund = scene.given_back_by_itself(&second).await?;
    expect("refunds of the second payment", &vec![5_200], &scene.books(&second).refunds)?;
    expect("refunds of the first payment", &0, &scene.books(&first).refunds.len())?;
    let (paid, duplicate) = (scene.outcome(&first).await?, scene.outcome(&second).await?);
    expect("duplicates told", &1, &duplicate.trail.told(MerchantEvent::DuplicateFound))?;
    Ok(format!(
        "order {} by the first, the second {} and given back by itself: {}",
        paid.order_state(),
        duplicate.state(),
        refund_state(&refund)
    ))
}
