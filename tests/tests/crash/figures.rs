//! Two promises in figures, held on the build that the tests use: a start takes less than a second, and the memory of a
//! server under load stays below 64 MiB.

use std::time::Duration;

use futures::future::join_all;
use payment_tests::requests::app_payment;

use crate::world::{World, create};

const LONGEST_START: Duration = Duration::from_secs(1);
const MOST_MEMORY_KIB: u64 = 64 * 1024;

/// The best of several: the machine also runs other tests, which are none of the server's doing.
const STARTS: usize = 5;

/// Payments in all, and at once.
const PAYMENTS: usize = 192;
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_migrations_applied_takes_less_than_a_second() {
    let world = World::new().await;
    let mut best = Duration::MAX;
    for _ in 0..STARTS {
        let server = world.server(None).await;
        best = best.min(server.start_time);
        world.end(server).await;
    }
    eprintln!("best of {STARTS} starts: {best:?}");
    assert!(best < LONGEST_START, "{best:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_under_load_stays_below_64_mib() {
    let world = World::new().await;
    let server = world.server(None).await;
    let caller = world.caller(&server).await;
    let before = server.peak_memory_kib();
    for first in (0..PAYMENTS).step_by(AT_ONCE) {
        let pay = |number: usize| {
            let (world, mut caller) = (&world, caller.clone());
            async move {
                let request = app_payment(&format!("r-{number}"), &format!("order-{number}"), 100);
                let (_, created) = create(&mut caller, request).await;
                world.pay(&created);
            }
        };
        join_all((first..first + AT_ONCE).map(pay)).await;
    }
    world.wechat().settled().await;
    let peak = server.peak_memory_kib();
    world.end(server).await;
    world.audit().await;
    eprintln!(
        "peak memory: {before} KiB at the start, {peak} KiB after {PAYMENTS} payments, {AT_ONCE} at once"
    );
    assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
}
