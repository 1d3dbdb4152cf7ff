//! What is believed: notifications, keys, accounts, figures.

use payment_core::gateway::{
    CallbackOutcome, EventContent, Finding, GatewayError, RawCallback, RefundStatus, VerifiedEvent,
};

use super::{
    channel::{Accident, Attempt, Books, ChannelUnderTest, Forgery, Notifies, Ordered, Verb, Whose},
    scene::{AMOUNT, Scene, announce_by, close_request, query_request},
};

/// Whether a verified event says that this payment is paid in our figures.
fn is_our_success<T: ChannelUnderTest>(scene: &Scene<T>, attempt: &Attempt, event: &VerifiedEvent) -> bool {
    match event.content() {
        EventContent::Payment { payment_no, finding: Finding::Paid(paid) } => {
            payment_no == attempt.request.payment_no.as_str()
                && paid.amount == attempt.request.amount
                && paid.payee == scene.gateway.payee(&attempt.request.product)
        }
        EventContent::Payment { .. }
        | EventContent::Refund(_)
        | EventContent::Contest(_)
        | EventContent::Irrelevant { .. } => false,
    }
}

/// A genuine notification of a success and its payment; `None` where the channel never calls back.
async fn success_notification<T: ChannelUnderTest>(scene: &Scene<T>) -> Option<(Attempt, RawCallback)> {
    let (attempt, _) = scene.paid_attempt().await;
    let arrived = scene.arrived().await;
    if scene.habits().notifies == Notifies::Nothing {
        assert!(arrived.is_empty(), "it never calls back");
        return None;
    }
    for callback in arrived {
        let event = scene.gateway.verify_callback(&callback, scene.now()).await.unwrap();
        if is_our_success(scene, &attempt, &event) {
            return Some((attempt, callback));
        }
    }
    panic!("no notification of the success arrived");
}

/// The success arrives, is proven, is the same in each delivery, and the channel takes our words for it.
pub async fn a_success_is_notified_proven_and_acknowledged_in_the_channels_words<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let Some((attempt, callback)) = success_notification(&scene).await else { return };
    let event = scene.gateway.verify_callback(&callback, scene.now()).await.unwrap();
    assert_eq!(event.evidence().bytes, callback.body);
    assert!(event.evidence().verified_by.is_some());
    assert_eq!(scene.channel.unacknowledged(), 0, "our words end the deliveries");
    scene.channel.notify_again(&attempt, event.notification_id().as_str()).await;
    let again = scene.arrived().await;
    assert_eq!(again.len(), 1);
    let repeated = scene.gateway.verify_callback(&again[0], scene.now()).await.unwrap();
    assert!(is_our_success(&scene, &attempt, &repeated));
    assert_eq!(repeated.notification_id(), event.notification_id());
    let recorded = scene.gateway.callback_reply(&CallbackOutcome::Recorded);
    assert_ne!(scene.gateway.callback_reply(&CallbackOutcome::NotRecorded), recorded, "to be sent again");
}

/// A refund that we asked for is told under our numbers.
pub async fn a_refund_is_notified_under_our_number<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    scene.arrived().await;
    scene.refunded(&attempt, &paid, "R-1", 990).await;
    let mut told = Vec::new();
    for callback in scene.arrived().await {
        match scene.gateway.verify_callback(&callback, scene.now()).await.unwrap().content() {
            EventContent::Refund(finding) => told.push(finding.clone()),
            EventContent::Payment { .. } | EventContent::Contest(_) | EventContent::Irrelevant { .. } => {}
        }
    }
    match scene.habits().notifies {
        Notifies::Nothing => assert!(told.is_empty()),
        Notifies::PaymentsAndRefunds => {
            let finding = told.first().expect("a notification of the refund");
            assert_eq!(finding.refund_no.as_str(), "R-1");
            assert_eq!(finding.payment_no, attempt.request.payment_no);
            assert_eq!(finding.status, RefundStatus::Succeeded);
            assert!(finding.amount.is_none_or(|amount| amount == scene.money(990)));
        }
    }
}

/// Without its signature, or with any byte of its body changed, a notification is refused.
pub async fn a_stripped_or_altered_notification_proves_nothing<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let Some((_, callback)) = success_notification(&scene).await else { return };
    let stripped = scene.channel.stripped(&callback);
    assert!(scene.gateway.verify_callback(&stripped, scene.now()).await.is_err());
    for position in (0..callback.body.len()).step_by(7) {
        let mut altered = callback.clone();
        altered.body[position] ^= 1;
        let verdict = scene.gateway.verify_callback(&altered, scene.now()).await;
        assert!(verdict.is_err(), "byte {position}: {verdict:?}");
    }
    let empty = RawCallback { body: Vec::new(), ..callback };
    assert!(scene.gateway.verify_callback(&empty, scene.now()).await.is_err());
}

/// Whatever somebody sends about a payment that nobody paid: refused, or not our success.
pub async fn a_forged_notification_is_never_our_success<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let own = T::own_forgeries().iter().map(|kind| Forgery::Own(kind));
    for forgery in Forgery::ALL.into_iter().chain(own) {
        let attempt = scene.open().await;
        scene.arrived().await;
        if scene.channel.forge(&attempt, forgery).await == Ordered::NotHere {
            continue;
        }
        // A forger may first have had to see a genuine one.
        let arrived = scene.arrived().await;
        match scene.gateway.verify_callback(arrived.last().expect("the forgery arrived"), scene.now()).await {
            Err(_) => {}
            Ok(event) => {
                assert_ne!(forgery, Forgery::WrongKey, "{event:?}");
                assert!(!is_our_success(&scene, &attempt, &event), "{forgery:?}: {event:?}");
            }
        }
        let finding = scene.finding(&attempt).await;
        assert!(matches!(finding, Finding::AwaitingPayer | Finding::Approved(_)), "{forgery:?}: {finding:?}");
        assert!(scene.arrived().await.is_empty(), "{forgery:?}: no address in it was visited");
    }
}

/// Our success, delivered to a neighbour's account, is no success of the neighbour's; and the neighbour cannot ask for
/// what is ours.
pub async fn a_notification_to_one_account_proves_nothing_to_another<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let neighbour = scene.account(Whose::Neighbours).await.unwrap();
    let product = scene.request(scene.habits().main_product).product;
    let theirs = neighbour.payee(&product);
    assert_ne!(theirs, scene.gateway.payee(&product));
    let (attempt, _) = scene.paid_attempt().await;
    for callback in scene.arrived().await {
        if let Ok(event) = neighbour.verify_callback(&callback, scene.now()).await {
            let to_them = matches!(
                event.content(),
                EventContent::Payment { finding: Finding::Paid(paid), .. } if paid.payee == theirs
            );
            assert!(!to_them, "{event:?}");
        }
    }
    match neighbour.query(&query_request(&attempt)).await {
        Ok(answer) => assert!(!matches!(answer.finding, Finding::Paid(paid) if paid.payee == theirs)),
        Err(error) => assert!(!matches!(error, GatewayError::Unknown(_)), "{error:?}"),
    }
    // The neighbour's own account is in order: it announces.
    announce_by(neighbour.as_ref(), Whose::Neighbours, scene.request(scene.habits().main_product)).await;
}

/// With a wrong key we are nobody: nothing is done, and nothing is concluded.
pub async fn an_account_with_a_foreign_key_does_nothing<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, paid) = scene.paid_attempt().await;
    let unpaid = scene.open().await;
    let stranger = scene.account(Whose::OursWithAForeignKey).await.unwrap();
    let request = scene.request(scene.habits().main_product);
    assert!(stranger.create(&request).await.is_err());
    assert!(stranger.query(&query_request(&attempt)).await.is_err());
    assert!(stranger.close(&close_request(&unpaid)).await.is_err());
    let refund = scene.refund_request(&attempt, Some(&paid), "R-1", AMOUNT);
    assert!(stranger.refund(&refund).await.is_err());
    assert_eq!(scene.channel.books(&attempt), Books { taken: AMOUNT, given_back: 0, refunds: 0 });
    assert_eq!(scene.finding(&unpaid).await, Finding::AwaitingPayer, "nothing was closed");
}

/// Where the channel's key is configured and is a wrong one, no answer and no notification is proven.
pub async fn an_account_that_believes_a_foreign_key_believes_nothing<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let Some(misled) = scene.account(Whose::OursBelievingAForeignKey).await else { return };
    let (attempt, paid) = scene.paid_attempt().await;
    for callback in scene.arrived().await {
        assert!(misled.verify_callback(&callback, scene.now()).await.is_err());
    }
    let asked = misled.query(&query_request(&attempt)).await;
    assert!(matches!(asked, Err(GatewayError::Unknown(_))), "{asked:?}");
    let refund = scene.refund_request(&attempt, Some(&paid), "R-1", 990);
    let refunded = misled.refund(&refund).await;
    assert!(
        matches!(refunded, Err(GatewayError::Unknown(_))),
        "it was done, and nothing proves it: {refunded:?}"
    );
}

/// A proven answer in other figures than ours is told in its own figures, or cannot be read; never in ours (R8).
pub async fn figures_are_told_as_the_channel_has_them<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let (attempt, _) = scene.paid_attempt().await;
    let mut lies = 0;
    for accident in [Accident::OtherAmount, Accident::OtherCurrency, Accident::OtherPayee] {
        if scene.channel.accident(Verb::Query, accident) == Ordered::NotHere {
            continue;
        }
        lies += 1;
        match scene.query(&attempt).await {
            Err(error) => assert!(matches!(error, GatewayError::Unknown(_)), "{accident:?}: {error:?}"),
            Ok(answer) => {
                let Finding::Paid(paid) = answer.finding else { panic!("{accident:?}: {answer:?}") };
                let ours = paid.amount == attempt.request.amount
                    && paid.payee == scene.gateway.payee(&attempt.request.product);
                assert!(!ours, "{accident:?}: {paid:?}");
            }
        }
        scene.paid(&attempt).await;
    }
    assert!(lies > 0, "the simulator can lie");
}
