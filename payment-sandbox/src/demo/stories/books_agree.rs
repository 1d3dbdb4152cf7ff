//! The audit: every invariant, and the money by three books.

use super::Story;
use crate::demo::{promise::Kept, scene::Scene};

const PROMISED: &str = "every invariant holds, taken less given back = recorded = paid";

pub(super) const STORY: Story = Story {
    title: "The books agree",
    why: "What WeChat took and did not give back, what we recorded and what the orders say is the same money, and no rule is broken. (R1, R5, R6, R9, R27, R28)",
    promised: PROMISED,
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    scene.audit().await?;
    // Whatever differs has ended the audit.
    Ok(PROMISED.to_owned())
}
