//! What waits for a person: cases, and refunds that do not arrive by themselves.

use std::time::Duration;

use payment_sandbox::wechat::{Fault, Forgery, Operation};
use payment_server::jobs::Job;
use payment_tests::{app::TestApp, requests::refund_all};

use crate::watch::{FOUR_MINUTES, Judged, Watch};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The channel proves money for a payment that is not in our records.
async fn money_for_nobody(app: &TestApp) {
    let payment_no = app.open("r-1", "A-1", 100).await;
    app.wechat().forge_notification(app.mchid(), &payment_no, &Forgery::UnknownOrder).await.unwrap();
    assert_eq!(app.cases().await, ["UNKNOWN_PAYMENT"]);
}

pub(crate) async fn money_fits_nowhere() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, FOUR_MINUTES).await;
    money_for_nobody(&app).await;
    watch.go_on(17).await;
    let judged = watch.judge("PaymentCaseWaiting", 0, &[&[]]);
    app.finish().await;
    judged
}

pub(crate) async fn money_fits_nowhere_for_a_day() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, 6 * HOUR).await;
    money_for_nobody(&app).await;
    watch.go_on(6).await;
    let judged = watch.judge("PaymentCaseAging", 0, &[&[]]);
    app.finish().await;
    judged
}

/// A refund of a payment that was paid.
async fn give_back(app: &TestApp) {
    let payment_no = app.open("r-1", "A-1", 100).await;
    app.pay(&payment_no).await;
    app.sync(&payment_no).await;
    app.refunds().create_refund(refund_all("RET-1", &payment_no)).await.unwrap();
}

pub(crate) async fn a_balance_is_empty() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, FOUR_MINUTES).await;
    app.fault(Operation::CreateRefund, Fault::NotEnoughBalance);
    give_back(&app).await;
    let attention = app.texts("SELECT attention FROM refund").await;
    let [attention] = attention.as_slice() else { panic!("{attention:?}") };
    watch.go_on(9).await;
    let rule = "PaymentRefundNeedsPerson";
    let judged = watch.judge(rule, 0, &[&[("attention", attention)]]);
    // The balance was filled up: the next try is one more with the same number, and takes the alert away.
    app.run_job(Job::RefundSuccess).await;
    watch.go_on(1).await;
    watch.is_over(rule);
    app.finish().await;
    judged
}

pub(crate) async fn a_refund_does_not_arrive() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, 12 * HOUR).await;
    app.wechat().suppress_notifications(None);
    give_back(&app).await;
    watch.go_on(13).await;
    let six_and_a_half_days = watch.now();
    watch.go_on(4).await;
    watch.was_silent("PaymentRefundOverdue", six_and_a_half_days);
    let judged = watch.judge("PaymentRefundOverdue", 0, &[&[]]);
    app.finish().await;
    judged
}
