//! Sixteen workers over the same eight orders: nobody waits in a circle (F14), and the books hold.

use std::sync::{Arc, Mutex};

use payment_core::{
    gateway::Finding,
    payment::{Payment, apply::Happening},
};
use payment_store::{
    Store,
    payment::{CreateOutcome, EarlierVerdict},
};
use payment_tests::database::{TestStore, no_session_met_a_deadlock};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::scene::{answered, decided, handle, invariants_hold, new, notified, paid, payment};

const ORDERS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];
const SEED: u64 = 20_261_123;
const ROUNDS: usize = 15;

type Known = Arc<Mutex<Vec<Payment>>>;

/// One to four of the eight orders of a generation: once all eight are paid, the fight must go on over others.
fn basket(dice: &mut StdRng, generation: usize) -> Vec<String> {
    let size = dice.random_range(1..=4);
    ORDERS.choose_multiple(dice, size).map(|order| format!("{order}-{generation}")).collect()
}

async fn create(store: &Store, known: &Known, request: &str, basket: &[String]) {
    let orders: Vec<&str> = basket.iter().map(String::as_str).collect();
    let mut wanted = new(payment(request, &orders));
    loop {
        match store.payment_create(&wanted).await.unwrap() {
            CreateOutcome::Created(payment) => return known.lock().unwrap().push(payment),
            CreateOutcome::Known(_) | CreateOutcome::Reused(_) | CreateOutcome::OrderPaid { .. } => return,
            CreateOutcome::EarlierAttempts(earlier) => {
                let earlier: Vec<_> = earlier.iter().collect();
                let more = decided(wanted.payment.clone(), &earlier, EarlierVerdict::Tolerate).verdicts;
                wanted.verdicts.extend(more);
            }
        }
    }
}

async fn happen(store: &Store, dice: &mut StdRng, known: &Known) {
    let chosen = {
        let known = known.lock().unwrap();
        // Old ones now and then, the newest mostly: these are what others fight over.
        known[known.len().saturating_sub(dice.random_range(1..=32))..].choose(dice).cloned()
    };
    let Some(chosen) = chosen else { return };
    let request = match dice.random_range(0..10) {
        0..=4 => answered(&chosen, handle()),
        5..=7 => answered(&chosen, Happening::Found(Finding::Closed)),
        8 => answered(&chosen, paid(&chosen, &format!("42-{}", chosen.payment_no))),
        _ => notified(&chosen, paid(&chosen, &format!("42-{}", chosen.payment_no))),
    };
    store.payment_apply(&request).await.unwrap().unwrap();
}

/// What notifications say about several of the newest at once: together, and what is left alone.
async fn happen_together(store: &Store, dice: &mut StdRng, known: &Known) {
    let chosen: Vec<Payment> = {
        let known = known.lock().unwrap();
        known[known.len().saturating_sub(16)..].choose_multiple(dice, 6).cloned().collect()
    };
    let said =
        |payment: &Payment| Arc::new(notified(payment, paid(payment, &format!("42-{}", payment.payment_no))));
    let requests: Vec<_> = chosen.iter().map(said).collect();
    for (applied, request) in store.payments_apply_together(&requests).await.unwrap().iter().zip(&requests) {
        if applied.is_none() {
            store.payment_apply(request).await.unwrap().unwrap();
        }
    }
}

async fn work(store: Store, worker: u64, known: Known) {
    let mut dice = StdRng::seed_from_u64(SEED + worker);
    for round in 0..ROUNDS {
        let basket = basket(&mut dice, round / 3);
        create(&store, &known, &format!("r-{worker}-{round}"), &basket).await;
        happen(&store, &mut dice, &known).await;
        happen(&store, &mut dice, &known).await;
        if dice.random_bool(0.2) {
            happen_together(&store, &mut dice, &known).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r24_f14_sixteen_workers_over_eight_orders_never_deadlock() {
    let on = TestStore::new(16).await;
    let known = Known::default();
    let workers = (0..16).map(|worker| tokio::spawn(work(on.store.clone(), worker, Arc::clone(&known))));
    futures::future::join_all(workers).await.into_iter().for_each(Result::unwrap);
    invariants_hold(&on).await;
    let paid = on.number("SELECT count(*) FROM allocation WHERE state = 'EFFECTIVE'").await;
    let twice = on.number("SELECT count(*) FROM allocation WHERE state = 'DUPLICATE'").await;
    println!("{} payments, {paid} orders paid, {twice} duplicates", known.lock().unwrap().len());
    assert!(paid > 20 && twice > 5, "the dice must make it a fight: {paid} paid, {twice} twice");
    let TestStore { store, observer, database } = on;
    drop(store);
    no_session_met_a_deadlock(&observer).await;
    drop(database);
}
