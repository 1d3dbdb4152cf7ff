//! One trace for each payment: from its caller, through the channel, back over the notification, and on to the refund.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use payment_proto::v1::{WeChatPayJsapi, we_chat_pay_options::Product};
use payment_sandbox::wechat::{PayOptions, RefundStatus};
use payment_server::{config::LogFormat, jobs::Job};
use payment_tests::{
    app::{ACCOUNT, MERCHANT, TestApp},
    requests::{app_payment, payment_no, refund_all, wechat_payment},
};
use tonic::Request;

use crate::collector::{Collector, Telemetry, app_of, named};

const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";

/// A span as a person reads it.
#[derive(Debug, Clone)]
struct Told {
    name: String,
    trace: String,
    id: String,
    parent: String,
    kind: SpanKind,
    failed: bool,
    attributes: BTreeMap<String, String>,
}

impl Told {
    fn of(span: &Span) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(span.events.is_empty() && span.links.is_empty(), "the log tells what happened: {span:?}");
        Self {
            name: span.name.clone(),
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            kind: span.kind(),
            failed: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
            attributes: named(&span.attributes),
        }
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// The spans of a run in which `tell` is done with a service.
async fn told(tell: impl AsyncFnOnce(&TestApp) -> Vec<String>) -> (Vec<Told>, Vec<String>) {
    let collector = Collector::start().await;
    let telemetry = Telemetry::begin(collector.address, LogFormat::Json, "off");
    let app = app_of(collector.address).await;
    let kept = tell(&app).await;
    app.finish().await;
    telemetry.end().await;
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "payment-server");
    assert!(resource.contains_key("service.version"), "{resource:?}");
    (collector.spans().iter().map(Told::of).collect(), kept)
}

/// The only span of this name for which `fits` holds.
fn the<'a>(spans: &'a [Told], name: &str, fits: impl Fn(&Told) -> bool) -> &'a Told {
    let found: Vec<&Told> = spans.iter().filter(|span| span.name == name && fits(span)).collect();
    let [span] = found.as_slice() else { panic!("{name}: {found:#?} among {spans:#?}") };
    span
}

fn called_by<T>(message: T, sampled: bool) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{TRACE}-{CALLERS_SPAN}-0{}", u8::from(sampled));
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    request
}

const CREATE: &str = "payment.v1.PaymentService/CreatePayment";

#[tokio::test]
async fn a_payment_is_one_trace_from_its_caller_to_the_callbacks_of_payment_and_refund() {
    let (spans, numbers) = told(async |app| {
        let request = called_by(app_payment("r-1", "A", 100), true);
        let created = app.payments().create_payment(request).await.unwrap().into_inner();
        let number = payment_no(&created);
        app.pay(&number).await;
        app.refunds().create_refund(refund_all("RET-1", &number)).await.unwrap();
        app.wechat().settle_refund(app.mchid(), "RET-1", RefundStatus::Success).unwrap();
        app.wechat().settled().await;
        vec![number]
    })
    .await;
    let create = the(&spans, CREATE, |_| true);
    assert_eq!((create.trace.as_str(), create.parent.as_str()), (TRACE, CALLERS_SPAN));
    assert_eq!((create.kind, create.attribute("rpc.code"), create.failed), (SpanKind::Server, "OK", false));
    assert_eq!(create.attribute("payment.no"), numbers[0]);

    let call = the(&spans, "channel call", |span| span.attribute("verb") == "create");
    assert_eq!((&call.trace, &call.parent, call.kind), (&create.trace, &create.id, SpanKind::Client));
    let said = ["channel.name", "channel.account", "outcome"].map(|name| call.attribute(name));
    assert_eq!(said, ["wechat", ACCOUNT, "answered"]);

    for callback in ["payment notified", "refund notified"] {
        let notified = the(&spans, callback, |_| true);
        assert_eq!((&notified.trace, &notified.parent), (&create.trace, &create.id), "{callback}");
        assert_eq!(notified.attribute("payment.no"), numbers[0], "{callback}");
    }
    // The call that gives back is its own caller's, who did not say which trace is theirs.
    let refund = the(&spans, "payment.v1.RefundService/CreateRefund", |_| true);
    assert_eq!(refund.parent, "");
    let sent = the(&spans, "channel call", |span| span.attribute("verb") == "refund");
    assert_eq!((&sent.trace, &sent.parent), (&refund.trace, &refund.id));
}

#[tokio::test]
async fn a_payment_whose_caller_names_no_trace_is_one_all_the_same() {
    let (spans, _) = told(async |app| {
        let paid = app.open("r-1", "A", 100).await;
        app.pay(&paid).await;
        let lost = app.open("r-2", "B", 100).await;
        app.pay_unheard(&lost).await;
        app.advance(std::time::Duration::from_secs(60)).await;
        app.run_job(Job::PaymentSuccess).await;
        vec![paid, lost]
    })
    .await;
    let creates: Vec<&Told> = spans.iter().filter(|span| span.name == CREATE).collect();
    let [paid, lost] = creates.as_slice() else { panic!("{creates:#?}") };
    assert_ne!(paid.trace, lost.trace);
    assert_eq!((paid.parent.as_str(), lost.parent.as_str()), ("", ""));
    let notified = the(&spans, "payment notified", |_| true);
    assert_eq!((&notified.trace, &notified.parent), (&paid.trace, &paid.id));
    let look = the(&spans, "look", |_| true);
    assert_eq!((&look.trace, &look.parent), (&lost.trace, &lost.id));
    assert_eq!(look.attribute("job"), "payment-success");
    let asked = the(&spans, "channel call", |span| span.attribute("verb") == "query");
    assert_eq!((&asked.trace, &asked.parent), (&look.trace, &look.id));
}

/// Who decided not to trace a call decided it for everything that becomes of it.
#[tokio::test]
async fn nothing_is_told_of_a_trace_that_its_caller_does_not_take() {
    let (spans, numbers) = told(async |app| {
        let request = called_by(app_payment("r-1", "A", 100), false);
        let created = app.payments().create_payment(request).await.unwrap().into_inner();
        app.pay(&payment_no(&created)).await;
        app.payment(&payment_no(&created)).await;
        vec![payment_no(&created)]
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["payment.v1.PaymentService/GetPayment"]);
    assert_eq!(spans[0].attribute("payment.no"), numbers[0]);
}

#[tokio::test]
async fn a_call_that_fails_for_a_reason_of_ours_is_told_as_failed_and_a_strangers_by_no_name_of_theirs() {
    let (spans, _) = told(async |app| {
        app.observer.batch_execute("ALTER TABLE create_request RENAME TO elsewhere").await.unwrap();
        app.payments().create_payment(app_payment("r-1", "A", 100)).await.unwrap_err();
        app.observer.batch_execute("ALTER TABLE elsewhere RENAME TO create_request").await.unwrap();
        let mut stranger = tonic::client::Grpc::new(app.channel());
        stranger.ready().await.unwrap();
        let path = "/payment.v1.PaymentService/oUpF8uMuAJO".parse().unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        stranger.unary(Request::new(()), path, codec).await.unwrap_err();
        Vec::new()
    })
    .await;
    let create = the(&spans, CREATE, |_| true);
    assert_eq!((create.failed, create.attribute("rpc.code")), (true, "INTERNAL"));
    let stranger = spans.iter().filter(|span| span.name.contains("oUpF8")).count();
    assert_eq!(stranger, 0, "{spans:#?}");
}

/// Everything that a span may say. Whoever adds a name looks whether its values can be a secret or a person.
const NAMES: [&str; 10] = [
    "channel.account",
    "channel.name",
    "job",
    "otel.kind",
    "outcome",
    "payment.no",
    "refund.no",
    "rpc.code",
    "status",
    "verb",
];

#[tokio::test]
async fn r29_spans_name_no_secret_and_no_payer() {
    let (spans, secrets) = told(async |app| {
        let jsapi = Product::Jsapi(WeChatPayJsapi { openid: OPENID.to_owned() });
        let mut request = wechat_payment("r-1", "A", 100, jsapi);
        request.payer_client_ip = "203.0.113.77".to_owned();
        let number = payment_no(&app.create(request).await);
        app.sync(&number).await;
        let options = PayOptions { openid: Some(OPENID.to_owned()), ..PayOptions::default() };
        app.wechat().pay(app.mchid(), &number, &options).unwrap();
        app.wechat().settled().await;
        app.refunds().create_refund(refund_all("RET-1", &number)).await.unwrap();
        app.advance(std::time::Duration::from_secs(120)).await;
        app.run_job(Job::RefundSuccess).await;
        let merchant = &app.wechat_merchant;
        let mut secrets = vec![merchant.apiv3_key.clone(), app.bearer(MERCHANT)];
        secrets.extend([OPENID, "203.0.113.77", "two books", "came back"].map(str::to_owned));
        secrets.extend(merchant.merchant_private_key_pem.lines().map(str::to_owned));
        secrets.extend(app.texts("SELECT handle FROM payment WHERE handle IS NOT NULL").await);
        secrets
    })
    .await;
    assert!(spans.len() > 6 && secrets.len() > 20, "{spans:#?}");
    let names: BTreeSet<&str> =
        spans.iter().flat_map(|span| span.attributes.keys().map(String::as_str)).collect();
    let unknown: Vec<_> = names.iter().filter(|name| !NAMES.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let all = format!("{spans:?}");
    for secret in secrets.iter().filter(|secret| secret.len() > 5 && !secret.starts_with('-')) {
        assert!(!all.contains(secret.as_str()), "{secret} is in a span");
    }
}
