//! Ten thousand refunds are due, three servers give them back, and `kill -9` meets one of them in the middle: all arrive,
//! none twice.

use std::{collections::BTreeMap, sync::Arc};

use channel_bad_pay::{Accident, BadPayApp};
use nix::sys::signal::Signal;
use payment_proto::v1::{
    PluginOptions, RefundState, SyncPaymentRequest, create_payment_request::ChannelOptions,
};
use payment_sandbox::{clock::SimulatorClock, wechat::KeyMode};
use payment_tests::{
    accounts::bad_pay_section,
    app::{MERCHANT, SharedClock, free_address},
    database::{self, texts},
    requests::{app_payment, refund_all},
    steps::until,
};
use tokio_postgres::Client;

use crate::{
    process::{Death, ServerProcess},
    world::{World, create},
};

const SHOP: &str = "corner";
const ROWS: usize = 10_000;

/// Refunds that arrived before one server dies.
const BEFORE: i64 = 3_000;

const CALLS_IN_FLIGHT: usize = 8;
const JOBS: &str =
    "[jobs]\ninterval_milliseconds = 100\nlease_seconds = 20\nbatch = 100\ncalls_in_flight = 8\n";

/// A paid payment with a refund that waits, by the payment's number.
async fn model(world: &World, bad: &BadPayApp) -> String {
    let server = world.server_with("idle", "[jobs]\n", "[jobs]\nenabled = false\n").await;
    let mut caller = world.caller(&server).await;
    let mut request = app_payment("model", "model", 100);
    request.channel_account = "acme-bad".to_owned();
    let plugin = PluginOptions { product: "app".to_owned(), options: None };
    request.channel_options = Some(ChannelOptions::Plugin(plugin));
    let (payment_no, _) = create(&mut caller, request).await;
    bad.pay(SHOP, &payment_no);
    caller.sync_payment(SyncPaymentRequest { payment_no: payment_no.clone() }).await.unwrap();
    bad.accident(Accident::Broken);
    let refund = refund_all("model", &payment_no);
    let refund = world.refunds(&server).await.create_refund(refund).await.unwrap().into_inner().refund;
    assert_eq!(refund.unwrap().state(), RefundState::Pending);
    world.end(server).await;
    payment_no
}

/// Copies the only payment and its waiting refund, each row as it is but for its names, and lets all refunds be due.
const COPIES: &str = "\
    CREATE TEMP TABLE name AS SELECT n, left(payment_no, 21) || lpad(n::text, 10, '0') AS payment_no, jsonb_build_object( \
        'payment_no', left(payment_no, 21) || lpad(n::text, 10, '0'), 'order_no', 'N-' || n, 'request_id', 'N-' || n, \
        'refund_no', 'N-' || n, 'sent_as', 'N-' || n, 'number', 'N-' || n, 'next_check_time', create_time, 'checks', 0) AS names \
        FROM payment, generate_series(1, 10000) n; \
    INSERT INTO merchant_order SELECT copy.* FROM merchant_order model, name, jsonb_populate_record(model, names) copy; \
    INSERT INTO payment SELECT copy.* FROM payment model, name, jsonb_populate_record(model, names \
        || jsonb_build_object('channel_transaction_no', 'BAD' || name.payment_no, 'next_check_time', NULL)) copy; \
    INSERT INTO allocation SELECT copy.* FROM allocation model, name, jsonb_populate_record(model, names) copy; \
    INSERT INTO payment_transition SELECT copy.* FROM payment_transition model, name, jsonb_populate_record(model, names) copy; \
    INSERT INTO refund SELECT copy.* FROM refund model, name, jsonb_populate_record(model, names) copy; \
    INSERT INTO refund_part SELECT copy.* FROM refund_part model, name, jsonb_populate_record(model, names) copy; \
    INSERT INTO refund_number SELECT copy.* FROM refund_number model, name, jsonb_populate_record(model, names) copy; \
    UPDATE refund SET next_check_time = create_time; ANALYZE payment, allocation, refund";

async fn arrived(observer: &Client) -> i64 {
    let sql = "SELECT count(*) FROM refund WHERE state = 'SUCCEEDED'";
    observer.query_one(sql, &[]).await.unwrap().get(0)
}

/// Waits until so many arrived, for as long as more arrive.
async fn until_arrived(observer: &Client, count: i64) {
    loop {
        let before = arrived(observer).await;
        if before >= count {
            return;
        }
        until("one more refund arrives", async || arrived(observer).await > before).await;
    }
}

/// Three servers; the callbacks of each have an address of their own.
async fn servers(world: &World) -> [ServerProcess; 3] {
    let heard = format!("listen = \"{}\"", world.callbacks);
    let beside =
        async |name: &str| world.server_with(name, &heard, &format!("listen = \"{}\"", free_address())).await;
    tokio::join!(world.server(None), beside("second"), beside("doomed")).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_r22_f18_10_000_due_refunds_arrive_once_each_though_kill_9_meets_one_of_three_servers() {
    let bad = BadPayApp::start(Arc::new(SharedClock(SimulatorClock::real()))).await;
    let account = bad_pay_section(MERCHANT, "acme-bad", &bad, SHOP);
    let world = World::with_sections(KeyMode::PublicKey, &format!("{JOBS}{account}")).await;
    let observer = database::connect(world.database.url()).await;
    let payment_no = model(&world, &bad).await;
    observer.batch_execute(COPIES).await.unwrap();
    bad.book_copies(SHOP, &payment_no, texts(&observer, "SELECT payment_no FROM name").await);
    bad.refund_at_once();

    let [first, second, doomed] = servers(&world).await;
    until_arrived(&observer, BEFORE).await;
    doomed.kill();
    assert_eq!(doomed.death().await.0, Death::Signal(Signal::SIGKILL));
    let before = arrived(&observer).await;
    assert!(before < i64::try_from(ROWS).unwrap(), "it died in the middle: {before} had arrived");
    let all = i64::try_from(ROWS).unwrap() + 1;
    until_arrived(&observer, all).await;
    for server in [first, second] {
        world.end(server).await;
    }

    let refunds = bad.refunds_of_shop(SHOP);
    let mut of_payment: BTreeMap<&str, usize> = BTreeMap::new();
    for refund in &refunds {
        assert_eq!((refund.state, refund.minor_units()), ("done", 100), "{refund:?}");
        *of_payment.entry(refund.payment_no()).or_default() += 1;
    }
    assert_eq!(of_payment.len(), ROWS + 1, "every payment was given back");
    assert!(of_payment.values().all(|refunds| *refunds == 1), "and none twice");
    let asked_again: Vec<_> = refunds.iter().filter(|refund| refund.asks > 1).collect();
    assert!(asked_again.len() <= CALLS_IN_FLIGHT, "only what was in the hands of the dead: {asked_again:?}");
    let one_each = "SELECT count(*) FROM refund JOIN (SELECT refund_no, count(*) AS moves FROM refund_transition GROUP BY refund_no) moved \
         USING (refund_no) JOIN (SELECT refund_no, count(*) AS told FROM outbox_event WHERE event = 'refund.succeeded' GROUP BY refund_no) told \
         USING (refund_no) WHERE state = 'SUCCEEDED' AND next_check_time IS NULL AND (moves, told) = (1, 1)";
    let one_each: i64 = observer.query_one(one_each, &[]).await.unwrap().get(0);
    assert_eq!(one_each, all, "each moved once, and its caller was told once");
    eprintln!("{before} refunds had arrived at the death; {} were asked for again", asked_again.len());
}
