//! Giving back: in parts, in full, twice under one number, too much, of nothing.

use payment_core::gateway::{GatewayError, Reason, RefundQueryRequest, RefundStatus};
use payment_core::identifiers::RefundNo;

use super::{
    channel::{Accident, Books, ChannelUnderTest, Ordered, Verb},
    scene::{AMOUNT, Scene, refund_query},
};

/// Two parts make the whole; a third is refused for certain.
pub async fn refunds_in_parts_reach_the_whole_and_no_more<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    assert!(scene.gateway.capabilities().refund.parts >= 2);
    let too_much = scene.refund(&attempt, &paid, "R-0", AMOUNT + 1).await.unwrap_err();
    assert!(matches!(too_much, GatewayError::Refused { .. }), "{too_much:?}");
    for (refund_no, part) in [("R-1", 1), ("R-2", AMOUNT - 1)] {
        let told = scene.refunded(&attempt, &paid, refund_no, part).await.finding;
        assert_eq!(told.payment_no, attempt.request.payment_no);
        assert!(told.amount.is_none_or(|amount| amount == scene.money(part)), "{told:?}");
    }
    let exceeding = scene.refund(&attempt, &paid, "R-3", 1).await.unwrap_err();
    let GatewayError::Refused { reason, .. } = exceeding else { panic!("not refused: {exceeding:?}") };
    assert!(
        matches!(
            reason,
            Reason::RefundExceedsPaid
                | Reason::ForbiddenByChannel
                | Reason::ChannelRejected
                // A payment that was given back whole is closed to some.
                | Reason::AlreadyClosed
        ),
        "{reason:?}"
    );
    let books = Books { taken: AMOUNT, given_back: AMOUNT, refunds: 2 };
    assert_eq!(scene.channel.books(&attempt), books);
}

/// One number, one refund: the same again answers the same, and with another amount it gives nothing more back.
pub async fn a_repeated_refund_number_gives_back_once<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    let first = scene.refund(&attempt, &paid, "R-1", 990).await.unwrap();
    for _ in 0..2 {
        let again = scene.refund(&attempt, &paid, "R-1", 990).await.unwrap();
        assert_eq!(again.finding.refund_no, first.finding.refund_no);
        assert_ne!(again.finding.status, RefundStatus::Dead);
    }
    scene.refunded(&attempt, &paid, "R-1", 990).await;
    let other = scene.refund(&attempt, &paid, "R-1", 500).await;
    let is_first = |answer: &payment_core::gateway::RefundAnswer| {
        answer.finding.amount.is_none_or(|amount| amount == scene.money(990))
    };
    assert!(other.as_ref().map_or(true, is_first), "nothing of another amount was accepted: {other:?}");
    assert_eq!(scene.channel.books(&attempt), Books { taken: AMOUNT, given_back: 990, refunds: 1 });
    let asked = scene.gateway.query_refund(&refund_query(&attempt, &first)).await.unwrap();
    assert_eq!(asked.finding.status, RefundStatus::Succeeded);
}

/// Accepted is not arrived: it is told as under way until it ends, and what died gave nothing back.
pub async fn a_refund_that_is_held_is_under_way_until_it_ends<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    for (refund_no, arrives) in [("R-dies", false), ("R-arrives", true)] {
        let (attempt, paid) = scene.paid_attempt().await;
        scene.channel.hold_next_refund();
        let held = scene.refund(&attempt, &paid, refund_no, 990).await.unwrap();
        assert_eq!(held.finding.status, RefundStatus::Processing, "{refund_no}");
        let asked = scene.gateway.query_refund(&refund_query(&attempt, &held)).await.unwrap();
        assert_eq!(asked.finding.status, RefundStatus::Processing, "{refund_no}");
        if arrives {
            scene.channel.refund_arrives(&attempt, refund_no);
        } else {
            scene.channel.refund_dies(&attempt, refund_no);
        }
        let ended = scene.gateway.query_refund(&refund_query(&attempt, &held)).await.unwrap();
        assert_eq!(ended.finding.status == RefundStatus::Succeeded, arrives, "{refund_no}: {ended:?}");
        scene.paid(&attempt).await;
    }
}

/// A refusal for want of money is certain, and the same number works once there is some.
pub async fn a_refund_without_money_is_refused_and_can_be_asked_for_again<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    if scene.channel.accident(Verb::Refund, Accident::NoMoney) == Ordered::Yes {
        let refused = scene.refund(&attempt, &paid, "R-1", 990).await.unwrap_err();
        let is_certain =
            matches!(refused, GatewayError::Refused { reason: Reason::MerchantBalanceInsufficient, .. });
        assert!(is_certain, "{refused:?}");
        assert_eq!(scene.channel.books(&attempt).given_back, 0);
    }
    scene.refunded(&attempt, &paid, "R-1", 990).await;
    assert_eq!(scene.channel.books(&attempt), Books { taken: AMOUNT, given_back: 990, refunds: 1 });
}

/// No money came, so none goes; a refund that nobody asked for is not there.
pub async fn what_was_never_paid_is_not_given_back<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let attempt = scene.open().await;
    let request = scene.refund_request(&attempt, None, "R-1", AMOUNT);
    let refused = scene.gateway.refund(&request).await.unwrap_err();
    assert!(!matches!(refused, GatewayError::Unknown(_)), "{refused:?}");
    assert_eq!(scene.channel.books(&attempt), Books::default());
    let unknown = RefundQueryRequest {
        refund_no: RefundNo::parse("R-1").unwrap(),
        payment_no: attempt.request.payment_no.clone(),
        channel_refund_no: None,
    };
    match scene.gateway.query_refund(&unknown).await {
        Ok(answer) => assert_eq!(answer.finding.status, RefundStatus::NotFound),
        // A channel that knows refunds by its own numbers only cannot ask.
        Err(error) => assert!(!matches!(error, GatewayError::Refused { .. }), "{error:?}"),
    }
}
