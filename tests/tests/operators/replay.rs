//! Deliveries that are handled again: by the same code, with the same effect, under the name of who wished it.

use std::time::Duration;

use futures::future::join_all;
use payment_proto::v1::{
    ListNotificationsRequest, Notification, NotificationVerdict, PaymentState, ReplayNotificationRequest,
};
use payment_sandbox::wechat::Forgery;
use payment_tests::app::MERCHANT;

use super::scene::Desk;

async fn listed(desk: &Desk, payment_no: &str) -> Vec<Notification> {
    let request = ListNotificationsRequest {
        merchant_id: MERCHANT.to_owned(),
        payment_no: payment_no.to_owned(),
        ..ListNotificationsRequest::default()
    };
    desk.of(&desk.alice).list_notifications(request).await.unwrap().into_inner().notifications
}

fn replay(notification: &Notification) -> ReplayNotificationRequest {
    ReplayNotificationRequest {
        merchant_id: MERCHANT.to_owned(),
        notification_id: notification.notification_id.clone(),
        reason: "the database was put back".to_owned(),
    }
}

/// Puts a payment back to where it was before its money came, as an older copy of the database would.
async fn unpay(desk: &Desk, payment_no: &str) {
    let sql = format!(
        "DELETE FROM outbox_event WHERE payment_no = '{payment_no}';
         DELETE FROM payment_transition WHERE payment_no = '{payment_no}' AND to_state = 'SUCCEEDED';
         UPDATE allocation SET state = 'PENDING' WHERE payment_no = '{payment_no}';
         UPDATE payment SET state = 'AWAITING_PAYER', revision = 1, succeed_time = NULL, channel_transaction_no = NULL,
            next_check_time = create_time WHERE payment_no = '{payment_no}'"
    );
    desk.app.observer.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_an_old_delivery_is_verified_as_of_its_time_and_recorded_with_whose_wish_it_was() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&payment_no).await;
    unpay(&desk, &payment_no).await;
    desk.app.advance(Duration::from_secs(24 * 3600)).await;
    let kept = listed(&desk, &payment_no).await;
    let made = desk.of(&desk.alice).replay_notification(replay(&kept[0])).await.unwrap().into_inner();
    let made = made.notification.unwrap();
    assert_eq!(made.verdict(), NotificationVerdict::Applied);
    assert_eq!(
        (made.replay_of, made.replayed_by.as_str()),
        (kept[0].notification_id.clone(), "alice/laptop")
    );
    assert_eq!(desk.app.state(&payment_no).await, PaymentState::Succeeded);
    // A replay of the replay says what is known.
    let again = listed(&desk, &payment_no).await;
    let made = desk.of(&desk.alice).replay_notification(replay(&again[0])).await.unwrap().into_inner();
    assert_eq!(made.notification.unwrap().verdict(), NotificationVerdict::Repeated);
    let story = desk.explain(&payment_no, false).await.story.join("\n");
    assert!(story.contains("at the wish of alice/laptop"), "{story}");
    assert!(story.contains("because: the database was put back"), "{story}");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_a_replay_proves_no_more_than_the_delivery_did() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.wechat().forge_notification(desk.app.mchid(), &payment_no, &Forgery::WrongKey).await.unwrap();
    let forged = listed(&desk, "").await;
    assert_eq!(forged[0].verdict(), NotificationVerdict::Rejected);
    let made = desk.of(&desk.alice).replay_notification(replay(&forged[0])).await.unwrap().into_inner();
    let made = made.notification.unwrap();
    assert_eq!(
        (made.verdict(), made.rejection.as_str()),
        (NotificationVerdict::Rejected, "SIGNATURE_INVALID")
    );
    assert_eq!(desk.app.state(&payment_no).await, PaymentState::AwaitingPayer);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_f10_replays_and_live_callbacks_at_once_have_one_effect() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&payment_no).await;
    unpay(&desk, &payment_no).await;
    let kept = listed(&desk, &payment_no).await.remove(0);
    let replays = (0..4).map(|_| {
        let mut client = desk.of(&desk.alice);
        let request = replay(&kept);
        async move { client.replay_notification(request).await.map(drop) }
    });
    let wechat = desk.app.wechat();
    let (replayed, live) =
        tokio::join!(join_all(replays), wechat.resend_notification(desk.app.mchid(), &payment_no, 4));
    assert!(replayed.iter().all(Result::is_ok), "{replayed:?}");
    assert!(live.unwrap().iter().all(|answer| answer.result.is_acknowledged()));
    let successes = "SELECT count(*) FROM payment_transition WHERE to_state = 'SUCCEEDED'";
    assert_eq!(desk.app.number(successes).await, 1);
    assert_eq!(desk.app.events(&payment_no).await, ["payment.succeeded"]);
    desk.app.finish().await;
}
