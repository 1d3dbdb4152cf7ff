//! Two promises in figures, held on the build that the tests use: a start takes less than a second, and the memory that a
//! server takes under load stays below 32 MiB. The 64 MiB of everything, program text included, are a release build's: `bench/`.

use std::time::Duration;

use futures::future::join_all;
use payment_tests::requests::app_payment;

use crate::world::{World, create};

const LONGEST_START: Duration = Duration::from_secs(1);
/// Of its own: `ServerProcess::own_memory_kib`.
pub(crate) const MOST_MEMORY_KIB: u64 = 32 * 1024;

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
async fn memory_of_its_own_stays_below_32_mib_under_load() {
    let world = World::new().await;
    let server = world.server(None).await;
    let caller = world.caller(&server).await;
    let before = server.own_memory_kib();
    let mut most = before;
    for first in (0..PAYMENTS).step_by(AT_ONCE) {
        let pay = |number: usize| {
            let (world, server, mut caller) = (&world, &server, caller.clone());
            async move {
                let request = app_payment(&format!("r-{number}"), &format!("order-{number}"), 100);
                let (_, created) = create(&mut caller, request).await;
                world.pay(&created);
                server.own_memory_kib()
            }
        };
        most = join_all((first..first + AT_ONCE).map(pay)).await.into_iter().fold(most, u64::max);
    }
    world.wechat().settled().await;
    most = most.max(server.own_memory_kib());
    world.end(server).await;
    world.audit().await;
    eprintln!(
        "memory of its own: {before} KiB at the start, at most {most} KiB in {PAYMENTS} payments, {AT_ONCE} at once"
    );
    assert!(most < MOST_MEMORY_KIB, "{most} KiB");
}
