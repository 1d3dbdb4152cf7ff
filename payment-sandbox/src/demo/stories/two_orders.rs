//! A basket of two sellers: one payment for two orders.

use payment_proto::v1::OrderState;

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
};

pub(super) const STORY: Story = Story {
    title: "Two orders in one payment",
    why: "A basket with two sellers is paid once, each order by its own part, and neither can be paid again. (R9, R10, F26)",
    promised: "SUCCEEDED, 2 orders PAID, paying again refused",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let basket = [scene.new_order(12_800), scene.new_order(1_990)];
    let request = scene.request(&basket);
    let attempt = scene.create(&request).await?;
    scene.pay(&attempt)?;
    scene.proven(&attempt).await?;
    let outcome = scene.outcome(&attempt).await?;
    let again = scene.request(&basket);
    expect("reason", &"ORDER_ALREADY_PAID".to_owned(), &scene.create_refused(&again).await?)?;
    let paid = outcome.orders_in(OrderState::Paid);
    Ok(format!("{}, {paid} orders PAID, paying again refused", outcome.state()))
}
