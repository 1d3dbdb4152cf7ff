//! Two baskets share an order, and both are paid, through two channels.

use payment_proto::v1::OrderState;

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
    words::decimal,
};

pub(super) const STORY: Story = Story {
    title: "Two baskets share an order, and both are paid",
    why: "Of baskets A + B here and B + C at another channel only B is paid twice: its part goes back, no more. (R9, R12, F27)",
    promised: "3 orders PAID, 20.00 of the second 50.00 given back by itself",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let (a, b, c) = (scene.new_order(1_000), scene.new_order(2_000), scene.new_order(3_000));
    let request = scene.request(&[a, b.clone()]);
    let first = scene.create(&request).await?;
    scene.lose_next_question(&first);
    let request = scene.request_elsewhere(&[b, c]);
    let second = scene.create(&request).await?;
    scene.pay(&first)?;
    scene.proven(&first).await?;
    scene.pay(&second)?;
    scene.watch_success(&second).await?;
    scene.given_back_by_itself(&second).await?;
    let there = scene.books(&second);
    let (one, other) = (scene.outcome(&first).await?, scene.outcome(&second).await?);
    expect("orders of the second basket paid", &2, &other.orders_in(OrderState::Paid))?;
    // B is in both baskets.
    let paid = one.orders_in(OrderState::Paid) + other.orders_in(OrderState::Paid) - 1;
    let (back, taken) = (decimal(there.given_back), decimal(there.taken));
    Ok(format!("{paid} orders PAID, {back} of the second {taken} given back by itself"))
}
