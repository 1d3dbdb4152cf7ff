//! Two baskets share an order, and both are paid.

use payment_proto::v1::OrderState;
use payment_sandbox::wechat::{Fault, Operation};

use super::Story;
use crate::demo::{
    promise::{Kept, expect},
    report::yuan,
    scene::Scene,
};

pub(super) const STORY: Story = Story {
    title: "Two baskets share an order, and both are paid",
    why: "Of baskets A + B and B + C only B is paid twice: its part goes back, not the whole second payment. (R9, R12, F27)",
    promised: "3 orders PAID, ¥20.00 of ¥50.00 given back by itself",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let (a, b, c) = (scene.new_order(1_000), scene.new_order(2_000), scene.new_order(3_000));
    let request = scene.request(&[a, b.clone()]);
    let first = scene.create(&request).await?;
    scene.fail(Operation::QueryByOutTradeNo, &first, Fault::BadGateway).await?;
    let request = scene.request_regardless(&[b, c]);
    let second = scene.create(&request).await?;
    scene.pay(&first).await?;
    scene.watch_success(&first).await?;
    scene.pay(&second).await?;
    scene.watch_success(&second).await?;
    scene.given_back_by_itself(&second).await?;
    let back: i64 = scene.refunds_there(&second).await?.iter().map(|refund| refund.refund).sum();
    let (one, other) = (scene.outcome(&first).await?, scene.outcome(&second).await?);
    expect("orders of the second basket paid", &2, &other.orders_in(OrderState::Paid))?;
    // B is in both baskets.
    let paid = one.orders_in(OrderState::Paid) + other.orders_in(OrderState::Paid) - 1;
    Ok(format!("{paid} orders PAID, {} of ¥50.00 given back by itself", yuan(back)))
}
