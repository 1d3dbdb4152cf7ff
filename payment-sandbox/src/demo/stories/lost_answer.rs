//! WeChat accepts a payment, and its answer is lost.

use payment_sandbox::wechat::{Execution, Fault};

use super::Story;
use crate::demo::promise::{Kept, expect};
use crate::demo::scene::Scene;
use crate::demo::words::word;

pub(super) const STORY: Story = Story {
    title: "The answer is lost after WeChat accepted",
    why: "Unknown is not failed: the intent is kept, and the same request goes on with the same number. (R5, R14, F21, F25)",
    promised: "INITIATING, repeated: same payment, SUCCEEDED, order PAID",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(1_234);
    let request = scene.request(&[order]);
    scene.fail_next_prepay(Fault::ConnectionDropped { execution: Execution::Done }).await?;
    let lost = scene.create(&request).await?;
    expect("payment data of a lost answer", &None, &lost.payment_data)?;
    expect("prepays carried out", &1, &scene.prepays(&lost).await?)?;
    let found = scene.create_again(&request).await?;
    expect("number of the repeated payment", &lost.payment_no, &found.payment_no)?;
    scene.pay(&found).await?;
    scene.watch_success(&found).await?;
    let outcome = scene.outcome(&found).await?;
    let (state, order_state) = (outcome.state(), outcome.order_state());
    Ok(format!("{}, repeated: same payment, {state}, order {order_state}", word(lost.state)))
}
