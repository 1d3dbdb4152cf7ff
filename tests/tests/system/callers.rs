//! Who may call, and what each caller sees.

use futures::StreamExt as _;
use payment_proto::v1::{
    ClosePaymentRequest, ConfirmPaymentRequest, GetPaymentRequest, PaymentState, SyncPaymentRequest,
    WatchPaymentRequest, order_service_client::OrderServiceClient,
};
use payment_proto::v1::{
    CreatePaymentRequest, GetOrderRequest, HandleNotificationRequest, HttpHeader, ListPaymentsRequest,
    notification_service_client::NotificationServiceClient, payment_service_client::PaymentServiceClient,
};
use payment_tests::{
    app::{ACCOUNT, MERCHANT, OTHER_ACCOUNT, OTHER_MERCHANT, TestApp},
    refusal::Refusal,
    replay::RawRequest,
    requests::{app_payment, payment_no},
};
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// Calls every RPC that names a payment, and gives the refusals by name.
macro_rules! refusals_about {
    ($client:expr, $payment_no:expr) => {{
        let (mut client, payment_no) = ($client, $payment_no.to_owned());
        let watched = client.watch_payment(WatchPaymentRequest { payment_no: payment_no.clone() }).await;
        let confirm =
            ConfirmPaymentRequest { payment_no: payment_no.clone(), result: 1, sdk_result: Vec::new() };
        [
            ("get", client.get_payment(GetPaymentRequest { payment_no: payment_no.clone() }).await.err()),
            ("confirm", client.confirm_payment(confirm).await.err()),
            ("sync", client.sync_payment(SyncPaymentRequest { payment_no: payment_no.clone() }).await.err()),
            ("close", client.close_payment(ClosePaymentRequest { payment_no }).await.err()),
            ("watch", watched.err()),
        ]
    }};
}

fn kind(refused: Option<Status>) -> (Code, String) {
    let refusal = Refusal::of(&refused.expect("a refusal"));
    (refusal.code, refusal.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_nobody_calls_without_being_known() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let wrong = |mut request: Request<()>| -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", "Bearer payk_wrong".parse().unwrap());
        Ok(request)
    };
    let unknown = (Code::Unauthenticated, "CREDENTIALS_INVALID".to_owned());
    for (rpc, refused) in refusals_about!(PaymentServiceClient::new(app.channel()), &payment_no) {
        assert_eq!(kind(refused), unknown, "{rpc} without a key");
    }
    for (rpc, refused) in
        refusals_about!(PaymentServiceClient::with_interceptor(app.channel(), wrong), &payment_no)
    {
        assert_eq!(kind(refused), unknown, "{rpc} with a wrong key");
    }
    let mut nobody = PaymentServiceClient::new(app.channel());
    assert_eq!(kind(nobody.create_payment(app_payment("r-2", "B", 100)).await.err()), unknown);
    assert_eq!(kind(nobody.list_payments(ListPaymentsRequest::default()).await.err()), unknown);
    let order = GetOrderRequest { order_no: "A".to_owned() };
    assert_eq!(kind(OrderServiceClient::new(app.channel()).get_order(order).await.err()), unknown);
    let notification = HandleNotificationRequest::default();
    let mut notifications = NotificationServiceClient::new(app.channel());
    assert_eq!(kind(notifications.handle_notification(notification).await.err()), unknown);
    assert_eq!(app.number("SELECT count(*) FROM payment").await, 1);
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_another_merchants_payments_orders_and_accounts_do_not_exist() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    for (rpc, refused) in refusals_about!(app.payments_of(OTHER_MERCHANT), &payment_no) {
        assert_eq!(kind(refused), (Code::NotFound, "PAYMENT_NOT_FOUND".to_owned()), "{rpc}");
    }
    assert_eq!(app.state(&payment_no).await, PaymentState::AwaitingPayer);
    let mut stranger = app.payments_of(OTHER_MERCHANT);
    let listed = stranger.list_payments(ListPaymentsRequest::default()).await.unwrap().into_inner();
    assert!(listed.payments.is_empty());
    let mut orders = OrderServiceClient::with_interceptor(app.channel(), app.key(OTHER_MERCHANT));
    let refused = orders.get_order(GetOrderRequest { order_no: "A".to_owned() }).await.err();
    assert_eq!(kind(refused), (Code::NotFound, "ORDER_NOT_FOUND".to_owned()));
    for account in [ACCOUNT, "no-such-account"] {
        let named =
            CreatePaymentRequest { channel_account: account.to_owned(), ..app_payment("r-2", "B", 100) };
        let refused = stranger.create_payment(named).await.err();
        assert_eq!(kind(refused), (Code::PermissionDenied, "CHANNEL_NOT_ENABLED".to_owned()), "{account}");
    }
    // The same numbers at two merchants are two orders and two requests.
    let theirs = stranger.create_payment(app_payment("r-1", "A", 100)).await.unwrap().into_inner();
    assert_ne!(payment_no, self::payment_no(&theirs));
    assert_eq!(theirs.payment.unwrap().channel_account, OTHER_ACCOUNT);
    app.pay(&payment_no).await;
    let theirs = orders.get_order(GetOrderRequest { order_no: "A".to_owned() }).await.unwrap().into_inner();
    assert_eq!(theirs.order.unwrap().state().as_str_name(), "ORDER_STATE_PAYMENT_OPEN");
    app.finish().await;
}

fn handed_over(raw: &RawRequest) -> HandleNotificationRequest {
    let header = |(name, value): &(String, Vec<u8>)| HttpHeader { name: name.clone(), value: value.clone() };
    HandleNotificationRequest {
        channel: "wechat".to_owned(),
        channel_account: ACCOUNT.to_owned(),
        method: "POST".to_owned(),
        target: raw.target.clone(),
        headers: raw.headers.iter().map(header).collect(),
        body: raw.body.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notification_service_does_and_answers_what_the_callback_endpoint_does() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    let real = app.received(&payment_no).await;
    let mut forged = real.clone();
    forged.body.push(b' ');
    let mut own = NotificationServiceClient::with_interceptor(app.channel(), app.key(MERCHANT));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for raw in [&real, &forged, &real.clone().without("wechatpay-nonce")] {
        let replied = own.handle_notification(handed_over(raw)).await.unwrap().into_inner();
        let mut posted = http.post(format!("http://{}{}", app.callback_address(), raw.target));
        for (name, value) in &raw.headers {
            posted = posted.header(name, value.as_slice());
        }
        let posted = posted.body(raw.body.clone()).send().await.unwrap();
        assert_eq!(replied.status, i32::from(posted.status().as_u16()));
        let content_type = posted.headers().get("content-type").map(|value| value.as_bytes().to_vec());
        let replied_type = replied.headers.iter().find(|header| header.name == "content-type");
        assert_eq!(replied_type.map(|header| header.value.clone()), content_type);
        assert_eq!(replied.body, posted.bytes().await.unwrap());
    }
    assert_eq!(app.verdicts().await, ["APPLIED 1", "MALFORMED 2", "REPEATED 2", "SIGNATURE_INVALID 2"]);
    let mut stranger = NotificationServiceClient::with_interceptor(app.channel(), app.key(OTHER_MERCHANT));
    let refused = stranger.handle_notification(handed_over(&real)).await.err();
    assert_eq!(kind(refused), (Code::PermissionDenied, "CHANNEL_NOT_ENABLED".to_owned()));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_of_both_versions_answer_without_a_key() {
    let app = TestApp::start().await;
    for service in
        ["", "payment.v1.PaymentService", "payment.v1.OrderService", "payment.v1.NotificationService"]
    {
        let request = HealthCheckRequest { service: service.to_owned() };
        let mut health = HealthClient::new(app.channel()).watch(request).await.unwrap().into_inner();
        while health.next().await.unwrap().unwrap().status().as_str_name() != "SERVING" {}
    }
    let list = "payment.v1.PaymentService";
    {
        use tonic_reflection::pb::v1::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest,
        };
        let message_request = Some(MessageRequest::FileContainingSymbol(list.to_owned()));
        let asked = futures::stream::iter([ServerReflectionRequest { host: String::new(), message_request }]);
        let answers = ServerReflectionClient::new(app.channel()).server_reflection_info(asked).await.unwrap();
        let answer =
            format!("{:?}", answers.into_inner().next().await.unwrap().unwrap().message_response.unwrap());
        assert!(answer.starts_with("FileDescriptorResponse"), "{answer}");
    }
    {
        use tonic_reflection::pb::v1alpha::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest,
        };
        let message_request = Some(MessageRequest::FileContainingSymbol(list.to_owned()));
        let asked = futures::stream::iter([ServerReflectionRequest { host: String::new(), message_request }]);
        let answers = ServerReflectionClient::new(app.channel()).server_reflection_info(asked).await.unwrap();
        let answer =
            format!("{:?}", answers.into_inner().next().await.unwrap().unwrap().message_response.unwrap());
        assert!(answer.starts_with("FileDescriptorResponse"), "{answer}");
    }
    app.finish().await;
}
