//! The audit: every invariant, and the money by three books.

use super::Story;
use crate::demo::{promise::Played, scene::Scene};

const PROMISED: &str = "every invariant holds, taken less given back = recorded = paid";

pub(super) const STORY: Story = Story {
    title: "The books agree",
    why: "What a channel took and did not give back, what we recorded and what the orders say is the same money. (R1, R5, R6, R9, R27, R28)",
    promised: PROMISED,
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    scene.audit().await?;
    // Whatever differs has ended the audit.
    Ok(PROMISED.to_owned())
}
