//! Paid payments that Bad Pay never tells about and denies when it is asked.

use std::time::Duration;

use channel_bad_pay::OrderState;
use payment_proto::v1::{
    ChannelContact, ClientResult, ConfirmPaymentRequest, PaymentState, payment_data::Kind,
};
use payment_tests::replay::RawRequest;

use super::stage::{BAD_ACCOUNT, SHOP, Stage, payment, payment_with, text_option, ticket};

const STILL_OPEN: (PaymentState, ChannelContact) = (PaymentState::AwaitingPayer, ChannelContact::Answered);

#[tokio::test(flavor = "multi_thread")]
async fn every_neutral_form_of_payment_data_reaches_the_payer_and_pays() {
    let stage = Stage::set().await;
    for (way, form) in
        [("app", "sdk_parameters"), ("phone", "sdk_text"), ("code", "qr_code"), ("page", "redirect_url")]
    {
        let request = payment_with(&format!("r-{way}"), way, way, text_option("greeting", "bonjour"));
        let created = stage.app.create(request).await;
        let (given, ticket) = ticket(created.payment_data.as_ref().unwrap());
        assert_eq!(given, form, "{way}");
        let number = stage.bad.pay_by_ticket(SHOP, &ticket);
        assert_eq!(number, created.payment.unwrap().payment_no);
        assert_eq!(stage.bad.order(SHOP, &number).unwrap().greeting(), Some("bonjour"));
        assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded, "{way}");
        assert_eq!(stage.app.order(way).await.state().as_str_name(), "ORDER_STATE_PAID");
    }
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_it_never_calls_back_and_denies_twice_and_a_later_question_finds_the_payment() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.pay_and_deny(&number, 2, Duration::ZERO);
    assert_eq!(stage.app.state(&number).await, PaymentState::AwaitingPayer, "nobody told us");
    assert_eq!(stage.app.sync(&number).await, STILL_OPEN);
    assert_eq!(stage.app.sync(&number).await, STILL_OPEN);
    assert_eq!(stage.app.sync(&number).await, (PaymentState::Succeeded, ChannelContact::Answered));
    assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded);
    assert_eq!(stage.app.events(&number).await, ["payment.succeeded"]);
    assert_eq!(stage.app.number("SELECT count(*) FROM notification").await, 0);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r01_r04_what_its_app_says_is_kept_through_the_denials_and_the_confirmation_that_follows_proves_it() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.pay_and_deny(&number, 0, Duration::from_secs(60));
    let said = |sdk_result: &[u8]| ConfirmPaymentRequest {
        payment_no: number.clone(),
        result: ClientResult::Unspecified.into(),
        sdk_result: sdk_result.to_vec(),
    };
    for (words, state) in [
        (b"gave up".as_slice(), PaymentState::AwaitingPayer),
        (b"no idea", PaymentState::AwaitingPayer),
        (b"paid", PaymentState::ClientReported),
        (b"gave up", PaymentState::ClientReported),
    ] {
        let confirmed = stage.app.payments().confirm_payment(said(words)).await.unwrap().into_inner();
        assert_eq!(confirmed.payment.unwrap().state(), state, "{words:?}");
    }
    stage.advance(59).await;
    assert_eq!(stage.app.confirm(&number, ClientResult::Paid).await, PaymentState::ClientReported);
    stage.advance(1).await;
    assert_eq!(stage.app.confirm(&number, ClientResult::Unclear).await, PaymentState::Succeeded);
    assert_eq!(stage.app.events(&number).await, ["payment.succeeded"]);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r04_a_denial_that_outlasts_the_time_to_pay_ends_nothing() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    stage.pay_and_deny(&number, 0, Duration::from_secs(4000));
    stage.advance(3600).await;
    assert_eq!(stage.app.sync(&number).await, STILL_OPEN, "its time is over, and nothing is proven");
    assert_eq!(
        stage.app.close(&number).await,
        PaymentState::AwaitingPayer,
        "it refuses to close what is paid"
    );
    stage.advance(400).await;
    assert_eq!(stage.app.close(&number).await, PaymentState::Succeeded);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_an_unpaid_payment_is_closed_at_bad_pay_first_and_its_own_expiry_is_found() {
    let stage = Stage::set().await;
    let closed = stage.open("r-1", "A").await;
    assert_eq!(stage.app.close(&closed).await, PaymentState::Closed);
    assert_eq!(stage.bad.state(SHOP, &closed), OrderState::Closed);
    assert_eq!(stage.app.close(&closed).await, PaymentState::Closed);
    assert_eq!(stage.app.events(&closed).await, ["payment.closed"]);
    let expired = stage.open("r-2", "A").await;
    stage.advance(1801).await;
    assert_eq!(stage.app.state(&expired).await, PaymentState::AwaitingPayer, "time alone ends nothing");
    assert_eq!(stage.app.sync(&expired).await.0, PaymentState::Closed);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r02_whoever_calls_back_in_its_name_is_a_stranger() {
    let stage = Stage::set().await;
    let number = stage.open("r-1", "A").await;
    let forged = RawRequest {
        target: format!("/v1/callbacks/bad-pay/{BAD_ACCOUNT}"),
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body: format!("{{\"number\": \"{number}\", \"state\": \"paid\"}}").into_bytes(),
    };
    assert_eq!(forged.send(stage.app.callback_address()).await, 404);
    assert_eq!(stage.app.verdicts().await, ["SIGNATURE_INVALID 1"]);
    assert_eq!(stage.app.sync(&number).await, STILL_OPEN);
    assert!(stage.app.cases().await.is_empty());
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_the_same_request_gives_the_same_ticket() {
    let stage = Stage::set().await;
    let first = stage.app.create(payment("r-1", "A", "phone")).await;
    let again = stage.app.create(payment("r-1", "A", "phone")).await;
    assert_eq!(again.payment, first.payment);
    assert_eq!(again.payment_data, first.payment_data);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_pays_on_bad_pays_page_and_asking_brings_the_payment_home() {
    let stage = Stage::set().await;
    let created = stage.app.create(payment("r-1", "A", "page")).await;
    let number = created.payment.unwrap().payment_no;
    let Some(Kind::RedirectUrl(page)) = created.payment_data.and_then(|data| data.kind) else { panic!() };
    let browser = reqwest::Client::builder().no_proxy().build().unwrap();
    let shown = browser.get(&page).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("¥1.00") && shown.contains("<button>"), "{shown}");
    let paid = browser.post(&page).send().await.unwrap().text().await.unwrap();
    assert!(paid.contains("Paid."), "{paid}");
    let again = browser.post(&page).send().await.unwrap();
    assert_eq!(again.status().as_u16(), 409, "nobody pays twice with one ticket");
    assert_eq!(stage.app.sync(&number).await.0, PaymentState::Succeeded);
    stage.app.finish().await;
}
