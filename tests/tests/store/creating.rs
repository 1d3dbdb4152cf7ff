//! Creating payments: paid orders refused, one live attempt, each request answered once.

use std::collections::BTreeSet;

use payment_core::payment::{Payment, state::PaymentState};
use payment_store::payment::{CreateOutcome, EarlierVerdict, NewPayment};
use payment_tests::database::TestStore;

use crate::scene::{
    answered, apply, created, created_beside, decided, held, invariants_hold, merchant, new, paid, payment,
};

async fn all_at_once(on: &TestStore, requests: Vec<NewPayment>) -> Vec<CreateOutcome> {
    let tasks = requests.into_iter().map(|request| {
        let store = on.store.clone();
        tokio::spawn(async move { store.payment_create(&request).await.unwrap() })
    });
    futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

fn word(outcome: &CreateOutcome) -> &'static str {
    match outcome {
        CreateOutcome::Created(_) => "created",
        CreateOutcome::Known(_) => "known",
        CreateOutcome::Reused(_) => "reused",
        CreateOutcome::OrderPaid { .. } => "order paid",
        CreateOutcome::EarlierAttempts(_) => "earlier attempts",
    }
}

fn how_many(outcomes: &[CreateOutcome], wanted: &str) -> usize {
    outcomes.iter().filter(|outcome| word(outcome) == wanted).count()
}

#[tokio::test]
async fn what_is_created_is_read_back_as_it_was_given() {
    let on = TestStore::new(1).await;
    let wanted = payment("r", &["B", "A"]);
    let CreateOutcome::Created(answer) = on.store.payment_create(&new(wanted.clone())).await.unwrap() else {
        panic!("not created")
    };
    assert_eq!(answer, wanted);
    assert_eq!(on.store.payment_get(&merchant(), &wanted.payment_no).await.unwrap(), Some(wanted));
    assert_eq!(on.texts("SELECT created_by FROM payment").await, ["shop"]);
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r10_a_paid_order_is_refused_and_names_the_payment_that_paid_it() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    apply(&on, &answered(&first, paid(&first, "42"))).await;
    let outcome = on.store.payment_create(&new(payment("r-2", &["A", "B"]))).await.unwrap();
    let CreateOutcome::OrderPaid { order_no, payment_no } = &outcome else { panic!("{outcome:?}") };
    assert_eq!((order_no.as_str(), payment_no), ("A", &first.payment_no));
    assert_eq!(on.number("SELECT count(*) FROM payment").await, 1);
    // Neither does a decision about earlier attempts get round it.
    let stubborn = decided(payment("r-3", &["A"]), &[&first], EarlierVerdict::Tolerate);
    assert_eq!(word(&on.store.payment_create(&stubborn).await.unwrap()), "order paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_of_two_overlapping_baskets_at_once_one_is_created_and_the_other_sees_it() {
    let on = TestStore::new(8).await;
    for round in 0..20 {
        let order = |number: usize| format!("{round}-{number}");
        let (left, right) = ([order(1), order(2)], [order(2), order(3)]);
        let requests = [left, right].map(|orders| {
            new(payment(&format!("r-{}", orders[0]), &[orders[0].as_str(), orders[1].as_str()]))
        });
        let outcomes = all_at_once(&on, requests.to_vec()).await;
        assert_eq!(how_many(&outcomes, "created"), 1, "{outcomes:?}");
        let mut created = None;
        let mut seen = None;
        for outcome in outcomes {
            match outcome {
                CreateOutcome::Created(payment) => created = Some(vec![payment]),
                CreateOutcome::EarlierAttempts(payments) => seen = Some(payments),
                other @ (CreateOutcome::Known(_)
                | CreateOutcome::Reused(_)
                | CreateOutcome::OrderPaid { .. }) => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, created);
    }
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r09_of_two_hundred_creates_for_one_order_at_once_exactly_one_is_created() {
    let on = TestStore::new(8).await;
    let requests = (0..200).map(|number| new(payment(&format!("r-{number}"), &["A"]))).collect();
    let outcomes = all_at_once(&on, requests).await;
    assert_eq!((how_many(&outcomes, "created"), how_many(&outcomes, "earlier attempts")), (1, 199));
    assert_eq!(on.number("SELECT count(*) FROM payment").await, 1);
    assert_eq!(on.number("SELECT count(*) FROM create_request").await, 1);
    invariants_hold(&on).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_one_request_id_at_once_is_created_once_and_known_to_all_others() {
    let on = TestStore::new(8).await;
    let outcomes = all_at_once(&on, (0..64).map(|_| new(payment("r", &["A"]))).collect()).await;
    assert_eq!((how_many(&outcomes, "created"), how_many(&outcomes, "known")), (1, 63));
    let numbers: BTreeSet<_> =
        outcomes.iter().map(answer).map(|payment| payment.payment_no.clone()).collect();
    assert_eq!(numbers.len(), 1);
}

/// No lock of an order is common to them: the primary key decides, and the losers find the winner's payment.
#[tokio::test(flavor = "multi_thread")]
async fn r14_one_request_id_for_different_orders_at_once_is_created_once_too() {
    let on = TestStore::new(8).await;
    let requests = (0..64).map(|number| new(payment("r", &[format!("A-{number}").as_str()]))).collect();
    let outcomes = all_at_once(&on, requests).await;
    assert_eq!((how_many(&outcomes, "created"), how_many(&outcomes, "known")), (1, 63));
    let orders: BTreeSet<_> = outcomes.iter().map(|outcome| held(answer(outcome))[0].0).collect();
    assert_eq!(orders.len(), 1, "all get the winner's payment, so that the differing field can be named");
    assert_eq!(on.number("SELECT count(*) FROM payment").await, 1);
    invariants_hold(&on).await;
}

fn answer(outcome: &CreateOutcome) -> &Payment {
    match outcome {
        CreateOutcome::Created(payment) | CreateOutcome::Known(payment) | CreateOutcome::Reused(payment) => {
            payment
        }
        CreateOutcome::OrderPaid { .. } | CreateOutcome::EarlierAttempts(_) => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn r14_a_known_request_gets_its_payment_whatever_became_of_it() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r", &["A"]).await;
    apply(&on, &answered(&first, paid(&first, "42"))).await;
    let again = on.store.payment_create(&new(payment("r", &["A"]))).await.unwrap();
    assert_eq!(word(&again), "known");
    assert_eq!(
        (&answer(&again).payment_no, answer(&again).state),
        (&first.payment_no, PaymentState::Succeeded)
    );
    let mut others = payment("r", &["A"]);
    others.merchant_id = payment_core::identifiers::MerchantId::parse("other").unwrap();
    assert_eq!(
        word(&on.store.payment_create(&new(others)).await.unwrap()),
        "created",
        "request ids are a merchant's own"
    );
}

#[tokio::test]
async fn r11_a_reused_attempt_answers_the_new_request_too_and_for_ever() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let second = decided(payment("r-2", &["A"]), &[&first], EarlierVerdict::Reuse);
    let outcome = on.store.payment_create(&second).await.unwrap();
    assert_eq!((word(&outcome), &answer(&outcome).payment_no), ("reused", &first.payment_no));
    let again = on.store.payment_create(&new(payment("r-2", &["A"]))).await.unwrap();
    assert_eq!((word(&again), &answer(&again).payment_no), ("known", &first.payment_no));
    assert_eq!(on.number("SELECT count(*) FROM payment").await, 1);
}

/// What was decided outside of the lock is looked at again under it.
#[tokio::test]
async fn r24_a_decision_about_an_attempt_that_ended_meanwhile_is_void() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A"]).await;
    let reuse = decided(payment("r-2", &["A"]), &[&first], EarlierVerdict::Reuse);
    let closed = payment_core::payment::apply::Happening::Found(payment_core::gateway::Finding::Closed);
    apply(&on, &answered(&first, closed)).await;
    let outcome = on.store.payment_create(&reuse).await.unwrap();
    assert_eq!(word(&outcome), "created");
    let third = decided(payment("r-3", &["A"]), &[&first], EarlierVerdict::Tolerate);
    assert_eq!(
        word(&on.store.payment_create(&third).await.unwrap()),
        "earlier attempts",
        "r-2's is undecided"
    );
    invariants_hold(&on).await;
}

#[tokio::test]
async fn r11_every_undecided_attempt_is_shown_with_a_part_of_the_orders_too() {
    let on = TestStore::new(1).await;
    let first = created(&on, "r-1", &["A", "B"]).await;
    let second = created_beside(&on, "r-2", &["B", "C"], &first).await;
    let outcome = on.store.payment_create(&new(payment("r-3", &["B", "D"]))).await.unwrap();
    let CreateOutcome::EarlierAttempts(seen) = outcome else { panic!("{outcome:?}") };
    assert_eq!(seen, [first.clone(), second.clone()]);
    let half = decided(payment("r-3", &["B", "D"]), &[&first], EarlierVerdict::Tolerate);
    let outcome = on.store.payment_create(&half).await.unwrap();
    let CreateOutcome::EarlierAttempts(seen) = outcome else { panic!("{outcome:?}") };
    assert_eq!(seen, std::slice::from_ref(&second));
    let both = decided(payment("r-3", &["B", "D"]), &[&first, &second], EarlierVerdict::Tolerate);
    assert_eq!(word(&on.store.payment_create(&both).await.unwrap()), "created");
    invariants_hold(&on).await;
}
