//! Events that no consumer sees, and endpoints that get none.

use payment_tests::{
    app::{MERCHANT, TestApp, TestAppOptions},
    database,
    webhook_receiver::Receiver,
};

use crate::watch::{FOUR_MINUTES, Judged, MINUTE, Watch};

const ALL_NUMBERED: &str = "(SELECT count(*) FROM outbox_event WHERE feed_no IS NULL) = 0";

pub(crate) async fn a_feed_is_locked() -> Judged {
    let app = TestApp::start().await;
    let (first, second) = (app.open("r-1", "A-1", 100).await, app.open("r-2", "A-2", 100).await);
    app.pay(&first).await;
    app.until_recorded(ALL_NUMBERED).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    watch.go_on(2).await;
    let well = watch.now();
    let holder = database::connect(app.database.url()).await;
    holder.batch_execute("BEGIN; SELECT 1 FROM event_feed FOR UPDATE").await.unwrap();
    app.pay(&second).await;
    watch.go_on(8).await;
    let rule = "PaymentEventsStuck";
    let judged = watch.judge(rule, well, &[&[]]);
    // The transaction that holds the lock ends, as the page says.
    holder.batch_execute("ROLLBACK").await.unwrap();
    app.until_recorded(ALL_NUMBERED).await;
    watch.go_on(1).await;
    watch.is_over(rule);
    app.finish().await;
    judged
}

/// A service whose merchant has an endpoint; nothing is delivered by itself.
async fn with_endpoint(receiver: &Receiver) -> TestApp {
    let endpoint = format!(
        "[merchants.{MERCHANT}.webhooks.shop]\nurl = \"{}\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n\
         allow_insecure = true\nallow_private = true\n",
        receiver.url()
    );
    let options = TestAppOptions {
        account_config: endpoint,
        more_config: "[webhooks]\nenabled = false\n".to_owned(),
        ..TestAppOptions::usual()
    };
    let app = TestApp::start_with(options).await;
    app.app().await.deliver_webhooks().await.unwrap();
    app
}

/// Something that the endpoint is to be told.
async fn tell(app: &TestApp) {
    let payment_no = app.open("r-1", "A-1", 100).await;
    app.pay(&payment_no).await;
    app.until_recorded(ALL_NUMBERED).await;
}

pub(crate) async fn an_endpoint_is_gone() -> Judged {
    let receiver = Receiver::start().await;
    let app = with_endpoint(&receiver).await;
    let mut watch = Watch::begin(&app, FOUR_MINUTES).await;
    receiver.answer(410);
    tell(&app).await;
    app.app().await.deliver_webhooks().await.unwrap();
    watch.go_on(6).await;
    let judged = watch.judge("PaymentWebhookPaused", 0, &[&[]]);
    app.finish().await;
    judged
}

/// Events do not even become deliveries where no process delivers.
pub(crate) async fn nobody_delivers() -> Judged {
    let receiver = Receiver::start().await;
    let app = with_endpoint(&receiver).await;
    let mut watch = Watch::begin(&app, MINUTE).await;
    tell(&app).await;
    watch.go_on(4).await;
    let due = watch.now();
    watch.go_on(14).await;
    assert_eq!(app.number("SELECT count(*) FROM webhook_delivery").await, 0);
    let rule = "PaymentWebhookLate";
    let judged = watch.judge(rule, due, &[&[]]);
    app.app().await.deliver_webhooks().await.unwrap();
    watch.go_on(1).await;
    watch.is_over(rule);
    assert_eq!(receiver.taken().len(), 1);
    app.finish().await;
    judged
}
