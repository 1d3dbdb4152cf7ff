//! Prepared statements are kept (Diesel throws many away), and each use case takes few of them.

use payment_core::payment::{apply::Happening, state::PaymentState};
use payment_store::payment::{NewPayment, PaymentFilter};
use payment_tests::database::{
    TestStore, open, options,
    proxy::{Proxy, Traffic},
};

use crate::scene::{created, merchant, new, notified, order, paid, payment};

/// Two orders, the channel's answer, its notification, a repeat, reads, a case: what a busy day is made of.
async fn a_days_work(on: &TestStore, round: usize) {
    let orders = [format!("A-{round}"), format!("B-{round}")];
    let orders = [orders[0].as_str(), orders[1].as_str()];
    let payment = created(on, &format!("r-{round}"), &orders).await;
    on.store.payment_create(&new(crate::scene::payment(&format!("r-{round}"), &orders))).await.unwrap();
    on.store.payment_create(&new(crate::scene::payment(&format!("s-{round}"), &orders[..1]))).await.unwrap();
    crate::scene::apply(on, &crate::scene::answered(&payment, crate::scene::handle())).await;
    let wrong = crate::scene::paid_amount(&payment, "wrong", crate::scene::cny(1));
    crate::scene::apply(on, &notified(&payment, wrong)).await;
    let paid = notified(&payment, paid(&payment, &format!("42-{round}")));
    crate::scene::apply(on, &paid).await;
    crate::scene::apply(on, &paid).await;
    on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap().unwrap();
    on.store.ping().await.unwrap();
}

/// A store whose connections go over a wire that counts.
async fn over_a_wire(max_connections: usize) -> (TestStore, Proxy) {
    let mut on = TestStore::new(max_connections).await;
    let proxy = Proxy::to(on.database.url()).await;
    on.store = open(&options(&proxy.url(on.database.url()), max_connections));
    (on, proxy)
}

#[tokio::test]
async fn after_its_first_use_no_statement_is_prepared_again() {
    let (on, proxy) = over_a_wire(1).await;
    a_days_work(&on, 0).await;
    let first = proxy.take_traffic();
    for round in 1..20 {
        a_days_work(&on, round).await;
    }
    let later = proxy.take_traffic();
    assert_eq!((later.parsed.as_slice(), later.closed), ([].as_slice(), 0));
    let mut distinct = first.parsed.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), first.parsed.len(), "{:#?}", first.parsed);
    for kind in [
        "UPDATE \"payment\"",
        "UPDATE allocation",
        "ON CONFLICT DO NOTHING",
        "unnest(",
        "= ANY(",
        "FOR UPDATE",
    ] {
        assert!(first.parsed.iter().any(|sql| sql.contains(kind)), "{kind} of {:#?}", first.parsed);
    }
}

/// The list's text depends on its filter, and baskets differ in size: neither may fill the connection's memory.
#[tokio::test]
async fn filters_and_baskets_of_every_size_leave_a_bounded_number_of_statements() {
    let (on, proxy) = over_a_wire(1).await;
    let filter = |states: &[PaymentState], order_no| PaymentFilter {
        merchant_id: merchant(),
        order_no,
        states: states.to_vec(),
        create_time_from: None,
        create_time_before: None,
        below: None,
        limit: 10,
    };
    for size in 1..=6 {
        let orders: Vec<String> = (0..size).map(|number| format!("{size}-{number}")).collect();
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        created(&on, &format!("r-{size}"), &orders).await;
        on.store.payment_list(&filter(&PaymentState::ALL[..size], None)).await.unwrap();
        on.store.payment_list(&filter(&PaymentState::ALL[..size], Some(order("1-0")))).await.unwrap();
    }
    let parsed = proxy.take_traffic().parsed;
    let mut distinct = parsed.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), parsed.len(), "{parsed:#?}");
    println!("{} statements for 6 sizes of basket and 12 filters", parsed.len());
    assert!(parsed.len() <= 12, "{parsed:#?}");
}

#[tokio::test]
async fn creating_and_applying_take_few_statements() {
    let (on, proxy) = over_a_wire(1).await;
    a_days_work(&on, 0).await;
    proxy.take_traffic();
    let payment = on.store.payment_create(&new(payment("r", &["A", "B"]))).await.unwrap();
    let create = proxy.take_traffic();
    let Happening::Created(handle) = crate::scene::handle() else { panic!("a handle") };
    let signed = new(crate::scene::payment("signed", &["C", "D"]));
    let signed = NewPayment { signed_locally: Some(handle), ..signed };
    on.store.payment_create(&signed).await.unwrap();
    let signed_create = proxy.take_traffic();
    let payment_store::payment::CreateOutcome::Created(payment) = payment else { panic!("{payment:?}") };
    crate::scene::apply(&on, &crate::scene::answered(&payment, crate::scene::handle())).await;
    let answer = proxy.take_traffic();
    let paid = notified(&payment, paid(&payment, "42"));
    crate::scene::apply(&on, &paid).await;
    let notification = proxy.take_traffic();
    crate::scene::apply(&on, &paid).await;
    let repeat = proxy.take_traffic();
    let bounds = [
        ("create", create, 9),
        ("create signed locally", signed_create, 10),
        ("answer", answer, 7),
        ("notification", notification, 10),
        ("repeat", repeat, 6),
    ];
    for (what, traffic, bound) in bounds {
        print(what, &traffic);
        assert!(traffic.executed.len() <= bound, "{what}: {:#?}", traffic.executed);
        assert_eq!(traffic.round_trips, traffic.executed.len(), "{what}: one round trip for each statement");
    }
}

fn print(what: &str, traffic: &Traffic) {
    println!("{what}: {} statements, {} round trips", traffic.executed.len(), traffic.round_trips);
    for sql in &traffic.executed {
        println!("    {}", sql.chars().take(100).collect::<String>());
    }
}
