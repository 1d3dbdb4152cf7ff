//! `GetOrder`, `ListPayments` and `WatchPayment`.

use futures::{StreamExt as _, TryStreamExt as _, future::join_all};
use payment_proto::v1::{
    ClientResult, GetOrderRequest, ListPaymentsRequest, PaymentState, WatchPaymentRequest,
};
use payment_sandbox::wechat::{Execution, Fault, Operation};
use payment_tests::{
    app::{OTHER_MERCHANT, TestApp},
    refusal::Refusal,
    requests::{app_payment, app_payment_of, payment_no},
};
use std::time::Duration;
use tonic::{Code, Request};

async fn watch(app: &TestApp, payment_no: &str) -> Result<Vec<PaymentState>, tonic::Status> {
    let request = WatchPaymentRequest { payment_no: payment_no.to_owned() };
    let seen = app.payments().watch_payment(request).await?.into_inner();
    seen.map_ok(|seen| seen.payment.unwrap().state()).try_collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_each_state_and_ends_with_the_last() {
    let app = TestApp::start().await;
    app.fault(Operation::Prepay, Fault::ConnectionDropped { execution: Execution::Done });
    let request = app_payment("r-1", "A", 100);
    let payment_no = payment_no(&app.create(request.clone()).await);
    let watched = WatchPaymentRequest { payment_no: payment_no.clone() };
    let mut seen = app.payments().watch_payment(watched).await.unwrap().into_inner();
    let next = async |seen: &mut tonic::Streaming<payment_proto::v1::WatchPaymentResponse>| {
        seen.message().await.unwrap().map(|seen| seen.payment.unwrap().state())
    };
    assert_eq!(next(&mut seen).await, Some(PaymentState::Initiating));
    app.advance(Duration::from_secs(3)).await;
    app.create(request).await;
    assert_eq!(next(&mut seen).await, Some(PaymentState::AwaitingPayer));
    app.confirm(&payment_no, ClientResult::Paid).await;
    assert_eq!(next(&mut seen).await, Some(PaymentState::ClientReported));
    app.pay(&payment_no).await;
    assert_eq!(next(&mut seen).await, Some(PaymentState::Succeeded));
    assert_eq!(next(&mut seen).await, None);
    assert_eq!(
        watch(&app, &payment_no).await.unwrap(),
        [PaymentState::Succeeded],
        "what is decided is told once"
    );
    let unknown = watch(&app, "P202611230001234567890ABCDEFGHJ").await.unwrap_err();
    assert_eq!(Refusal::of(&unknown).kind(), (Code::NotFound, "PAYMENT_NOT_FOUND"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_watchers_all_see_the_end_and_a_deadline_ends_a_watch_with_its_reason() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let mut impatient = Request::new(WatchPaymentRequest { payment_no: payment_no.clone() });
    impatient.set_timeout(Duration::from_millis(200));
    let mut seen = app.payments().watch_payment(impatient).await.unwrap().into_inner();
    assert_eq!(seen.message().await.unwrap().unwrap().payment.unwrap().state(), PaymentState::AwaitingPayer);
    assert_eq!(seen.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    let mut streams = Vec::new();
    for _ in 0..100 {
        let request = WatchPaymentRequest { payment_no: payment_no.clone() };
        let mut seen = app.payments().watch_payment(request).await.unwrap().into_inner();
        seen.message().await.unwrap().unwrap();
        streams.push(seen);
    }
    app.pay(&payment_no).await;
    for states in join_all(
        streams
            .into_iter()
            .map(|seen| seen.map(|answer| answer.unwrap().payment.unwrap().state()).collect::<Vec<_>>()),
    )
    .await
    {
        assert_eq!(states, [PaymentState::Succeeded]);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_shows_every_attempt_newest_first_and_which_one_paid() {
    let app = TestApp::start().await;
    let mut attempts = Vec::new();
    for (index, fen) in [100, 90, 80].into_iter().enumerate() {
        attempts.insert(0, app.open(&format!("r-{index}"), "A", fen).await);
        app.advance(Duration::from_secs(1)).await;
    }
    let order = app.order("A").await;
    let listed: Vec<_> = order.payments.iter().map(|payment| payment.payment_no.clone()).collect();
    assert_eq!(listed, attempts);
    assert_eq!(order.state().as_str_name(), "ORDER_STATE_PAYMENT_OPEN");
    app.pay(&attempts[0]).await;
    let order = app.order("A").await;
    assert_eq!(order.state().as_str_name(), "ORDER_STATE_PAID");
    assert_eq!(order.effective_payment_no, attempts[0]);
    assert_eq!(order.paid_amount.unwrap().minor_units, 80);
    let states: Vec<_> = order.payments.iter().map(|payment| payment.state()).collect();
    assert_eq!(states, [PaymentState::Succeeded, PaymentState::Closed, PaymentState::Closed]);
    let unknown = app.orders().get_order(GetOrderRequest { order_no: "Z".to_owned() }).await.unwrap_err();
    assert_eq!(Refusal::of(&unknown).kind(), (Code::NotFound, "ORDER_NOT_FOUND"));
    app.finish().await;
}

async fn list(app: &TestApp, request: ListPaymentsRequest) -> (Vec<String>, String) {
    let page = app.payments().list_payments(request).await.unwrap().into_inner();
    (page.payments.into_iter().map(|payment| payment.payment_no).collect(), page.next_page_token)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_whole_and_in_order_while_payments_come_and_filters_hold() {
    let app = TestApp::start().await;
    let mut newest_first = Vec::new();
    for index in 0..7 {
        newest_first.insert(0, app.open(&format!("r-{index}"), &format!("order-{index}"), 100).await);
        app.advance(Duration::from_secs(1)).await;
    }
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    for size in [3, 3, 1] {
        let request = ListPaymentsRequest { page_size: 3, page_token, ..Default::default() };
        let (page, next) = list(&app, request).await;
        assert_eq!(page.len(), size);
        paged.extend(page);
        page_token = next;
        // What comes meanwhile stands before the first page and shifts nothing.
        app.open(&format!("new-{size}-{}", paged.len()), &format!("new-{}", paged.len()), 100).await;
    }
    assert_eq!(paged, newest_first);
    assert!(page_token.is_empty());

    app.pay(&newest_first[6]).await;
    let paid = ListPaymentsRequest { states: vec![PaymentState::Succeeded.into()], ..Default::default() };
    assert_eq!(list(&app, paid).await.0, [newest_first[6].clone()]);
    let basket = app.create(app_payment_of("r-b", &[("order-0x", 1), ("order-1x", 1)])).await;
    let of_order = ListPaymentsRequest { order_no: "order-1x".to_owned(), ..Default::default() };
    assert_eq!(list(&app, of_order).await.0, [payment_no(&basket)]);
    let second = app.payment(&newest_first[5]).await.create_time;
    let until = app.payment(&newest_first[3]).await.create_time;
    let between =
        ListPaymentsRequest { create_time_from: second, create_time_before: until, ..Default::default() };
    assert_eq!(list(&app, between.clone()).await.0, [newest_first[4].clone(), newest_first[5].clone()]);

    let token = list(&app, ListPaymentsRequest { page_size: 2, ..Default::default() }).await.1;
    let other_filter = ListPaymentsRequest {
        page_token: token.clone(),
        order_no: "order-1".to_owned(),
        ..Default::default()
    };
    let garbage = ListPaymentsRequest { page_token: "garbage".to_owned(), ..Default::default() };
    let backwards =
        ListPaymentsRequest { create_time_from: until, create_time_before: second, ..Default::default() };
    let sized = |page_size| ListPaymentsRequest { page_size, ..Default::default() };
    for (request, field) in [
        (other_filter, "page_token"),
        (garbage, "page_token"),
        (backwards, "create_time_before"),
        (sized(-1), "page_size"),
        (sized(201), "page_size"),
        (ListPaymentsRequest { states: vec![0], ..Default::default() }, "states[0]"),
        (ListPaymentsRequest { states: vec![99], ..Default::default() }, "states[0]"),
    ] {
        let refusal = Refusal::of(&app.payments().list_payments(request).await.unwrap_err());
        assert_eq!((refusal.reason.as_str(), refusal.fields), ("INVALID_FIELD", vec![field.to_owned()]));
    }
    let stolen = ListPaymentsRequest { page_size: 2, page_token: token, ..Default::default() };
    let refused = app.payments_of(OTHER_MERCHANT).list_payments(stolen).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).fields, ["page_token"], "a token is its merchant's");
    app.finish().await;
}
