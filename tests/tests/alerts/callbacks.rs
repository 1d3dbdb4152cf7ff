//! Notifications that are forged, that never come, that come late.

use payment_sandbox::wechat::{Forgery, NotificationFault, NotificationFaultRule};
use payment_tests::app::{ACCOUNT, TestApp};

use crate::watch::{Judged, MINUTE, Watch};

const OF_ACCOUNT: [(&str, &str); 2] = [("channel", "wechat"), ("account", ACCOUNT)];

/// From now on each notification comes so late.
fn delay(app: &TestApp, seconds: u64) {
    let fault = NotificationFault::Delayed { seconds };
    let rule = NotificationFaultRule { notification: None, out_trade_no: None, times: None, fault };
    app.wechat().add_notification_fault(rule);
}

async fn open_some(app: &TestApp, label: &str, count: usize) -> Vec<String> {
    let mut opened = Vec::new();
    for index in 0..count {
        opened.push(app.open(&format!("r-{label}-{index}"), &format!("{label}-{index}"), 100).await);
    }
    opened
}

pub(crate) async fn many_are_forged() -> Judged {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A-1", 100).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    app.wechat().forge_notification(app.mchid(), &payment_no, &Forgery::WrongKey).await.unwrap();
    watch.go_on(3).await;
    let one = watch.now();
    for _ in 0..25 {
        app.wechat().forge_notification(app.mchid(), &payment_no, &Forgery::WrongKey).await.unwrap();
    }
    watch.go_on(1).await;
    let judged = watch.judge("PaymentCallbacksRefused", one, &[&OF_ACCOUNT]);
    app.finish().await;
    judged
}

/// That asking is faster than the notification is no loss: most callers ask as soon as the payer is back.
pub(crate) async fn some_never_come() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    delay(&app, 30);
    for payment_no in open_some(&app, "later", 12).await {
        app.pay(&payment_no).await;
        app.sync(&payment_no).await;
    }
    watch.go_on(3).await;
    let found = format!(
        "payment_payments_succeeded_total{{channel=\"wechat\",account=\"{ACCOUNT}\",source=\"QUERY_ANSWER\"}}"
    );
    let told = format!("payment_success_callbacks_total{{channel=\"wechat\",account=\"{ACCOUNT}\"}}");
    assert_eq!((watch.latest(&found), watch.latest(&told)), (Some(12.0), Some(12.0)));
    app.wechat().clear_faults();
    let well = watch.now();
    app.wechat().suppress_notifications(None);
    for payment_no in open_some(&app, "never", 12).await {
        app.pay(&payment_no).await;
        app.sync(&payment_no).await;
    }
    watch.go_on(18).await;
    let judged = watch.judge("PaymentCallbacksLost", well, &[&OF_ACCOUNT]);
    app.finish().await;
    judged
}

pub(crate) async fn they_come_late() -> Judged {
    let app = TestApp::start().await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    for payment_no in open_some(&app, "now", 3).await {
        app.pay(&payment_no).await;
    }
    watch.go_on(2).await;
    let well = watch.now();
    delay(&app, 600);
    for payment_no in open_some(&app, "late", 3).await {
        app.pay(&payment_no).await;
    }
    watch.go_on(28).await;
    let judged = watch.judge("PaymentCallbacksLate", well, &[&[("channel", "wechat")]]);
    app.finish().await;
    judged
}
