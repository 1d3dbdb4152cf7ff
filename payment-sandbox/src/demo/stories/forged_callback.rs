//! Callbacks whose signature is not the channel's.

use super::Story;
use crate::demo::{
    promise::{Broken, Kept, Played, expect},
    scene::{Attempt, Outcome, Scene},
};

pub(super) const STORY: Story = Story {
    title: "A forged callback, and a spoilt one",
    why: "What is not proven changes nothing: a stranger's word, and the channel's own with a wrong signature. (R2, R7, F39, F43)",
    promised: "refused, nothing changed, then the true word: SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(99_900);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.open(&attempt)?;
    let before = scene.outcome(&attempt).await?;
    scene.forge(&attempt).await?;
    expect("payment, order and records after the forgery", &before, &scene.outcome(&attempt).await?)?;
    if scene.is_called_back() {
        hear_spoilt_and_true(scene, &attempt, &before).await?;
    } else {
        scene.pay(&attempt)?;
    }
    scene.proven(&attempt).await?;
    let after = scene.outcome(&attempt).await?;
    let (state, order_state) = (after.state(), after.order_state());
    Ok(format!("refused, nothing changed, then the true word: {state}, order {order_state}"))
}

async fn hear_spoilt_and_true(scene: &Scene<'_>, attempt: &Attempt<'_>, before: &Outcome) -> Kept<()> {
    let spoilt = scene.pay_with_spoilt_callback(attempt).await?;
    if !spoilt.iter().all(|status| (400..500).contains(status)) {
        return Err(Broken::new(format!("a spoilt callback was answered with {spoilt:?}")));
    }
    expect("payment, order and records after the spoilt one", before, &scene.outcome(attempt).await?)?;
    expect("answers to the true one", &vec![200], &scene.call_back(attempt, 1).await?)
}
