//! What lists cost beside years of deliveries.

use payment_core::identifiers::MerchantId;
use payment_store::operator::NotificationFilter;
use payment_tests::{
    app::MERCHANT,
    database::{open, options, proxy::Proxy},
};

use super::scene::Desk;

/// Deliveries of a thousand other merchants.
const OTHERS: u32 = 100_000;

/// The statement that lists a merchant's deliveries, as PostgreSQL got it.
async fn statement(desk: &Desk) -> String {
    let proxy = Proxy::to(desk.app.database.url()).await;
    let store = open(&options(&proxy.url(desk.app.database.url()), 1));
    let filter = NotificationFilter {
        merchant_id: MerchantId::parse(MERCHANT).unwrap(),
        payment_no: None,
        channel_account: None,
        verdicts: Vec::new(),
        below: None,
        limit: 51,
    };
    assert_eq!(store.notification_list(&filter).await.unwrap().len(), 1);
    let executed = proxy.take_traffic().executed;
    executed.into_iter().find(|sql| sql.contains("\"notification\"")).expect("the list is one statement")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_deliveries_are_found_without_a_look_at_those_of_others() {
    let desk = Desk::open().await;
    let payment_no = desk.app.open("r-1", "A", 100).await;
    desk.app.pay(&payment_no).await;
    // Later than the one that is looked for, so that an index by time alone would pass over all of them.
    let others = format!(
        "INSERT INTO notification (notification_id, merchant_id, channel, channel_account, receive_time, target, headers, body, \
             verdict, rejection) \
         SELECT gen_random_uuid(), 'm' || n % 1000, channel, channel_account, receive_time + n * interval '1 second', '/', '', '', \
             'REJECTED', 'SIGNATURE_INVALID' FROM notification, generate_series(1, {OTHERS}) n; ANALYZE notification"
    );
    desk.app.observer.batch_execute(&others).await.unwrap();
    let statement = statement(&desk).await.replace("$1", &format!("'{MERCHANT}'")).replace("$2", "51");
    let plan = desk.app.texts(&format!("EXPLAIN (ANALYZE, COSTS OFF) {statement}")).await.join("\n");
    assert!(plan.contains("notification_of_merchant"), "{statement}\n{plan}");
    assert!(!plan.contains("Seq Scan") && !plan.contains("Rows Removed"), "{statement}\n{plan}");
}
