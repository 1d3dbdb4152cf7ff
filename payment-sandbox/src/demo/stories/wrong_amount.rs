//! A callback that is signed by WeChat and says another amount.

use payment_core::merchant_event::MerchantEvent;
use payment_proto::v1::PaymentState;
use payment_sandbox::wechat::Forgery;

use super::Story;
use crate::demo::promise::{Kept, expect};
use crate::demo::report::Actor;
use crate::demo::scene::Scene;
use crate::demo::words::word;

pub(super) const STORY: Story = Story {
    title: "A callback with a wrong amount",
    why: "A signature does not make ¥0.01 out to be ¥256.00: what does not fit opens a case for a person. (R8, F36, F46)",
    promised: "1 case, AWAITING_PAYER, order PAYMENT_OPEN, then CLOSED",
    play: |scene| Box::pin(play(scene)),
};

async fn play(scene: &mut Scene<'_>) -> Kept<String> {
    let order = scene.new_order(25_600);
    let request = scene.request(&[order]);
    let attempt = scene.create(&request).await?;
    let lie = Forgery::WrongAmount { total: 1 };
    let what = "calls back, rightly signed: ¥0.01 was paid";
    expect("answer", &200, &scene.forge(&attempt, Actor::Channel, &lie, what).await?)?;
    let outcome = scene.outcome(&attempt).await?;
    let cases = outcome.trail.told(MerchantEvent::CaseOpened);
    let closed = scene.close(&attempt).await?;
    expect("the channel's proof", &PaymentState::Closed, &closed)?;
    let (state, order_state) = (outcome.state(), outcome.order_state());
    Ok(format!("{cases} case, {state}, order {order_state}, then {}", word(closed)))
}
