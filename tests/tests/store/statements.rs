//! Prepared statements are kept (Diesel throws many away), and each use case takes few of them.

use std::sync::Arc;

use payment_core::{
    gateway::RefundStatus,
    payment::{apply::Happening, state::PaymentState},
    refund::{RefundPart, reserve::Split},
};
use payment_store::{
    payment::{ApplyRequest, CreateOutcome, NewPayment, PaymentFilter},
    refund::RefundOutcome,
};
use payment_tests::database::{
    TestStore, open, options,
    proxy::{Proxy, Traffic},
};

use crate::scene::{
    cny, created, merchant, new, new_refund, notified, order, paid, payment, refund_apply, refund_notified,
};

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
pub(crate) async fn over_a_wire(max_connections: usize) -> (TestStore, Proxy) {
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
        "UPDATE \"allocation\"",
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

/// What a use case takes at the wire, BEGIN and COMMIT included. More is slower for every caller; fewer is better, and a new
/// figure here.
#[tokio::test]
async fn each_use_case_takes_its_number_of_statements_and_one_commit() {
    let (on, proxy) = over_a_wire(1).await;
    // Connected, with nothing prepared but this.
    on.store.ping().await.unwrap();
    for round in 0..2 {
        for (what, traffic, statements) in use_cases(&on, &proxy, round).await {
            print(what, &traffic);
            let Traffic { executed, parsed, round_trips, .. } = traffic;
            assert_eq!(executed.len(), statements, "{what}: {executed:#?}");
            // The first round prepares the statements; what is prepared must not be overtaken by what is sent together with it.
            assert_eq!(round_trips, statements + parsed.len(), "{what}: one answer for each statement");
            assert!(parsed.is_empty() || round == 0, "{what}: {parsed:#?}");
            let (begins, commits) = (positions(&executed, "BEGIN"), positions(&executed, "COMMIT"));
            let ends = if statements == 1 { (vec![], vec![]) } else { (vec![0], vec![statements - 1]) };
            assert_eq!((begins, commits), ends, "{what}: {executed:#?}");
        }
    }
}

fn positions(executed: &[String], wanted: &str) -> Vec<usize> {
    executed.iter().enumerate().filter(|(_, sql)| *sql == wanted).map(|(position, _)| position).collect()
}

/// Each use case's name, what passed, and how many statements it may take.
pub(crate) async fn use_cases(
    on: &TestStore,
    proxy: &Proxy,
    round: usize,
) -> Vec<(&'static str, Traffic, usize)> {
    let orders = ["A", "B", "C", "D"].map(|order| format!("{order}-{round}"));
    let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
    let mut taken = Vec::new();
    proxy.take_traffic();
    let new_payment = new(payment(&format!("r-{round}"), &orders[..2]));
    let payment = on.store.payment_create(&new_payment).await.unwrap();
    taken.push(("create", proxy.take_traffic(), 5));
    let CreateOutcome::Created(payment) = payment else { panic!("{payment:?}") };
    let Happening::Created(handle) = crate::scene::handle() else { panic!("a handle") };
    let signed = new(crate::scene::payment(&format!("signed-{round}"), &orders[2..]));
    let signed = NewPayment { signed_locally: Some(handle), ..signed };
    on.store.payment_create(&signed).await.unwrap();
    taken.push(("create signed locally", proxy.take_traffic(), 5));
    crate::scene::apply(on, &crate::scene::answered(&payment, crate::scene::handle())).await;
    taken.push(("answer", proxy.take_traffic(), 5));
    let paid = notified(&payment, paid(&payment, &format!("42-{round}")));
    crate::scene::apply(on, &paid).await;
    taken.push(("notification", proxy.take_traffic(), 5));
    crate::scene::apply(on, &paid).await;
    taken.push(("repeat", proxy.take_traffic(), 5));
    on.store.payment_get(&merchant(), &payment.payment_no).await.unwrap().unwrap();
    taken.push(("read", proxy.take_traffic(), 1));
    let split = || Split::Parts(vec![RefundPart { order_no: order(orders[0]), amount: cny(1) }]);
    let outcome = on.store.refund_create(&new_refund(&format!("refund-{round}"), &payment, split())).await;
    taken.push(("refund", proxy.take_traffic(), 6));
    on.store.refund_create(&new_refund(&format!("another-{round}"), &payment, split())).await.unwrap();
    taken.push(("another refund", proxy.take_traffic(), 6));
    let Ok(RefundOutcome::Created(refund)) = outcome else { panic!("{outcome:?}") };
    let arrived = refund_notified(&refund, RefundStatus::Succeeded, &format!("50-{round}"));
    refund_apply(on, &arrived).await;
    // One of them looks for a case that the money's arrival settles.
    taken.push(("refund notification", proxy.take_traffic(), 6));
    let several = several(on, round).await;
    proxy.take_traffic();
    together(on, &several[..1]).await;
    taken.push(("notification, together with none", proxy.take_traffic(), 6));
    together(on, &several[1..]).await;
    taken.push(("eight notifications together", proxy.take_traffic(), 6));
    together(on, &several).await;
    taken.push(("nine repeats together", proxy.take_traffic(), 6));
    taken
}

/// Nine notifications of as many payments, each for one order or two.
async fn several(on: &TestStore, round: usize) -> Vec<Arc<ApplyRequest>> {
    let mut several = Vec::new();
    for number in 0..9 {
        let orders = [format!("E-{round}-{number}"), format!("F-{round}-{number}")];
        let orders: Vec<&str> = orders.iter().take(1 + number % 2).map(String::as_str).collect();
        let payment = created(on, &format!("several-{round}-{number}"), &orders).await;
        several.push(Arc::new(notified(&payment, paid(&payment, &format!("43-{round}-{number}")))));
    }
    several
}

async fn together(on: &TestStore, requests: &[Arc<ApplyRequest>]) {
    let applied = on.store.payments_apply_together(requests).await.unwrap();
    assert!(applied.iter().all(Option::is_some), "{applied:?}");
}

fn print(what: &str, traffic: &Traffic) {
    println!("{what}: {} statements, {} round trips", traffic.executed.len(), traffic.round_trips);
    for sql in &traffic.executed {
        println!("    {}", sql.chars().take(100).collect::<String>());
    }
}
