//! The gRPC edge over real sockets, before a database that is away: what needs none works, the rest says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's surroundings fail by panicking"
)]

mod grpc_support;

use futures::StreamExt as _;
use grpc_support::{KEY, READING_KEY, Server, authorized};
use payment_proto::v1::{
    self, notification_service_client::NotificationServiceClient, order_service_client::OrderServiceClient,
    payment_service_client::PaymentServiceClient, refund_service_client::RefundServiceClient,
};
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;

const PAYMENT_NO: &str = "P202601050001234567890ABCDEFGHJ";

fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("every status has an ErrorInfo").reason
}

fn get_payment() -> v1::GetPaymentRequest {
    v1::GetPaymentRequest { payment_no: PAYMENT_NO.to_owned() }
}

#[tokio::test]
async fn r30_without_a_key_every_service_is_closed() {
    let server = Server::start().await;
    let mut payments = PaymentServiceClient::new(server.channel().await);
    let refused = payments.get_payment(get_payment()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unauthenticated, "CREDENTIALS_INVALID"));
    let mut wrong = Request::new(get_payment());
    wrong.metadata_mut().insert("authorization", "Bearer payk_wrong".parse().unwrap());
    assert_eq!(payments.get_payment(wrong).await.unwrap_err().code(), Code::Unauthenticated);
    let refused = payments.watch_payment(v1::WatchPaymentRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut orders = OrderServiceClient::new(server.channel().await);
    let refused = orders.get_order(v1::GetOrderRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut refunds = RefundServiceClient::new(server.channel().await);
    let refused = refunds.create_refund(v1::CreateRefundRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let mut notifications = NotificationServiceClient::new(server.channel().await);
    let refused =
        notifications.handle_notification(v1::HandleNotificationRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn r30_a_key_that_only_reads_can_neither_pay_nor_give_back() {
    let server = Server::start().await;
    let mut refunds = RefundServiceClient::new(server.channel().await);
    let mut request = Request::new(v1::CreateRefundRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {READING_KEY}").parse().unwrap());
    let refused = refunds.create_refund(request).await.unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    assert_eq!((refused.code(), info.reason.as_str()), (Code::PermissionDenied, "SCOPE_MISSING"));
    assert_eq!(info.metadata["scope"], "refund");
    let mut request = Request::new(v1::GetRefundRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {READING_KEY}").parse().unwrap());
    let read = refunds.get_refund(request).await.unwrap_err();
    assert_eq!(read.code(), Code::InvalidArgument, "reading is allowed, the empty number is not");
}

#[tokio::test]
async fn every_wrong_field_reaches_the_caller_at_once() {
    let server = Server::start().await;
    let mut payments = PaymentServiceClient::new(server.channel().await);
    let request = authorized(v1::CreatePaymentRequest::default());
    let refused = payments.create_payment(request).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["request_id", "orders", "description", "channel_options"]);
    let mut refunds = RefundServiceClient::new(server.channel().await);
    let request = authorized(v1::CreateRefundRequest::default());
    let refused = refunds.create_refund(request).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["refund_no", "payment", "extent", "reason"]);
}

#[tokio::test]
async fn a_database_that_is_away_is_said_with_a_time_to_retry() {
    let server = Server::start().await;
    let mut payments = PaymentServiceClient::new(server.channel().await);
    let refused = payments.get_payment(authorized(get_payment())).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "STORE_UNAVAILABLE"));
    assert!(refused.get_details_retry_info().unwrap().retry_delay.is_some());
    let watch = v1::WatchPaymentRequest { payment_no: PAYMENT_NO.to_owned() };
    let refused = payments.watch_payment(authorized(watch)).await.unwrap_err();
    assert_eq!(reason(&refused), "STORE_UNAVAILABLE");
}

#[tokio::test]
async fn health_follows_the_database_and_needs_no_key() {
    let server = Server::start().await;
    let mut health = HealthClient::new(server.channel().await);
    for service in [
        "",
        "payment.v1.PaymentService",
        "payment.v1.OrderService",
        "payment.v1.RefundService",
        "payment.v1.NotificationService",
    ] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request.clone()).await.unwrap().into_inner().status();
        assert_eq!(status.as_str_name(), "NOT_SERVING", "{service}");
    }
    let watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let mut words = watch.map(|answer| answer.unwrap().status().as_str_name());
    assert_eq!(words.next().await, Some("NOT_SERVING"));
    server.database_answers(true);
    server.follow_health();
    assert_eq!(words.next().await, Some("SERVING"));
    server.database_answers(false);
    assert_eq!(words.next().await, Some("NOT_SERVING"));
    server.database_answers(true);
    assert_eq!(words.next().await, Some("SERVING"));
    server.lifecycle.draining.cancel();
    assert_eq!(words.next().await, Some("NOT_SERVING"));
}

#[tokio::test]
async fn reflection_names_the_contract_and_health_in_both_versions_without_a_key() {
    let server = Server::start().await;
    let expected = [
        "grpc.health.v1.Health",
        "payment.v1.NotificationService",
        "payment.v1.OrderService",
        "payment.v1.RefundService",
        "payment.v1.PaymentService",
    ];
    let v1 = grpc_support::services_v1(server.channel().await).await;
    let v1alpha = grpc_support::services_v1alpha(server.channel().await).await;
    for name in expected {
        assert!(v1.iter().any(|service| service == name), "{name} is not in {v1:?}");
        assert!(v1alpha.iter().any(|service| service == name), "{name} is not in {v1alpha:?}");
    }
}

fn notification(account: &str) -> Request<v1::HandleNotificationRequest> {
    authorized(v1::HandleNotificationRequest {
        channel: "wechat".to_owned(),
        channel_account: account.to_owned(),
        method: "POST".to_owned(),
        target: format!("/v1/callbacks/wechat/{account}"),
        headers: vec![v1::HttpHeader { name: "Wechatpay-Nonce".to_owned(), value: b"n".to_vec() }],
        body: b"{}".to_vec(),
    })
}

#[tokio::test]
async fn a_notification_is_answered_in_the_handlers_words() {
    let server = Server::start().await;
    let mut notifications = NotificationServiceClient::new(server.channel().await);
    let reply = notifications.handle_notification(notification("acme-main")).await.unwrap().into_inner();
    assert_eq!((reply.status, reply.body.as_slice()), (401, b"{\"code\":\"FAIL\"}".as_slice()));
    assert_eq!(reply.headers[0].name, "content-type");
    assert_eq!(server.handled(), ["wechat/acme-main wechatpay-nonce"]);
}

#[tokio::test]
async fn r30_a_notification_for_another_merchants_account_is_not_handled() {
    let server = Server::start().await;
    let mut notifications = NotificationServiceClient::new(server.channel().await);
    for account in ["other-main", "no-such-account"] {
        let refused = notifications.handle_notification(notification(account)).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::PermissionDenied, "CHANNEL_NOT_ENABLED")
        );
    }
    let mut other_channel = notification("acme-main");
    other_channel.get_mut().channel = "alipay".to_owned();
    let refused = notifications.handle_notification(other_channel).await.unwrap_err();
    assert_eq!(reason(&refused), "CHANNEL_NOT_ENABLED");
    assert!(server.handled().is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_with_a_reason() {
    let server = Server::start().await;
    let mut payments = PaymentServiceClient::new(server.channel().await);
    let request = v1::GetPaymentRequest { payment_no: "x".repeat(2 * 1024 * 1024) };
    let refused = payments.get_payment(authorized(request)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
}

#[tokio::test]
async fn a_service_that_does_not_exist_is_refused_with_a_reason() {
    let server = Server::start().await;
    let refused = grpc_support::call_unknown_service(server.channel().await).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unimplemented, "METHOD_UNKNOWN"));
}

#[tokio::test]
async fn r29_one_line_for_each_call_without_key_or_content() {
    // The tests' runtime has one thread, so every task's lines come here.
    let (lines, _guard) = grpc_support::capture_log();
    let server = Server::start().await;
    let mut payments = PaymentServiceClient::new(server.channel().await);
    let content = v1::CreatePaymentRequest {
        description: "a-payers-secret".to_owned(),
        payer_client_ip: "203.0.113.77".to_owned(),
        ..v1::CreatePaymentRequest::default()
    };
    drop(payments.create_payment(authorized(content)).await);
    drop(payments.get_payment(authorized(get_payment())).await);
    drop(payments.get_payment(get_payment()).await);
    let mut notifications = NotificationServiceClient::new(server.channel().await);
    notifications.handle_notification(notification("acme-main")).await.unwrap();
    let log = lines.text();
    let calls: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["message"] == "call")
        .collect();
    let told = |call: &serde_json::Value| {
        let word = |key: &str| call[key].as_str().unwrap_or("-").to_owned();
        ["rpc", "merchant_id", "api_key_id", "payment_no", "code", "reason", "level"].map(word).join(" ")
    };
    let expected = [
        "payment.v1.PaymentService/CreatePayment acme shop - INVALID_ARGUMENT INVALID_FIELD INFO".to_owned(),
        format!(
            "payment.v1.PaymentService/GetPayment acme shop {PAYMENT_NO} UNAVAILABLE STORE_UNAVAILABLE ERROR"
        ),
        "payment.v1.PaymentService/GetPayment - - - UNAUTHENTICATED CREDENTIALS_INVALID INFO".to_owned(),
        "payment.v1.NotificationService/HandleNotification acme shop - OK - INFO".to_owned(),
    ];
    assert_eq!(calls.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(calls.iter().all(|call| call["duration_ms"].is_u64()));
    for secret in [KEY, "a-payers-secret", "203.0.113.77"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
