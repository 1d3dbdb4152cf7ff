//! A payment's straight way: create, pay, callback, success.

use payment_proto::v1::{AllocationState, GetOrderRequest, GetPaymentRequest, OrderState, PaymentState};
use payment_sandbox::wechat::PayOptions;
use payment_tests::{
    app::TestApp,
    requests::{app_payment_of, payment_no, sdk_parameters},
};

#[tokio::test(flavor = "multi_thread")]
async fn r01_r02_two_orders_are_paid_by_one_payment_through_the_callback() {
    let app = TestApp::start().await;
    let request = app_payment_of("r-1", &[("A", 60), ("B", 40)]);
    let created = app.payments().create_payment(request).await.unwrap().into_inner();
    assert_eq!(created.payment.as_ref().unwrap().state(), PaymentState::AwaitingPayer);

    let parameters = sdk_parameters(created.payment_data.as_ref().unwrap());
    app.wechat().invoke(&parameters, &PayOptions::default()).unwrap();
    app.wechat().settled().await;

    let payment_no = payment_no(&created);
    let paid =
        app.payments().get_payment(GetPaymentRequest { payment_no: payment_no.clone() }).await.unwrap();
    let paid = paid.into_inner().payment.unwrap();
    assert_eq!(paid.state(), PaymentState::Succeeded);
    assert!(paid.allocations.iter().all(|allocation| allocation.state() == AllocationState::Effective));
    for order_no in ["A", "B"] {
        let order = app.orders().get_order(GetOrderRequest { order_no: order_no.to_owned() }).await.unwrap();
        let order = order.into_inner().order.unwrap();
        assert_eq!(order.state(), OrderState::Paid);
        assert_eq!(order.effective_payment_no, payment_no);
    }
    app.finish().await;
}
