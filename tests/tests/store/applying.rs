//! Applying what happened: once each, whole or not at all, with its evidence.

use payment_core::{
    gateway::{CallbackRejected, CallbackRejection, Finding, Reason, RefundStatus},
    payment::{
        Failure, Payment,
        allocation::AllocationState::{Duplicate, Effective, Released},
        apply::Happening,
        state::PaymentState,
    },
    refund::state::RefundState,
};
use payment_store::payment::{Applied, ApplyRequest, Effect};
use payment_tests::database::TestStore;

use crate::scene::{
    answered, apply, cny, created, created_beside, delivery, handle, held, invariants_hold, merchant,
    notified, paid, paid_amount, record_of, unknown_case,
};

async fn all_at_once(on: &TestStore, times: usize, request: &ApplyRequest) -> Vec<Applied> {
    let tasks = (0..times).map(|_| {
        let (store, request) = (on.store.clone(), request.clone());
        tokio::spawn(async move { store.payment_apply(&request).await.unwrap().unwrap() })
    });
    futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn read(on: &TestStore, payment: &Payment) -> Payment {
    on.store.payment_get(&payment.merchant_id, &payment.payment_no).await.unwrap().unwrap()
}

async fn events(on: &TestStore) -> Vec<String> {
    on.texts("SELECT event FROM outbox_event ORDER BY payment_no, revision, position").await
}

async fn cases(on: &TestStore) -> Vec<String> {
    on.texts("SELECT kind || coalesce(' ' || order_no, '') FROM payment_case ORDER BY 1").await
}

/// Every refund with the orders it is for.
async fn refunds(on: &TestStore) -> Vec<String> {
    let sql = "SELECT refund_no || ' ' || string_agg(order_no || ' ' || part.amount, ' ' ORDER BY order_no) || ' ' || reason \
               || ' ' || state FROM refund JOIN refund_part AS part USING (merchant_id, refund_no) \
               GROUP BY merchant_id, refund_no ORDER BY refund_no";
    on.texts(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_f10_sixty_four_notifications_at_once_have_one_effect() {
    let on = TestStore::new(8).await;
    let payment = created(&on, "r", &["A", "B"]).await;
    let applied = all_at_once(&on, 64, &notified(&payment, paid(&payment, "42"))).await;
    assert_eq!(applied.iter().filter(|applied| applied.effect == Effect::Changed).count(), 1);
    assert_eq!(applied.iter().filter(|applied| applied.effect == Effect::Nothing).count(), 63);
    assert!(applied.iter().all(|applied| applied.payment.state == PaymentState::Succeeded));
    let after = read(&on, &payment).await;
    assert_eq!((after.revision, held(&after)), (1, vec![("A", Effective), ("B", Effective)]));
    assert_eq!(on.number("SELECT count(*) FROM payment_transition").await, 1);
    assert_eq!(events(&on).await, ["payment.succeeded"]);
    let kept = "SELECT verdict || ' ' || count(*) FROM notification GROUP BY verdict ORDER BY 1";
    assert_eq!(on.texts(kept).await, ["APPLIED 1", "REPEATED 63"], "each delivery is kept");
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_f36_a_wrong_amount_any_number_of_times_at_once_is_one_case_and_no_success() {
    let on = TestStore::new(8).await;
    let payment = created(&on, "r", &["A"]).await;
    let request = notified(&payment, paid_amount(&payment, "42", cny(1)));
    let applied = all_at_once(&on, 64, &request).await;
    assert!(applied.iter().all(|applied| applied.effect == Effect::Case));
    let after = read(&on, &payment).await;
    assert_eq!(
        (after.state, after.allocations, after.channel_transaction_no),
        (payment.state, payment.allocations, None)
    );
    assert_eq!(cases(&on).await, ["AMOUNT_MISMATCH"]);
    assert_eq!(events(&on).await, ["case.opened"]);
    assert_eq!(on.number("SELECT count(*) FROM payment_transition").await, 0);
    assert_eq!(on.texts("SELECT DISTINCT verdict FROM notification").await, ["CASE_OPENED"]);
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_a_channel_transaction_that_claims_to_have_paid_two_payments_is_a_case_and_pays_one() {
    let on = TestStore::new(8).await;
    let (first, second) = (created(&on, "r-1", &["A"]).await, created(&on, "r-2", &["B"]).await);
    apply(&on, &notified(&first, paid(&first, "42"))).await;
    let applied = all_at_once(&on, 16, &notified(&second, paid(&second, "42"))).await;
    assert!(applied.iter().all(|applied| applied.effect == Effect::Case));
    let after = read(&on, &second).await;
    assert_eq!((after.state, after.channel_transaction_no), (second.state, None));
    assert_eq!(cases(&on).await, ["TRANSACTION_MISMATCH"]);
    let kept = "SELECT verdict || ' ' || count(*) FROM notification GROUP BY verdict ORDER BY 1";
    assert_eq!(on.texts(kept).await, ["APPLIED 1", "CASE_OPENED 16"], "each delivery is kept and answered");
    apply(&on, &notified(&second, paid(&second, "43"))).await;
    assert_eq!(held(&read(&on, &second).await), [("B", Effective)], "its own transaction still pays it");
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r08_f04_an_unknown_payment_any_number_of_times_at_once_is_one_case() {
    let on = TestStore::new(8).await;
    let tasks = (0..64).map(|_| {
        let store = on.store.clone();
        tokio::spawn(async move {
            store.notification_open_case(&record_of("SHOP-77"), &unknown_case("SHOP-77")).await.unwrap();
        })
    });
    futures::future::join_all(tasks).await.into_iter().for_each(Result::unwrap);
    assert_eq!(cases(&on).await, ["UNKNOWN_PAYMENT"]);
    assert_eq!(events(&on).await, ["case.opened"]);
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 64);
    assert_eq!(on.number("SELECT count(*) FROM payment").await, 0);
    let traced = "SELECT count(*) FROM payment_case JOIN notification USING (notification_id) \
                  WHERE body = '\\x7b226964223a2245562d31227dff00'";
    assert_eq!(on.number(traced).await, 1, "the case leads to the bytes");
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r09_r12_f26_f27_an_order_paid_twice_has_one_effective_payment_and_stays_paid() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let second = created_beside(&on, "r-2", &["A"], &first).await;
    apply(&on, &notified(&second, paid(&second, "42"))).await;
    let late = apply(&on, &notified(&first, paid(&first, "43"))).await;
    assert_eq!((late.effect, late.payment.state), (Effect::Changed, PaymentState::Succeeded));
    assert_eq!(held(&read(&on, &second).await), [("A", Effective)]);
    assert_eq!(held(&read(&on, &first).await), [("A", Duplicate)]);
    assert_eq!(refunds(&on).await, [format!("{}-D0 A 100 DUPLICATE PENDING", first.payment_no)]);
    assert_eq!(cases(&on).await, Vec::<String>::new());
    let told = on.texts("SELECT event FROM outbox_event ORDER BY create_time, event_id").await;
    assert_eq!(told, ["payment.succeeded", "payment.succeeded", "payment.duplicate_found"]);
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_f26_both_payments_of_an_order_succeed_at_the_same_time() {
    let on = TestStore::new(8).await;
    for round in 0..12 {
        let order = format!("A-{round}");
        let first = created(&on, &format!("r-{round}"), &[&order]).await;
        let second = created_beside(&on, &format!("s-{round}"), &[&order], &first).await;
        let (one, other) = (
            notified(&first, paid(&first, &format!("42-{round}"))),
            notified(&second, paid(&second, &format!("43-{round}"))),
        );
        let (one, other) = tokio::join!(all_at_once(&on, 4, &one), all_at_once(&on, 4, &other));
        assert!(one.iter().chain(&other).all(|applied| applied.payment.state == PaymentState::Succeeded));
    }
    assert_eq!(on.number("SELECT count(*) FROM allocation WHERE state = 'EFFECTIVE'").await, 12);
    assert_eq!(on.number("SELECT count(*) FROM allocation WHERE state = 'DUPLICATE'").await, 12);
    assert_eq!(refunds(&on).await.len(), 12, "one for each duplicate, from eight that found it");
    assert_eq!(on.number("SELECT count(*) FROM payment_case").await, 0);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r12_a_payment_whose_orders_are_partly_paid_is_a_duplicate_for_those_only() {
    let on = TestStore::new(1).await;
    let basket = created(&on, "r-1", &["A", "B", "C"]).await;
    let single = created_beside(&on, "r-2", &["B"], &basket).await;
    apply(&on, &notified(&single, paid(&single, "42"))).await;
    let applied = apply(&on, &notified(&basket, paid(&basket, "43"))).await;
    assert_eq!(held(&applied.payment), [("A", Effective), ("B", Duplicate), ("C", Effective)]);
    assert_eq!(read(&on, &basket).await, applied.payment, "what is answered is what is kept");
    assert_eq!(refunds(&on).await, [format!("{}-D1 B 100 DUPLICATE PENDING", basket.payment_no)]);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r06_f01_money_for_a_closed_payment_is_recorded() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    apply(&on, &answered(&payment, handle())).await;
    let closed = apply(&on, &answered(&payment, Happening::Found(Finding::Closed))).await;
    assert_eq!((closed.payment.state, held(&closed.payment)), (PaymentState::Closed, vec![("A", Released)]));
    let late = apply(&on, &notified(&payment, paid(&payment, "42"))).await;
    assert_eq!((late.payment.state, held(&late.payment)), (PaymentState::Succeeded, vec![("A", Effective)]));
    assert_eq!(late.payment.times.end, closed.payment.times.end);
    assert_eq!(read(&on, &payment).await, late.payment);
    assert_eq!(events(&on).await, ["payment.closed", "payment.succeeded"]);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r26_every_change_leads_to_who_said_it_the_bytes_and_the_key() {
    let on = TestStore::new(1).await;
    let asked = created(&on, "r-1", &["A"]).await;
    let told = created(&on, "r-2", &["B"]).await;
    let refusal = Failure { reason: Reason::ChannelRejected, channel_code: "PARAM_ERROR".to_owned() };
    let refused = created(&on, "r-3", &["C"]).await;
    apply(&on, &answered(&asked, paid(&asked, "42"))).await;
    apply(&on, &notified(&told, paid(&told, "43"))).await;
    let refused = apply(&on, &answered(&refused, Happening::CreateRefused(refusal.clone()))).await.payment;
    assert_eq!((read(&on, &refused).await, refused.failure.clone()), (refused.clone(), Some(refusal)));
    let proofs = "SELECT t.event || ' ' || t.source || ' ' || t.verified_by || ' ' || encode(coalesce(t.evidence, n.body), 'hex') \
                  FROM payment_transition t LEFT JOIN notification n USING (notification_id) ORDER BY t.payment_no";
    assert_eq!(
        on.texts(proofs).await,
        [
            "CHANNEL_PAID QUERY_ANSWER PUB_KEY_ID_01 7b22616e73776572223a317d",
            "CHANNEL_PAID NOTIFICATION PUB_KEY_ID_01 7b226964223a2245562d31227dff00",
            "CREATE_REFUSED QUERY_ANSWER PUB_KEY_ID_01 7b22616e73776572223a317d",
        ]
    );
    let inbox = "SELECT target || ' ' || encode(headers, 'escape') || verdict || ' ' || verified_by || ' ' || \
                 channel_notification_id || ' ' || (payment_no = (SELECT payment_no FROM payment_transition \
                 WHERE source = 'NOTIFICATION')) FROM notification";
    assert_eq!(
        on.texts(inbox).await,
        [
            "/v1/callbacks/wechat/main?a=1 wechatpay-serial: PUB_KEY_ID_01\nAPPLIED PUB_KEY_ID_01 EV-2018022511223320873 true"
        ]
    );
}

#[tokio::test]
async fn r02_f43_a_rejected_notification_leaves_its_row_in_the_inbox_and_nothing_else() {
    let on = TestStore::new(1).await;
    for kind in CallbackRejection::ALL {
        let rejected = CallbackRejected::new(kind, "header wechatpay-signature");
        on.store.notification_reject(&delivery(), &rejected).await.unwrap();
    }
    let kept = on.texts("SELECT rejection FROM notification WHERE verdict = 'REJECTED' AND verified_by IS NULL ORDER BY notification_id").await;
    assert_eq!(kept, CallbackRejection::ALL.map(CallbackRejection::as_str));
    let tables = on
        .texts(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' \
                AND table_name NOT IN ('notification', 'api_key_revision', '__diesel_schema_migrations')",
        )
        .await;
    assert!(tables.len() >= 13, "{tables:?}");
    for table in tables {
        assert_eq!(on.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn words_that_decide_nothing_change_nothing() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    for finding in [Finding::NotFound, Finding::AwaitingPayer] {
        let applied = apply(&on, &answered(&payment, Happening::Found(finding))).await;
        assert_eq!((applied.effect, applied.payment), (Effect::Nothing, payment.clone()));
    }
    assert_eq!(read(&on, &payment).await, payment);
    on.store.notification_keep_irrelevant(&record_of("REFUND-1")).await.unwrap();
    assert_eq!(
        on.texts("SELECT verdict || ' ' || payment_no FROM notification").await,
        ["IRRELEVANT REFUND-1"]
    );
    assert_eq!(events(&on).await, Vec::<String>::new());
}

/// What fails after the notification was written takes the notification with it: the channel will send it again.
#[tokio::test]
async fn a_fact_has_its_whole_effect_or_none() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let failing = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$; \
                   CREATE TRIGGER fail BEFORE INSERT ON outbox_event FOR EACH ROW EXECUTE FUNCTION fail()";
    on.observer.batch_execute(failing).await.unwrap();
    let request = notified(&payment, paid(&payment, "42"));
    on.store.payment_apply(&request).await.unwrap_err();
    assert_eq!(read(&on, &payment).await, payment);
    for table in ["notification", "payment_transition", "outbox_event", "payment_case"] {
        assert_eq!(on.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    on.observer.batch_execute("DROP TRIGGER fail ON outbox_event").await.unwrap();
    assert_eq!(apply(&on, &request).await.effect, Effect::Changed);
    assert_eq!(on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap().unwrap().revision, 1);
    invariants_hold(&on).await;
}

/// The second claim is kept and acknowledged, and its refund goes on being asked about (R18).
#[tokio::test]
async fn r18_a_channel_refund_that_two_refunds_claim_is_a_case_and_no_error() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    apply(&on, &answered(&payment, paid(&payment, "42"))).await;
    let one = crate::scene::refunded(&on, "R-1", &payment, 10).await;
    let other = crate::scene::refunded(&on, "R-2", &payment, 20).await;
    let says = |refund| crate::scene::refund_notified(refund, RefundStatus::Succeeded, "5030001");
    assert_eq!(crate::scene::refund_apply(&on, &says(&one)).await.effect, Effect::Changed);
    for _ in 0..2 {
        let claimed = crate::scene::refund_apply(&on, &says(&other)).await;
        assert_eq!((claimed.effect, claimed.refund.state), (Effect::Case, RefundState::Pending));
    }
    let cases = "SELECT kind || ' ' || refund_no || ' ' || channel_transaction_no FROM payment_case";
    assert_eq!(on.texts(cases).await, ["REFUND_MISMATCH R-2 5030001"]);
    assert_eq!(on.number("SELECT count(*) FROM notification WHERE verdict = 'CASE_OPENED'").await, 2);
    assert_eq!(on.number("SELECT count(*) FROM refund WHERE next_check_time IS NOT NULL").await, 1);
    invariants_hold(&on).await;
}
