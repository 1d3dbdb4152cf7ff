//! Refunds never exceed what was paid, however many ask at once.

use futures::future::join_all;
use payment_tests::{
    app::TestApp,
    refusal::Refusal,
    requests::{app_payment_of, payment_no, refund_all},
};

use super::scene::{arrives, ask, at_channel, finish, paid, refund, refund_split};

#[tokio::test(flavor = "multi_thread")]
async fn r15_f12_100_refunds_at_once_that_exceed_the_payment_together_never_give_back_more() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 1000).await;
    let answers = join_all((0..100).map(|index| {
        let (app, payment_no) = (&app, &payment_no);
        async move { ask(app, refund(&format!("R-{index}"), payment_no, 37)).await }
    }))
    .await;
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(accepted, 27, "27 x 37 = 999 of 1000");
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let refusal = Refusal::of(refused);
        assert_eq!(refusal.reason, "REFUND_EXCEEDS_PAID", "{refusal:?}");
    }
    let books = at_channel(&app, &payment_no);
    assert_eq!(books.iter().map(|refund| refund.refund).sum::<i64>(), 999);
    for refund in books {
        arrives(&app, &refund.out_refund_no).await;
    }
    assert_eq!(app.number("SELECT refund_reserved FROM payment").await, 999);
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_f11_of_two_refunds_of_60_from_100_one_is_refused() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let payment_no = paid(&app, &format!("A-{round}"), 100).await;
        let (one, other) = tokio::join!(
            ask(&app, refund(&format!("one-{round}"), &payment_no, 60)),
            ask(&app, refund(&format!("other-{round}"), &payment_no, 60)),
        );
        let refused = one.as_ref().err().or(other.as_ref().err()).expect("one is refused");
        assert_eq!(Refusal::of(refused).reason, "REFUND_EXCEEDS_PAID");
        let number = one.or(other).expect("one is accepted").refund_no;
        arrives(&app, &number).await;
    }
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_each_order_of_a_basket_has_its_own_limit() {
    let app = TestApp::start().await;
    let payment_no = payment_no(&app.create(app_payment_of("r", &[("A", 60), ("B", 40)])).await);
    app.pay(&payment_no).await;
    let refused = ask(&app, refund_split("R-1", &payment_no, &[("B", 41)])).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "REFUND_EXCEEDS_PAID");
    let twice = ask(&app, refund_split("R-1", &payment_no, &[("A", 40), ("A", 40)])).await.unwrap_err();
    assert_eq!(Refusal::of(&twice).reason, "INVALID_FIELD", "{twice:?}");
    let unsplit = ask(&app, refund("R-1", &payment_no, 10)).await.unwrap_err();
    assert_eq!(Refusal::of(&unsplit).reason, "INVALID_FIELD", "{unsplit:?}");
    ask(&app, refund_split("R-1", &payment_no, &[("B", 40), ("A", 10)])).await.unwrap();
    let rest = ask(&app, refund_all("R-2", &payment_no)).await.unwrap();
    assert_eq!(rest.amount.unwrap().minor_units, 50);
    let nothing = ask(&app, refund_all("R-3", &payment_no)).await.unwrap_err();
    assert_eq!(Refusal::of(&nothing).reason, "REFUND_EXCEEDS_PAID");
    for refund_no in ["R-1", "R-2"] {
        arrives(&app, refund_no).await;
    }
    finish(app).await;
}

/// WeChat Pay makes fifty refunds of one payment.
#[tokio::test(flavor = "multi_thread")]
async fn r15_of_sixty_refunds_at_once_the_channels_fifty_are_made() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    let answers = join_all((0..60).map(|index| {
        let (app, payment_no) = (&app, &payment_no);
        async move { ask(app, refund(&format!("R-{index}"), payment_no, 1)).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 50);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(Refusal::of(refused).reason, "CAPABILITY_UNSUPPORTED", "{refused:?}");
    }
    for refund in at_channel(&app, &payment_no) {
        arrives(&app, &refund.out_refund_no).await;
    }
    finish(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_after_the_channels_year_a_refund_is_refused_before_it_is_recorded() {
    let app = TestApp::start().await;
    let payment_no = paid(&app, "A", 100).await;
    ask(&app, refund("R-1", &payment_no, 10)).await.unwrap();
    app.advance(std::time::Duration::from_secs(366 * 86_400)).await;
    let refused = ask(&app, refund("R-2", &payment_no, 10)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "CAPABILITY_UNSUPPORTED");
    assert_eq!(
        ask(&app, refund("R-1", &payment_no, 10)).await.unwrap().refund_no,
        "R-1",
        "a repeat is known"
    );
    assert_eq!(app.number("SELECT count(*) FROM refund").await, 1);
    arrives(&app, "R-1").await;
    finish(app).await;
}
