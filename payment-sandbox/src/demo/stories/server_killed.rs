//! The server dies between a channel's acceptance of a refund and its answer.

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::{Scene, refund_state},
};

pub(super) const STORY: Story = Story {
    title: "The server is killed while it gives back",
    why: "What was begun is on record before a channel is called; the next server goes on with the same number, and it is paid once. (R5, R17, R26, F22, F24)",
    promised: "accepted, kill -9, restart: SUCCEEDED, given back once",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(6_400);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    scene.proven(&attempt).await?;
    let request = scene.refund_request(&attempt, 6_400);
    scene.kill_server_during(&attempt, &request).await?;
    let refund = scene.refund_arrives(&request.refund_no).await?;
    expect("refunds in the channel's books", &vec![6_400], &scene.books(&attempt).refunds)?;
    scene.outcome(&attempt).await?;
    Ok(format!("accepted, kill -9, restart: {}, given back once", refund_state(&refund)))
}
