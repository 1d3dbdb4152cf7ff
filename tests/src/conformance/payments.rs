//! Creating, paying, asking, capturing.

use std::time::Duration;

use payment_core::{
    gateway::{
        Approval, CompletionCapability, CreateCapability, Finding, GatewayError, QueryRequest,
        RepeatedCreate, TransactionReference,
    },
    identifiers::Product,
    money::{Currency, Money},
};
use serde_json::json;

use super::{
    channel::ChannelUnderTest,
    scene::{AMOUNT, Scene, capture_request},
};

/// What each product hands out pays, and the success is found under both numbers.
pub async fn every_product_is_created_handed_out_paid_and_found<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    for product in scene.products().into_keys() {
        let attempt = scene.announce(scene.request(&product)).await;
        let handle = &attempt.created.handle;
        assert!(handle.expire_time > scene.now() && handle.expire_time <= attempt.request.expire_time);
        let paid = scene.pay(&attempt).await;
        assert_eq!(scene.channel.books(&attempt).taken, AMOUNT, "{product}");
        let by_theirs = QueryRequest {
            reference: TransactionReference::ChannelTransactionNo(paid.transaction_no.clone()),
            product: attempt.request.product.clone(),
            handle: Some(attempt.created.handle.clone()),
        };
        let answer = scene.gateway.query(&by_theirs).await.unwrap();
        assert_eq!(answer.finding, Finding::Paid(paid), "{product}");
        assert!(!answer.evidence.bytes.is_empty() && answer.evidence.verified_by.is_some(), "{product}");
    }
}

/// A locally signed product makes no call and has no evidence; the others have both.
pub async fn local_products_call_nobody_and_the_others_bring_evidence<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    for (product, create) in scene.products() {
        let before = scene.calls();
        let attempt = scene.announce(scene.request(&product)).await;
        let (calls, evidence) = (scene.calls() - before, attempt.created.evidence.is_some());
        match create {
            CreateCapability::SignsLocally => assert_eq!((calls, evidence), (0, false), "{product}"),
            CreateCapability::CallsChannel => assert!(calls > 0 && evidence, "{product}: {calls}"),
        }
    }
}

/// The service repeats creates after crashes: that must not make a second payment.
pub async fn a_repeated_create_is_the_same_payment<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    assert_eq!(scene.gateway.capabilities().repeated_create, RepeatedCreate::Safe, "as all do so far");
    let request = scene.request(scene.habits().main_product);
    let first = scene.announce(request.clone()).await;
    scene.channel.advance(Duration::from_secs(61)).await;
    let again = scene.announce(request).await;
    scene.channel.appear(&again).await;
    scene.pay(&again).await;
    assert_eq!(scene.channel.books(&first).taken, AMOUNT);
    assert!(scene.channel.consent(&first).await.is_err(), "nobody can pay the first handle a second time");
}

/// Wrong products, currencies, amounts, times and options, without a call.
pub async fn what_the_channel_would_refuse_is_told_before_it_is_asked<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let right = scene.request(scene.habits().main_product);
    let capabilities = scene.gateway.capabilities();
    let (unknown_product, unknown_currency) =
        (Product::parse("telepathy").unwrap(), Currency::parse("XTS").unwrap());
    assert!(capabilities.product(&unknown_product).is_none());
    assert!(!capabilities.currencies.contains(&unknown_currency));
    let mut wrong = vec![right.clone(); 6];
    wrong[0].product = unknown_product;
    wrong[1].amount = Money::new(unknown_currency, AMOUNT);
    wrong[2].amount = scene.money(0);
    wrong[3].expire_time = scene.now() + *capabilities.time_to_pay.start() - time::Duration::SECOND;
    wrong[4].expire_time = scene.now() + *capabilities.time_to_pay.end() + time::Duration::SECOND;
    wrong[5].options = json!({"an_option_of_nobody": "x"});
    let before = scene.calls();
    for (index, request) in wrong.iter().enumerate() {
        let violations = scene.gateway.check_create(request);
        assert!(!violations.is_empty(), "{index}");
        assert!(violations.iter().all(|violation| !violation.field.is_empty()), "{violations:?}");
    }
    // A repeat must not be refused for time that has passed, so times are no reason here.
    for request in [&wrong[0], &wrong[1], &wrong[2], &wrong[5]] {
        let refused = scene.gateway.create(request).await;
        assert!(matches!(refused, Err(GatewayError::NotSent(_))), "{refused:?}");
    }
    assert_eq!(scene.calls(), before);
}

/// Unknown, announced, opened, approved, paid, given back in part and in full.
pub async fn each_state_is_found_as_what_it_is<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let unknown = QueryRequest {
        reference: TransactionReference::PaymentNo(scene.request(scene.habits().main_product).payment_no),
        product: Product::parse(scene.habits().main_product).unwrap(),
        handle: None,
    };
    match scene.gateway.query(&unknown).await {
        Ok(answer) => assert_eq!(answer.finding, Finding::NotFound),
        // A channel that knows a payment by its own number only cannot ask.
        Err(error) => assert!(matches!(error, GatewayError::NotSent(_)), "{error:?}"),
    }
    let attempt = scene.announce(scene.request(scene.habits().main_product)).await;
    let announced = scene.finding(&attempt).await;
    assert!(matches!(announced, Finding::AwaitingPayer | Finding::NotFound), "{announced:?}");
    scene.channel.appear(&attempt).await;
    assert_eq!(scene.finding(&attempt).await, Finding::AwaitingPayer);
    scene.channel.consent(&attempt).await.unwrap();
    if scene.completion() == CompletionCapability::ByCapture {
        assert_eq!(scene.finding(&attempt).await, Finding::Approved(Approval::Capture));
        assert_eq!(scene.channel.books(&attempt).taken, 0, "nobody has taken the money yet");
        scene.gateway.capture(&capture_request(&attempt)).await.unwrap();
    }
    let paid = scene.paid(&attempt).await;
    scene.refunded(&attempt, &paid, "R-part", 990).await;
    assert_eq!(scene.paid(&attempt).await.transaction_no, paid.transaction_no, "given back in part");
    scene.refunded(&attempt, &paid, "R-rest", 1000).await;
    assert_eq!(scene.paid(&attempt).await.transaction_no, paid.transaction_no, "given back in full");
}

/// Where our capture moves the money: only after approval, and once. Elsewhere: never.
pub async fn a_capture_takes_the_money_once_or_is_refused<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let attempt = scene.open().await;
    let capture = capture_request(&attempt);
    let early = scene.gateway.capture(&capture).await;
    assert!(!matches!(&early, Ok(answer) if matches!(answer.finding, Finding::Paid(_))), "{early:?}");
    scene.channel.consent(&attempt).await.unwrap();
    match scene.completion() {
        CompletionCapability::ByPayer => {
            assert!(matches!(early, Err(GatewayError::NotSent(_))), "{early:?}");
            let late = scene.gateway.capture(&capture).await;
            assert!(matches!(late, Err(GatewayError::NotSent(_))), "{late:?}");
        }
        CompletionCapability::ByCapture => {
            for _ in 0..3 {
                let finding = scene.gateway.capture(&capture).await.unwrap().finding;
                assert!(matches!(finding, Finding::Paid(_)), "{finding:?}");
            }
        }
    }
    scene.paid(&attempt).await;
    assert_eq!(scene.channel.books(&attempt).taken, AMOUNT);
}

/// After its time a payment is closed, gone or waiting, and never paid.
pub async fn time_that_is_over_is_no_success<T: ChannelUnderTest>() {
    let scene = Scene::<T>::set().await;
    let attempt = scene.open().await;
    scene.channel.advance(Duration::from_secs(7 * 3600)).await;
    let finding = scene.finding(&attempt).await;
    assert!(matches!(finding, Finding::Closed | Finding::NotFound | Finding::AwaitingPayer), "{finding:?}");
    assert!(scene.channel.consent(&attempt).await.is_err(), "nobody can pay it");
    assert_eq!(scene.channel.books(&attempt).taken, 0);
}
