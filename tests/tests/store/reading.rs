//! Reading: own payments only, newest first, page by page, filtered.

use payment_core::{
    identifiers::MerchantId,
    payment::{Payment, state::PaymentState},
};
use payment_store::payment::{CreateOutcome, PaymentFilter};
use payment_tests::database::TestStore;
use time::Duration;

use crate::scene::{NOW, answered, apply, created, handle, merchant, new, order, paid, payment, payment_no};

fn all() -> PaymentFilter {
    PaymentFilter {
        merchant_id: merchant(),
        order_no: None,
        states: Vec::new(),
        create_time_from: None,
        create_time_before: None,
        below: None,
        limit: 100,
    }
}

async fn listed(on: &TestStore, filter: &PaymentFilter) -> Vec<String> {
    let payments = on.store.payment_list(filter).await.unwrap();
    payments.iter().map(|payment| payment.request_id.to_string()).collect()
}

/// A payment made so many minutes after the others.
async fn created_later(on: &TestStore, request_id: &str, orders: &[&str], minutes: i64) -> Payment {
    let mut payment = payment(request_id, orders);
    let at = NOW + Duration::minutes(minutes);
    payment.payment_no = payment_no(at);
    (payment.times.create, payment.times.update, payment.times.expire) = (at, at, at + Duration::hours(1));
    let CreateOutcome::Created(payment) = on.store.payment_create(&new(payment)).await.unwrap() else {
        panic!("{request_id} was not created")
    };
    payment
}

#[tokio::test]
async fn r30_another_merchants_payment_does_not_exist() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let stranger = MerchantId::parse("stranger").unwrap();
    assert!(on.store.payment_get(&stranger, &payment.payment_no).await.unwrap().is_none());
    let filters = [all(), PaymentFilter { order_no: Some(order("A")), ..all() }];
    for filter in filters {
        assert_eq!(listed(&on, &filter).await, ["r"]);
        assert!(listed(&on, &PaymentFilter { merchant_id: stranger.clone(), ..filter }).await.is_empty());
    }
    let mut request = crate::scene::notified(&payment, paid(&payment, "42"));
    request.merchant_id = stranger;
    assert!(on.store.payment_apply(&request).await.unwrap().is_none());
    assert_eq!(on.number("SELECT count(*) FROM notification").await, 0);
    let after = on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap();
    assert_eq!(after, Some(payment));
}

/// A stranger who names the payment does not even wait for its locks.
#[tokio::test]
async fn r30_a_stranger_takes_no_lock_of_anothers_order() {
    let on = TestStore::new(1).await;
    let payment = created(&on, "r", &["A"]).await;
    let blocker = payment_tests::database::connect(on.database.url()).await;
    blocker.batch_execute("BEGIN; SELECT 1 FROM merchant_order FOR UPDATE").await.unwrap();
    let mut request = answered(&payment, paid(&payment, "42"));
    request.merchant_id = MerchantId::parse("stranger").unwrap();
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), on.store.payment_apply(&request));
    assert!(answer.await.expect("it waits for a lock").unwrap().is_none());
}

#[tokio::test]
async fn a_list_is_newest_first_and_pages_go_on_below_the_last_number() {
    let on = TestStore::new(1).await;
    for number in 0..7 {
        created_later(&on, &format!("r-{number}"), &[&format!("A-{number}"), "shared-not"][..1], number)
            .await;
    }
    let mut seen = Vec::new();
    let mut page = PaymentFilter { limit: 3, ..all() };
    loop {
        let payments = on.store.payment_list(&page).await.unwrap();
        seen.push(payments.iter().map(|payment| payment.request_id.to_string()).collect::<Vec<_>>());
        match payments.last() {
            Some(last) => page.below = Some(last.payment_no.clone()),
            None => break,
        }
        // What comes meanwhile is newer, and shifts no page.
        created_later(&on, &format!("late-{}", seen.len()), &[&format!("L-{}", seen.len())], 60).await;
    }
    assert_eq!(seen, [vec!["r-6", "r-5", "r-4"], vec!["r-3", "r-2", "r-1"], vec!["r-0"], vec![]]);
}

#[tokio::test]
async fn a_list_is_filtered_by_order_states_and_time() {
    let on = TestStore::new(1).await;
    let first = created_later(&on, "r-0", &["A", "B"], 0).await;
    let second = created_later(&on, "r-1", &["C"], 1).await;
    created_later(&on, "r-2", &["D"], 2).await;
    apply(&on, &answered(&first, paid(&first, "42"))).await;
    apply(&on, &answered(&second, handle())).await;
    let at = |minutes| Some(NOW + Duration::minutes(minutes));
    let states = |states: &[PaymentState]| PaymentFilter { states: states.to_vec(), ..all() };
    let cases: [(PaymentFilter, &[&str]); 9] = [
        (all(), &["r-2", "r-1", "r-0"]),
        (PaymentFilter { order_no: Some(order("B")), ..all() }, &["r-0"]),
        (PaymentFilter { order_no: Some(order("b")), ..all() }, &[]),
        (states(&[PaymentState::Succeeded]), &["r-0"]),
        (states(&PaymentState::open()), &["r-2", "r-1"]),
        (PaymentFilter { create_time_from: at(1), ..all() }, &["r-2", "r-1"]),
        (PaymentFilter { create_time_before: at(1), ..all() }, &["r-0"]),
        (PaymentFilter { create_time_from: at(1), create_time_before: at(2), ..all() }, &["r-1"]),
        (PaymentFilter { order_no: Some(order("A")), ..states(&[PaymentState::Closed]) }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(listed(&on, &filter).await, expected, "{filter:?}");
    }
    let listed = on.store.payment_list(&all()).await.unwrap();
    for payment in listed {
        let got = on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap();
        assert_eq!(got, Some(payment), "list and get tell the same, orders included");
    }
}
