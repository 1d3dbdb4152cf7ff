//! The lines of the log: for programs JSON objects, for people sentences; both name the trace.

use std::collections::BTreeSet;

use payment_proto::v1::CreatePaymentRequest;
use payment_sandbox::wechat::Forgery;
use payment_server::config::LogFormat;
use payment_tests::requests::{app_payment, payment_no};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Request;

use crate::collector::{Collector, Telemetry, app_of};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What a service logs about a payment, a forgery, a stranger and its end.
async fn log(format: LogFormat) -> String {
    let collector = Collector::start().await;
    let telemetry = Telemetry::begin(collector.address, format, "info,payment_sandbox=off");
    let app = app_of(collector.address).await;
    let mut request = Request::new(app_payment("r-1", "A", 100));
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    let number = payment_no(app.payments().create_payment(request).await.unwrap().get_ref());
    app.wechat().forge_notification(app.mchid(), &number, &Forgery::WrongKey).await.unwrap();
    app.pay(&number).await;
    let empty = CreatePaymentRequest::default();
    let mut stranger = payment_proto::v1::payment_service_client::PaymentServiceClient::new(app.channel());
    stranger.create_payment(empty).await.unwrap_err();
    app.finish().await;
    telemetry.end().await.text()
}

#[tokio::test]
async fn each_line_for_programs_is_an_object_with_time_level_target_and_the_trace_of_its_call() {
    let text = log(LogFormat::Json).await;
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name}: {line}"));
        assert!(OffsetDateTime::parse(text("timestamp"), &Rfc3339).is_ok(), "{line}");
        assert!(["ERROR", "WARN", "INFO"].contains(&text("level")), "{line}");
        assert!(text("target").contains("::"), "{line}");
        assert!(!text("message").is_empty(), "{line}");
    }
    let messages = |traced: bool| -> BTreeSet<&str> {
        let traced = lines.iter().filter(|line| (line["trace_id"] == TRACE) == traced);
        traced.filter_map(|line| line["message"].as_str()).collect()
    };
    // The call, what the channel said to it, and the payment's change in the callback: one trace in the log.
    for expected in ["call", "called", "payment changed"] {
        assert!(messages(true).contains(expected), "{expected}: {text}");
    }
    // The stranger's call has a trace of its own.
    let refused = lines.iter().find(|line| line["reason"] == "CREDENTIALS_INVALID").unwrap();
    assert_eq!(refused["trace_id"].as_str().map(str::len), Some(32), "{refused}");
    assert!(messages(false).contains("a notification was refused"), "{text}");
}

#[tokio::test]
async fn each_line_for_people_begins_with_time_and_level_and_ends_with_the_trace() {
    let text = log(LogFormat::Text).await;
    assert!(text.lines().count() > 4, "{text}");
    for line in text.lines() {
        let mut words = line.split_whitespace();
        assert!(OffsetDateTime::parse(words.next().unwrap(), &Rfc3339).is_ok(), "{line}");
        assert!(["ERROR", "WARN", "INFO"].contains(&words.next().unwrap()), "{line}");
        assert!(words.next().unwrap().ends_with(':'), "the target: {line}");
        assert!(!line.contains('\u{1b}'), "no colours: {line}");
    }
    let call = text.lines().find(|line| line.contains("CreatePayment") && line.contains("OK")).unwrap();
    assert!(call.ends_with(&format!(" trace_id={TRACE}")), "{call}");
    assert!(call.contains(": call rpc=\"payment.v1.PaymentService/CreatePayment\""), "{call}");
}
