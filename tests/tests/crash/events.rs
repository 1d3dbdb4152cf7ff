//! A consumer of events that is killed at random, and the server with it: each event at least once, each payment's in order.

use std::collections::{HashMap, HashSet};

use nix::sys::signal::Signal;
use payment_proto::v1::{Event, StreamEventsRequest};
use payment_tests::{
    database::connect,
    requests::{app_payment, payment_no},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::Client;

use crate::{
    process::{Death, PATIENCE},
    world::World,
};

const SEED: u64 = 20_261_127;
/// Events that SQL tells, in transactions of [`TOGETHER`], two of them open at a time.
const MADE: usize = 10_000;
const TOGETHER: i64 = 25;
/// Payments that the server tells beside them.
const REAL: usize = 6;
/// How often the server is killed; the consumer is, far more often.
const SERVER_DEATHS: usize = 6;

/// What a consumer keeps where it survives it.
#[derive(Default)]
struct Kept {
    cursor: String,
    seen: HashSet<String>,
    /// The revisions of each payment in the order in which they were first seen.
    revisions: HashMap<String, Vec<i32>>,
    repeats: usize,
}

impl Kept {
    fn deal_with(&mut self, event: &Event) {
        if self.seen.insert(event.event_id.clone()) {
            let key = format!("{}/{}", event.payment_no, event.refund_no);
            self.revisions.entry(key).or_default().push(event.revision);
        } else {
            self.repeats += 1;
        }
    }
}

/// One of two writers, each with payments of its own. Their transactions overlap, so that many commit late.
async fn write(mut client: Client, writer: i64) {
    let insert = "INSERT INTO outbox_event (event_id, merchant_id, payment_no, revision, position, event, create_time) \
        SELECT gen_random_uuid(), 'acme', 'P' || $1::bigint || lpad(payment::text, 29, '0'), $2, 0, 'payment.duplicate_found', now() \
        FROM generate_series(1::bigint, $3) AS payment";
    let rounds = i32::try_from(MADE).unwrap() / i32::try_from(TOGETHER).unwrap() / 2;
    for round in 1..=rounds {
        let transaction = client.transaction().await.unwrap();
        transaction.execute(insert, &[&writer, &round, &TOGETHER]).await.unwrap();
        transaction.query_one("SELECT pg_sleep(0.002)::text", &[]).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// One life of the consumer: it follows from what it kept, and dies after so many events, the last of them dealt with and
/// not kept, as whoever is killed between the two would.
async fn live(world: &World, server: &crate::process::ServerProcess, kept: &mut Kept, events: usize) {
    let mut client = world.events(server).await;
    let request = StreamEventsRequest { after: kept.cursor.clone(), ..Default::default() };
    let Ok(stream) = client.stream_events(request).await else { return };
    let mut stream = stream.into_inner();
    let mut last = 0;
    for number in 0..events {
        let Ok(Ok(Some(answer))) = timeout(PATIENCE, stream.message()).await else { return };
        let Some(event) = answer.event else { continue };
        assert!(last < event.sequence, "a stream tells in the feed's order");
        last = event.sequence;
        kept.deal_with(&event);
        if number % 10 == 9 {
            kept.cursor = answer.cursor;
        }
        if kept.seen.len() == MADE + REAL {
            return;
        }
    }
}

async fn pay(world: &World, server: &crate::process::ServerProcess, number: usize) {
    let mut caller = world.caller(server).await;
    let request = app_payment(&format!("r-{number}"), &format!("order-{number}"), 100);
    let created = caller.create_payment(request).await.unwrap().into_inner();
    world.pay(&created);
    world.deliver_again(&payment_no(&created)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_consumer_that_is_killed_at_random_and_its_server_too_misses_nothing() {
    let world = World::new().await;
    let mut chance = StdRng::seed_from_u64(SEED);
    let observer = connect(world.database.url()).await;
    let mut writers: Vec<JoinHandle<()>> = Vec::new();
    for writer in 1..=2 {
        writers.push(tokio::spawn(write(connect(world.database.url()).await, writer)));
    }
    let mut kept = Kept::default();
    let mut lives = 0;
    for death in 0..=SERVER_DEATHS {
        let server = world.server(None).await;
        if death < REAL {
            pay(&world, &server, death).await;
        }
        // As much as is there for this server to tell; the last one tells the rest.
        let enough =
            if death == SERVER_DEATHS { MADE + REAL } else { (death + 1) * MADE / (SERVER_DEATHS + 2) };
        while kept.seen.len() < enough {
            live(&world, &server, &mut kept, chance.random_range(1..700)).await;
            lives += 1;
        }
        if death < SERVER_DEATHS {
            let soon = format!("SELECT pg_sleep(0.0{:02})::text", chance.random_range(1..100));
            tokio::join!(live(&world, &server, &mut kept, usize::MAX), async {
                observer.query_one(soon.as_str(), &[]).await.unwrap();
                server.kill();
            });
        } else {
            server.kill();
        }
        assert_eq!(server.death().await.0, Death::Signal(Signal::SIGKILL));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(kept.seen.len(), MADE + REAL, "each event at least once");
    let unordered: Vec<_> = kept.revisions.iter().filter(|(_, revisions)| !revisions.is_sorted()).collect();
    assert!(unordered.is_empty(), "{unordered:?}");
    eprintln!(
        "{} events, {lives} lives of the consumer, {SERVER_DEATHS} deaths of the server, {} told again; seed {SEED}",
        kept.seen.len(),
        kept.repeats
    );
    world.audit().await;
}
