//! Closing in each state.

use payment_core::gateway::{CloseCapability, CloseRequest, Closed, Finding, GatewayError, Reason};
use payment_core::identifiers::Product;

use super::{
    channel::ChannelUnderTest,
    scene::{AMOUNT, Scene, close_request},
};

/// A repeated close is proven again, or refused in a way that makes the service ask. Alipay has one word for paid and
/// closed, and so may say the other.
pub(super) fn assert_closed_before(answer: Result<Closed, GatewayError>) {
    match answer {
        Ok(_) => {}
        Err(GatewayError::Refused { reason: Reason::AlreadyClosed | Reason::AlreadyPaid, .. }) => {}
        Err(other) => panic!("a repeated close: {other:?}"),
    }
}

/// What is closed can be paid by nobody, and a repeat changes nothing. A channel that declares that it never closes does
/// not close, and the payment stays what it is.
pub async fn an_open_payment_is_closed_for_good_or_never<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let attempt = scene.open().await;
    let closed = scene.gateway.close(&close_request(&attempt)).await;
    match scene.gateway.capabilities().close {
        CloseCapability::AtChannel => {
            assert!(closed.unwrap().evidence.verified_by.is_some(), "closed is proven");
            assert_eq!(scene.finding(&attempt).await, Finding::Closed);
            assert!(scene.channel.consent(&attempt).await.is_err(), "nobody can pay it");
            assert_closed_before(scene.gateway.close(&close_request(&attempt)).await);
            assert_eq!(scene.finding(&attempt).await, Finding::Closed);
            assert_eq!(scene.channel.books(&attempt).taken, 0);
        }
        CloseCapability::Never => {
            assert!(closed.is_err(), "{closed:?}");
            assert_eq!(scene.finding(&attempt).await, Finding::AwaitingPayer);
            scene.pay(&attempt).await;
        }
    }
}

/// Money that came is never closed away, and "not found" is no proof (R4).
pub async fn what_is_paid_or_unknown_is_not_closed<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    let refused = scene.gateway.close(&close_request(&attempt)).await.unwrap_err();
    if scene.gateway.capabilities().close == CloseCapability::AtChannel {
        let is_paid = matches!(refused, GatewayError::Refused { reason: Reason::AlreadyPaid, .. });
        assert!(is_paid, "{refused:?}");
    }
    assert_eq!(scene.paid(&attempt).await, paid);
    assert_eq!(scene.channel.books(&attempt).given_back, 0, "a close gives nothing back");
    assert_eq!(scene.channel.books(&attempt).taken, AMOUNT);
    let unknown = CloseRequest {
        payment_no: scene.request(scene.habits().main_product).payment_no,
        product: Product::parse(scene.habits().main_product).unwrap(),
        handle: None,
    };
    let refused = scene.gateway.close(&unknown).await;
    assert!(refused.is_err(), "{refused:?}");
}
