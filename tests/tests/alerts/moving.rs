//! What is counted is what happened: calls, channels' answers, what waits and since when, each to the number.

use std::collections::BTreeSet;

use payment_proto::FILE_DESCRIPTOR_SET;
use payment_sandbox::wechat::Forgery;
use payment_server::jobs::Job;
use payment_tests::{
    app::{ACCOUNT, TestApp},
    requests::{app_payment, refund_all},
};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Request;

use crate::{
    jobs::{look, operated},
    watch::{MINUTE, Watch},
};

/// Every RPC of the contract, as `package.Service/Method`.
fn rpcs() -> Vec<String> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap().file;
    let ours = files.iter().filter(|file| file.package() == "payment.v1");
    let services = ours.flat_map(|file| &file.service);
    services
        .flat_map(|service| {
            service.method.iter().map(|rpc| format!("payment.v1.{}/{}", service.name(), rpc.name()))
        })
        .collect()
}

/// A call by nobody, without anything in it.
async fn call(app: &TestApp, rpc: &str) {
    let mut client = tonic::client::Grpc::new(app.channel());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    client.unary(Request::new(()), format!("/{rpc}").parse().unwrap(), codec).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rpc_is_counted_by_its_code_and_timed_and_what_is_none_is_counted_as_unknown() {
    let app = TestApp::start().await;
    let rpcs = rpcs();
    assert!(rpcs.len() > 30, "{rpcs:?}");
    for rpc in &rpcs {
        call(&app, rpc).await;
    }
    for invented in ["payment.v1.PaymentService/Invented", "payment.v1.Invented/GetPayment"] {
        call(&app, invented).await;
    }
    let payment_no = app.open("r-1", "A", 100).await;
    app.payment(&payment_no).await;
    app.payment(&payment_no).await;
    app.payments().create_payment(app_payment("r-1", "A", 200)).await.unwrap_err();
    let watch = Watch::begin(&app, MINUTE).await;
    let handled = |rpc: &str, code: &str| {
        watch.latest(&format!("payment_rpc_handled_total{{rpc=\"{rpc}\",code=\"{code}\"}}"))
    };
    let timed = |rpc: &str| watch.latest(&format!("payment_rpc_duration_seconds_count{{rpc=\"{rpc}\"}}"));
    for rpc in &rpcs {
        assert_eq!(handled(rpc, "UNAUTHENTICATED"), Some(1.0), "{rpc}");
    }
    let (create, get) = ("payment.v1.PaymentService/CreatePayment", "payment.v1.PaymentService/GetPayment");
    let created = [handled(create, "OK"), handled(create, "ALREADY_EXISTS"), timed(create)];
    assert_eq!(created, [Some(1.0), Some(1.0), Some(3.0)]);
    assert_eq!([handled(get, "OK"), timed(get)], [Some(2.0), Some(3.0)]);
    // A service that there is not is answered before the gate, and names no series either.
    assert_eq!(handled("unknown", "UNAUTHENTICATED"), Some(1.0));
    assert_eq!(handled("payment.v1.Invented/GetPayment", "UNIMPLEMENTED"), None);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_to_a_channel_is_counted_by_verb_and_outcome_and_timed() {
    let (app, alice) = operated().await;
    let paid = app.open("r-1", "A", 100).await;
    app.sync(&paid).await;
    app.pay(&paid).await;
    app.refunds().create_refund(refund_all("RET-1", &paid)).await.unwrap();
    app.advance(2 * MINUTE).await;
    look(&mut app.operators(&alice), Job::RefundSuccess).await;
    let closed = app.open("r-2", "B", 100).await;
    app.close(&closed).await;
    let watch = Watch::begin(&app, MINUTE).await;
    for verb in ["create", "query", "close", "refund", "query_refund"] {
        let answered = watch.latest(&format!(
            "payment_channel_calls_total{{channel=\"wechat\",account=\"{ACCOUNT}\",verb=\"{verb}\",outcome=\"answered\"}}"
        ));
        let timed =
            format!("payment_channel_call_duration_seconds_count{{channel=\"wechat\",verb=\"{verb}\"}}");
        assert!(answered.is_some_and(|count| count >= 1.0), "{verb}");
        assert_eq!(watch.latest(&timed), answered, "{verb}");
    }
    app.finish().await;
}

fn age(watch: &Watch<'_>, job: Job) -> Option<f64> {
    watch.latest(&format!("payment_work_oldest_due_age_seconds{{job_name=\"{}\"}}", job.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_each_jobs_oldest_row_is_the_time_since_it_was_due() {
    let app = TestApp::start().await;
    app.wechat().suppress_notifications(None);
    app.open("r-1", "A", 100).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    assert_eq!(Job::ALL.map(|job| age(&watch, job)), [Some(0.0); 4]);
    let due = app.number("SELECT CAST(extract(epoch FROM next_check_time) AS bigint) FROM payment").await;
    watch.go_on(5).await;
    let late = |seconds: i64, due: i64| f64::from(i32::try_from(seconds - due).unwrap());
    let now = app.clock().now().unix_timestamp();
    let waited = age(&watch, Job::PaymentSuccess).unwrap();
    assert!((waited - late(now, due)).abs() <= 1.0, "{waited}");
    assert_eq!(age(&watch, Job::PaymentClose), Some(0.0));
    // Once its time is over it is the other job's, which closes it.
    watch.go_on(30).await;
    assert_eq!(age(&watch, Job::PaymentSuccess), Some(0.0));
    assert!(age(&watch, Job::PaymentClose).unwrap() > 1700.0);
    app.run_job(Job::PaymentClose).await;
    watch.go_on(1).await;
    assert_eq!(age(&watch, Job::PaymentClose), Some(0.0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_verdicts_and_connections_are_counted() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    for forgery in [Forgery::UnknownOrder, Forgery::WrongAmount { total: 1 }, Forgery::WrongKey] {
        app.wechat().forge_notification(app.mchid(), &payment_no, &forgery).await.unwrap();
    }
    let mut watch = Watch::begin(&app, MINUTE).await;
    watch.go_on(2).await;
    let verdict = |word: &str| {
        watch.latest(&format!(
            "payment_notifications_total{{channel=\"wechat\",account=\"{ACCOUNT}\",verdict=\"{word}\"}}"
        ))
    };
    let verdicts = ["RECORDED", "SIGNATURE_INVALID", "STALE"].map(verdict);
    assert_eq!(verdicts, [Some(2.0), Some(1.0), Some(0.0)]);
    assert_eq!(watch.latest("payment_cases_waiting"), Some(2.0));
    assert_eq!(watch.latest("payment_cases_oldest_age_seconds"), Some(120.0));
    let [idle, in_use, waiting] = ["connections_idle", "connections_in_use", "connection_waiters"]
        .map(|name| watch.latest(&format!("payment_database_{name}")).unwrap());
    assert!((1.0..=8.0).contains(&(idle + in_use)) && waiting == 0.0, "{idle} {in_use} {waiting}");
    app.finish().await;
}

/// What is named in files is held to the code by `tidy`; here the server itself says it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_every_metric_that_dashboard_and_rules_name() {
    let app = TestApp::start().await;
    let paid = app.open("r-1", "A", 100).await;
    app.pay(&paid).await;
    let watch = Watch::begin(&app, MINUTE).await;
    let told: BTreeSet<String> = watch.names();
    let folder = crate::rules::path().parent().unwrap().to_owned();
    for file in ["alerts.yaml", "dashboard.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let is_word = |character: char| character.is_ascii_lowercase() || character == '_';
        let named =
            text.split(|character: char| !is_word(character)).filter(|word| word.starts_with("payment_"));
        // Open breakers and refunds that need a person are told while there are some: the provocations have them.
        let rare = ["payment_channel_breaker_open", "payment_refunds_needing_attention"];
        let missing: BTreeSet<&str> =
            named.filter(|name| !told.contains(*name) && !rare.contains(name)).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
    app.finish().await;
}
