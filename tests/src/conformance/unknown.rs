//! Unknown outcomes: done or not, lost or unproven. Nothing is concluded from them, and the repeat finds the truth (R5).

use payment_core::gateway::{CloseCapability, CompletionCapability, Finding, GatewayError};

use super::{
    channel::{Accident, Books, ChannelUnderTest, Ordered, Proof, Verb},
    closing::assert_closed_before,
    scene::{AMOUNT, Scene, capture_request, close_request, refund_query},
};

/// The accidents that this channel can have with a verb, one after another.
fn accidents<T: ChannelUnderTest>(scene: &Scene<T>) -> impl Iterator<Item = Accident> {
    let signed = scene.habits().answers == Proof::Signature;
    Accident::UNPROVEN.into_iter().filter(move |accident| {
        signed || !matches!(accident, Accident::Unsigned | Accident::ForeignSignature)
    })
}

fn assert_unknown<V: std::fmt::Debug>(answer: Result<V, GatewayError>, accident: Accident) {
    assert!(matches!(answer, Err(GatewayError::Unknown(_))), "{accident:?}: {answer:?}");
}

/// A create.
pub async fn an_unproven_answer_to_a_create_is_unknown_and_the_repeat_finds_one_payment<
    T: ChannelUnderTest,
>() {
    let scene = Scene::<T>::set().await;
    for accident in accidents(&scene) {
        let request = scene.request(scene.habits().main_product);
        if scene.channel.accident(Verb::Create, accident) == Ordered::NotHere {
            continue;
        }
        assert_unknown(scene.gateway.create(&request).await, accident);
        let attempt = scene.announce(request).await;
        scene.channel.appear(&attempt).await;
        scene.pay(&attempt).await;
        assert_eq!(scene.channel.books(&attempt).taken, AMOUNT, "{accident:?}");
    }
}

/// A question about a payment.
pub async fn an_unproven_answer_to_a_question_is_unknown<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, _) = scene.paid_attempt().await;
    for accident in accidents(&scene) {
        if scene.channel.accident(Verb::Query, accident) == Ordered::Yes {
            assert_unknown(scene.query(&attempt).await, accident);
        }
        scene.paid(&attempt).await;
    }
}

/// A close, where the channel closes.
pub async fn an_unproven_answer_to_a_close_is_unknown<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    if scene.gateway.capabilities().close == CloseCapability::Never {
        return;
    }
    for accident in accidents(&scene) {
        let attempt = scene.open().await;
        if scene.channel.accident(Verb::Close, accident) == Ordered::NotHere {
            continue;
        }
        assert_unknown(scene.gateway.close(&close_request(&attempt)).await, accident);
        assert_closed_before(scene.gateway.close(&close_request(&attempt)).await);
        assert_eq!(scene.finding(&attempt).await, Finding::Closed, "{accident:?}");
    }
}

/// A capture, where there is one: no accident makes it a failure, and none takes the money twice.
pub async fn an_unproven_answer_to_a_capture_takes_the_money_once<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    if scene.completion() == CompletionCapability::ByPayer {
        return;
    }
    for accident in accidents(&scene) {
        let attempt = scene.open().await;
        scene.channel.consent(&attempt).await.unwrap();
        if scene.channel.accident(Verb::Capture, accident) == Ordered::NotHere {
            continue;
        }
        // The gateway may ask by itself where the order is, and then tell what it found.
        match scene.gateway.capture(&capture_request(&attempt)).await {
            Ok(answer) => {
                assert!(matches!(answer.finding, Finding::Paid(_)), "{accident:?}: {answer:?}");
                assert_eq!(scene.channel.books(&attempt).taken, AMOUNT, "{accident:?}");
            }
            unproven @ Err(_) => assert_unknown(unproven, accident),
        }
        let again = scene.gateway.capture(&capture_request(&attempt)).await.unwrap();
        assert!(matches!(again.finding, Finding::Paid(_)), "{accident:?}: {again:?}");
        assert_eq!(scene.channel.books(&attempt).taken, AMOUNT, "{accident:?}");
    }
}

/// A refund, and the question about it.
pub async fn an_unproven_answer_to_a_refund_gives_back_once<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    for (index, accident) in accidents(&scene).enumerate() {
        let (attempt, paid) = scene.paid_attempt().await;
        let refund_no = format!("R-{index}");
        if scene.channel.accident(Verb::Refund, accident) == Ordered::NotHere {
            continue;
        }
        assert_unknown(scene.refund(&attempt, &paid, &refund_no, 990).await, accident);
        let told = scene.refunded(&attempt, &paid, &refund_no, 990).await;
        let books = Books { taken: AMOUNT, given_back: 990, refunds: 1 };
        assert_eq!(scene.channel.books(&attempt), books, "{accident:?}");
        if scene.channel.accident(Verb::QueryRefund, accident) == Ordered::Yes {
            let asked = scene.gateway.query_refund(&refund_query(&attempt, &told)).await;
            assert_unknown(asked, accident);
        }
    }
}

/// Turned away at the door: certainly not done, or at least not concluded to be.
pub async fn a_channel_that_turned_us_away_did_not_act<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let request = scene.request(scene.habits().main_product);
    let attempt = match scene.channel.accident(Verb::Create, Accident::TurnedAway) {
        Ordered::NotHere => scene.announce(request).await,
        Ordered::Yes => {
            let refused = scene.gateway.create(&request).await;
            assert!(matches!(refused, Err(GatewayError::NotSent(_))), "{refused:?}");
            scene.announce(request).await
        }
    };
    scene.channel.appear(&attempt).await;
    let paid = scene.pay(&attempt).await;
    if scene.channel.accident(Verb::Query, Accident::TurnedAway) == Ordered::Yes {
        let refused = scene.query(&attempt).await;
        assert!(matches!(refused, Err(GatewayError::NotSent(_))), "{refused:?}");
    }
    if scene.channel.accident(Verb::Refund, Accident::TurnedAway) == Ordered::Yes {
        let refused = scene.refund(&attempt, &paid, "R-1", 990).await;
        assert!(matches!(refused, Err(GatewayError::NotSent(_))), "{refused:?}");
    }
    assert_eq!(scene.channel.books(&attempt), Books { taken: AMOUNT, given_back: 0, refunds: 0 });
}
