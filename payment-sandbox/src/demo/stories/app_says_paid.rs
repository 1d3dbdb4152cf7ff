//! The app reports a payment that never was.

use payment_proto::v1::{OrderState, PaymentState};

use super::Story;
use crate::demo::{
    promise::{Played, expect},
    scene::Scene,
    words::word,
};

pub(super) const STORY: Story = Story {
    title: "The app says paid, but it is not",
    why: "Apps crash, lie and are patched: their word is kept as a hint and never decides where money is. (R1, R4, F31)",
    promised: "CLIENT_REPORTED, then CLOSED, then PAID by a new payment",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Played {
    let order = scene.new_order(8_800);
    let request = scene.request(std::slice::from_ref(&order));
    let attempt = scene.create(&request).await?;
    scene.open(&attempt)?;
    let reported = scene.confirm_paid(&attempt).await?;
    expect("asked again", &PaymentState::ClientReported, &scene.sync(&attempt).await?)?;
    let unpaid = scene.outcome(&attempt).await?;
    expect("orders open", &1, &unpaid.orders_in(OrderState::PaymentOpen))?;
    let closed = scene.close(&attempt).await?;
    expect("orders unpaid", &1, &scene.outcome(&attempt).await?.orders_in(OrderState::Unpaid))?;
    let request = scene.request(&[order]);
    let second = scene.create(&request).await?;
    scene.pay(&second)?;
    scene.proven(&second).await?;
    let order_state = scene.outcome(&second).await?.order_state();
    Ok(format!("{}, then {}, then {order_state} by a new payment", word(reported), word(closed)))
}
