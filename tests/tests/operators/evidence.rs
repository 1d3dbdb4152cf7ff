//! R26: each change is shown with who said it, the bytes, the key and the time; and who was shown the bytes is on record.

use std::collections::BTreeMap;

use payment_proto::v1::{
    ClientResult, ExplainPaymentRequest, Fact, FactKind, GetNotificationRequest, ListNotificationsRequest,
    explain_payment_request::Subject,
};
use payment_sandbox::wechat::RefundStatus;
use payment_server::jobs::Job;
use payment_tests::app::MERCHANT;
use sha2::{Digest as _, Sha256};

use super::scene::Desk;

/// Whose words are the channel's, and so must be kept with each change that they made.
const CHANNELS_WORDS: [&str; 5] =
    ["NOTIFICATION", "QUERY_ANSWER", "CREATE_ANSWER", "CLOSE_ANSWER", "REFUND_ANSWER"];

fn is_change(fact: &&Fact) -> bool {
    matches!(fact.kind(), FactKind::PaymentChanged | FactKind::RefundChanged)
}

#[tokio::test(flavor = "multi_thread")]
async fn r26_every_transition_is_shown_with_who_said_it_and_what_proves_it() {
    let desk = Desk::open().await;
    let app = &desk.app;
    let (duplicate, effective) = desk.paid_twice("A", 100).await;
    app.run_job(Job::RefundSuccess).await;
    app.wechat().settle_refund(app.mchid(), &format!("{duplicate}-D0"), RefundStatus::Success).unwrap();
    app.wechat().settled().await;
    let asked = app.open("r-asked", "B", 100).await;
    app.confirm(&asked, ClientResult::Paid).await;
    app.pay_unheard(&asked).await;
    app.sync(&asked).await;
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for payment_no in [&duplicate, &effective, &asked] {
        let explained = desk.explain(payment_no, true).await;
        for fact in explained.payments[0].facts.iter().filter(is_change) {
            assert!(fact.time.is_some() && !fact.event.is_empty() && !fact.to_state.is_empty(), "{fact:?}");
            assert!(explained.story.iter().any(|line| line.ends_with(&fact.sentence)), "{fact:?}");
            *shown.entry("all").or_default() += 1;
            if !CHANNELS_WORDS.contains(&fact.source.as_str()) {
                assert_eq!((fact.source.as_str(), fact.actor.as_str()), ("CLIENT_RESULT", "acme-key"));
                continue;
            }
            let evidence = fact.evidence.as_ref().unwrap_or_else(|| panic!("no evidence: {fact:?}"));
            assert!(evidence.size_bytes > 0 || fact.source == "CLOSE_ANSWER", "{fact:?}");
            assert_eq!(evidence.sha256, hex::encode(Sha256::digest(&evidence.content)), "{fact:?}");
            assert!(fact.to_state != "SUCCEEDED" || !evidence.verified_by.is_empty(), "{fact:?}");
            let delivered = fact.source == "NOTIFICATION";
            assert_eq!(!evidence.notification_id.is_empty(), delivered, "{fact:?}");
            assert_eq!(!evidence.headers.is_empty(), delivered, "{fact:?}");
        }
    }
    let recorded =
        "SELECT (SELECT count(*) FROM payment_transition) + (SELECT count(*) FROM refund_transition)";
    assert_eq!(app.number(recorded).await, i64::try_from(shown["all"]).unwrap(), "none is left out");
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r29_raw_words_are_shown_on_request_only_and_that_is_recorded() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&payment_no).await;
    let read = "SELECT count(*) FROM operator_act WHERE act = 'EVIDENCE_READ'";
    let hidden = desk.explain(&payment_no, false).await;
    let evidence = |facts: &[Fact]| -> Vec<usize> {
        facts
            .iter()
            .filter_map(|fact| fact.evidence.as_ref())
            .map(|evidence| evidence.content.len())
            .collect()
    };
    assert!(evidence(&hidden.payments[0].facts).iter().all(|length| *length == 0));
    assert_eq!(desk.app.number(read).await, 0);
    let shown = desk.explain(&payment_no, true).await;
    assert!(evidence(&shown.payments[0].facts).iter().any(|length| *length > 0));
    assert_eq!(desk.app.number(read).await, 1);
    let list = ListNotificationsRequest { merchant_id: MERCHANT.to_owned(), ..Default::default() };
    let listed = desk.of(&desk.bob).list_notifications(list).await.unwrap().into_inner().notifications;
    let get = |show_evidence| GetNotificationRequest {
        merchant_id: MERCHANT.to_owned(),
        notification_id: listed[0].notification_id.clone(),
        show_evidence,
    };
    let bare =
        desk.of(&desk.bob).get_notification(get(false)).await.unwrap().into_inner().notification.unwrap();
    let bare = bare.evidence.unwrap();
    assert!(bare.content.is_empty() && bare.headers.is_empty() && bare.size_bytes > 0);
    let whole =
        desk.of(&desk.bob).get_notification(get(true)).await.unwrap().into_inner().notification.unwrap();
    let whole = whole.evidence.unwrap();
    assert_eq!(i64::try_from(whole.content.len()).unwrap(), whole.size_bytes);
    assert_eq!(desk.app.number(read).await, 2);
    desk.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_explained_with_every_attempt_in_one_story() {
    let desk = Desk::open().await;
    let (duplicate, effective) = desk.paid_twice("A", 100).await;
    let request = ExplainPaymentRequest {
        merchant_id: MERCHANT.to_owned(),
        subject: Some(Subject::OrderNo("A".to_owned())),
        show_evidence: false,
    };
    let explained = desk.of(&desk.alice).explain_payment(request).await.unwrap().into_inner();
    let numbers: Vec<_> =
        explained.payments.iter().map(|one| one.payment.as_ref().unwrap().payment_no.clone()).collect();
    assert_eq!(numbers, [duplicate.clone(), effective.clone()], "oldest first");
    assert!(explained.story.is_sorted_by_key(|line| line.split(' ').next().unwrap_or_default().to_owned()));
    let story = explained.story.join("\n");
    let told = format!("Order A had been paid by payment {effective} before");
    assert!(story.contains(&told), "{story}");
    desk.app.finish().await;
}
