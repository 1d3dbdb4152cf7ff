//! Money that is held first: where a channel can, it is held once, taken once, and let go for good; where it cannot, nothing
//! of it is done.

use payment_core::gateway::{
    Approval, Finding, GatewayError, HoldCapability, HoldRequest, Reason, ReleaseRequest,
};

use super::{
    channel::{Attempt, ChannelUnderTest},
    scene::{AMOUNT, Scene, capture_request},
};

fn hold_request(attempt: &Attempt) -> HoldRequest {
    let (payment_no, product) = (attempt.request.payment_no.clone(), attempt.request.product.clone());
    HoldRequest { payment_no, product, handle: attempt.created.handle.clone() }
}

fn release_request(attempt: &Attempt) -> ReleaseRequest {
    let (payment_no, product) = (attempt.request.payment_no.clone(), attempt.request.product.clone());
    ReleaseRequest { payment_no, product, handle: attempt.created.handle.clone() }
}

/// An attempt whose payer approved that money is held, or `None` where the channel holds nothing, which is looked at here.
async fn to_hold<T: ChannelUnderTest>(scene: &Scene<T>) -> Option<Attempt> {
    let mut request = scene.request(scene.habits().main_product);
    let Some(options) = scene.channel.options_to_hold(scene.habits().main_product) else {
        assert_eq!(scene.gateway.capabilities().hold, HoldCapability::Never);
        let attempt = scene.open().await;
        let held = scene.gateway.hold(&hold_request(&attempt)).await;
        assert!(matches!(held, Err(GatewayError::NotSent(_))), "{held:?}");
        let released = scene.gateway.release(&release_request(&attempt)).await;
        assert!(matches!(released, Err(GatewayError::NotSent(_))), "{released:?}");
        scene.pay(&attempt).await;
        return None;
    };
    request.options = options;
    let attempt = scene.announce(request).await;
    scene.channel.appear(&attempt).await;
    scene.channel.consent(&attempt).await.unwrap();
    assert_eq!(scene.finding(&attempt).await, Finding::Approved(Approval::Hold));
    Some(attempt)
}

async fn held<T: ChannelUnderTest>(scene: &Scene<T>, attempt: &Attempt) {
    for _ in 0..3 {
        let found = scene.gateway.hold(&hold_request(attempt)).await.unwrap();
        let Finding::Held(held) = &found.finding else { panic!("{:?}", found.finding) };
        assert!(found.evidence.verified_by.is_some());
        assert_eq!(
            (held.amount, &held.payee),
            (attempt.request.amount, &scene.gateway.payee(&attempt.request.product))
        );
        let HoldCapability::Whole { honour, validity } = scene.gateway.capabilities().hold else {
            panic!("held")
        };
        let since = held.hold_time.unwrap();
        assert_eq!((held.honour_end_time - since, held.expire_time - since), (honour, validity));
    }
    assert!(matches!(scene.finding(attempt).await, Finding::Held(_)));
    assert_eq!(scene.channel.books(attempt).taken, 0, "held is not taken");
}

/// Held money is taken whole and once, and is then paid and nothing else.
pub async fn money_that_is_held_is_taken_once_or_nothing_is_held<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let Some(attempt) = to_hold(&scene).await else { return };
    held(&scene, &attempt).await;
    for _ in 0..3 {
        let finding = scene.gateway.capture(&capture_request(&attempt)).await.unwrap().finding;
        assert!(matches!(finding, Finding::Paid(_)), "{finding:?}");
    }
    scene.paid(&attempt).await;
    let late = scene.gateway.release(&release_request(&attempt)).await;
    assert!(matches!(late, Err(GatewayError::Refused { reason: Reason::AlreadyPaid, .. })), "{late:?}");
    assert_eq!(scene.channel.books(&attempt).taken, AMOUNT);
}

/// Money that is let go is closed for good, and cannot be taken any more.
pub async fn money_that_is_let_go_is_closed_for_good<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let Some(attempt) = to_hold(&scene).await else { return };
    held(&scene, &attempt).await;
    for _ in 0..2 {
        let closed = scene.gateway.release(&release_request(&attempt)).await.unwrap();
        assert!(closed.evidence.verified_by.is_some(), "closed is proven");
    }
    assert_eq!(scene.finding(&attempt).await, Finding::Closed);
    let late = scene.gateway.capture(&capture_request(&attempt)).await;
    assert!(!matches!(&late, Ok(answer) if matches!(answer.finding, Finding::Paid(_))), "{late:?}");
    assert_eq!(scene.channel.books(&attempt).taken, 0);
}
