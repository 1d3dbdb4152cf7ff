//! The last line of defence: work that nobody takes, a job that stops, rows that cannot be handled, a duplicate without its
//! refund.

use std::fs;

use payment_proto::v1::{RunJobRequest, operator_service_client::OperatorServiceClient};
use payment_sandbox::wechat::{Landing, PayOptions};
use payment_server::{jobs::Job, serve::Running};
use payment_tests::{
    app::{MERCHANT, OTHER_MERCHANT, TestApp, TestAppOptions, WithKey, connect},
    operators::{Operators, Person},
};

use crate::watch::{FIRST, Judged, MINUTE, Watch};

/// A service and somebody who makes its jobs look.
pub(crate) async fn operated() -> (TestApp, Person) {
    let alice = Person::new("alice", "\"all\"");
    let options = TestAppOptions { more_config: alice.config.clone(), ..TestAppOptions::usual() };
    (TestApp::start_with(options).await, alice)
}

pub(crate) async fn look(operators: &mut Operators, job: Job) {
    operators.run_job(RunJobRequest { name: job.as_str().to_owned() }).await.unwrap();
}

pub(crate) async fn nobody_looks_at_a_payment() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    app.open("r-1", "A-1", 100).await;
    watch.go_on(4).await;
    let due = watch.now();
    watch.go_on(8).await;
    let labels = [("job_name", Job::PaymentSuccess.as_str())];
    let judged = watch.judge("PaymentWorkOverdue", due, &[&labels]);
    app.run_job(Job::PaymentSuccess).await;
    watch.go_on(1).await;
    watch.is_over("PaymentWorkOverdue");
    app.finish().await;
    judged
}

/// One of four stops while the others go on; and where no job ever looked, each is told about.
pub(crate) async fn one_job_stops() -> Judged {
    let (app, alice) = operated().await;
    let mut operators = app.operators(&alice);
    let mut watch = Watch::begin(&app, MINUTE).await;
    for minute in 0..20 {
        for job in Job::ALL.into_iter().filter(|job| minute < 3 || *job != Job::RefundSuccess) {
            look(&mut operators, job).await;
        }
        watch.go_on(1).await;
    }
    let rule = "PaymentJobsSilent";
    watch.judge(rule, 3, &[&[("job_name", Job::RefundSuccess.as_str())]]);

    let replica = app.replica().await;
    let mut watch = Watch::of([(FIRST, replica.addresses().admin)], &app, MINUTE).await;
    watch.go_on(7).await;
    let all = Job::ALL.map(|job| [("job_name", job.as_str())]);
    let judged = watch.judge(rule, 0, &all.each_ref().map(|labels| labels.as_slice()));
    replica.shutdown().await;
    app.finish().await;
    judged
}

/// A replica whose configuration lacks the first merchant, and its account.
async fn replica_without_account(app: &TestApp) -> Running {
    let path = app.folder().path().join("config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&format!("[merchants.{MERCHANT}]")).unwrap();
    let (_, after) = rest.split_once(&format!("[merchants.{OTHER_MERCHANT}]")).unwrap();
    fs::write(&path, format!("{before}[merchants.{OTHER_MERCHANT}]{after}")).unwrap();
    app.replica().await
}

pub(crate) async fn an_account_left_the_configuration() -> Judged {
    let (app, alice) = operated().await;
    app.open("r-1", "A-1", 100).await;
    let replica = replica_without_account(&app).await;
    let channel = connect(replica.addresses().grpc).await;
    let mut operators = OperatorServiceClient::with_interceptor(channel, WithKey::new(&alice.bearer));
    let mut watch = Watch::of([(FIRST, replica.addresses().admin)], &app, MINUTE).await;
    let well = watch.now();
    for _ in 0..20 {
        watch.go_on(1).await;
        for job in Job::ALL {
            look(&mut operators, job).await;
        }
    }
    watch.go_on(1).await;
    let labels = [("job_name", Job::PaymentSuccess.as_str())];
    let judged = watch.judge("PaymentJobsFailing", well, &[&labels]);
    assert!(app.logged("due work of an account that is not configured"));
    replica.shutdown().await;
    app.finish().await;
    judged
}

/// As after an older copy of some tables was put back.
pub(crate) async fn a_duplicate_has_no_refund() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    let first = app.open("r-1", "A", 100).await;
    app.close(&first).await;
    let second = app.open("r-2", "A", 100).await;
    app.pay(&second).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    app.wechat().pay(app.mchid(), &first, &late).unwrap();
    app.wechat().settled().await;
    watch.go_on(1).await;
    let well = watch.now();
    let lost = "DELETE FROM refund_number; DELETE FROM refund_part; DELETE FROM refund; \
                UPDATE allocation SET refund_reserved = 0; UPDATE payment SET refund_reserved = 0";
    app.observer.batch_execute(lost).await.unwrap();
    watch.go_on(7).await;
    let rule = "PaymentDuplicateNotRefunded";
    let judged = watch.judge(rule, well, &[&[]]);
    app.run_job(Job::PaymentDuplicate).await;
    watch.go_on(1).await;
    watch.is_over(rule);
    app.finish().await;
    judged
}
