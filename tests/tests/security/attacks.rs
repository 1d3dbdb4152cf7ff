//! Floods while honest callers go on: each of their calls is answered, and what is recorded is the same.
//!
//! How long honest calls take, calm and attacked, and how much memory this process takes for server and attackers together, is
//! printed. Beside other tests these figures prove nothing, so what is held is that each call is answered.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use channel_bad_pay::{Accident, BadPayApp, BadPayFactory};
use futures::future::join_all;
use payment_proto::v1::{
    CreatePaymentRequest, CreateRefundRequest, GetPaymentRequest, Money, PluginOptions, RefundReason,
    create_payment_request::ChannelOptions,
    create_refund_request::{Extent, Payment},
    payment_service_client::PaymentServiceClient,
    refund_service_client::RefundServiceClient,
};
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    accounts::bad_pay_section,
    app::{ACCOUNT, MERCHANT, START, SharedClock, TestApp, TestAppOptions, connect},
    database,
    honest::{p99_of_creates, p99_of_reads, times},
    refusal::Refusal,
    replay::{exchange, status},
    requests::app_payment,
    steps::until,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet, time::interval};
use tonic::{Code, codec::CompressionEncoding};

use super::limits::resident_kilobytes;

/// Measures honest calls before, during and after `attack`, and how much memory it took.
async fn under<T>(name: &str, app: &TestApp, payment_no: &str, attack: impl Future<Output = T>) -> T {
    let payments = app.payments();
    let calm = p99_of_reads(&payments, payment_no).await;
    let before = resident_kilobytes();
    let (outcome, attacked) = futures::join!(attack, p99_of_reads(&payments, payment_no));
    let grown = resident_kilobytes().saturating_sub(before);
    let after = p99_of_reads(&payments, payment_no).await;
    println!("{name}: p99 of reads {calm:?} calm, {attacked:?} attacked, {after:?} after; {grown} KiB more");
    outcome
}

fn callback_head(length: &str) -> Vec<u8> {
    format!("POST /v1/callbacks/wechat/{ACCOUNT} HTTP/1.1\r\nhost: pay\r\n{length}\r\n\r\n").into_bytes()
}

/// The statuses of bodies of 64 MiB, half of them without saying so before.
async fn large_bodies(address: SocketAddr) -> Vec<u16> {
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x1_0000], b"\r\n"].concat();
    let bodies = (0..20).map(|number| {
        let bytes = if number % 2 == 0 {
            [callback_head("content-length: 67108864"), vec![b'x'; 1 << 20]].concat()
        } else {
            [callback_head("transfer-encoding: chunked"), chunk.repeat(32)].concat()
        };
        async move { exchange(address, &bytes).await }
    });
    // A server that has refused may hang up while more is written, and its answer be lost by that.
    join_all(bodies).await.iter().filter(|answer| !answer.is_empty()).map(|answer| status(answer)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_bodies_of_64_mib_are_refused_unread() {
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let statuses = under("64 MiB bodies", &app, &payment_no, large_bodies(app.callback_address())).await;
    assert!(statuses.iter().all(|status| *status == 413), "{statuses:?}");
    app.finish().await;
}

/// A thousand clients at each port, each of which sends a byte a second of something that never ends.
async fn dribble(addresses: [SocketAddr; 2], seconds: usize) {
    let clients =
        addresses.iter().flat_map(|address| (0..1000).map(move |_| *address)).map(async |address| {
            let Ok(mut stream) = TcpStream::connect(address).await else { return };
            let mut beats = interval(Duration::from_secs(1));
            for byte in callback_head("content-length: 1000").iter().take(seconds) {
                beats.tick().await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        });
    join_all(clients).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_a_byte_a_second_from_two_thousand_clients_keeps_nobody_waiting() {
    super::limits::raise_file_limit(20_000);
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    let addresses = [app.callback_address(), app.grpc_address()];
    under("a byte a second", &app, &payment_no, dribble(addresses, 5)).await;
    app.finish().await;
}

/// Lets a server wait for PostgreSQL as long as a busy machine may need.
const PATIENT: [(&str, &str); 3] = [
    ("CALLBACKS__DEADLINE_SECONDS", "30"),
    ("DATABASE__STATEMENT_TIMEOUT_SECONDS", "60"),
    ("DATABASE__ACQUIRE_TIMEOUT_SECONDS", "60"),
];

/// A gauge of a server.
async fn gauge(admin: SocketAddr, name: &str) -> u32 {
    let answer = exchange(admin, b"GET /metrics HTTP/1.1\r\nhost: pay\r\nconnection: close\r\n\r\n").await;
    let answer = String::from_utf8(answer).unwrap();
    let line = answer.lines().find_map(|line| line.strip_prefix(name)).expect("it is told");
    line.trim().parse().unwrap()
}

/// However many callbacks of a payment wait for its row, they hold one connection, and nobody else waits.
#[tokio::test(flavor = "multi_thread")]
async fn r30_callbacks_that_wait_for_a_payment_keep_neither_calls_nor_callbacks_of_others_waiting() {
    const CALLBACKS: u32 = 24;
    let app = TestApp::start().await;
    let (flooded, other) = (app.open("r-1", "A", 100).await, app.open("r-2", "B", 100).await);
    let mut told = Vec::new();
    for payment_no in [&flooded, &other] {
        app.pay(payment_no).await;
        told.push(app.received(payment_no).await);
    }
    let replica = app.replica_with(&PATIENT).await;
    let (address, admin) = (replica.addresses().callbacks, replica.addresses().admin);
    let holder = database::connect(app.database.url()).await;
    let hold = format!("BEGIN; SELECT 1 FROM payment WHERE payment_no = '{flooded}' FOR UPDATE");
    holder.batch_execute(&hold).await.unwrap();
    let flood: JoinSet<u16> = (0..CALLBACKS)
        .map(|_| {
            let callback = told[0].clone();
            async move { callback.send(address).await }
        })
        .collect();
    until("all but one wait for their turn", async || {
        gauge(admin, "payment_turn_waiters").await == CALLBACKS - 1
    })
    .await;
    let locked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(app.number(locked).await, 1, "one has a connection");
    let channel = connect(replica.addresses().grpc).await;
    let mut payments = PaymentServiceClient::with_interceptor(channel, app.key(MERCHANT));
    payments.get_payment(GetPaymentRequest { payment_no: flooded.clone() }).await.unwrap();
    payments.create_payment(app_payment("r-3", "C", 100)).await.unwrap();
    assert_eq!(told[1].send(address).await, 200);
    assert_eq!(gauge(admin, "payment_turn_waiters").await, CALLBACKS - 1, "the flood waits still");
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(flood.join_all().await, [200; CALLBACKS as usize]);
    replica.shutdown().await;
    app.finish().await;
}

/// A caller's own flood: so many refunds of one payment at once hold one connection while they wait for its row.
#[tokio::test(flavor = "multi_thread")]
async fn r30_refunds_that_wait_for_a_payment_keep_no_other_call_waiting() {
    const REFUNDS: u32 = 12;
    let app = TestApp::start().await;
    let payment_no = app.open("r-1", "A", 100).await;
    app.pay(&payment_no).await;
    let told = app.received(&payment_no).await;
    let replica = app.replica_with(&PATIENT).await;
    assert_eq!(told.send(replica.addresses().callbacks).await, 200);
    let holder = database::connect(app.database.url()).await;
    let hold = format!("BEGIN; SELECT 1 FROM payment WHERE payment_no = '{payment_no}' FOR UPDATE");
    holder.batch_execute(&hold).await.unwrap();
    let channel = connect(replica.addresses().grpc).await;
    let flood: JoinSet<bool> = (0..REFUNDS)
        .map(|number| {
            let mut refunds = RefundServiceClient::with_interceptor(channel.clone(), app.key(MERCHANT));
            let request = CreateRefundRequest {
                refund_no: format!("R-{number}"),
                payment: Some(Payment::PaymentNo(payment_no.clone())),
                extent: Some(Extent::Amount(Money { currency_code: "CNY".to_owned(), minor_units: 1 })),
                reason: RefundReason::Return.into(),
                description: String::new(),
            };
            async move { refunds.create_refund(request).await.is_ok() }
        })
        .collect();
    until("all but one wait for their turn", async || {
        gauge(replica.addresses().admin, "payment_turn_waiters").await == REFUNDS - 1
    })
    .await;
    let locked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(app.number(locked).await, 1, "one has a connection");
    let mut payments = PaymentServiceClient::with_interceptor(channel, app.key(MERCHANT));
    payments.get_payment(GetPaymentRequest { payment_no }).await.unwrap();
    payments.create_payment(app_payment("r-2", "B", 100)).await.unwrap();
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(flood.join_all().await, [true; REFUNDS as usize]);
    replica.shutdown().await;
    app.finish().await;
}

/// Calls to a channel that does not answer.
const STALLED: u32 = 64;

/// Callers create where the channel does not answer, and honest ones go on beside them at another channel.
#[tokio::test(flavor = "multi_thread")]
async fn r30_a_channel_that_does_not_answer_for_a_minute_keeps_nobody_elses_caller_waiting() {
    let clock = SimulatorClock::manual(START);
    let bad = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
    let section =
        bad_pay_section(MERCHANT, "acme-bad", &bad, "corner") + "request_timeout_milliseconds = 60000\n";
    let app = TestApp::start_with(TestAppOptions {
        clock,
        account_config: section,
        plugins: vec![Arc::new(BadPayFactory::new().unwrap())],
        ..TestAppOptions::usual()
    })
    .await;
    let replica = app.replica_with(&[("GRPC__REQUEST_DEADLINE_SECONDS", "300")]).await;
    let channel = connect(replica.addresses().grpc).await;
    let payments = PaymentServiceClient::with_interceptor(channel, app.key(MERCHANT));
    let payment_no = app.open("r-1", "A", 100).await;
    let calm = (p99_of_reads(&payments, &payment_no).await, p99_of_creates(&payments, "calm").await);
    let mut stalled: JoinSet<bool> = (0..STALLED)
        .map(|number| {
            bad.accident(Accident::Held);
            let mut payments = payments.clone();
            async move { payments.create_payment(at_bad_pay(number)).await.is_ok() }
        })
        .collect();
    until("all wait for the channel", async || bad.unanswered() == STALLED).await;
    let beside = (p99_of_reads(&payments, &payment_no).await, p99_of_creates(&payments, "beside").await);
    assert!(stalled.try_join_next().is_none(), "they wait still");
    println!(
        "{STALLED} calls wait for a channel: p99 of reads {:?} calm, {:?} meanwhile, {:.1} times; of creates elsewhere {:?} and \
         {:?}, {:.1} times",
        calm.0,
        beside.0,
        times(beside.0, calm.0),
        calm.1,
        beside.1,
        times(beside.1, calm.1)
    );
    bad.answer_held();
    assert!(stalled.join_all().await.into_iter().all(|created| created));
    replica.shutdown().await;
    app.finish().await;
}

fn at_bad_pay(number: u32) -> CreatePaymentRequest {
    let name = format!("stalled-{number}");
    let plugin = PluginOptions { product: "app".to_owned(), options: None };
    CreatePaymentRequest {
        channel_account: "acme-bad".to_owned(),
        channel_options: Some(ChannelOptions::Plugin(plugin)),
        ..app_payment(&name, &name, 100)
    }
}

/// A few kilobytes of gzip can be gigabytes of message, so compressed messages are not taken at all.
#[tokio::test(flavor = "multi_thread")]
async fn r30_a_compressed_message_is_refused_before_it_is_inflated() {
    let app = TestApp::start().await;
    let payments = PaymentServiceClient::with_interceptor(app.channel(), app.key(MERCHANT));
    let bomb = CreatePaymentRequest { description: "x".repeat(8 << 20), ..app_payment("r-1", "A", 100) };
    let refused = payments.send_compressed(CompressionEncoding::Gzip).create_payment(bomb).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).kind(), (Code::Unimplemented, "ENCODING_UNSUPPORTED"));
    app.open("r-2", "A", 100).await;
    app.finish().await;
}
