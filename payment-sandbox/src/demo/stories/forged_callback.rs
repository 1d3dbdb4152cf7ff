//! Callbacks whose signature is not WeChat's.

use payment_sandbox::wechat::Forgery;

use super::Story;
use crate::demo::promise::{Kept, expect};
use crate::demo::report::Actor;
use crate::demo::scene::Scene;

pub(super) const STORY: Story = Story {
    title: "A forged callback, and WeChat's own signature probe",
    why: "A signature that is not proven changes nothing, and a probe is refused like a forgery. (R2, F39, F43)",
    promised: "401 and 401, nothing changed, then 200 and SUCCEEDED",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(99_900);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    let before = scene.outcome(&attempt).await?;
    let what = "calls back \"paid\", signed by a key of his own";
    let forged = scene.forge(&attempt, Actor::Forger, &Forgery::WrongKey, what).await?;
    expect("payment, order and records after the forgery", &before, &scene.outcome(&attempt).await?)?;
    scene.probe_next_callback(&attempt).await?;
    scene.pay(&attempt).await?;
    let probed = scene.callbacks(&attempt, 1).await?;
    expect("payment, order and records after the probe", &before, &scene.outcome(&attempt).await?)?;
    let true_one = scene.call_back(&attempt, 1).await?;
    let after = scene.outcome(&attempt).await?;
    Ok(format!(
        "{forged} and {}, nothing changed, then {} and {}",
        only(&probed),
        only(&true_one),
        after.state()
    ))
}

fn only(statuses: &[u16]) -> String {
    let words: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    words.join(" ")
}
