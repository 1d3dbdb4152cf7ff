//! One order is paid by two payments.

use payment_core::merchant_event::MerchantEvent;
use payment_sandbox::wechat::{Fault, Operation};

use super::Story;
use crate::demo::{
    promise::{Kept, expect},
    scene::{Scene, refund_state},
};

pub(super) const STORY: Story = Story {
    title: "An order is paid twice",
    why: "WeChat cannot be asked about the first QR code, the shop goes on, and both are paid: one counts, one goes back. (R11, R12, R13, F26)",
    promised: "order PAID by the first, the second SUCCEEDED and given back by itself: SUCCEEDED",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(5_200);
    let request = scene.request(std::slice::from_ref(&order));
    let first = scene.create(&request).await?;
    scene.fail(Operation::QueryByOutTradeNo, &first, Fault::BadGateway).await?;
    let request = scene.request_regardless(&[order]);
    let second = scene.create(&request).await?;
    scene.pay(&first).await?;
    scene.watch_success(&first).await?;
    scene.pay(&second).await?;
    scene.watch_success(&second).await?;
    let refund = scene.given_back_by_itself(&second).await?;
    expect("refunds of the second payment", &1, &scene.refunds_there(&second).await?.len())?;
    let (paid, duplicate) = (scene.outcome(&first).await?, scene.outcome(&second).await?);
    expect("duplicates told", &1, &duplicate.trail.told(MerchantEvent::DuplicateFound))?;
    Ok(format!(
        "order {} by the first, the second {} and given back by itself: {}",
        paid.order_state(),
        duplicate.state(),
        refund_state(&refund)
    ))
}
