//! A thousand callbacks of one payment at a server in a process of its own, so that times and memory are the server's.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use payment_core::merchant_event::MerchantEvent;
use payment_tests::{
    database,
    honest::{p99, p99_of_reads, read, times},
    replay::{RawRequest, received},
    requests::app_payment,
    steps::until,
};

use crate::{
    figures::MOST_MEMORY_KIB,
    process::ServerProcess,
    world::{World, create, told},
};

/// How many callbacks come; `PAYMENT_FLOOD=10000` asks for more than CI has time for.
#[expect(clippy::disallowed_methods, reason = "another number is asked for by the environment")]
fn flood_of() -> u32 {
    std::env::var("PAYMENT_FLOOD").map_or(1000, |text| text.parse().expect("a whole number"))
}

/// No read is told from a calm one below this on a machine that is busy with other tests.
const USUAL: Duration = Duration::from_millis(50);

/// What a flood met and what was seen beside it.
struct Flood {
    statuses: Vec<u16>,
    /// How long each read took that a caller made meanwhile.
    reads: Vec<Duration>,
    most_memory_kib: u64,
}

/// Sends a callback again and again, 64 at a time, while a caller reads one payment after another.
async fn flood(
    world: &World,
    server: &ServerProcess,
    callback: &RawRequest,
    reading: impl AsyncFn() -> Duration,
) -> Flood {
    let mut seen =
        Flood { statuses: Vec::new(), reads: Vec::new(), most_memory_kib: server.own_memory_kib() };
    let mut callbacks =
        stream::iter(0..flood_of()).map(|_| callback.send(world.callbacks)).buffer_unordered(64);
    let mut read = Box::pin(reading());
    loop {
        tokio::select! {
            answered = callbacks.next() => match answered {
                Some(status) => seen.statuses.push(status),
                None => break,
            },
            took = &mut read => {
                seen.reads.push(took);
                seen.most_memory_kib = seen.most_memory_kib.max(server.own_memory_kib());
                read.set(reading());
            }
        }
    }
    seen.reads.push(read.await);
    seen
}

/// What is held on a busy machine: each is answered, one has an effect, memory has a bound, and calls take their usual time
/// again. How long they took is printed.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how long it takes is measured")]
async fn r03_r30_a_flood_of_callbacks_of_one_payment_is_one_success_and_soon_forgotten() {
    let world = World::new().await;
    let server = world.server(None).await;
    let mut caller = world.caller(&server).await;
    let (open, _) = create(&mut caller, app_payment("r-1", "A", 100)).await;
    let (paid, created) = create(&mut caller, app_payment("r-2", "B", 100)).await;
    world.pay(&created);
    world.wechat().settled().await;
    let callback = received(&database::connect(world.database.url()).await, &paid).await;
    let (calm, memory) = (p99_of_reads(&caller, &open).await, server.own_memory_kib());
    let begun = Instant::now();
    let seen = flood(&world, &server, &callback, async || read(&caller, &open).await).await;
    let (took, over) = (begun.elapsed(), Instant::now());
    until("calls take their usual time again", async || {
        p99_of_reads(&caller, &open).await < 3 * calm.max(USUAL)
    })
    .await;
    let taken = seen.statuses.iter().filter(|status| **status == 200).count();
    let attacked = p99(seen.reads);
    eprintln!(
        "{taken} of {} callbacks of one payment taken in {took:?}: p99 of reads {calm:?} calm, {attacked:?} meanwhile, {:.1} times; \
         calm again after {:?} at most; memory {memory} KiB, at most {} KiB",
        seen.statuses.len(),
        times(attacked, calm),
        over.elapsed(),
        seen.most_memory_kib,
    );
    // A full house sends away, and the channel comes again; nothing else is said.
    assert!(taken > 0 && seen.statuses.iter().all(|status| matches!(status, 200 | 503)));
    assert!(seen.most_memory_kib < MOST_MEMORY_KIB, "{} KiB", seen.most_memory_kib);
    world.end(server).await;
    let ledger = world.audit().await;
    assert_eq!(told(&ledger, MerchantEvent::PaymentSucceeded), 1);
}
