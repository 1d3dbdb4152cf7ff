//! Refunds as their caller finds them again: by payment, by order, by state, page by page, newest first, nobody else's.

use payment_proto::v1::{
    CreateRefundRequest, ListRefundsRequest, RefundReason, RefundState, create_refund_request::Payment,
};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT, TestApp},
    requests::{app_payment_of, payment_no},
};

use super::scene::{arrives, ask, finish, paid, recorded, refund, refund_split};

/// The numbers of what is found, all pages of this size together.
async fn listed(app: &TestApp, merchant: &str, request: ListRefundsRequest) -> Vec<String> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListRefundsRequest { page_token, ..request.clone() };
        let page = app.refunds_of(merchant).list_refunds(request).await.unwrap().into_inner();
        assert!(!page.refunds.is_empty() || page.next_page_token.is_empty(), "no page is empty but the last");
        found.extend(page.refunds.into_iter().map(|refund| refund.refund_no));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

/// Time passes between any two, so that one is the newer.
async fn ask_later(app: &TestApp, request: CreateRefundRequest) {
    app.advance(std::time::Duration::from_secs(1)).await;
    ask(app, request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_found_by_payment_by_order_and_by_state_page_by_page_and_by_their_merchant_only() {
    let app = TestApp::start().await;
    let basket = payment_no(&app.create(app_payment_of("basket", &[("A", 100), ("B", 200)])).await);
    app.pay(&basket).await;
    let other = paid(&app, "C", 100).await;
    ask_later(&app, refund_split("R-1", &basket, &[("A", 10)])).await;
    ask_later(&app, refund_split("R-2", &basket, &[("A", 10), ("B", 20)])).await;
    ask_later(&app, refund("R-3", &other, 30)).await;
    let by_order = CreateRefundRequest {
        payment: Some(Payment::OrderNo("B".to_owned())),
        reason: RefundReason::Cancellation.into(),
        ..refund("R-4", &basket, 40)
    };
    ask_later(&app, by_order).await;
    arrives(&app, "R-1").await;

    for page_size in [1, 2, 50] {
        let all = ListRefundsRequest { page_size, ..ListRefundsRequest::default() };
        let of = async |request: ListRefundsRequest| listed(&app, MERCHANT, request).await;
        assert_eq!(of(all.clone()).await, ["R-4", "R-3", "R-2", "R-1"]);
        assert_eq!(listed(&app, OTHER_MERCHANT, all.clone()).await, Vec::<String>::new());
        let of_basket = ListRefundsRequest { payment_no: basket.clone(), ..all.clone() };
        assert_eq!(of(of_basket.clone()).await, ["R-4", "R-2", "R-1"]);
        let of_a = ListRefundsRequest { order_no: "A".to_owned(), ..all.clone() };
        assert_eq!(of(of_a).await, ["R-2", "R-1"]);
        let states = vec![RefundState::Pending.into(), RefundState::Processing.into()];
        let under_way = ListRefundsRequest { states, ..of_basket };
        assert_eq!(of(under_way).await, ["R-4", "R-2"], "filters are joined by AND");
    }
    let of_order = recorded(&app, "R-4").await;
    assert_eq!(
        (of_order.payment_no.as_str(), of_order.reason()),
        (basket.as_str(), RefundReason::Cancellation)
    );
    for number in ["R-2", "R-3", "R-4"] {
        arrives(&app, number).await;
    }
    finish(app).await;
}
