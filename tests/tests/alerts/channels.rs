//! What a channel does to us: answers of no use, and none.

use std::time::Duration;

use payment_proto::v1::ChannelContact;
use payment_sandbox::wechat::{Fault, FaultRule, Operation};
use payment_server::jobs::Job;
use payment_tests::app::{ACCOUNT, TestApp};

use crate::{
    jobs::{look, operated},
    watch::{FIRST, JOB, Judged, MINUTE, Watch},
};

/// From now on the channel's edge answers every question instead of the channel.
fn break_queries(app: &TestApp) {
    let fault = Fault::BadGateway;
    let operation = Some(Operation::QueryByOutTradeNo);
    app.wechat().add_fault(FaultRule { operation, out_trade_no: None, times: None, fault });
}

pub(crate) async fn answers_are_useless() -> Judged {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A-1", 100).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    for _ in 0..3 {
        app.sync(&payment_no).await;
        watch.go_on(1).await;
    }
    let well = watch.now();
    break_queries(&app);
    for _ in 0..12 {
        assert_eq!(app.sync(&payment_no).await.1, ChannelContact::NotReached);
        watch.go_on(1).await;
    }
    let rule = "PaymentChannelUnanswered";
    let judged = watch.judge(rule, well, &[&[("channel", "wechat"), ("account", ACCOUNT)]]);
    app.wechat().clear_faults();
    for _ in 0..6 {
        app.sync(&payment_no).await;
        watch.go_on(1).await;
    }
    watch.is_over(rule);
    app.finish().await;
    judged
}

/// The jobs leave the account alone for half a minute, probe it, and leave it alone again: between the pauses the breaker is
/// not open for a moment, which must not end the alert. So a look comes at such moments, too.
pub(crate) async fn nothing_is_answered_to_the_jobs() -> Judged {
    let (app, alice) = operated().await;
    let mut operators = app.operators(&alice);
    for index in 0..8 {
        app.open(&format!("r-{index}"), &format!("A-{index}"), 100).await;
    }
    let mut watch = Watch::begin(&app, Duration::from_secs(20)).await;
    watch.go_on(2).await;
    let well = watch.now();
    break_queries(&app);
    let (mut open, mut between) = (0, 0);
    for _ in 0..36 {
        look(&mut operators, Job::PaymentSuccess).await;
        watch.go_on(1).await;
        let series = format!("payment_channel_breaker_open{{channel=\"wechat\",account=\"{ACCOUNT}\"}}");
        match watch.latest(&series) {
            Some(_) => open += 1,
            None => between += 1,
        }
    }
    assert!(open > 0 && between > 0, "{open} looks at an open breaker, {between} between pauses");
    let labels = [("channel", "wechat"), ("account", ACCOUNT), ("instance", FIRST), ("job", JOB)];
    let judged = watch.judge("PaymentChannelBreakerOpen", well, &[&labels]);
    app.finish().await;
    judged
}
